//! Cards that lie: nothing loops, nothing panics, nothing grows without end.

use super::{CHALLENGE, MemoryCache, SESSION, SmartCard, Token, cps3, done, open, typed};
use cps_card::Error;
use cps_card::cache::NoCache;
use cps_card::token::{KeyRole, Payload, Scheme};
use cps_card::transport::{Connection, Disposition, Feature, Protocol, TransportError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn announced_data_without_end_is_given_up() {
    for transcript in ["hostile/answer-without-end", "hostile/answer-of-nothing", "hostile/half-a-status"] {
        let (mut card, recording) = cps3(&[transcript]);
        assert!(matches!(card.pin_status(), Err(Error::Transport(_))), "{transcript}");
        done(card, &recording);
    }
}

#[test]
fn a_length_is_corrected_once() {
    let (mut card, recording) = cps3(&["hostile/length-without-end"]);
    assert_eq!(card.pin_status().unwrap().unwrap().tries_left, Some(3));
    done(card, &recording);
}

#[test]
fn a_certificate_of_nonsense_is_no_certificate() {
    let transcripts = ["cps3/known", "hostile/certificate-of-nonsense"];
    let (card, recording) = open(&transcripts, &Arc::new(MemoryCache::default()));
    let mut card = card.unwrap();
    let description = card.describe().unwrap();
    assert_eq!(description.key(KeyRole::Authentication).unwrap().certificate, None);
    done(card, &recording);
}

#[test]
fn a_signature_of_another_length_is_no_signature() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "hostile/short-signature", "cps3/release"]);
    card.pin_status().unwrap();
    let payload = Payload::Message(CHALLENGE);
    let short = card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, payload, typed("1234"), SESSION);
    assert!(matches!(short, Err(Error::Content { what: "signature", .. })));
    done(card, &recording);
}

/// A card with the right serial number, whose every other file goes on for ever.
struct Endless {
    commands: Arc<AtomicUsize>,
    serial_selected: bool,
    record: [u8; 2],
}

impl Connection for Endless {
    fn atr(&self) -> &[u8] {
        &[0x3B, 0x00]
    }

    fn protocol(&self) -> Protocol {
        Protocol::T0
    }

    fn begin(&mut self) -> Result<(), TransportError> {
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        let mut answer = Vec::new();
        match command[1] {
            0xA4 => self.serial_selected = command.ends_with(&[0xD0, 0x03]),
            _ if self.serial_selected => {
                answer = vec![0x5A, 0x0A, 0x80, 0x25, 0x00, 0x00, 0x01, 0x99, 0x21, 0x38, 0x45, 0x0F];
            }
            _ => answer = self.record.into_iter().cycle().take(usize::from(command[4])).collect(),
        }
        answer.extend([0x90, 0x00]);
        Ok(answer)
    }

    fn end(&mut self, _disposition: Disposition) -> Result<(), TransportError> {
        Ok(())
    }

    fn reconnect(&mut self, _disposition: Disposition) -> Result<(), TransportError> {
        Ok(())
    }

    fn feature(&mut self, _feature: Feature) -> Option<u32> {
        None
    }

    fn control(&mut self, _code: u32, _data: &[u8]) -> Result<Vec<u8>, TransportError> {
        Err(TransportError::Mute)
    }
}

#[test]
fn files_without_end_are_left_at_the_last_offset() {
    for record in [[0x30, 0x00], [0x30, 0x30], [0x7F, 0x7F], [0x30, 0x83], [0xA8, 0x02]] {
        let commands = Arc::new(AtomicUsize::new(0));
        let connection = Endless { commands: Arc::clone(&commands), serial_selected: false, record };
        if let Ok(mut card) = SmartCard::open(Box::new(connection), "TEST reader", Arc::new(NoCache)) {
            let _ = card.describe();
            let _ = card.activities(typed("1234"), SESSION);
        }
        let commands = commands.load(Ordering::Relaxed);
        assert!(commands < 3000, "{commands} commands for files of {record:02X?}");
    }
}
