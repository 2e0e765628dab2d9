//! The card driver and the virtual cards, written from the same reference by different hands, understand each other: in
//! process, and through a real pcscd.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

mod budgets;
mod interruptions;
mod keys;
mod oddities;
#[cfg(target_os = "linux")]
mod pcscd;
mod pin;

use cps_card::cache::MemoryCache;
use cps_card::token::{Authorization, Hold, KeyRole, Payload, Scheme};
use cps_card::transport::ReaderService as _;
use cps_card::{Error, Pin, Puk, SmartCard, Token};
use cps_sandbox::card::{CardBuilder, CardHandle, Cps4Model, Family};
use cps_sandbox::pki::holder::DOCTOR;
use cps_sandbox::reader::InProcessReaders;
use std::sync::Arc;

const MESSAGE: &[u8] =
    b"a message that is longer than one block of SHA-256, so that a CPS3 gets a state and a rest";

/// A workstation with one reader, and what it remembers of cards.
struct Workstation {
    readers: InProcessReaders,
    cache: Arc<MemoryCache>,
}

impl Workstation {
    /// With a card in the reader.
    fn with(card: &CardHandle) -> Self {
        let workstation = Self { readers: InProcessReaders::with_readers(1), cache: Arc::default() };
        workstation.insert(card);
        workstation
    }

    fn insert(&self, card: &CardHandle) {
        self.readers.insert(0, card);
    }

    fn open(&self) -> Result<SmartCard, Error> {
        let reader = self.readers.name(0);
        let cache: Arc<MemoryCache> = Arc::clone(&self.cache);
        SmartCard::open(self.readers.connect(&reader)?, &reader, cache)
    }
}

/// A card of the doctor.
fn card(family: Family) -> CardHandle {
    CardBuilder::new(family, &DOCTOR).build()
}

/// Every family with a PIN, in every protocol.
fn families() -> [Family; 4] {
    [
        Family::Cps3,
        Family::Cps4(Cps4Model::Release),
        Family::Cps4(Cps4Model::Candidate),
        Family::Cps4(Cps4Model::CandidateT0),
    ]
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

/// A login signature with PKCS#1 v1.5 and SHA-256, checked with the card's certificate.
fn login(card: &mut SmartCard, authorization: Authorization, hold: Hold) -> Result<(), Error> {
    sign(card, KeyRole::Authentication, Scheme::RsaPkcs1Sha256, authorization, hold)
}

fn sign(
    card: &mut SmartCard,
    role: KeyRole,
    scheme: Scheme,
    authorization: Authorization,
    hold: Hold,
) -> Result<(), Error> {
    let signature = card.sign(role, scheme, Payload::Message(MESSAGE), authorization, hold)?;
    assert!(card.certificate(role)?.verifies(scheme, MESSAGE, &signature), "{role:?} {scheme:?}");
    Ok(())
}
