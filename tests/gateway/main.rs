//! Mutual TLS for software that has no card code: a whole agent, a service behind mutual TLS, and programs that call it
//! through the gateway. One file per promise; refusals first.

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
mod certificates;
mod curl;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/desk.rs"]
mod desk;
mod ended;
mod establishment;
mod faults;
mod fields;
mod key_store;
mod pins;
mod pkcs12;
#[path = "../support/real_agent.rs"]
mod real_agent;
mod refusals;
mod signatures;
#[path = "../support/soft_token.rs"]
mod soft_token;
mod streams;
mod street;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../doors/wire.rs"]
mod wire;
