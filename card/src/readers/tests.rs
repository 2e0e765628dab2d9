use super::*;
use crate::transport::Connection;
use std::collections::VecDeque;
use std::sync::Mutex;

const ATR: [u8; 3] = [0x3B, 0xAC, 0x00];

fn empty(name: &str, events: u32) -> ReaderState {
    ReaderState { name: name.to_owned(), atr: None, mute: false, events }
}

fn with_card(name: &str, events: u32) -> ReaderState {
    ReaderState { atr: Some(ATR.to_vec()), ..empty(name, events) }
}

fn mute(name: &str, events: u32) -> ReaderState {
    ReaderState { mute: true, ..empty(name, events) }
}

fn added(reader: &str) -> Event {
    Event::ReaderAdded { reader: reader.to_owned() }
}

fn removed(reader: &str) -> Event {
    Event::ReaderRemoved { reader: reader.to_owned() }
}

fn inserted(reader: &str) -> Event {
    Event::CardInserted { reader: reader.to_owned(), atr: ATR.to_vec() }
}

fn taken(reader: &str) -> Event {
    Event::CardRemoved { reader: reader.to_owned() }
}

#[test]
fn the_same_list_again_is_no_event() {
    let mut readers = Readers::default();
    readers.update(&[with_card("A", 1), empty("B", 0)]);
    assert_eq!(readers.update(&[with_card("A", 1), empty("B", 0)]), []);
}

#[test]
fn a_reader_that_comes_with_a_card_is_told_before_its_card() {
    let mut readers = Readers::default();
    assert_eq!(readers.update(&[with_card("A", 1)]), [added("A"), inserted("A")]);
}

#[test]
fn a_reader_pulled_with_its_card_inside_takes_the_card_along() {
    let mut readers = Readers::default();
    readers.update(&[with_card("A", 1)]);
    assert_eq!(readers.update(&[]), [taken("A"), removed("A")]);
    assert_eq!(readers.now(), []);
}

#[test]
fn a_card_pulled_and_put_back_between_two_lists_is_told_twice() {
    let mut readers = Readers::default();
    readers.update(&[with_card("A", 1)]);
    assert_eq!(readers.update(&[with_card("A", 3)]), [taken("A"), inserted("A")]);
}

#[test]
fn a_card_that_does_not_answer_is_mute_and_leaves_like_any_other() {
    let mut readers = Readers::default();
    readers.update(&[empty("A", 0)]);
    assert_eq!(readers.update(&[mute("A", 1)]), [Event::CardMute { reader: "A".to_owned() }]);
    assert_eq!(readers.update(&[empty("A", 2)]), [taken("A")]);
}

#[test]
fn a_card_that_moves_leaves_one_reader_before_it_arrives_in_the_other() {
    let mut readers = Readers::default();
    readers.update(&[empty("A", 0), with_card("B", 1)]);
    assert_eq!(readers.update(&[with_card("A", 1), empty("B", 2)]), [taken("B"), inserted("A")]);
}

#[test]
fn the_pseudo_reader_and_ignored_readers_stay_unseen() {
    let mut readers = Readers::new(["yubikey".to_owned(), String::new()]);
    let list = [empty(r"\\?PnP?\Notification", 0), with_card("Yubico YubiKey OTP+FIDO+CCID 00 00", 1)];
    assert_eq!(readers.update(&list), []);
    assert_eq!(readers.update(&[with_card("Gemalto PC Twin 00 00", 1)]).len(), 2);
}

#[test]
fn a_lost_service_takes_cards_and_readers_along_and_is_told_once() {
    let mut readers = Readers::default();
    readers.update(&[with_card("A", 1)]);
    let lost = Event::ServiceLost { why: TransportError::NoService };
    assert_eq!(readers.lose(TransportError::NoService), [taken("A"), removed("A"), lost]);
    assert_eq!(readers.lose(TransportError::NoService), []);
    let refused = Event::ServiceLost { why: TransportError::Refused };
    assert_eq!(readers.lose(TransportError::Refused), [refused]);
    assert_eq!(readers.update(&[with_card("A", 1)]), [Event::ServiceBack, added("A"), inserted("A")]);
    assert_eq!(readers.lost(), None);
}

#[test]
fn pauses_grow_from_half_a_second_to_half_a_minute_and_no_further() {
    let pauses: Vec<_> = (0..9).map(|n| back_off(n).as_millis()).collect();
    assert_eq!(pauses, [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    assert_eq!(back_off(u32::MAX), Duration::from_secs(30));
}

/// A service that answers by a script and notes what it was asked.
struct Scripted {
    answers: Mutex<VecDeque<Result<Vec<ReaderState>, TransportError>>>,
    asked: Mutex<Vec<(Vec<ReaderState>, Duration)>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Result<Vec<ReaderState>, TransportError>>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() }
    }
}

impl ReaderService for Scripted {
    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<Vec<ReaderState>, TransportError> {
        self.asked.lock().unwrap().push((known.to_vec(), timeout));
        self.answers.lock().unwrap().pop_front().unwrap()
    }

    fn interrupt(&self) {}

    fn connect(&self, _: &str) -> Result<Box<dyn Connection>, TransportError> {
        Err(TransportError::NoReader)
    }
}

#[test]
fn an_absent_service_is_asked_again_after_growing_pauses_until_it_is_back_without_any_reader() {
    let no_service = || Err(TransportError::NoService);
    let service = Scripted::new([no_service(), no_service(), Ok(vec![]), Ok(vec![with_card("A", 1)])]);
    let mut monitor = Monitor::default();
    assert_eq!(monitor.step(&service), [Event::ServiceLost { why: TransportError::NoService }]);
    assert_eq!(monitor.pause(), back_off(1));
    assert_eq!(monitor.step(&service), []);
    assert_eq!(monitor.pause(), back_off(2));
    assert_eq!(monitor.step(&service), [Event::ServiceBack]);
    assert_eq!(monitor.pause(), Duration::ZERO);
    assert_eq!(monitor.step(&service), [added("A"), inserted("A")]);
    // Only a service that answers is waited on.
    let waits: Vec<_> = service.asked.lock().unwrap().iter().map(|(_, timeout)| timeout.is_zero()).collect();
    assert_eq!(waits, [true, true, true, false]);
}

#[test]
fn ignored_readers_are_given_back_to_the_service_so_that_it_can_wait() {
    let list = vec![with_card("YubiKey", 1)];
    let service = Scripted::new([Ok(list.clone()), Ok(list.clone())]);
    let mut monitor = Monitor::new(Readers::new(["yubikey".to_owned()]));
    assert_eq!(monitor.step(&service), []);
    assert_eq!(monitor.step(&service), []);
    assert_eq!(service.asked.lock().unwrap().last().unwrap().0, list);
}
