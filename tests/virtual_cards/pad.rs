//! A reader with a PIN pad: the PIN goes from the keys to the card and nowhere else (PC/SC part 10).

use cps_card::transport::{Connection, Feature, ReaderService, TransportError};
use cps_sandbox::card::{CardHandle, cards};
use cps_sandbox::reader::{InProcessReaders, Keypress, PinPad};

/// PIN_VERIFY_STRUCTURE for a PIN of four ASCII digits, sent without padding.
fn verify() -> Vec<u8> {
    let command = [0x00, 0x20, 0x00, 0x01, 0x00];
    let fixed = [30, 30, 0x82, 0x00, 0x00, 4, 4, 0x02, 1, 0x0C, 0x04, 0, 0, 0, 0, 5, 0, 0, 0];
    [fixed.as_slice(), &command].concat()
}

/// PIN_MODIFY_STRUCTURE: old value, new value, and the new one again.
fn modify() -> Vec<u8> {
    let command = [0x00, 0x24, 0x00, 0x01, 0x00];
    let fixed =
        [30, 30, 0x82, 0x00, 0x00, 0, 0, 4, 4, 0x03, 0x02, 3, 0x0C, 0x04, 0, 1, 2, 0, 0, 0, 5, 0, 0, 0];
    [fixed.as_slice(), &command].concat()
}

fn reader_with_pad() -> (CardHandle, PinPad, Box<dyn Connection>) {
    let (readers, card, pad) = (InProcessReaders::new(), cards::doctor_cps3(), PinPad::new());
    readers.insert(0, &card);
    readers.plug_pad(0, &pad);
    let connection = readers.connect(&readers.name(0)).unwrap();
    (card, pad, connection)
}

fn digits(text: &str) -> Keypress {
    Keypress::Digits(text.to_owned())
}

#[test]
fn a_reader_without_pad_has_no_feature() {
    let readers = InProcessReaders::new();
    readers.insert(0, &cards::doctor_cps3());
    let mut connection = readers.connect(&readers.name(0)).unwrap();
    assert_eq!(connection.feature(Feature::VerifyPinDirect), None);
    assert!(matches!(connection.control(0x4233_0006, &verify()), Err(TransportError::Other(_))));
}

#[test]
fn the_typed_pin_reaches_the_card() {
    let (card, pad, mut connection) = reader_with_pad();
    let code = connection.feature(Feature::VerifyPinDirect).unwrap();
    pad.then(digits("9999")).then(digits("1234"));
    assert_eq!(connection.control(code, &verify()).unwrap(), [0x63, 0xC2]);
    assert_eq!(connection.control(code, &verify()).unwrap(), [0x90, 0x00]);
    assert!(card.verified());
    assert_eq!(pad.waiting(), 0);
}

#[test]
fn cancelling_waiting_and_too_many_digits_send_nothing_to_the_card() {
    let (card, pad, mut connection) = reader_with_pad();
    let code = connection.feature(Feature::VerifyPinDirect).unwrap();
    for (keypress, status) in
        [(Keypress::Cancel, [0x64, 0x01]), (Keypress::Nothing, [0x64, 0x00]), (digits("12345"), [0x64, 0x03])]
    {
        pad.then(keypress);
        assert_eq!(connection.control(code, &verify()).unwrap(), status);
    }
    assert_eq!(connection.control(code, &verify()).unwrap(), [0x64, 0x00]);
    assert_eq!(card.counters().commands(), 0);
}

#[test]
fn a_new_pin_is_typed_twice() {
    let (card, pad, mut connection) = reader_with_pad();
    let code = connection.feature(Feature::ModifyPinDirect).unwrap();
    pad.then(digits("1234")).then(digits("5678")).then(digits("5679"));
    assert_eq!(connection.control(code, &modify()).unwrap(), [0x64, 0x02]);
    assert_eq!(card.pin(), "1234");
    pad.then(digits("1234")).then(digits("5678")).then(digits("5678"));
    assert_eq!(connection.control(code, &modify()).unwrap(), [0x90, 0x00]);
    assert_eq!(card.pin(), "5678");
}

#[test]
fn a_malformed_request_is_refused_by_the_reader() {
    let (card, pad, mut connection) = reader_with_pad();
    pad.then(digits("1234"));
    for length in 0..verify().len() {
        assert_eq!(connection.control(0x4233_0006, &verify()[..length]).unwrap(), [0x6B, 0x80]);
    }
    assert_eq!(card.counters().commands(), 0);
}
