//! The PKCS#11 module as a shared library in other people's programs: one file per judge.
//!
//! `host` shows what only a process of its own can, with a stand-in for the agent. In all others the whole road is real:
//! program, module, agent, pcscd, and a virtual card at its end.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/desk.rs"]
mod desk;
mod events;
mod host;
mod openssl;
mod p11test;
#[path = "../support/real_agent.rs"]
mod real_agent;
mod soft_token;
mod softhsm;
mod stage;
#[path = "../support/stand_in.rs"]
mod stand_in;
#[path = "../support/tokens.rs"]
mod tokens;
mod tool;
