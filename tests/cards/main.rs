//! The card driver and the virtual cards, written from the same reference by different hands, understand each other: in
//! process, and through a real pcscd. One file per promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail like tests"
)]

mod blocked;
mod budgets;
mod change;
mod contents;
mod held;
mod hostile;
mod last_try;
mod pad;
#[cfg(target_os = "linux")]
mod pcscd;
mod pulled;
mod recognised;
mod resets;
mod secrets;
mod signatures;
mod stopped;
mod unblock;
mod updates;
mod wrong_pin;

use cps_card::cache::MemoryCache;
use cps_card::token::{Authorization, Hold, KeyRole, Payload, Scheme};
use cps_card::transport::ReaderService;
use cps_card::{Error, Pin, Puk, SmartCard, Token};
use cps_sandbox::card::{CardBuilder, CardHandle, Cps4Model, Family};
use cps_sandbox::pki::{Purpose, holder::DOCTOR};
use cps_sandbox::reader::InProcessReaders;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Longer than one block of SHA-256, so that a CPS3 gets a state and a rest.
const MESSAGE: &[u8] = b"a message of more than sixty-four bytes, of which the CPS3 hashes the last ones";

/// A workstation with one reader, the card in it, and what the workstation remembers of cards.
struct Workstation {
    readers: InProcessReaders,
    card: CardHandle,
    cache: Arc<MemoryCache>,
}

impl Workstation {
    /// With a card that it never saw.
    fn with(card: CardHandle) -> Self {
        let readers = InProcessReaders::with_readers(1);
        readers.insert(0, &card);
        Self { readers, card, cache: Arc::default() }
    }

    /// With the doctor's card of a family, never seen.
    fn of(family: Family) -> Self {
        Self::with(card(family))
    }

    /// With the doctor's card of a family, seen before and put in again.
    fn that_knows(family: Family) -> Self {
        let workstation = Self::of(family);
        workstation.open().unwrap().describe().unwrap();
        workstation.insert_again();
        workstation
    }

    /// Forgets every card, as if the program had been installed just now.
    fn forget(&mut self) {
        self.cache = Arc::default();
    }

    /// The person takes the card out, if it is not out already, and puts it back.
    fn insert_again(&self) {
        self.readers.insert(0, &self.card);
    }

    fn open(&self) -> Result<SmartCard, Error> {
        open(&self.readers, &self.readers.name(0), &self.cache)
    }

    /// Everything from the insertion to a login: recognition, holder, tries left, PIN, signature.
    fn first_login(&self, hold: Hold) -> Result<(), Error> {
        log_in_with(&mut self.open()?, &self.card, hold)
    }

    /// Commands of a first login, of which the last is the last of the signature.
    fn commands_of_a_first_login(family: Family) -> u64 {
        let workstation = Self::of(family);
        workstation.first_login(Hold::Operation).unwrap();
        workstation.card.counters().commands() as u64
    }
}

fn open(service: &dyn ReaderService, reader: &str, cache: &Arc<MemoryCache>) -> Result<SmartCard, Error> {
    let cache: Arc<MemoryCache> = Arc::clone(cache);
    SmartCard::open(service.connect(reader)?, reader, cache)
}

/// Describes the card, asks for its tries where it has a PIN, and logs in with its most useful key.
fn log_in_with(token: &mut SmartCard, card: &CardHandle, hold: Hold) -> Result<(), Error> {
    let description = token.describe()?;
    let key = description.keys.first().unwrap();
    if key.needs_pin {
        token.pin_status()?;
        login(token, card, typed(&card.pin()), hold)
    } else {
        sign(token, card, key.role, Scheme::RsaPkcs1Sha256, Authorization::Held)
    }
}

/// A login signature with PKCS#1 v1.5 and SHA-256, judged by the certificate that the card was made with.
fn login(
    token: &mut SmartCard,
    card: &CardHandle,
    authorization: Authorization,
    hold: Hold,
) -> Result<(), Error> {
    let scheme = Scheme::RsaPkcs1Sha256;
    let signature =
        token.sign(KeyRole::Authentication, scheme, Payload::Message(MESSAGE), authorization, hold)?;
    assert!(fits(card, KeyRole::Authentication, scheme, MESSAGE, &signature), "a wrong signature");
    Ok(())
}

/// A signature of [`MESSAGE`] that holds nothing afterwards, judged likewise.
fn sign(
    token: &mut SmartCard,
    card: &CardHandle,
    role: KeyRole,
    scheme: Scheme,
    authorization: Authorization,
) -> Result<(), Error> {
    let signature = token.sign(role, scheme, Payload::Message(MESSAGE), authorization, Hold::Operation)?;
    assert!(fits(card, role, scheme, MESSAGE, &signature), "a wrong signature by {role:?}, {scheme:?}");
    Ok(())
}

/// Whether ring finds that the key of the card's own certificate made the signature. The driver has no part in this.
fn fits(card: &CardHandle, role: KeyRole, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
    let algorithm: &dyn VerificationAlgorithm = match scheme {
        Scheme::RsaPkcs1Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Scheme::RsaPkcs1Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Scheme::RsaPkcs1Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Scheme::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
        Scheme::EcdsaP256Sha256 => panic!("no card has such a key"),
    };
    let key = public_key(card, role);
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}

/// `RSAPublicKey` of the certificate that the card was made with.
fn public_key(card: &CardHandle, role: KeyRole) -> Vec<u8> {
    let (_, certificate) = X509Certificate::from_der(card.certificate(purpose(role))).unwrap();
    certificate.public_key().subject_public_key.data.to_vec()
}

fn purpose(role: KeyRole) -> Purpose {
    match role {
        KeyRole::Authentication => Purpose::Authentication,
        KeyRole::Signature => Purpose::Signature,
        KeyRole::Technical => Purpose::Technical,
    }
}

/// A card of the doctor.
fn card(family: Family) -> CardHandle {
    CardBuilder::new(family, &DOCTOR).build()
}

/// Every family with a PIN, in every protocol.
fn with_pin() -> [Family; 4] {
    [
        Family::Cps3,
        Family::Cps4(Cps4Model::Release),
        Family::Cps4(Cps4Model::Candidate),
        Family::Cps4(Cps4Model::CandidateT0),
    ]
}

/// Every family, and the antenna.
fn everything() -> impl Iterator<Item = Family> {
    with_pin().into_iter().chain([Family::Cps3Contactless])
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

/// A typed PIN of somebody who was told that it is the last try.
fn risked(pin: &str) -> Authorization {
    Authorization::Pin { pin: digits(pin), last_try_accepted: true }
}

/// VERIFY commands that carried something: the others only ask.
fn verifications(card: &CardHandle) -> usize {
    card.counters().log().iter().filter(|seen| seen.header[1] == 0x20 && seen.body_length > 1).count()
}

/// What the card counts: tries left of the PIN and of the PUK, and wrong PINs of its life.
fn counts(card: &CardHandle) -> (u8, u8, u64) {
    (card.tries_left(), card.puk_tries_left(), card.pin_tries_spent())
}
/// What a card counts that nobody gave a wrong PIN.
const UNTOUCHED: (u8, u8, u64) = (3, 3, 0);
