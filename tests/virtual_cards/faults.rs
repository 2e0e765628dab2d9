//! Faults on demand do what they say, once, and no more.

use super::script::play;
use cps_card::transport::{ReaderService, TransportError};
use cps_sandbox::card::{CardHandle, cards};
use cps_sandbox::reader::InProcessReaders;

fn connected(card: &CardHandle) -> (InProcessReaders, Box<dyn cps_card::transport::Connection>) {
    let readers = InProcessReaders::new();
    readers.insert(0, card);
    let connection = readers.connect(&readers.name(0)).unwrap();
    (readers, connection)
}

const SERIAL: [u8; 5] = [0x00, 0xB0, 0x9C, 0x00, 0x0C];

#[test]
fn a_card_pulled_at_the_third_command_answers_two() {
    let card = cards::doctor_cps3();
    let (readers, mut connection) = connected(&card);
    card.faults().remove_at(3);
    assert!(connection.transmit(&SERIAL).is_ok());
    assert!(connection.transmit(&SERIAL).is_ok());
    assert_eq!(connection.transmit(&SERIAL), Err(TransportError::Removed));
    assert_eq!(connection.transmit(&SERIAL), Err(TransportError::Removed));
    assert_eq!(card.counters().commands(), 2);
    assert_eq!(readers.wait(&[], std::time::Duration::ZERO).unwrap()[0].atr, None);
    // Put back, it works as before.
    readers.insert(0, &card);
    assert!(readers.connect(&readers.name(0)).unwrap().transmit(&SERIAL).is_ok());
}

#[test]
fn a_reset_by_another_program_is_told_and_loses_the_pin() {
    let card = cards::doctor_cps3();
    let (_readers, mut connection) = connected(&card);
    connection.transmit(&[0x00, 0x20, 0x00, 0x01, 4, b'1', b'2', b'3', b'4']).unwrap();
    card.faults().reset_at(1);
    assert_eq!(connection.transmit(&SERIAL), Err(TransportError::Reset));
    assert!(!card.verified());
    assert_eq!(connection.begin(), Err(TransportError::Reset));
    connection.reconnect(cps_card::transport::Disposition::Leave).unwrap();
    assert!(connection.transmit(&SERIAL).is_ok());
}

#[test]
fn the_pin_is_forgotten_once_between_verify_and_signature() {
    let card = cards::doctor_cps3();
    card.faults().forget_pin_before_operation();
    let sign = "> 00 20 00 01 04 31 32 33 34
         < 90 00
         > 00 A4 09 0C 04 3F 00 00 01
         < 90 00
         > 00 22 41 A4 06 80 01 02 84 01 82
         < 90 00
         > 00 88 00 00 01 00\n";
    play(&card, &format!("{sign}< 69 82"));
    play(&card, &format!("{sign}< 61 00"));
}

#[test]
fn files_can_be_replaced_hidden_and_restored() {
    let card = cards::doctor_cps3();
    card.faults().replace_file("3F00/0001/7005", b"\x30\x84\xFF");
    play(&card, "> 00 A4 09 0C 06 3F 00 00 01 70 05\n< 90 00\n> 00 B0 00 00 03\n< 30 84 FF 90 00");
    card.faults().hide_file("3F00/0001/7005");
    play(&card, "> 00 A4 09 0C 06 3F 00 00 01 70 05\n< 6A 82");
    card.faults().clear();
    play(&card, "> 00 A4 09 0C 06 3F 00 00 01 70 05\n< 90 00\n> 00 B0 00 00 01\n< 30 90 00");
}

#[test]
fn serial_numbers_can_be_foreign_or_short() {
    let card = cards::doctor_cps3();
    card.faults().wrong_issuer();
    play(&card, "> 00 B0 9C 00 0C\n< 5A 0A 80 25 00 00 02 99 00 00 11 0F 90 00");
    card.faults().short_serial();
    play(&card, "> 00 B0 9C 00 0B\n< 5A 09 80 25 00 00 01 99 00 00 11 90 00");
}

#[test]
fn an_unknown_atr_and_a_hostile_answer_reach_the_driver() {
    let card = cards::doctor_cps3();
    card.faults().unknown_atr();
    let (_readers, mut connection) = connected(&card);
    assert_eq!(connection.atr(), b"\x3B\x08TESTTEST");
    card.faults().answer_at(1, &[0x61]);
    assert_eq!(connection.transmit(&SERIAL).unwrap(), [0x61]);
    assert_eq!(connection.transmit(&SERIAL).unwrap().len(), 14);
}

#[test]
fn a_slow_card_is_slow_and_a_cured_one_is_not() {
    let card = cards::doctor_cps3();
    let (_readers, mut connection) = connected(&card);
    card.faults().slow(std::time::Duration::from_millis(20));
    let start = std::time::Instant::now();
    connection.transmit(&SERIAL).unwrap();
    // A lower bound only: how fast the machine is does not matter.
    assert!(start.elapsed() >= std::time::Duration::from_millis(20));
}
