//! Words of the PKCS#11 module: what a reader and its token look like to Cryptoki, and the two uses of a key.
//!
//! `GET /v1/pkcs11`, `POST /v1/pkcs11/sign` and `POST /v1/pkcs11/decrypt`, at the control door only. The agent has read
//! the certificates, so that whoever loads the module into a browser brings no X.509 code along. Who asks is never in a
//! body: the agent looks at the process behind the connection.

use crate::words::Screen;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};
use std::fmt;
use zeroize::Zeroizing;

/// `GET /v1/pkcs11`: readers and tokens, from the agent's memory. No card is asked, nobody is prompted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Grows whenever a reader, a card or a fact about one changed: the same number means the same answer.
    pub generation: u64,
    /// A slot for each reader, empty ones too, and for each e-CPS token.
    pub slots: Vec<Slot>,
}

/// A reader (`CK_SLOT_INFO`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Name of the reader, or of the e-CPS token's file without path and suffix. No two slots share it.
    pub reader: String,
    /// A reader (`CKF_HW_SLOT`, `CKF_REMOVABLE_DEVICE`), and no file.
    pub hardware: bool,
    /// The token in it, once it was read and can be used.
    pub token: Option<Token>,
}

/// A card or e-CPS token (`CK_TOKEN_INFO`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Label of the card.
    pub label: String,
    /// Manufacturer the card names.
    pub manufacturer: String,
    /// `IAS ECC`, `ChipDoc` or `e-CPS`.
    pub model: String,
    /// Serial: the same word as everywhere in the API. An e-CPS token's is longer than Cryptoki's 16 characters.
    pub serial: String,
    /// Another number for each time it came: sessions on a card that left and came back are over, whatever its serial.
    #[serde(default)]
    pub insertion: u64,
    /// What is known of the PIN.
    pub pin: Pin,
    /// Shortest PIN.
    pub pin_min: u8,
    /// Longest PIN.
    pub pin_max: u8,
    /// The keys that the configuration lets programs use, best first.
    pub keys: Vec<Key>,
}

/// What is known of a PIN without asking the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    /// All tries are left.
    Fine,
    /// At least one wrong PIN was given since the last right one (`CKF_USER_PIN_COUNT_LOW`).
    CountLow,
    /// One try is left (`CKF_USER_PIN_FINAL_TRY`).
    FinalTry,
    /// Blocked (`CKF_USER_PIN_LOCKED`).
    Locked,
    /// The card was not asked yet, or a word newer than this program.
    #[serde(other)]
    Unknown,
}

/// A key pair and its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// `CKA_ID`, which names the key in [`SignRequest::key`].
    pub id: Base64,
    /// `CKA_LABEL` of the private key.
    pub label: String,
    /// `CKA_LABEL` of the certificate.
    pub certificate_label: String,
    /// The certificate, DER.
    pub certificate: Base64,
    /// Its subject, DER.
    pub subject: Base64,
    /// Its issuer, DER.
    pub issuer: Base64,
    /// Its serial number, a DER INTEGER.
    pub serial_number: Base64,
    /// Start of its validity, Unix seconds.
    pub not_before: i64,
    /// End of its validity, Unix seconds.
    pub not_after: i64,
    /// The public key.
    pub public_key: PublicKey,
    /// What the key is for.
    pub role: Role,
    /// Schemes the key signs with, best first.
    pub schemes: Vec<Scheme>,
    /// What the key takes for the schemes with a hash, best first. Where `message` is the first the card wants to finish
    /// the hash itself.
    pub inputs: Vec<Input>,
    /// Most bytes of [`Input::DigestInfo`] and [`Input::Raw`] under [`Scheme::RsaPkcs1`]; 0 where that scheme is missing.
    pub longest_raw: u16,
    /// `CKA_DECRYPT`: RSAES-PKCS1-v1_5 by `POST /v1/pkcs11/decrypt`.
    pub decrypt: bool,
    /// `CKA_ALWAYS_AUTHENTICATE`: the person is asked for the PIN each time, by the agent.
    pub always_authenticate: bool,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PublicKey {
    /// RSA.
    Rsa {
        /// `CKA_MODULUS`: big-endian, without leading zeros.
        modulus: Base64,
        /// `CKA_PUBLIC_EXPONENT`: likewise.
        exponent: Base64,
    },
    /// Elliptic curve.
    Ec {
        /// `CKA_EC_PARAMS`: the curve's OBJECT IDENTIFIER, DER.
        curve: Base64,
        /// The point, `04 ‖ X ‖ Y`; `CKA_EC_POINT` has it inside an OCTET STRING.
        point: Base64,
    },
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// TLS client authentication and the like.
    Authentication,
    /// Signatures with non-repudiation.
    Signature,
    /// A word newer than this program.
    #[serde(other)]
    Other,
}

/// A signature scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 over a DigestInfo the caller made, or other bytes (`CKM_RSA_PKCS`).
    RsaPkcs1,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    RsaPssSha256,
    /// ECDSA on P-256, over a SHA-256; the signature is `r ‖ s`.
    EcdsaP256Sha256,
    /// RSA itself, over a block as long as the modulus (`CKM_RSA_X_509`).
    RsaRaw,
    /// A word newer than this program.
    #[serde(other)]
    Other,
}

/// What [`SignRequest::data`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The whole message, of at most 32 KiB, under a scheme with a hash. Longer ones go as their digest.
    Message,
    /// The digest by the scheme's hash.
    Digest,
    /// A DigestInfo, DER, under [`Scheme::RsaPkcs1`].
    DigestInfo,
    /// Any other bytes: under [`Scheme::RsaPkcs1`] and [`Scheme::RsaRaw`].
    Raw,
    /// A word newer than this program.
    #[serde(other)]
    Other,
}

/// `POST /v1/pkcs11/sign`. Answers when the person did, if it takes a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignRequest {
    /// [`Token::serial`].
    pub serial: String,
    /// [`Key::id`].
    pub key: Base64,
    /// One of [`Key::schemes`].
    pub scheme: Scheme,
    /// What `data` is.
    pub input: Input,
    /// What is to be signed.
    pub data: Base64,
    /// Where a prompt may appear; never a terminal, which belongs to the program that signs.
    #[serde(default)]
    pub screen: Screen,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignAnswer {
    /// The signature: as long as the modulus, or `r ‖ s`.
    pub signature: Base64,
}

/// `POST /v1/pkcs11/decrypt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecryptRequest {
    /// [`Token::serial`].
    pub serial: String,
    /// [`Key::id`].
    pub key: Base64,
    /// The cryptogram, as long as the modulus.
    pub data: Base64,
    /// Where a prompt may appear.
    #[serde(default)]
    pub screen: Screen,
}

/// Its answer.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecryptAnswer {
    /// The plaintext, without its padding.
    pub plaintext: Plaintext,
}

/// What was deciphered: travels as [`Base64`] does, and is wiped when it is dropped.
#[derive(PartialEq, Eq)]
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(…)")
    }
}

impl From<Vec<u8>> for Plaintext {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl From<Plaintext> for Zeroizing<Vec<u8>> {
    fn from(plaintext: Plaintext) -> Self {
        plaintext.0
    }
}

impl Serialize for Plaintext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(&*self.0)))
    }
}

impl<'de> Deserialize<'de> for Plaintext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Decoded).map(Self::from)
    }
}

/// Bytes that travel as base64 (RFC 4648 §4, padded). Shows its length only.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct Base64(pub Vec<u8>);

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Base64 {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Decoded).map(Self)
    }
}

/// Decodes text where it lies: no copy of it is left behind.
struct Decoded;

impl Visitor<'_> for Decoded {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        STANDARD.decode(text).map_err(|_| E::custom("not base64"))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
        self.visit_str(&Zeroizing::new(text))
    }
}

#[cfg(test)]
mod tests;
