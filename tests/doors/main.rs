//! Localhost is hostile: what a web page, another user or a careless program can do at the doors of a whole running
//! agent, over real sockets. One file per kind of attacker; each test is a promise, refusals first.
//!
//! What needs no whole agent (time-outs with a clock moved by hand, judgements on made-up tables) is tested beside the
//! doors, in `agent/src/serve/tests`.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/application.rs"]
mod application;
mod crowds;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/desk.rs"]
mod desk;
mod headers;
mod https;
mod malformed;
mod other_users;
mod ports;
#[path = "../support/real_agent.rs"]
mod real_agent;
mod start;
mod web_pages;
mod wire;
