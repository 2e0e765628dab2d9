//! A PIN leaves no trace: not in the logs at their most talkative, not in an error, not in the values on the way.

use super::{Token, Workstation, digits, login, puk, risked, sign, typed, with_pin};
use cps_card::token::{Hold, KeyRole, Scheme};
use cps_sandbox::card::{CardBuilder, Family, PinPolicy};
use cps_sandbox::pki::holder::DOCTOR;
use cps_sandbox::reader::{Keypress, PinPad};
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::filter::LevelFilter;

/// Eight digits that nothing else on the card contains.
const PIN: &str = "70418259";
const WRONG: &str = "36925814";
const NEW: &str = "59260373";
const PUK: &str = "12345678";
const POLICY: PinPolicy = PinPolicy { min: 4, max: 8, padded_to: None };

/// What was logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything that this thread logs while `body` runs.
fn logged(body: impl FnOnce()) -> String {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        // The digits of a time of day would be a PIN one day.
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, body);
    let bytes = captured.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// The ways in which digits are written in a log.
fn spellings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let joined =
        |separator: &str, each: fn(&u8) -> String| bytes.iter().map(each).collect::<Vec<_>>().join(separator);
    let hex = |byte: &u8| format!("{byte:02X}");
    vec![
        secret.to_owned(),
        joined("", hex),
        joined(" ", hex),
        joined(":", hex),
        joined(", ", |byte| format!("{byte}")),
        joined(", ", |byte| format!("{byte:#04x}")),
        joined(",", |byte| format!("{byte}")),
    ]
}

/// The spellings of a secret that a text contains, in either case.
fn found(text: &str, secret: &str) -> Vec<String> {
    let text = text.to_lowercase();
    spellings(secret).into_iter().filter(|spelling| text.contains(&spelling.to_lowercase())).collect()
}

fn assert_shows_none(text: &str) {
    for secret in [PIN, WRONG, NEW, PUK] {
        assert_eq!(found(text, secret), [""; 0], "in:\n{text}");
    }
}

fn workstation(family: Family) -> Workstation {
    Workstation::with(CardBuilder::new(family, &DOCTOR).pin(PIN, POLICY).build())
}

#[test]
fn the_search_finds_a_pin_that_is_shown() {
    let log = logged(|| {
        tracing::trace!("{PIN}");
        tracing::debug!(digits = ?PIN.as_bytes());
        tracing::info!(hex = %PIN.bytes().map(|byte| format!("{byte:02x} ")).collect::<String>());
    });
    assert_eq!(found(&log, PIN).len(), 3, "{log}");
}

#[test]
fn a_whole_login_and_all_that_can_go_wrong_leaves_no_digit_in_the_log() {
    for family in with_pin() {
        let log = logged(|| {
            let workstation = workstation(family);
            let card = &workstation.card;
            let mut token = workstation.open().unwrap();
            token.describe().unwrap();
            token.pin_status().unwrap();
            let mut errors = Vec::new();
            errors.extend(login(&mut token, card, typed(WRONG), Hold::Operation).err());
            login(&mut token, card, typed(PIN), Hold::Session).unwrap();
            sign(&mut token, card, KeyRole::Signature, Scheme::RsaPkcs1Sha256, typed(PIN)).unwrap();
            token.activities(typed(PIN), Hold::Operation).unwrap();
            errors.extend(login(&mut token, card, typed(&PIN.repeat(2)), Hold::Operation).err());
            errors.extend(token.change_pin(typed(WRONG), digits(NEW)).err());
            token.change_pin(typed(PIN), digits(NEW)).unwrap();
            for _ in 0..3 {
                errors.extend(login(&mut token, card, risked(WRONG), Hold::Operation).err());
            }
            token.unblock_pin(puk(PUK), digits(PIN)).unwrap();
            card.faults().remove_at(2);
            errors.extend(login(&mut token, card, typed(PIN), Hold::Operation).err());
            assert!(errors.len() >= 7, "{errors:?}");
            for error in errors {
                tracing::error!(%error, ?error, source = ?std::error::Error::source(&error));
            }
        });
        assert_shows_none(&log);
        assert!(log.contains("VERIFY") && log.contains("8 bytes"), "VERIFY is logged by its length:\n{log}");
        assert!(log.contains("A4"), "other commands are logged by their bytes");
    }
}

#[test]
fn a_pin_typed_on_the_pad_leaves_no_digit_either() {
    let log = logged(|| {
        let workstation = workstation(Family::Cps3);
        let pad = PinPad::new();
        pad.then(Keypress::Digits(WRONG.to_owned())).then(Keypress::Digits(PIN.to_owned()));
        workstation.readers.plug_pad(0, &pad);
        let mut token = workstation.open().unwrap();
        let on_pad = || cps_card::token::Authorization::Pad { last_try_accepted: false };
        assert!(login(&mut token, &workstation.card, on_pad(), Hold::Operation).is_err());
        login(&mut token, &workstation.card, on_pad(), Hold::Operation).unwrap();
    });
    assert_shows_none(&log);
    assert!(log.contains("pad"), "{log}");
}

#[test]
fn the_values_that_carry_a_pin_do_not_show_it() {
    let shown = format!("{:?} {:?} {:?} {:?}", digits(PIN), puk(PUK), typed(PIN), risked(WRONG));
    assert_shows_none(&shown);
    assert!(shown.contains("Pin"), "{shown}");
}
