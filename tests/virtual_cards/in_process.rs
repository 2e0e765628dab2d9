//! The readers without a PC/SC stack behave like one: events, transactions, resets, and a service that stops.

use cps_card::transport::{Connection, Disposition, Protocol, ReaderService, TransportError};
use cps_sandbox::card::cards;
use cps_sandbox::reader::InProcessReaders;
use std::time::Duration;

const SERIAL: [u8; 5] = [0x00, 0xB0, 0x9C, 0x00, 0x0C];
const VERIFY: [u8; 9] = [0x00, 0x20, 0x00, 0x01, 4, b'1', b'2', b'3', b'4'];
/// Longer than any test may take: reaching it fails the run.
const LONG: Duration = Duration::from_secs(60);

fn connect(readers: &InProcessReaders) -> Box<dyn Connection> {
    readers.connect(&readers.name(0)).unwrap()
}

#[test]
fn a_waiting_thread_learns_of_an_insertion() {
    let readers = InProcessReaders::new();
    let known = readers.wait(&[], LONG).unwrap();
    assert_eq!(known.len(), 2);
    let card = cards::doctor_cps3();
    let waiter = std::thread::spawn({
        let (readers, known) = (readers.clone(), known.clone());
        move || readers.wait(&known, LONG).unwrap()
    });
    readers.insert(0, &card);
    let now = waiter.join().unwrap();
    assert_eq!(now[0].atr, Some(card.atr()));
    // A quick pull and re-insertion is not lost.
    readers.remove(0);
    readers.insert(0, &card);
    let later = readers.wait(&now, LONG).unwrap();
    assert_eq!(later[0].atr, now[0].atr);
    assert_ne!(later[0].events, now[0].events);
}

#[test]
fn an_interrupt_ends_a_wait() {
    let readers = InProcessReaders::new();
    let known = readers.wait(&[], LONG).unwrap();
    let waiter = std::thread::spawn({
        let (readers, known) = (readers.clone(), known.clone());
        move || readers.wait(&known, LONG).unwrap()
    });
    // An interrupt before the wait begins is not kept, as with PC/SC: repeat it until the thread is back.
    while !waiter.is_finished() {
        readers.interrupt();
        std::thread::yield_now();
    }
    assert_eq!(waiter.join().unwrap(), known);
}

#[test]
fn connecting_to_nothing_is_refused_by_name() {
    let readers = InProcessReaders::new();
    let refusal = |name: &str| readers.connect(name).err();
    assert_eq!(refusal("no such reader"), Some(TransportError::NoReader));
    assert_eq!(refusal(&readers.name(0)), Some(TransportError::Removed));
    readers.insert_mute(0, &cards::doctor_cps3());
    assert_eq!(refusal(&readers.name(0)), Some(TransportError::Mute));
    assert!(readers.wait(&[], LONG).unwrap()[0].mute);
    readers.insert(0, &cards::doctor_cps3());
    let exclusive = readers.used_exclusively(0);
    assert_eq!(refusal(&readers.name(0)), Some(TransportError::Sharing));
    drop(exclusive);
    assert_eq!(refusal(&readers.name(0)), None);
    readers.stop();
    assert_eq!(refusal(&readers.name(0)), Some(TransportError::NoService));
}

#[test]
fn a_transaction_keeps_others_out_until_it_ends() {
    let readers = InProcessReaders::new();
    let card = cards::doctor_cps3();
    readers.insert(0, &card);
    let (mut first, second) = (connect(&readers), connect(&readers));
    first.begin().unwrap();
    // Three ways to reach the card, which all wait their turn.
    let waiters: Vec<_> = [
        (|c| c.begin()) as fn(&mut Box<dyn Connection>) -> Result<(), TransportError>,
        |c| c.transmit(&SERIAL).map(drop),
        |c| c.reconnect(Disposition::Leave),
    ]
    .into_iter()
    .zip([second, connect(&readers), connect(&readers)])
    .map(|(way, mut connection)| {
        std::thread::spawn(move || {
            way(&mut connection).unwrap();
        })
    })
    .collect();
    for _ in 0..50 {
        first.transmit(&SERIAL).unwrap();
        std::thread::yield_now();
    }
    assert_eq!(card.counters().commands(), 50);
    assert!(waiters.iter().all(|waiter| !waiter.is_finished()));
    first.end(Disposition::Leave).unwrap();
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_eq!(card.counters().commands(), 51);
}

#[test]
fn a_card_that_leaves_ends_the_waiting_of_others() {
    let readers = InProcessReaders::new();
    readers.insert(0, &cards::doctor_cps3());
    let (mut first, mut second) = (connect(&readers), connect(&readers));
    first.begin().unwrap();
    let waiter = std::thread::spawn(move || second.begin());
    readers.remove(0);
    assert_eq!(waiter.join().unwrap(), Err(TransportError::Removed));
}

#[test]
fn a_connection_that_is_dropped_gives_its_transaction_back() {
    let readers = InProcessReaders::new();
    readers.insert(0, &cards::doctor_cps3());
    let (mut first, mut second) = (connect(&readers), connect(&readers));
    first.begin().unwrap();
    assert!(readers.in_transaction(0));
    drop(first);
    second.begin().unwrap();
}

#[test]
fn a_verified_pin_is_shared_by_all_connections_like_on_a_real_card() {
    let readers = InProcessReaders::new();
    let card = cards::doctor_cps3();
    readers.insert(0, &card);
    let (mut first, mut second) = (connect(&readers), connect(&readers));
    first.transmit(&VERIFY).unwrap();
    drop(first);
    assert_eq!(second.transmit(&[0x00, 0x20, 0x00, 0x01, 0]).unwrap(), [0x90, 0x00]);
}

#[test]
fn a_reset_by_one_connection_is_told_to_the_others() {
    let readers = InProcessReaders::new();
    let card = cards::doctor_cps3();
    readers.insert(0, &card);
    let (mut first, mut second) = (connect(&readers), connect(&readers));
    first.begin().unwrap();
    first.transmit(&VERIFY).unwrap();
    first.end(Disposition::Reset).unwrap();
    assert!(!card.verified());
    assert!(first.transmit(&SERIAL).is_ok());
    assert_eq!(second.transmit(&SERIAL), Err(TransportError::Reset));
    second.reconnect(Disposition::Leave).unwrap();
    assert!(second.transmit(&SERIAL).is_ok());
    readers.reset_by_another(0);
    assert_eq!(first.begin(), Err(TransportError::Reset));
}

#[test]
fn another_card_in_the_same_reader_is_another_card() {
    let readers = InProcessReaders::new();
    readers.insert(0, &cards::doctor_cps3());
    let mut connection = connect(&readers);
    readers.insert(0, &cards::nurse_cps3());
    assert_eq!(connection.transmit(&SERIAL), Err(TransportError::Removed));
    assert_eq!(connection.reconnect(Disposition::Leave), Err(TransportError::Removed));
}

#[test]
fn a_stopped_service_kills_connections_and_a_restart_does_not_revive_them() {
    let readers = InProcessReaders::new();
    let card = cards::doctor_cps3();
    readers.insert(0, &card);
    let mut connection = connect(&readers);
    connection.transmit(&VERIFY).unwrap();
    let known = readers.wait(&[], LONG).unwrap();
    readers.stop();
    assert_eq!(readers.wait(&known, LONG), Err(TransportError::NoService));
    assert!(!card.verified());
    readers.start();
    assert_eq!(connection.transmit(&SERIAL), Err(TransportError::NoService));
    assert!(connect(&readers).transmit(&SERIAL).is_ok());
}

#[test]
fn a_reader_that_is_unplugged_is_gone() {
    let readers = InProcessReaders::with_readers(1);
    readers.insert(0, &cards::doctor_cps3());
    let mut connection = connect(&readers);
    readers.unplug_last();
    assert_eq!(connection.transmit(&SERIAL), Err(TransportError::NoReader));
    assert_eq!(readers.wait(&[], Duration::ZERO).unwrap(), []);
}

#[test]
fn each_card_speaks_its_protocol() {
    let readers = InProcessReaders::with_readers(1);
    for (card, protocol) in [
        (cards::doctor_cps3(), Protocol::T0),
        (cards::doctor_cps3_contactless(), Protocol::T1),
        (cards::doctor_cps4(), Protocol::T1),
    ] {
        readers.insert(0, &card);
        assert_eq!(connect(&readers).protocol(), protocol);
    }
}
