//! What everything above this crate uses: one trait for cards and soft tokens.

use crate::{Error, Pin, PinStatus, Puk, applet, certificate::Certificate};
use std::sync::Arc;

/// What kind of thing holds the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// CPS3 through its contacts.
    Cps3,
    /// CPS3 through the antenna: one technical key without PIN, which proves presence only.
    Cps3Contactless,
    /// CPS4.
    Cps4,
    /// e-CPS token: a P-256 key in an encrypted file.
    Soft,
}

/// What a key is for, decided by its usage bits and never by its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// Authentication: challenges and TLS client certificates.
    Authentication,
    /// Signature with non-repudiation: documents and VIHF.
    Signature,
    /// The contactless technical key: presence only, no PIN.
    Technical,
}

/// A signature scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256 and a 32-byte salt.
    RsaPssSha256,
    /// ECDSA on P-256 with SHA-256; the signature is `r ‖ s`, 64 bytes (JWS form, RFC 7518 §3.4).
    EcdsaP256Sha256,
}

/// How the PIN comes to the token for one operation.
#[derive(Debug)]
pub enum Authorization {
    /// Rely on the state the card or token already holds; [`Error::PinRequired`] when there is none.
    Held,
    /// A PIN that a person just typed. `last_try_accepted` is the person's consent when one try is left.
    Pin {
        /// Moved in, spent and wiped.
        pin: Pin,
        /// The person agreed to risk the last try.
        last_try_accepted: bool,
    },
    /// The person types it on the reader's pad.
    Pad {
        /// The person agreed to risk the last try.
        last_try_accepted: bool,
    },
}

/// How long a verified PIN may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hold {
    /// VERIFY and operation in one transaction, then the card is reset.
    #[default]
    Operation,
    /// The card stays verified for the authentication key until [`Token::release`].
    Session,
}

/// What is to be signed.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// The whole message; the token hashes it (the last round on the card where the card does that).
    Message(&'a [u8]),
    /// The digest alone, of the scheme's hash.
    Digest(&'a [u8]),
}

/// What is to be signed by PKCS#11, where the caller made the encoding itself: the one place where a token signs bytes
/// whose meaning it cannot know.
#[derive(Debug, Clone, Copy)]
pub enum Encoded<'a> {
    /// What RSASSA-PKCS1-v1_5 puts its padding around (RFC 8017 §9.2): a DigestInfo, or anything else that is no longer
    /// than [`KeyInfo::longest_encoded`]. The signature key takes a DigestInfo of a hash it knows, and nothing else.
    Pkcs1(&'a [u8]),
    /// A block as long as the modulus, for RSA itself (RFC 8017 §5.2.1). The same operation deciphers.
    Block(&'a [u8]),
}

/// Everything about a token that needs no PIN.
#[derive(Debug, Clone)]
pub struct Description {
    /// Family and interface.
    pub kind: Kind,
    /// Serial number as printed and shown: 8 digits for cards, the certificate's serial for soft tokens.
    pub serial: String,
    /// The token label of the card (PKCS#15 TokenInfo) or file.
    pub label: String,
    /// Who made it, as the card says (PKCS#15 TokenInfo); empty where it does not.
    pub manufacturer: String,
    /// Fewest and most characters of its PIN; `None` where there is none.
    pub pin_lengths: Option<(u8, u8)>,
    /// Reader name, or file name of a soft token.
    pub place: String,
    /// Keys, most useful first (authentication, signature, technical). The first has its certificate, which names the
    /// holder; the others' may still have to be read ([`Token::certificate`]).
    pub keys: Vec<KeyInfo>,
}

/// One key pair.
#[derive(Debug, Clone)]
pub struct KeyInfo {
    /// What it is for.
    pub role: KeyRole,
    /// PKCS#15 identifier (CKA_ID).
    pub id: Vec<u8>,
    /// The card's label of the key.
    pub label: String,
    /// The card's label of the certificate.
    pub certificate_label: String,
    /// Certificate of the pair, when it was read.
    pub certificate: Option<Arc<Certificate>>,
    /// Schemes the key can do, best first.
    pub schemes: Vec<Scheme>,
    /// Whether the key needs the PIN.
    pub needs_pin: bool,
    /// Most bytes of [`Encoded::Pkcs1`]; 0 where the key takes none.
    pub longest_encoded: usize,
    /// Length of [`Encoded::Block`]; 0 where the key takes none.
    pub block: usize,
    /// [`Token::decipher`] works with this key.
    pub deciphers: bool,
}

impl KeyInfo {
    /// Whether the key signs this as [`Encoded::Pkcs1`]. A signature key takes nothing but a DigestInfo of SHA-256.
    #[must_use]
    pub fn signs_encoded(&self, bytes: &[u8]) -> bool {
        let fits = (1..=self.longest_encoded).contains(&bytes.len());
        fits && (self.role != KeyRole::Signature || applet::names_sha256(bytes))
    }
}

impl Description {
    /// The key of a role.
    #[must_use]
    pub fn key(&self, role: KeyRole) -> Option<&KeyInfo> {
        self.keys.iter().find(|k| k.role == role)
    }
}

/// A card or a soft token. Calls block; one thread owns each token.
pub trait Token: Send {
    /// Who and what it is; read once, cached while the token stays.
    ///
    /// # Errors
    /// Reading trouble, see [`Error`].
    fn describe(&mut self) -> Result<Arc<Description>, Error>;

    /// The certificate of a key. Cards read those that [`Token::describe`] did not need only when they are asked for here.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there is no such key, [`Error::Content`] when its certificate cannot be read.
    fn certificate(&mut self, role: KeyRole) -> Result<Arc<Certificate>, Error> {
        let description = self.describe()?;
        let key = description.key(role).ok_or(Error::Unsupported("this use of a key"))?;
        key.certificate
            .clone()
            .ok_or_else(|| Error::Content { what: "certificate", why: "there is none".to_owned() })
    }

    /// Asks for the PIN's state afresh, spending no try. `None` where there is no PIN (contactless).
    ///
    /// # Errors
    /// Reading trouble, see [`Error`].
    fn pin_status(&mut self) -> Result<Option<PinStatus>, Error>;

    /// Signs. The signature key never uses [`Hold::Session`] whatever is asked.
    ///
    /// # Errors
    /// See [`Error`]; a wrong PIN is never retried here, and a length the card does not take is never sent.
    fn sign(
        &mut self,
        role: KeyRole,
        scheme: Scheme,
        payload: Payload<'_>,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error>;

    /// Signs what the caller encoded. The signature key never uses [`Hold::Session`] whatever is asked.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on keys and tokens that cannot and for lengths they do not take, before the PIN is spent;
    /// else as [`Token::sign`].
    fn sign_encoded(
        &mut self,
        role: KeyRole,
        encoded: Encoded<'_>,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        let _ = (role, encoded, authorization, hold);
        Err(Error::Unsupported("signatures of what others encoded"))
    }

    /// Deciphers an RSA PKCS#1 v1.5 cryptogram with the authentication key.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on tokens that cannot, else as [`Token::sign`].
    fn decipher(
        &mut self,
        cryptogram: &[u8],
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error>;

    /// The holder's professional situations, which cards show only after the PIN. Values are the raw files.
    ///
    /// # Errors
    /// As [`Token::sign`].
    fn activities(
        &mut self,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<crate::holder::Activity>, Error>;

    /// Replaces the PIN.
    ///
    /// # Errors
    /// As [`Token::sign`]; the old PIN stays valid on any error.
    fn change_pin(&mut self, old: Authorization, new: Pin) -> Result<(), Error>;

    /// Gives a blocked PIN a new value with the PUK.
    ///
    /// # Errors
    /// [`Error::WrongPin`] and [`Error::PukBlocked`] speak of the PUK here.
    fn unblock_pin(&mut self, puk: Puk, new: Pin) -> Result<(), Error>;

    /// Ends the verified state: resets the card, or wipes the unlocked key.
    ///
    /// # Errors
    /// The state is gone in any case.
    fn release(&mut self) -> Result<(), Error>;

    /// Asks whether the token is still here and still ours, sending as little as possible.
    ///
    /// # Errors
    /// [`Error::Removed`] when it is not.
    fn present(&mut self) -> Result<(), Error>;
}
