//! The same through a real pcscd and its virtual reader.
//!
//! libpcsclite takes its socket from the environment, which a test must not change under its neighbours. So the test holds
//! daemon and card, and a child, which is this program again with one scenario, holds the driver.

use super::{SmartCard, Token, Workstation, card, families, login, sign, typed};
use cps_card::Error;
use cps_card::cache::NoCache;
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_card::transport::{Disposition, PcscService, ReaderService as _};
use cps_sandbox::card::{CardHandle, Family};
use cps_sandbox::reader::PcscDaemon;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tells the child which reader to use.
const READER: &str = "CPS_TEST_READER";

/// The reader of a child; `None` in the parent.
fn reader_of_child() -> Option<String> {
    std::env::var(READER).ok()
}

/// Runs the test of this name as a child, on a card in a real pcscd, and expects it to succeed.
fn run_as_child(test: &str, card: &CardHandle) {
    let daemon = PcscDaemon::start().expect("pcscd and vsmartcard-vpcd are installed (tests/run.sh does it)");
    daemon.insert(0, card).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("PCSCLITE_CSOCK_NAME", daemon.socket())
        .env(READER, daemon.reader(0))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let seen: Vec<_> = card.counters().log().iter().map(|exchange| exchange.line()).collect();
    assert!(output.status.success(), "{printed}\n{}\n{}", seen.join("\n"), daemon.log());
    assert!(printed.contains("1 passed"), "{test} is the name of a test: {printed}");
}

/// Opens the card as soon as pcscd sees it.
fn open(reader: &str) -> SmartCard {
    let service = PcscService::new();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut known = Vec::new();
    while !known.iter().any(|r: &cps_card::transport::ReaderState| r.name == reader && r.atr.is_some()) {
        assert!(Instant::now() < deadline, "pcscd does not see the card: {known:?}");
        known = service.wait(&known, Duration::from_secs(1)).unwrap();
    }
    SmartCard::open(service.connect(reader).unwrap(), reader, Arc::new(NoCache)).unwrap()
}

#[test]
fn every_family_logs_in_and_signs() {
    if let Some(reader) = reader_of_child() {
        let mut token = open(&reader);
        token.describe().unwrap();
        assert_eq!(token.pin_status().unwrap().unwrap().tries_left, Some(3));
        let wrong = login(&mut token, typed("9999"), Hold::Operation);
        assert!(matches!(wrong, Err(Error::WrongPin { left: Some(2) })), "{wrong:?}");
        for _ in 0..2 {
            login(&mut token, typed("1234"), Hold::Operation).unwrap();
        }
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        login(&mut token, Authorization::Held, Hold::Session).unwrap();
        sign(&mut token, KeyRole::Signature, Scheme::RsaPkcs1Sha256, typed("1234"), Hold::Operation).unwrap();
        assert!(matches!(login(&mut token, Authorization::Held, Hold::Session), Err(Error::PinRequired)));
        assert_eq!(token.activities(typed("1234"), Hold::Operation).unwrap().len(), 2);
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        return;
    }
    for family in families() {
        let virtual_card = card(family);
        run_as_child("pcscd::every_family_logs_in_and_signs", &virtual_card);
        assert_eq!((virtual_card.tries_left(), virtual_card.pin_tries_spent()), (3, 1));
        assert!(!virtual_card.verified(), "{family:?}: the driver let go of the card");
    }
}

#[test]
fn our_own_reset_costs_no_recognition() {
    if let Some(reader) = reader_of_child() {
        let mut token = open(&reader);
        token.describe().unwrap();
        token.pin_status().unwrap();
        for _ in 0..2 {
            login(&mut token, typed("1234"), Hold::Operation).unwrap();
        }
        return;
    }
    let virtual_card = card(Family::Cps3);
    run_as_child("pcscd::our_own_reset_costs_no_recognition", &virtual_card);
    let log = virtual_card.counters().log();
    let verify = |exchange: &cps_sandbox::card::Exchanged| exchange.header[1] == 0x20;
    let first = log.iter().position(verify).unwrap();
    let second = log.iter().rposition(verify).unwrap();
    assert_eq!(
        second - first,
        6,
        "six commands a login: {:?}",
        log.iter().map(|e| e.line()).collect::<Vec<_>>()
    );
}

#[test]
fn a_reset_by_another_program_ends_a_held_state() {
    if let Some(reader) = reader_of_child() {
        let mut token = open(&reader);
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        let mut other = PcscService::new().connect(&reader).unwrap();
        other.begin().unwrap();
        other.end(Disposition::Reset).unwrap();
        drop(other);
        let held = login(&mut token, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{held:?}");
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        return;
    }
    for family in [families()[0], families()[1]] {
        run_as_child("pcscd::a_reset_by_another_program_ends_a_held_state", &card(family));
    }
}

#[test]
fn the_antenna_shows_presence() {
    if let Some(reader) = reader_of_child() {
        let mut token = open(&reader);
        let scheme = Scheme::RsaPkcs1Sha256;
        sign(&mut token, KeyRole::Technical, scheme, Authorization::Held, Hold::Operation).unwrap();
        return;
    }
    run_as_child("pcscd::the_antenna_shows_presence", &card(Family::Cps3Contactless));
}

#[test]
fn a_card_pulled_in_the_middle_is_a_removal() {
    if let Some(reader) = reader_of_child() {
        let mut token = open(&reader);
        token.describe().unwrap();
        // The parent's card leaves at some command of this login.
        let removed = login(&mut token, typed("1234"), Hold::Operation);
        assert!(matches!(removed, Err(Error::Removed | Error::Transport(_))), "{removed:?}");
        return;
    }
    let virtual_card = card(Family::Cps3);
    let workstation = Workstation::with(&virtual_card);
    let mut token = workstation.open().unwrap();
    token.describe().unwrap();
    let before = virtual_card.counters().commands() as u64;
    drop(token);
    let virtual_card = card(Family::Cps3);
    virtual_card.faults().remove_at(before + 4);
    run_as_child("pcscd::a_card_pulled_in_the_middle_is_a_removal", &virtual_card);
    assert_eq!(virtual_card.pin_tries_spent(), 0);
}
