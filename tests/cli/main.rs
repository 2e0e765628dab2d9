//! What `cps` shows and answers: one file per visible behaviour, each run with the built program and a scripted agent.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod agent;
mod audit_is_verified_by_the_agent;

mod absent_agent_is_named_and_exits_with_3;
mod cards_are_shown_and_never_chosen_silently;
mod clients_are_registered_with_every_flag;
mod doctor_says_what_is_wrong_and_who_can_help;
mod english_and_french_say_the_same;
mod help_names_the_exit_codes;
mod login_passes_the_terminal_and_no_pin;
mod login_shows_what_is_compared_or_opened_meanwhile;
mod logout_twice_is_no_error;
mod other_version_is_named;
mod page_is_opened_by_a_link_that_works_once;
mod pin_changes_ask_the_agent;
mod pkcs11_for_everybody_trusts_root_alone;
mod pkcs11_tells_programs_and_takes_back_what_it_told;
mod refusals_have_message_hint_and_exit_code_1;
mod services_are_listed_and_opened_in_the_browser;
mod signing_prints_the_jws_alone;
mod status_answers_in_three_lines;
mod tokens_are_made_and_shown;
mod trust_fills_the_stores_and_says_what_is_left;
mod what_it_finds_by_itself_has_a_code;
mod wrong_usage_exits_with_2;
