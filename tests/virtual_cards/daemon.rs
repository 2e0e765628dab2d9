//! Private real pcscd: several side by side, unprivileged where possible, killed and started again.

use cps_card::transport::Protocol;
use cps_sandbox::card::{CardHandle, cards};
use cps_sandbox::reader::PcscDaemon;
use std::process::Command;
use std::time::{Duration, Instant};

fn start() -> PcscDaemon {
    PcscDaemon::start().expect("pcscd and vsmartcard-vpcd are installed (tests/run.sh does it)")
}

/// What `opensc-tool --list-readers` prints at this daemon.
fn readers(daemon: &PcscDaemon) -> String {
    let output = Command::new("opensc-tool")
        .arg("--list-readers")
        .env("PCSCLITE_CSOCK_NAME", daemon.socket())
        .output()
        .expect("opensc-tool is installed (tests/run.sh does it)");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// Waits until the list satisfies a condition; the deadline only ends a run that has failed.
fn eventually(daemon: &PcscDaemon, condition: impl Fn(&str) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = readers(daemon);
        if condition(&text) {
            return;
        }
        assert!(Instant::now() < deadline, "{text}\n{}", daemon.log());
    }
}

#[test]
fn several_run_side_by_side_and_see_their_own_cards_only() {
    let (full, empty) = (start(), start());
    full.insert(0, &cards::doctor_cps3()).unwrap();
    full.insert(1, &cards::doctor_cps4()).unwrap();
    eventually(&full, |text| text.matches("Yes").count() == 2);
    assert!(!readers(&empty).contains("Yes"));
    full.remove(0);
    eventually(&full, |text| text.matches("Yes").count() == 1);
}

#[test]
fn it_gives_up_its_privileges_when_it_has_some() {
    let daemon = start();
    let root =
        std::fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0).unwrap();
    assert_eq!(daemon.unprivileged(), root);
}

#[test]
fn killed_it_is_gone_and_restarted_it_has_its_cards_again() {
    let daemon = start();
    daemon.insert(1, &cards::nurse_cps3()).unwrap();
    eventually(&daemon, |text| text.contains("Yes"));
    daemon.kill();
    assert!(!readers(&daemon).contains("TEST reader"));
    assert!(daemon.insert(0, &cards::doctor_cps3()).is_err());
    daemon.restart().unwrap();
    eventually(&daemon, |text| {
        text.lines().any(|line| line.contains("Yes") && line.contains(&daemon.reader(1)))
    });
    daemon.stop();
    assert!(!readers(&daemon).contains("TEST reader"));
}

/// The first answers of a card through `opensc-tool`, which prints them.
fn serial(daemon: &PcscDaemon, commands: &[&str]) -> String {
    let mut tool = Command::new("opensc-tool");
    tool.env("PCSCLITE_CSOCK_NAME", daemon.socket()).args(["--reader", "0", "--card-driver", "default"]);
    for command in commands {
        tool.args(["--send-apdu", command]);
    }
    let output = tool.output().expect("opensc-tool is installed (tests/run.sh does it)");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn answers(card: &CardHandle, commands: &[&str]) -> String {
    let daemon = start();
    daemon.insert(0, card).unwrap();
    eventually(&daemon, |text| text.contains("Yes"));
    serial(&daemon, commands)
}

#[test]
fn every_generation_answers_through_pcscd() {
    let cps3 = answers(&cards::doctor_cps3(), &["00A4090C043F00D003", "00B000000C"]);
    assert!(cps3.contains("5A 0A 80 25 00 00 01 99 00 00 01 7F"), "{cps3}");
    let contactless = cards::doctor_cps3_contactless();
    assert_eq!(contactless.protocol(), Protocol::T1);
    let text = answers(&contactless, &["00A4090C043F00D003", "00B000000C"]);
    assert!(text.contains("5A 0A 80 25 00 00 01 99 00 00 01 7F"), "{text}");
    let text =
        answers(&cards::doctor_cps4(), &["01A4040C088025000001FF0100", "01A4080002D00300", "01B000000C"]);
    assert!(text.contains("5A 0A 80 25 00 00 01 44 00 00 01"), "{text}");
}

#[test]
fn a_card_pulled_by_a_fault_leaves_the_reader() {
    let (daemon, card) = (start(), cards::doctor_cps3());
    daemon.insert(0, &card).unwrap();
    eventually(&daemon, |text| text.contains("Yes"));
    card.faults().remove_at(2);
    serial(&daemon, &["00B09C000C", "00B09C000C"]);
    eventually(&daemon, |text| !text.contains("Yes"));
    assert_eq!(card.counters().commands(), 1);
}
