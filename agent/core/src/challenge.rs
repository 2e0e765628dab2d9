//! A typed challenge: what a card or token signs for an application, and never anything else.
//!
//! A compact JWS with `typ: cps-challenge+jwt`. The type, the audience and the purpose stand inside what is signed, so
//! that a signature made for one verifier and purpose means nothing elsewhere. It is made in two steps, because the
//! signature comes from a card: [`Challenge::prepare`] gives the bytes, [`Prepared::attach`] joins the signature.

use crate::identity::UnixTime;
use crate::jose::{Algorithm, JoseError, PublicKey, Unverified, jws};
use serde_json::{Map, Value, json};

/// `typ` of the header.
pub const TYPE: &str = "cps-challenge+jwt";
/// Shortest nonce, bytes.
pub const MIN_NONCE: usize = 16;
/// Longest nonce, bytes.
pub const MAX_NONCE: usize = 64;
/// Longest audience, bytes.
const MAX_AUDIENCE: usize = 512;

/// What the signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The holder logs in at the verifier.
    Login,
    /// The card is here; says nothing about a person. The contactless technical key signs this and nothing else.
    Presence,
    /// A trial without meaning.
    Test,
}

impl Purpose {
    /// The word in `purpose`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Presence => "presence",
            Self::Test => "test",
        }
    }

    /// The purpose of a word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Login, Self::Presence, Self::Test].into_iter().find(|p| p.name() == name)
    }
}

/// Which key is to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// The authentication key of a card or token, behind the PIN.
    Authentication,
    /// The contactless technical key, without PIN.
    Technical,
}

/// Why a challenge was not made or not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// The nonce is not 16 to 64 bytes in hexadecimal.
    #[error("the nonce is not 16 to 64 bytes in hexadecimal")]
    Nonce,
    /// The audience is empty, too long, or holds control characters.
    #[error("the audience is not usable")]
    Audience,
    /// A technical key signs purpose `presence` only, and only a technical key signs it.
    #[error("this key does not sign for this purpose")]
    Purpose,
    /// There is no certificate, or its key is not the one of the algorithm.
    #[error("the certificate does not fit the signature algorithm")]
    Certificate,
    /// The signature is not one of the certificate's key over this challenge.
    #[error("the signature does not verify")]
    Signature,
    /// The JWS is malformed.
    #[error("the challenge is not a well-formed JWS")]
    Jose(#[from] JoseError),
    /// The JWS is of another type, audience, purpose or nonce than expected, or too old or too new.
    #[error("the challenge is not the one that was expected: {0}")]
    Unexpected(&'static str),
}

/// What is to be signed.
#[derive(Debug, Clone)]
pub struct Challenge {
    nonce: String,
    audience: String,
    purpose: Purpose,
}

impl Challenge {
    /// Checks what an application asks for. The nonce is the verifier's, in hexadecimal; it is carried in lower case.
    ///
    /// # Errors
    /// [`ChallengeError::Nonce`] and [`ChallengeError::Audience`].
    pub fn new(nonce: &str, audience: &str, purpose: Purpose) -> Result<Self, ChallengeError> {
        let bytes = nonce.len() / 2;
        let hexadecimal = nonce.len().is_multiple_of(2) && nonce.bytes().all(|b| b.is_ascii_hexdigit());
        if !hexadecimal || !(MIN_NONCE..=MAX_NONCE).contains(&bytes) {
            return Err(ChallengeError::Nonce);
        }
        if audience.is_empty() || audience.len() > MAX_AUDIENCE || audience.chars().any(char::is_control) {
            return Err(ChallengeError::Audience);
        }
        Ok(Self { nonce: nonce.to_ascii_lowercase(), audience: audience.to_owned(), purpose })
    }

    /// What it is for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// First step: the bytes to be signed. `certificates` are DER, leaf first; the leaf's key is the one that signs:
    /// RS256 for the RSA keys of cards, ES256 for tokens.
    ///
    /// # Errors
    /// [`ChallengeError::Purpose`] and [`ChallengeError::Certificate`].
    pub fn prepare(
        &self,
        key: KeyUse,
        certificates: &[&[u8]],
        now: UnixTime,
    ) -> Result<Prepared, ChallengeError> {
        use base64::Engine as _;
        if (key == KeyUse::Technical) != (self.purpose == Purpose::Presence) {
            return Err(ChallengeError::Purpose);
        }
        let leaf = certificates.first().ok_or(ChallengeError::Certificate)?;
        let key = PublicKey::from_certificate(leaf).map_err(|_| ChallengeError::Certificate)?;
        let algorithm = algorithm_of(&key);
        let chain: Vec<String> =
            certificates.iter().map(|der| base64::engine::general_purpose::STANDARD.encode(der)).collect();
        let mut header = Map::new();
        header.insert("alg".into(), algorithm.name().into());
        header.insert("typ".into(), TYPE.into());
        header.insert("x5c".into(), chain.into());
        let payload = json!({
            "aud": self.audience,
            "nonce": self.nonce,
            "purpose": self.purpose.name(),
            "iat": now.0,
        });
        let input = jws::signing_input(&header, payload.to_string().as_bytes());
        Ok(Prepared { input, algorithm, key })
    }
}

fn algorithm_of(key: &PublicKey) -> Algorithm {
    match key {
        PublicKey::Rsa { .. } => Algorithm::Rs256,
        PublicKey::P256 { .. } => Algorithm::Es256,
    }
}

/// A challenge that waits for its signature.
#[derive(Debug)]
pub struct Prepared {
    input: String,
    algorithm: Algorithm,
    key: PublicKey,
}

impl Prepared {
    /// The message to be signed (the token hashes it).
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.input.as_bytes()
    }

    /// The algorithm to sign with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Second step: joins the signature (ECDSA: `r ‖ s`), after checking it against the certificate, so that a card
    /// that signed with another key is found here and not at the verifier.
    ///
    /// # Errors
    /// [`ChallengeError::Signature`].
    pub fn attach(self, signature: &[u8]) -> Result<String, ChallengeError> {
        self.key.verify(self.algorithm, self.message(), signature).map_err(|_| ChallengeError::Signature)?;
        Ok(jws::attach(self.input, signature))
    }
}

/// Checks a signed challenge and gives the certificates of `x5c`, leaf first, which somebody must now trust or not:
/// nothing is said here about chain, dates or revocation. `tolerance` is in seconds, to either side of `now`.
///
/// # Errors
/// All [`ChallengeError`]s but [`ChallengeError::Nonce`] and [`ChallengeError::Audience`].
pub fn verify(
    jws: &str,
    expected: &Challenge,
    now: UnixTime,
    tolerance: i64,
) -> Result<Vec<Vec<u8>>, ChallengeError> {
    let parsed = Unverified::parse(jws, &[Algorithm::Rs256, Algorithm::Es256])?;
    if parsed.kind() != Some(TYPE) {
        return Err(ChallengeError::Unexpected("type"));
    }
    let certificates = parsed.certificates()?;
    let leaf = certificates.first().ok_or(ChallengeError::Certificate)?;
    let key = PublicKey::from_certificate(leaf).map_err(|_| ChallengeError::Certificate)?;
    let claims = parsed.verify(&key).map_err(|_| ChallengeError::Signature)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("aud") != Some(&expected.audience) {
        return Err(ChallengeError::Unexpected("audience"));
    }
    if text("nonce") != Some(&expected.nonce) {
        return Err(ChallengeError::Unexpected("nonce"));
    }
    if text("purpose") != Some(expected.purpose.name()) {
        return Err(ChallengeError::Unexpected("purpose"));
    }
    let made = claims.get("iat").and_then(Value::as_i64).ok_or(ChallengeError::Unexpected("time"))?;
    if now.since(UnixTime(made)).checked_abs().is_none_or(|age| age > tolerance) {
        return Err(ChallengeError::Unexpected("time"));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests;
