//! OpenSC, which nobody here wrote, works with the CPS3 contact card through a real pcscd.

use cps_sandbox::card::{CardHandle, cards};
use cps_sandbox::reader::PcscDaemon;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A daemon with one card in its first slot that OpenSC can see.
fn workstation(card: &CardHandle) -> PcscDaemon {
    let daemon = PcscDaemon::start().expect("pcscd and vsmartcard-vpcd are installed (tests/run.sh does it)");
    daemon.insert(0, card).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !printed(&run(&daemon, "opensc-tool", &["--list-readers"])).contains("Yes") {
        assert!(Instant::now() < deadline, "pcscd does not see the card: {}", daemon.log());
    }
    daemon
}

fn run(daemon: &PcscDaemon, program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .env("PCSCLITE_CSOCK_NAME", daemon.socket())
        .env("LC_ALL", "C")
        .output()
        .unwrap_or_else(|error| panic!("{program} is installed (tests/run.sh does it): {error}"))
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// Runs a program that has to succeed, and returns what it printed.
fn succeed(daemon: &PcscDaemon, card: &CardHandle, program: &str, arguments: &[&str]) -> String {
    card.counters().clear();
    let output = run(daemon, program, arguments);
    let lines: Vec<String> = card.counters().log().iter().map(|exchange| exchange.line()).collect();
    assert!(output.status.success(), "{program} {arguments:?}\n{}\n{}", printed(&output), lines.join("\n"));
    printed(&output)
}

#[test]
fn opensc_tool_names_the_card() {
    let card = cards::doctor_cps3();
    let daemon = workstation(&card);
    let text = succeed(&daemon, &card, "opensc-tool", &["-a", "-n"]);
    assert!(text.contains("3b:ac:00:40:2a:00:12:25:00:64:80:00:03:10:00:90:00"), "{text}");
    assert!(text.contains("IAS-ECC"), "{text}");
}

#[test]
fn pkcs15_tool_dumps_what_a_real_card_shows() {
    let card = cards::doctor_cps3();
    let daemon = workstation(&card);
    let text = succeed(&daemon, &card, "pkcs15-tool", &["-D"]);
    println!("{text}");
}

#[test]
fn pkcs11_tool_logs_in_and_signs_with_the_authentication_key() {
    let card = cards::doctor_cps3();
    let daemon = workstation(&card);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("data"), b"a challenge of the TEST sandbox").unwrap();
    let text = succeed(&daemon, &card, "pkcs11-tool", &["--list-slots"]);
    println!("{text}");
}
