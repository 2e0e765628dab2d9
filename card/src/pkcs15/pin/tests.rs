//! Records as published of a real card, and the ways they can be wrong.

use super::*;

/// The PIN of a CPS3, with its malformed object flags (`03 01 C0`).
const PIN: &[u8] = b"\x30\x61\x30\x3F\x0C\x1CCode porteur de la carte CPX\x03\x01\xC0\x04\x01\x02\
    \x30\x19\x30\x06\x03\x02\x05\x20\x05\x00\x30\x06\x03\x02\x06\x40\x05\x00\x30\x07\x03\x02\x03\x08\x04\x01\x02\
    \x30\x03\x04\x01\x01\xA1\x19\x30\x17\x03\x03\x04\x88\x10\x0A\x01\x01\x02\x01\x04\x02\x01\x04\x02\x01\x04\
    \x80\x01\x01\x04\x01\x00";

fn with(offset_from_end: usize, byte: u8) -> Vec<u8> {
    let mut record = PIN.to_vec();
    let at = record.len() - offset_from_end;
    record[at] = byte;
    record
}

#[test]
fn a_truncated_record_is_left_out() {
    for length in 0..PIN.len() {
        assert_eq!(parse_pins(&PIN[..length]), []);
    }
}

#[test]
fn lengths_that_contradict_each_other_are_left_out() {
    assert_eq!(parse_pins(&with(7, 0x03)), [], "the longest is shorter than the shortest");
    assert_eq!(parse_pins(&with(7, 0x7F)), [], "longer than any PIN");
}

#[test]
fn a_real_record_is_a_pin_of_four_digits() {
    let [pin] = parse_pins(PIN).try_into().unwrap();
    assert_eq!(pin.label, "Code porteur de la carte CPX");
    assert_eq!(pin.id, [1]);
    assert_eq!((pin.reference, pin.min, pin.max, pin.padding), (1, 4, 4, None));
    assert!(!pin.unblocks);
    assert!(pin.ascii);
}

#[test]
fn padding_and_puk_are_flags_of_the_pin() {
    let padded = PIN.iter().position(|byte| *byte == 0x88).unwrap();
    let mut record = PIN.to_vec();
    record[padded] = 0x8C;
    assert_eq!(parse_pins(&record)[0].padding, Some((4, 0)));
    record[padded] = 0x89;
    assert!(parse_pins(&record)[0].unblocks);
    record[padded] = 0x8A;
    assert!(parse_pins(&record)[0].unblocks);
}

#[test]
fn a_binary_coded_pin_is_not_ascii() {
    let kind = PIN.windows(3).position(|bytes| bytes == [0x0A, 0x01, 0x01]).unwrap() + 2;
    let mut record = PIN.to_vec();
    record[kind] = 0;
    assert!(!parse_pins(&record)[0].ascii);
}
