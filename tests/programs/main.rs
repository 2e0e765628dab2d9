//! The card in other people's programs: browsers, OpenSSL, curl, Java and ssh load the module of the agent, each as its
//! own users would make it, over the real pcscd.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that fails by panicking and prints its figures"
)]

#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../browsers/browser.rs"]
mod browser;
mod browsers;
mod chromium_policy;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/desk.rs"]
mod desk;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../browsers/dossier.rs"]
mod dossier;
mod house;
mod java;
#[path = "../support/opensc.rs"]
mod opensc;
mod openssl;
mod p11_kit;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real_agent.rs"]
mod real_agent;
mod refusals;
mod ssh;
mod together;
