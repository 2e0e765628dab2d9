//! Which answer to reset is which card.

use super::*;

fn kinds(atr: &str, protocol: Protocol) -> Vec<Kind> {
    let atr: Vec<u8> = atr.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    candidates(&atr, protocol).iter().map(|profile| profile.kind).collect()
}

#[test]
fn an_unknown_answer_leaves_the_families_that_speak_the_protocol() {
    assert_eq!(kinds("3B 00", Protocol::T0), [Kind::Cps3, Kind::Cps4]);
    assert_eq!(kinds("3B 00", Protocol::T1), [Kind::Cps3Contactless, Kind::Cps4]);
}

#[test]
fn cps4_is_recognised_by_every_byte() {
    assert_eq!(kinds("3B 9B 18 80 01 00 12 25 00 64 80 04 01 00 00 90 44", Protocol::T1), [Kind::Cps4]);
    assert_eq!(kinds("3B 9B 18 80 01 00 12 25 00 64 80 00 04 01 00 90 44", Protocol::T0), [Kind::Cps4]);
    assert_eq!(kinds("3B DC 18 FF 00 00 12 25 00 64 80 00 04 01 00 90 00", Protocol::T0), [Kind::Cps4]);
    assert_ne!(kinds("3B 9B 18 80 01 00 12 25 00 64 80 04 01 01 00 90 44", Protocol::T1), [Kind::Cps4]);
}

#[test]
fn a_card_that_resembles_a_cps3_is_tried_as_one_first() {
    assert_eq!(
        kinds("3B AC 00 40 2A 00 12 25 00 64 80 82 02 12 00 90 00", Protocol::T0),
        [Kind::Cps3, Kind::Cps4]
    );
}

#[test]
fn cps3_is_recognised_by_every_byte() {
    assert_eq!(kinds("3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00", Protocol::T0), [Kind::Cps3]);
}

#[test]
fn the_antenna_of_a_cps3_has_its_own_answer() {
    let contactless = "3B 8F 80 01 00 31 B8 64 04 B0 EC C1 73 94 01 80 82 90 00 0E";
    assert_eq!(kinds(contactless, Protocol::T1), [Kind::Cps3Contactless]);
}
