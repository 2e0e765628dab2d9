//! A morning at the practice, as the person at the desk sees it: the real agent, the real icon on a bus of its own, a
//! private pcscd with virtual cards, a scripted person at the prompt, and a browser that reads pages as text.
//!
//! After each step everything that was seen is compared with a text file of that step under `seen/`: the page, the
//! prompts, the notifications, the icon and its menu, and what the applications got. To write the files anew for a review,
//! run the suite with `CPS_SEEN=write`; where `CI` is set that is refused.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]
#![cfg(target_os = "linux")]

mod cards;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/desk.rs"]
mod desk;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../tray/desktop.rs"]
mod desktop;
mod house;
mod modes;
mod outage;
mod phone;
#[path = "../support/private_bus.rs"]
mod private_bus;
#[path = "../support/real_agent.rs"]
mod real_agent;
mod seen;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../agent/stand_in_logind.rs"]
mod stand_in_logind;
#[allow(dead_code, reason = "this suite uses its part of it")]
#[path = "../tray/tray.rs"]
mod tray;
mod window;
