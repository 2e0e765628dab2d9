//! The functions of the PKCS#11 module as a program calls them, with a stand-in for the agent: one file per promise,
//! refusals first.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails by panicking, and calls C functions"
)]

mod absent_agent;
mod decipherments;
mod digests;
mod events;
mod host;
mod initialising;
mod logins;
mod mechanisms;
mod objects;
mod pointers;
mod refused_functions;
mod removal;
mod sessions;
mod signatures;
mod slots;
#[path = "../support/stand_in.rs"]
mod stand_in;
#[path = "../support/tokens.rs"]
mod tokens;
