//! OpenSC, which nobody here wrote, works with the CPS3 contact card through a real pcscd.

use super::script::hex;
use cps_sandbox::card::{CardHandle, cards};
use cps_sandbox::reader::PcscDaemon;
use ring::digest::{SHA256, digest};
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
    // The dump as lines of single-spaced words, so that OpenSC may align them as it likes.
    let lines: Vec<String> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let contains_in_order = |expected: &[&str]| {
        let mut rest = lines.iter();
        for line in expected {
            assert!(rest.any(|found| found == line), "no line {line:?} at its place in\n{text}");
        }
    };
    contains_in_order(&[
        "PKCS#15 Card [CPS3v3-99000001 TEST]:",
        "mechanism : [0x40] CKM_SHA256_RSA_PKCS",
        "algo_ref : [0x42]",
        "PIN [Code porteur de la carte CPX]",
        "Object Flags : [0x00]",
        "Auth ID : 02",
        "ID : 01",
        "Length : min_len:4, max_len:4, stored_len:4",
        "Reference : 1 (0x01)",
        "Private RSA Key [CPS_PRIV_SIG]",
        "Object Flags : [0x01], private",
        "Usage : [0x200], nonRepudiation",
        "Access Flags : [0x0D], sensitive, alwaysSensitive, neverExtract",
        "Access Rules : pso_cds:01;",
        "Key ref : 129 (0x81)",
        "Path : e828bd080f8025000001ff0010::",
        "ID : e828bd080f8025000001ff001001",
        "Private RSA Key [CPS_PRIV_AUT]",
        "Object Flags : [0x07], private, modifiable",
        "Usage : [0x06], decrypt, sign",
        "Access Rules : pso_decrypt:01; int_auth:01;",
        "Key ref : 130 (0x82)",
        "ID : e828bd080f8025000001ff001002",
        "X.509 Certificate [Certificat de Signature CPS]",
        "Object Flags : [0x00]",
        "X.509 Certificate [Certificat d'Authentification CPS]",
        "Data object 'CPS_DATA'",
        "Data object 'CPS_ACTIVITY_03_PS'",
    ]);
}

#[test]
fn pkcs11_tool_logs_in_and_signs_with_the_authentication_key() {
    let card = cards::doctor_cps3();
    let daemon = workstation(&card);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let data = b"a challenge of the TEST sandbox";
    std::fs::write(file("data"), data).unwrap();
    // This key signs a DigestInfo that the host made.
    let prefix = hex("3031300D060960864801650304020105000420");
    std::fs::write(file("info"), [&prefix, digest(&SHA256, data).as_ref()].concat()).unwrap();
    let id = "e828bd080f8025000001ff001002";
    let sign = ["--login", "--pin", "1234", "--sign", "--mechanism", "RSA-PKCS", "--id", id];
    let text = succeed(
        &daemon,
        &card,
        "pkcs11-tool",
        &[sign.as_slice(), &["--input-file", &file("info"), "--output-file", &file("signature")]].concat(),
    );
    assert!(text.contains("Using signature algorithm"), "{text}");
    assert!(card.verified());

    let certificate = succeed(&daemon, &card, "pkcs15-tool", &["--read-certificate", id]);
    std::fs::write(file("certificate"), certificate).unwrap();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().expect("openssl is installed");
        assert!(output.status.success(), "openssl {arguments:?}\n{}", printed(&output));
        printed(&output)
    };
    let key = openssl(&["x509", "-in", &file("certificate"), "-pubkey", "-noout"]);
    std::fs::write(file("key"), key).unwrap();
    let verdict = openssl(&[
        "dgst",
        "-sha256",
        "-verify",
        &file("key"),
        "-signature",
        &file("signature"),
        &file("data"),
    ]);
    assert!(verdict.contains("Verified OK"), "{verdict}");
}

#[test]
fn a_wrong_pin_at_pkcs11_tool_costs_one_try() {
    let card = cards::doctor_cps3();
    let daemon = workstation(&card);
    let output = run(&daemon, "pkcs11-tool", &["--login", "--pin", "4321", "--list-objects"]);
    assert!(printed(&output).contains("CKR_PIN_INCORRECT"), "{}", printed(&output));
    assert_eq!((card.tries_left(), card.pin_tries_spent()), (2, 1));
}
