//! The tray's row of the budget: from its start to its icon on the bus, and its memory with an agent that is shown.
//!
//! Nothing is asserted: figures belong to a machine.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that fails by panicking and prints its figures"
)]

#[path = "../support/until.rs"]
mod desk;
#[path = "../support/private_bus.rs"]
mod private_bus;
#[path = "../support/real_agent.rs"]
mod real_agent;
#[path = "../support/soft_token.rs"]
mod soft_token;
#[path = "../tray/tray.rs"]
mod tray;

use private_bus::Bus;
use real_agent::RealAgent;
use soft_token::{quantiles, resident};
use std::{fs, time::Instant};
use tray::Tray;

const STARTS: usize = 21;
/// Languages switched to and fro: each is a new menu, and everything worded anew.
const SWITCHES: usize = 100;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    fs::write(&config, "[bridge]\nlisten = \"127.0.0.1:0\"\n[trust]\nenvironment = \"test\"\n")
        .expect("written");
    let agent = RealAgent::start(folder.path(), &config, &[]).await;
    let socket = folder.path().join("run/cps-agent/control.sock");
    let bus = Bus::start();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let tray = Tray::start(&bus, &socket).await;
        starts.push(begun.elapsed());
        drop(tray);
    }
    let (median, worst) = quantiles(starts);
    println!("{:<22} {:>7.1} ms, {:.1} ms at worst", "tray, start to icon", median / 1e3, worst / 1e3);
    let tray = Tray::start(&bus, &socket).await;
    tray.until_says("Aide et diagnostic").await;
    println!("{:<22} {:>7.1} MiB", "tray, agent shown", resident(tray.pid()));
    for _ in 0..SWITCHES {
        tray.choose("English").await;
        tray.until_says("Help and diagnosis").await;
        tray.choose("Français").await;
        tray.until_says("Aide et diagnostic").await;
    }
    println!("{:<22} {:>7.1} MiB after {} menus", "tray, memory", resident(tray.pid()), 2 * SWITCHES);
    drop(agent);
    tray.until_says("arrêté").await;
    println!("{:<22} {:>7.1} MiB", "tray, agent stopped", resident(tray.pid()));
}
