//! The tray as a person meets it: the built `cps-tray` on a bus of its own, with a whole agent, virtual cards and a scripted
//! person; its menu is read and driven as a panel does it, its notifications are what a desktop gets.
//!
//! `panel` and `prompts` show it in real windows, under Xvfb with a real panel, and leave pictures in the target folder.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/application.rs"]
mod application;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/desk.rs"]
mod desk;
mod desktop;
mod gone_and_back;
mod menu;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/moved_clock.rs"]
mod moved_clock;
mod notifications;
mod panel;
#[path = "../support/private_bus.rs"]
mod private_bus;
mod prompts;
#[path = "../support/real_agent.rs"]
mod real_agent;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/scene.rs"]
mod scene;
mod screen;
mod tray;
