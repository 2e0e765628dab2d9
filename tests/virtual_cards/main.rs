//! The virtual cards answer as the reference says, and satisfy software that nobody here wrote.
//!
//! Refusals first: a virtual card that is more patient than a real one teaches the driver bad habits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod channel;
#[cfg(target_os = "linux")]
mod daemon;
mod faults;
mod files;
mod golden;
mod in_process;
mod keys;
mod legacy;
#[cfg(target_os = "linux")]
mod opensc;
mod pad;
mod pin;
mod script;
mod transmission;
