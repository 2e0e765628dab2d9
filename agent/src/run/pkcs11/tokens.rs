//! What the module shows of readers and tokens: put together from memory. No card is asked, nobody is prompted.

use super::{model, offered};
use crate::run::{
    cards::{Inside, PlaceSeen},
    present::{Present, Tries},
    shared::Shared,
};
use cps_agent_api::pkcs11::{Base64, Input, Key, Pin, PublicKey, Role, Scheme as Word, Slot, Token, Tokens};
use cps_agent_core::{
    identity::UnixTime,
    policy::program::{Programs, Wish},
};
use cps_card::{
    certificate::{Certificate, KeyParts},
    token::{KeyInfo, KeyRole, Kind, Scheme},
};
use std::sync::{Mutex, PoisonError};

/// OBJECT IDENTIFIER of P-256, DER (RFC 5480 §2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

/// What was last shown, and its number.
#[derive(Debug)]
pub(in crate::run) struct Shown(Mutex<Tokens>);

impl Shown {
    /// Nothing yet. The numbers of an agent that is started anew go on from where an earlier one's cannot be.
    pub(in crate::run) fn new(now: UnixTime) -> Self {
        let generation = u64::try_from(now.0).unwrap_or(0).saturating_mul(1000);
        Self(Mutex::new(Tokens { generation, slots: Vec::new() }))
    }

    /// Numbers an answer: the same as before has the same number.
    fn numbered(&self, slots: Vec<Slot>) -> Tokens {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.slots != slots {
            *shown = Tokens { generation: shown.generation.saturating_add(1), slots };
        }
        shown.clone()
    }
}

impl Shared {
    /// Readers and tokens as the module shows them.
    pub(in crate::run) fn module_tokens(&self) -> Tokens {
        let programs = &self.fixed.programs;
        let slot = |place: PlaceSeen, hardware: bool| {
            let token = match &place.inside {
                Inside::Card(present) => token(present, programs),
                _ => None,
            };
            Slot { reader: place.name, hardware, token }
        };
        let mut slots: Vec<Slot> = self.cards.readers().into_iter().map(|place| slot(place, true)).collect();
        for place in self.cards.soft() {
            // A file that is no token is no place for one either, and a reader's name is taken.
            let usable = matches!(place.inside, Inside::Card(_));
            if usable && !slots.iter().any(|other| other.reader == place.name) {
                slots.push(slot(place, false));
            }
        }
        self.shown.numbered(slots)
    }
}

/// A token; the antenna's key is nothing for programs.
fn token(present: &Present, programs: &Programs) -> Option<Token> {
    let description = &present.description;
    if description.kind == Kind::Cps3Contactless {
        return None;
    }
    let (pin_min, pin_max) = description.pin_lengths.unwrap_or_default();
    let keys = description.keys.iter().filter(|key| offered(key));
    let keys = keys.filter(|key| key.role != KeyRole::Signature || programs.offers(Wish::Signature));
    Some(Token {
        label: description.label.clone(),
        manufacturer: description.manufacturer.clone(),
        model: model(description.kind).to_owned(),
        serial: description.serial.clone(),
        insertion: present.insertion,
        pin: pin(present.tries()),
        pin_min,
        pin_max,
        keys: keys.filter_map(|key| words(key, &*present.certificate(key.role)?, programs)).collect(),
    })
}

fn pin(tries: Tries) -> Pin {
    match (tries.left, tries.max) {
        (None, _) => Pin::Unknown,
        (Some(0), _) => Pin::Locked,
        (Some(1), _) => Pin::FinalTry,
        (Some(left), Some(max)) if left < max => Pin::CountLow,
        (Some(_), _) => Pin::Fine,
    }
}

/// A key with its certificate; `None` for one whose public key is of no kind we know.
fn words(key: &KeyInfo, certificate: &Certificate, programs: &Programs) -> Option<Key> {
    let public_key = match certificate.key_parts()? {
        KeyParts::Rsa { modulus, exponent } => {
            PublicKey::Rsa { modulus: modulus.into(), exponent: exponent.into() }
        }
        KeyParts::P256(point) => PublicKey::Ec { curve: P256.as_slice().into(), point: point.into() },
    };
    let signs = key.role == KeyRole::Signature;
    let decrypts = programs.offers(Wish::Decipherment);
    let mut schemes: Vec<Word> = key.schemes.iter().copied().map(word).collect();
    schemes.extend((key.longest_encoded > 0).then_some(Word::RsaPkcs1));
    // RSA itself is a decipherment to whoever chooses the block.
    schemes.extend((key.block > 0 && decrypts).then_some(Word::RsaRaw));
    Some(Key {
        id: key.id.as_slice().into(),
        label: key.label.clone(),
        certificate_label: key.certificate_label.clone(),
        certificate: certificate.der().into(),
        subject: certificate.subject_raw().into(),
        issuer: certificate.issuer_raw().into(),
        serial_number: integer(certificate.serial_raw())?,
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        public_key,
        role: if signs { Role::Signature } else { Role::Authentication },
        schemes,
        inputs: inputs(key),
        longest_raw: u16::try_from(key.longest_encoded).unwrap_or(u16::MAX),
        decrypt: key.deciphers && decrypts,
        always_authenticate: signs,
    })
}

fn word(scheme: Scheme) -> Word {
    match scheme {
        Scheme::RsaPkcs1Sha256 => Word::RsaPkcs1Sha256,
        Scheme::RsaPkcs1Sha384 => Word::RsaPkcs1Sha384,
        Scheme::RsaPkcs1Sha512 => Word::RsaPkcs1Sha512,
        Scheme::RsaPssSha256 => Word::RsaPssSha256,
        Scheme::EcdsaP256Sha256 => Word::EcdsaP256Sha256,
    }
}

/// What a key takes, best first. The signature key of a CPS3 finishes the hash itself; a card may want it so.
fn inputs(key: &KeyInfo) -> Vec<Input> {
    let pss = key.schemes.contains(&Scheme::RsaPssSha256);
    let mut inputs = match key.role {
        KeyRole::Signature if !pss => vec![Input::Message, Input::Digest],
        _ => vec![Input::Digest, Input::Message],
    };
    inputs.extend((key.longest_encoded > 0).then_some(Input::DigestInfo));
    inputs.extend((key.longest_encoded > 0 && key.role != KeyRole::Signature).then_some(Input::Raw));
    inputs
}

/// An INTEGER, DER, of this content; `None` where it is longer than any honest serial number (RFC 5280 §4.1.2.2).
fn integer(content: &[u8]) -> Option<Base64> {
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 0x80)?;
    Some([&[0x02, length], content].concat().into())
}
