//! How a card dialect is spoken: select, read, verify, sign. One file per dialect.
//!
//! An applet has no constant of any one card: what differs between cards of a dialect is a field that the card's
//! profile fills in. Every method assumes an open transaction; none retries anything that could cost a PIN try.

pub(crate) mod chipdoc;
pub mod digest;
pub(crate) mod file;
pub(crate) mod ias;
mod pad;
mod sha256;

pub(crate) use chipdoc::ChipDoc;
pub(crate) use digest::{hash, names_sha256};
pub(crate) use file::Extent;
pub(crate) use ias::Ias;

use crate::Error;
use crate::apdu::{Command, FilePath, Response, Status};
use crate::channel::Channel;
use crate::token::{Encoded, KeyRole, Payload, Scheme};
use crate::transport::{Feature, TransportError};
use zeroize::Zeroizing;

/// A card dialect.
pub(crate) trait Applet: Sync {
    /// Makes the applet listen, after power-on or a reset.
    fn open(&self, channel: &mut Channel) -> Result<(), Error>;

    /// Makes `application` the current directory, as keys need it.
    fn enter(&self, channel: &mut Channel, application: &FilePath) -> Result<(), Error>;

    /// Reads a file. A `sensitive` one is behind the PIN: its content stays out of the logs, and nothing is done that
    /// could lose the verified state.
    fn read(
        &self,
        channel: &mut Channel,
        file: &FilePath,
        extent: Extent,
        sensitive: bool,
    ) -> Result<Vec<u8>, Error>;

    /// Asks for the state of a PIN of `application` without spending a try. May leave another directory current.
    fn counter(&self, channel: &mut Channel, application: &FilePath, reference: u8)
    -> Result<Counter, Error>;

    /// Class byte of VERIFY.
    fn verify_class(&self) -> u8;

    /// Whether [`Applet::change`] can follow a VERIFY on the reader's pad.
    fn changes_after_pad(&self) -> bool;

    /// Replaces a PIN. `old` is `None` when the old PIN was just verified on the reader's pad.
    fn change(
        &self,
        channel: &mut Channel,
        reference: u8,
        old: Option<&SecretBlock>,
        new: &SecretBlock,
    ) -> Result<(), Error>;

    /// Gives a PIN a new value, the PUK having been verified.
    fn reset_counter(&self, channel: &mut Channel, reference: u8, new: &SecretBlock) -> Result<(), Error>;

    /// Signs with a key of the current directory.
    fn sign(
        &self,
        channel: &mut Channel,
        key: &Key,
        scheme: Scheme,
        payload: Payload<'_>,
    ) -> Result<Vec<u8>, Error>;

    /// Most bytes that [`Encoded::Pkcs1`] may have with a key; 0 when it takes none.
    fn longest_encoded(&self, key: &Key) -> usize;

    /// Whether a key does RSA itself ([`Encoded::Block`]).
    fn takes_blocks(&self, key: &Key) -> bool;

    /// Whether a key takes this.
    fn takes(&self, key: &Key, encoded: Encoded<'_>) -> bool {
        match encoded {
            Encoded::Pkcs1(info) if key.role == KeyRole::Signature => names_sha256(info),
            Encoded::Pkcs1(bytes) => (1..=self.longest_encoded(key)).contains(&bytes.len()),
            Encoded::Block(block) => self.takes_blocks(key) && block.len() == key.modulus,
        }
    }

    /// Signs what the caller encoded, with a key of the current directory that takes it.
    fn sign_encoded(&self, channel: &mut Channel, key: &Key, encoded: Encoded<'_>) -> Result<Vec<u8>, Error>;

    /// Deciphers a PKCS#1 v1.5 cryptogram with a key of the current directory.
    fn decipher(&self, channel: &mut Channel, key: &Key, cryptogram: &[u8]) -> Result<Vec<u8>, Error>;
}

/// A private key as commands name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) role: KeyRole,
    pub(crate) reference: u8,
    /// Length of the modulus, in bytes.
    pub(crate) modulus: usize,
}

/// What a card says of a PIN without a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counter {
    pub(crate) left: Option<u8>,
    pub(crate) max: Option<u8>,
    /// The card considers the PIN verified; `None` when it did not say.
    pub(crate) verified: Option<bool>,
}

/// The data field of VERIFY: digits, padded where the card wants it. Wiped when dropped.
pub(crate) struct SecretBlock(Zeroizing<Vec<u8>>);

impl SecretBlock {
    /// Digits, padded with `pad.1` up to `pad.0` bytes.
    pub(crate) fn new(digits: &[u8], pad: Option<(usize, u8)>) -> Self {
        let length = pad.map_or(digits.len(), |(length, _)| length.max(digits.len()));
        let mut block = Zeroizing::new(Vec::with_capacity(length));
        block.extend_from_slice(digits);
        block.resize(length, pad.map_or(0, |(_, byte)| byte));
        Self(block)
    }

    /// The data field of a command with this block, or with two of them; one allocation, no copy left behind.
    fn joined(blocks: &[&Self]) -> Zeroizing<Vec<u8>> {
        let mut data = Zeroizing::new(Vec::with_capacity(blocks.iter().map(|block| block.0.len()).sum()));
        for block in blocks {
            data.extend_from_slice(&block.0);
        }
        data
    }
}

/// Which secret a command speaks of: the same status means different things to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secret {
    Pin,
    Puk,
}

/// VERIFY, sent once whatever happens.
///
/// # Errors
/// [`Error::WrongPin`], [`Error::PinBlocked`], [`Error::PukBlocked`].
pub(crate) fn verify(
    channel: &mut Channel,
    applet: &dyn Applet,
    reference: u8,
    secret: Secret,
    block: &SecretBlock,
) -> Result<(), Error> {
    let verify = Command::new("VERIFY", applet.verify_class(), 0x20, 0, reference);
    let response = channel.transmit(&verify.secret(SecretBlock::joined(&[block])))?;
    judge(secret, "VERIFY", response.status)
}

/// VERIFY with the PIN typed on the reader's pad.
///
/// # Errors
/// As [`verify`]; [`TransportError::Cancelled`] when the person gave up, [`Error::Unsupported`] without a pad.
pub(crate) fn verify_on_pad(
    channel: &mut Channel,
    applet: &dyn Applet,
    reference: u8,
    entry: &pad::Entry,
) -> Result<(), Error> {
    let code = channel
        .feature(Feature::VerifyPinDirect)
        .ok_or(Error::Unsupported("PIN entry on this reader's pad"))?;
    let response = channel.control(code, &entry.verify([applet.verify_class(), 0x20, 0, reference]))?;
    match response.status {
        pad::TIMED_OUT | pad::CANCELLED => Err(Error::Transport(TransportError::Cancelled)),
        pad::WRONG_LENGTH => Err(Error::PinFormat { min: entry.min, max: entry.max }),
        status => judge(Secret::Pin, "VERIFY", status),
    }
}

pub(crate) use pad::Entry as PadEntry;

/// What the status of a PIN command means (ISO 7816-4 §11.5.6).
fn judge(secret: Secret, command: &'static str, status: Status) -> Result<(), Error> {
    let blocked = match secret {
        Secret::Pin => Error::PinBlocked,
        Secret::Puk => Error::PukBlocked,
    };
    match (status, status.tries()) {
        (Status::OK, _) => Ok(()),
        (Status::BLOCKED | Status::NOT_USABLE, _) | (_, Some(0)) => Err(blocked),
        (Status::SECURITY, _) => Err(Error::Unsupported("a PIN on this interface")),
        (Status(0x6300), _) => Err(Error::WrongPin { left: None }),
        (_, Some(left)) => Err(Error::WrongPin { left: Some(left) }),
        (status, None) => Err(Error::Refused { command, status: status.0 }),
    }
}

/// What the answer to VERIFY without data says of the PIN.
fn counter_of_verify(verify: &Command, status: Status) -> Result<Counter, Error> {
    match (status, status.tries()) {
        (_, Some(left)) => Ok(Counter { left: Some(left), max: None, verified: Some(false) }),
        (Status::BLOCKED | Status::NOT_USABLE, _) => {
            Ok(Counter { left: Some(0), max: None, verified: Some(false) })
        }
        (Status::OK, _) => Ok(Counter { left: None, max: None, verified: Some(true) }),
        (status, None) => Err(refused(verify, status)),
    }
}

/// The answer's data when the command was carried out.
fn succeeded(command: &Command, response: Response) -> Result<Vec<u8>, Error> {
    if response.status.succeeded() { Ok(response.data) } else { Err(refused(command, response.status)) }
}

fn refused(command: &Command, status: Status) -> Error {
    Error::Refused { command: command.name(), status: status.0 }
}

/// Sends a command that must succeed, and returns its data.
fn carry_out(channel: &mut Channel, command: &Command) -> Result<Vec<u8>, Error> {
    let response = channel.transmit(command)?;
    succeeded(command, response)
}

/// A signature or a raw RSA result: as long as the modulus, or it is not one.
fn modulus_sized(key: &Key, what: &'static str, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    if bytes.len() == key.modulus {
        return Ok(bytes);
    }
    Err(Error::Content { what, why: format!("it has {} bytes instead of {}", bytes.len(), key.modulus) })
}
