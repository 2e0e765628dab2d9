//! What a CPS card and we say to each other: recorded conversations, one comment over every exchange, and what must come
//! of them. The conversations are made up after the published logs of real cards; keys and holders are TEST.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

mod budgets;
mod hostile;
mod logging;
mod pin;
mod reading;
mod recognition;
mod removal;
mod resets;
mod signing;

use cps_card::cache::MemoryCache;
use cps_card::token::{Authorization, Hold};
use cps_card::transport::replay::{Recording, Replay};
use cps_card::{Error, Pin, Puk, SmartCard, Token};
use std::path::Path;
use std::sync::Arc;

/// What is signed in every conversation.
const CHALLENGE: &[u8] = b"challenge-for-the-CPS-card-0123456789";

/// Text of a transcript.
fn transcript(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/card/transcripts");
    let path = folder.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One conversation made of several transcripts, one after the other.
fn conversation(names: &[&str]) -> (Replay, Recording) {
    logging::listen();
    let text: Vec<_> = names.iter().map(|name| transcript(&format!("{name}.txt"))).collect();
    Replay::parse(&text.join("\n")).unwrap()
}

/// Recognises the card of a conversation.
fn open(names: &[&str], cache: &Arc<MemoryCache>) -> (Result<SmartCard, Error>, Recording) {
    let (replay, recording) = conversation(names);
    let cache: Arc<MemoryCache> = Arc::clone(cache);
    (SmartCard::open(Box::new(replay), "TEST reader", cache), recording)
}

/// A cache that knows the card of `first_insertion`.
fn cache_of(first_insertion: &str) -> Arc<MemoryCache> {
    let cache = Arc::new(MemoryCache::default());
    let (card, recording) = open(&[first_insertion], &cache);
    card.unwrap().describe().unwrap();
    recording.finish().unwrap();
    cache
}

/// A described card that was seen before, with what it will say next. `known` is how it is recognised.
fn known_card(first_insertion: &str, known: &str, then: &[&str]) -> (SmartCard, Recording) {
    let names = [&[known], then].concat();
    let (card, recording) = open(&names, &cache_of(first_insertion));
    let mut card = card.unwrap();
    card.describe().unwrap();
    (card, recording)
}

/// A described CPS3 that was seen before, with what it will say next.
fn cps3(then: &[&str]) -> (SmartCard, Recording) {
    known_card("cps3/first-insertion", "cps3/known", then)
}

/// A described CPS4 (T=1) that was seen before, with what it will say next.
fn cps4(then: &[&str]) -> (SmartCard, Recording) {
    known_card("cps4/first-insertion", "cps4/known", then)
}

/// The card leaves our hands, and the conversation must be over.
fn done(card: SmartCard, recording: &Recording) {
    drop(card);
    assert_eq!(recording.finish(), Ok(()));
}

fn digits(digits: &str) -> Pin {
    Pin::new(digits.as_bytes().to_vec().into())
}

fn puk(digits: &str) -> Puk {
    Puk::new(digits.as_bytes().to_vec().into())
}

/// A typed PIN, without consent to a last try.
fn typed(pin: &str) -> Authorization {
    Authorization::Pin { pin: digits(pin), last_try_accepted: false }
}

const ONCE: Hold = Hold::Operation;
const SESSION: Hold = Hold::Session;
