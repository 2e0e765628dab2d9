//! The whole agent inside the test, with virtual cards and a scripted person: one file per promise, refusals first.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

mod card_leaves;
mod challenges;
mod last_try;
mod local_login;
mod modes;
mod prompts;
mod refused_cards;
mod restart;
mod scene;
mod soft_tokens;
mod verified_state;
