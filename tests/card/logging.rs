//! What the logs show at the most talkative level, and what they never show.

use super::{CHALLENGE, ONCE, Token, cps3, digits, done, puk, typed};
use cps_card::token::{KeyRole, Payload, Scheme};
use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;
use tracing_subscriber::filter::LevelFilter;

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes to the log of the thread that logs: each test has a thread of its own.
struct OwnLog;

impl Write for OwnLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Makes everything be logged from now on, by every test of this program: whether a place in the code logs is decided
/// when it is first reached.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            // The digits of a time of day would be a PIN one day.
            .without_time()
            .with_writer(|| OwnLog)
            .init();
    });
}

/// Everything that is logged, at every level, while `body` runs.
fn logged(body: impl FnOnce()) -> String {
    listen();
    LOG.with_borrow_mut(Vec::clear);
    body();
    LOG.with_borrow(|log| String::from_utf8(log.clone())).unwrap()
}

fn assert_shows_no_secret(log: &str) {
    for secret in ["31 32 33 34", "35 36 37 38", "31323334", "1234", "12345678", "[49, 50, 51, 52]"] {
        assert!(!log.contains(secret), "{secret} in:\n{log}");
    }
}

#[test]
fn a_login_shows_its_commands_but_of_verify_only_header_and_length() {
    let log = logged(|| {
        let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-operation"]);
        card.pin_status().unwrap();
        let payload = Payload::Digest(&[
            0xCA, 0xB0, 0x20, 0x9B, 0x7A, 0x00, 0x98, 0x8D, 0xB5, 0x2C, 0xD0, 0xBD, 0x23, 0x52, 0x81, 0x94,
            0x16, 0x6E, 0x37, 0x78, 0xE1, 0x29, 0x55, 0x62, 0x0E, 0xA4, 0x31, 0x14, 0x72, 0x62, 0x94, 0xAD,
        ]);
        card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, payload, typed("1234"), ONCE).unwrap();
        done(card, &recording);
    });
    assert_shows_no_secret(&log);
    assert!(log.contains("VERIFY 00 20 00 01, 4 bytes"), "{log}");
    assert!(
        log.contains("00 22 41 A4 06 80 01 02 84 01 82"),
        "the search finds bytes that are shown:\n{log}"
    );
}

#[test]
fn change_and_unblocking_show_no_secret() {
    let log = logged(|| {
        let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/change-pin", "cps3/unblock"]);
        card.pin_status().unwrap();
        card.change_pin(typed("1234"), digits("5678")).unwrap();
        card.unblock_pin(puk("12345678"), digits("5678")).unwrap();
        done(card, &recording);
    });
    assert_shows_no_secret(&log);
    assert!(log.contains("CHANGE REFERENCE DATA 00 24 00 01, 8 bytes"), "{log}");
    assert!(log.contains("RESET RETRY COUNTER 00 2C 02 01, 4 bytes"), "{log}");
}

#[test]
fn what_the_pin_protects_is_not_shown() {
    let log = logged(|| {
        let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/activities"]);
        card.pin_status().unwrap();
        assert!(!card.activities(typed("1234"), ONCE).unwrap().is_empty());
        done(card, &recording);
    });
    assert!(!log.contains("43 41 42 49 4E 45 54"), "CABINET in:\n{log}");
}

#[test]
fn a_signed_message_leaves_only_its_digest() {
    let text = CHALLENGE.iter().map(|byte| format!("{byte:02X} ")).collect::<String>();
    let log = logged(|| {
        let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-operation"]);
        card.pin_status().unwrap();
        let payload = Payload::Message(CHALLENGE);
        card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, payload, typed("1234"), ONCE).unwrap();
        done(card, &recording);
    });
    assert!(!log.contains(&text));
}
