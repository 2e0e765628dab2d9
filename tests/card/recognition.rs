//! Which card is a CPS, and which one.

use super::{MemoryCache, SmartCard, Token, open};
use cps_card::Error;
use cps_card::token::Kind;
use std::sync::Arc;

fn recognise(transcript: &str) -> Result<SmartCard, Error> {
    let (card, recording) = open(&[transcript], &Arc::new(MemoryCache::default()));
    assert_eq!(recording.finish(), Ok(()));
    card
}

#[test]
fn a_card_of_another_issuer_is_no_cps() {
    assert!(matches!(recognise("recognition/other-issuer").err(), Some(Error::NotCps)));
}

#[test]
fn a_serial_file_of_eleven_bytes_is_no_cps() {
    assert!(matches!(recognise("recognition/short-serial").err(), Some(Error::NotCps)));
}

#[test]
fn a_card_that_neither_family_recognises_is_no_cps() {
    assert!(matches!(recognise("recognition/no-cps").err(), Some(Error::NotCps)));
}

#[test]
fn an_unknown_answer_to_reset_is_tried_as_cps3_then_as_cps4() {
    assert!(recognise("recognition/unknown-atr-cps3").is_ok());
    assert!(recognise("recognition/unknown-atr-cps4").is_ok());
}

#[test]
fn a_reset_while_the_card_is_recognised_starts_over() {
    assert!(recognise("recognition/reset").is_ok());
}

#[test]
fn cps4_opens_channel_1_by_a_detour_when_it_is_refused() {
    assert!(recognise("cps4/detour").is_ok());
}

#[test]
fn every_family_tells_its_kind_and_serial_number() {
    for (transcript, kind, serial) in [
        ("cps3/first-insertion", Kind::Cps3, "99213845"),
        ("cps3-contactless/first-insertion", Kind::Cps3Contactless, "99213845"),
        ("cps4/first-insertion", Kind::Cps4, "44000123"),
    ] {
        let (card, recording) = open(&[transcript], &Arc::new(MemoryCache::default()));
        let description = card.unwrap().describe().unwrap();
        assert_eq!((description.kind, description.serial.as_str()), (kind, serial));
        assert_eq!(description.place, "TEST reader");
        assert_eq!(recording.finish(), Ok(()));
    }
}
