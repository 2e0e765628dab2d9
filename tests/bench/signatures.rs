//! How much time and memory the agent itself takes, beside the same work without it, in one run on one machine.
//!
//! | row | with the agent | beside it |
//! | --- | --- | --- |
//! | card | `POST /v1/challenges` on the control door, card verified | the five bare commands by PC/SC on the same virtual card |
//! | token | the same with an unlocked e-CPS token | a bare P-256 signature of the same library |
//!
//! Resident memory is printed too. Nothing is asserted: figures belong to a machine.

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

#[path = "../support/real_agent.rs"]
mod real_agent;
#[path = "../support/soft_token.rs"]
mod soft_token;

use cps_agent_api::{client::Agent, words};
use cps_card::{
    Pin,
    soft::SoftToken,
    token::{Authorization, Hold, KeyRole, Payload, Scheme, Token as _},
    transport::{Disposition, PcscService, ReaderService as _},
};
use cps_sandbox::workstation::{Readers, Transport, Workstation};
use real_agent::RealAgent;
use soft_token::{Home, PASSPHRASE, quantiles, resident};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 10;
const PER_ROUND: usize = 50;
const BARE: &str = "--bare-loop";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == BARE) {
        return bare_loop(&arguments[at + 1], &arguments[at + 2]);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(card());
    runtime.block_on(token());
}

fn row(name: &str, ours: Vec<Duration>, bare: Vec<Duration>) {
    let (ours, bare) = (quantiles(ours), quantiles(bare));
    println!(
        "{name:<22} agent {:>7.0} µs (p99 {:>7.0})   bare {:>7.0} µs (p99 {:>7.0})   own {:>6.0} µs   ratio {:.2}",
        ours.0,
        ours.1,
        bare.0,
        bare.1,
        ours.0 - bare.0,
        ours.0 / bare.0
    );
}

async fn challenges(control: &mut Agent, card: &str, count: usize) -> Vec<Duration> {
    let request = words::ChallengeRequest {
        challenge: "00112233445566778899aabbccddeeff".to_owned(),
        audience: None,
        purpose: None,
        card: Some(card.to_owned()),
        screen: words::Screen::default(),
    };
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        control.challenge(&request).await.expect("a signature");
        times.push(begun.elapsed());
    }
    times
}

async fn card() {
    let program = Path::new(env!("CARGO_BIN_EXE_cps-sandbox"));
    let workstation = Workstation::new(&["cps3".parse().expect("a card")], Transport::Pcscd, program)
        .await
        .expect("a workstation");
    let Readers::Pcscd(daemon) = &workstation.readers else { panic!("pcscd was asked for") };
    let socket = daemon.socket();
    let card = workstation.card(0).expect("a card");
    let config = workstation.settings(Some(0)).expect("settings");
    let mut agent =
        RealAgent::start(workstation.folder(), &config, &[("PCSCLITE_CSOCK_NAME", &socket)]).await;
    let serial = card.serial().to_owned();
    agent
        .wait_for("the card", async |control| {
            control
                .cards()
                .await
                .ok()?
                .into_iter()
                .find(|card| card.serial == serial && card.holder.is_some())
        })
        .await;
    println!("{:<22} {:>7.1} MiB", "memory, card shown", resident(agent.pid()));
    let mut control = agent.control().await.expect("the control door");
    control
        .login(&words::LoginRequest { way: Some("card".to_owned()), ..words::LoginRequest::default() })
        .await
        .expect("a login");
    card.counters().clear();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    challenges(&mut control, &serial, PER_ROUND).await;
    for _ in 0..ROUNDS {
        ours.extend(challenges(&mut control, &serial, PER_ROUND).await);
        bare.extend(bare_child(&socket, &daemon.reader(0)));
    }
    row("card, challenge", ours, bare);
    println!("{:<22} {:>7.1} MiB", "memory, after", resident(agent.pid()));
}

/// The bare loop runs in a process of its own: libpcsclite reads the socket's name from the environment.
fn bare_child(socket: &Path, reader: &str) -> Vec<Duration> {
    let output = Command::new(std::env::current_exe().expect("a path"))
        .args([BARE, reader, &PER_ROUND.to_string()])
        .env("PCSCLITE_CSOCK_NAME", socket)
        .stderr(Stdio::inherit())
        .output()
        .expect("the bare loop");
    let text = String::from_utf8(output.stdout).expect("numbers");
    let times: Vec<_> =
        text.lines().map(|line| Duration::from_nanos(line.parse().expect("a number"))).collect();
    assert_eq!(times.len(), PER_ROUND, "the bare loop ended early");
    times
}

/// DF, MSE, INTERNAL AUTHENTICATE and two GET RESPONSE, as in the golden script of the card.
fn bare_loop(reader: &str, count: &str) {
    let mut card = PcscService::new().connect(reader).expect("the card");
    let mut digest_info = vec![0x00, 0x88, 0x00, 0x00, 0x33];
    digest_info.extend([0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01]);
    digest_info.extend([0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20]);
    digest_info.extend([0x5A; 32]);
    let commands: [&[u8]; 5] = [
        &[0x00, 0xA4, 0x09, 0x0C, 0x04, 0x3F, 0x00, 0x00, 0x01],
        &[0x00, 0x22, 0x41, 0xA4, 0x06, 0x80, 0x01, 0x02, 0x84, 0x01, 0x82],
        &digest_info,
        &[0x00, 0xC0, 0x00, 0x00, 0xE7],
        &[0x00, 0xC0, 0x00, 0x00, 0x19],
    ];
    for _ in 0..count.parse().expect("a number") {
        let begun = Instant::now();
        card.begin().expect("a transaction");
        let mut last = Vec::new();
        for command in commands {
            last = card.transmit(command).expect("an answer");
        }
        card.end(Disposition::Leave).expect("an end");
        assert!(last.ends_with(&[0x90, 0x00]), "the card is no longer verified");
        println!("{}", begun.elapsed().as_nanos());
    }
}

async fn token() {
    let home = Home::new().await;
    let agent = home.agent().await;
    println!("{:<22} {:>7.1} MiB", "memory, no card", resident(agent.pid()));
    let mut control = agent.control().await.expect("the control door");
    home.login(&mut control).await;
    let mut bare_token =
        SoftToken::open(&std::fs::read(&home.token).expect("the token"), "bench").expect("a token");
    let passphrase = Pin::new(PASSPHRASE.as_bytes().to_vec().into());
    let mut authorization = Authorization::Pin { pin: passphrase, last_try_accepted: true };
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    challenges(&mut control, &home.serial, PER_ROUND).await;
    for _ in 0..ROUNDS {
        ours.extend(challenges(&mut control, &home.serial, PER_ROUND).await);
        for count in 0..=PER_ROUND {
            let begun = Instant::now();
            bare_token
                .sign(
                    KeyRole::Authentication,
                    Scheme::EcdsaP256Sha256,
                    Payload::Message(&[0x5A; 600]),
                    authorization,
                    Hold::Session,
                )
                .expect("a signature");
            authorization = Authorization::Held;
            // The first of a round may unlock.
            if count > 0 {
                bare.push(begun.elapsed());
            }
        }
    }
    row("token, challenge", ours, bare);
}
