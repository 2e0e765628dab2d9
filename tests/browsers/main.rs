//! The bridge before real browsers: Debian's Chromium and Firefox, each with a page of somebody else that attacks, a
//! person who logs in, and every page that the person is shown.

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
mod browser;
mod conduct;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/desk.rs"]
mod desk;
mod dossier;
mod foreign_pages;
mod logins;
mod pages;
mod portal;
#[path = "../support/program.rs"]
mod program;
#[path = "../support/real_agent.rs"]
mod real_agent;
mod tabs;
mod window;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../doors/wire.rs"]
mod wire;
