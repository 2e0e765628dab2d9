//! What the agent and the process of a key store say to each other: one question, one answer, over a socket.
//!
//! A message is a byte that says what it is, the length of the rest (32 bits, big-endian), and the rest. Either side wipes
//! what it read: a PIN is among it.

use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Longest message. A chain of certificates has some thousand bytes.
const LIMIT: usize = 1024 * 1024;

/// First byte of each message.
pub(super) mod kind {
    /// Load the module and find the token: a URI → [`FOUND`].
    pub(in crate::host::key_store) const FIND: u8 = b'F';
    /// Log in to the token: its PIN → [`LOGGED_IN`].
    pub(in crate::host::key_store) const LOGIN: u8 = b'L';
    /// Look for the key: nothing → [`OPENED`].
    pub(in crate::host::key_store) const OPEN: u8 = b'O';
    /// Sign: an algorithm's byte, then the `DigestInfo` of PKCS#1 v1.5 or the hash → [`SIGNED`].
    pub(in crate::host::key_store) const SIGN: u8 = b'S';
    /// A [`super::Found`].
    pub(in crate::host::key_store) const FOUND: u8 = b'f';
    /// Nothing more: the PIN was right.
    pub(in crate::host::key_store) const LOGGED_IN: u8 = b'l';
    /// An [`super::Opened`].
    pub(in crate::host::key_store) const OPENED: u8 = b'o';
    /// A signature; one of ECDSA is `r ‖ s`.
    pub(in crate::host::key_store) const SIGNED: u8 = b's';
    /// A [`super::Refused`].
    pub(in crate::host::key_store) const REFUSED: u8 = b'r';
}

/// A message as it was read.
pub(super) type Message = (u8, Zeroizing<Vec<u8>>);

/// The token that a URI names, without its PIN.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Found {
    /// What tells it from every other: manufacturer, model, serial number, label.
    pub(super) token: String,
    /// The certificate of the key, where the token shows it to everybody.
    pub(super) certificate: Option<Vec<u8>>,
}

/// The key, ready to sign.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    /// Its certificate, if it is beside it.
    pub(super) certificate: Option<Vec<u8>>,
    /// Every other certificate of the token.
    pub(super) others: Vec<Vec<u8>>,
    /// What the token signs with it, best first.
    pub(super) algorithms: Vec<Algorithm>,
}

/// An algorithm of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    RsaPssSha256,
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
}

impl Algorithm {
    /// In the order of their bytes.
    pub(super) const ALL: [Self; 5] = [
        Self::RsaPkcs1Sha256,
        Self::RsaPkcs1Sha384,
        Self::RsaPkcs1Sha512,
        Self::RsaPssSha256,
        Self::EcdsaP256Sha256,
    ];

    /// Its byte before a message to be signed.
    pub(super) fn byte(self) -> u8 {
        self as u8
    }

    /// The one of a byte.
    pub(super) fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}

/// A no.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) why: Why,
    /// In the words of the module or of the system, for the log.
    pub(super) said: String,
}

/// What a no is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Why {
    /// The module cannot be loaded.
    Module,
    /// It leads to cards of persons, ours among them.
    Card,
    /// No token of this name, or several, or it left: no PIN was counted.
    Token,
    /// The token refuses the PIN, or has one try left or none.
    Pin,
    /// No such key, several, or none that TLS can use.
    Key,
    /// The rest.
    Broken,
}

/// Sends a message.
pub(super) fn send(mut to: impl Write, kind: u8, rest: &[u8]) -> io::Result<()> {
    let length = u32::try_from(rest.len()).map_err(io::Error::other)?;
    to.write_all(&[kind])?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(rest)?;
    to.flush()
}

/// Reads a message.
pub(super) fn receive(mut from: impl Read) -> io::Result<Message> {
    let (mut kind, mut length) = ([0], [0; 4]);
    from.read_exact(&mut kind)?;
    from.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
    if length > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a message longer than a megabyte"));
    }
    let mut rest = Zeroizing::new(vec![0; length]);
    from.read_exact(&mut rest)?;
    Ok((u8::from_be_bytes(kind), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_as_it_was_sent() {
        let mut sent = Vec::new();
        send(&mut sent, kind::LOGIN, b"1234").expect("memory");
        assert_eq!(sent, [b'L', 0, 0, 0, 4, b'1', b'2', b'3', b'4']);
        let (kind, rest) = receive(sent.as_slice()).expect("a message");
        assert_eq!((kind, rest.as_slice()), (kind::LOGIN, &b"1234"[..]));
    }

    #[test]
    fn a_message_that_breaks_off_or_claims_too_much_is_refused() {
        assert!(receive(&b"O\0\0\0\x04123"[..]).is_err());
        assert!(receive(&b"O\xFF\xFF\xFF\xFF"[..]).is_err());
    }

    #[test]
    fn every_algorithm_has_its_byte() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::of_byte(algorithm.byte()), Some(algorithm));
        }
        assert_eq!(Algorithm::of_byte(5), None);
    }
}
