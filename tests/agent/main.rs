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
mod browser_login;
mod challenges;
mod choices;
mod client_authentication_upstream;
mod desk;
mod doctor;
mod ecps_login;
mod exchange;
mod key_rotation;
mod killed;
mod listener;
mod local_login;
mod logind;
mod modes;
mod moved_clock;
mod offline;
mod pcscd;
mod pins;
mod private_bus;
mod prompts;
mod proxies;
mod pulled;
mod readers;
mod real_agent;
mod refresh;
mod refusals;
mod refused_cards;
mod restart;
mod scene;
mod secrets;
mod sessions;
mod soft_tokens;
mod upstream_faults;
mod upstream_login;
mod verified_state;
#[cfg(target_os = "linux")]
#[cfg(target_os = "linux")]
#[cfg(target_os = "linux")]
#[cfg(target_os = "linux")]
#[cfg(target_os = "linux")]
#[cfg(target_os = "linux")]
#[path = "../support/real_agent.rs"]
#[cfg(target_os = "linux")]
