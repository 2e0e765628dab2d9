//! The whole agent with virtual cards and a scripted person, as people and applications meet it: one file per promise,
//! refusals first.
//!
//! Most tests run the agent inside this process, without an upstream (`scene`) or with one (`desk`). Where the process or
//! the smart-card service itself is the subject, the real `cps-agent` binary runs on a private pcscd.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

mod application;
mod audit;
mod backchannel;
mod browser_card;
mod browser_login;
mod cancelled;
mod challenges;
mod choices;
mod client_authentication_upstream;
mod desk;
mod doctor;
mod ecps_login;
mod exchange;
mod key_rotation;
#[cfg(target_os = "linux")]
mod killed;
mod listener;
mod local_login;
#[cfg(target_os = "linux")]
mod logind;
mod modes;
mod module_door;
mod moved_clock;
mod ocsp;
mod offline;
#[cfg(target_os = "linux")]
#[path = "../support/opensc.rs"]
mod opensc;
#[cfg(target_os = "linux")]
mod pcscd;
mod pins;
mod pkcs11_browser_login;
#[cfg(target_os = "linux")]
mod pkcs11_reader;
mod pkcs11_refusals;
mod pkcs11_signatures;
mod pkcs11_verified_state;
mod portal;
#[cfg(target_os = "linux")]
#[path = "../support/private_bus.rs"]
mod private_bus;
mod prompter;
mod prompts;
mod proxies;
#[cfg(target_os = "linux")]
mod pulled;
mod readers;
#[cfg(target_os = "linux")]
#[path = "../support/real_agent.rs"]
mod real_agent;
mod refresh;
mod refusals;
mod refused_cards;
mod restart;
mod scene;
#[cfg(target_os = "linux")]
mod secrets;
mod sessions;
mod soft_tokens;
mod sso;
#[cfg(target_os = "linux")]
mod stand_in_logind;
mod told_by_code;
mod told_to_the_person;
mod upstream_answers;
mod upstream_faults;
mod upstream_login;
mod verified_state;
