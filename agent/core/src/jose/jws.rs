//! The compact serialization of a JWS (RFC 7515 §3.1, §7.1).

use super::{Algorithm, JoseError, PublicKey, decode, encode, json};
use serde_json::{Map, Value};

/// Longest compact JWS that is read: a challenge with a chain of three card certificates has about 12 kB.
pub const MAX_LENGTH: usize = 64 * 1024;

/// Most certificates read from `x5c`.
const MAX_CERTIFICATES: usize = 8;

/// A JWS that was taken apart and not yet checked. Its claims are a peer's words until [`Unverified::verify`].
pub struct Unverified<'a> {
    algorithm: Algorithm,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signing_input: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a compact JWS apart. Only algorithms on the caller's list come through.
    ///
    /// # Errors
    /// Every [`JoseError`] but [`JoseError::Signature`] and [`JoseError::Key`].
    pub fn parse(compact: &'a str, allowed: &[Algorithm]) -> Result<Self, JoseError> {
        if compact.len() > MAX_LENGTH {
            return Err(JoseError::Shape);
        }
        let (signing_input, signature) = compact.rsplit_once('.').ok_or(JoseError::Shape)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JoseError::Shape)?;
        let header = json::object(&decode(header)?)?;
        if header.contains_key("crit") {
            return Err(JoseError::Critical);
        }
        let algorithm = header
            .get("alg")
            .and_then(Value::as_str)
            .and_then(Algorithm::from_name)
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or(JoseError::Algorithm)?;
        // A dot inside the payload would not be base64url: decoding refuses a fourth part.
        let claims = json::object(&decode(payload)?)?;
        Ok(Self { algorithm, header, claims, signing_input, signature: decode(signature)? })
    }

    /// The algorithm, which was on the list.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `kid`, to choose a key by.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// `typ`.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }

    /// The DER certificates of `x5c`, leaf first; empty when there are none.
    ///
    /// # Errors
    /// [`JoseError::Header`].
    pub fn certificates(&self) -> Result<Vec<Vec<u8>>, JoseError> {
        use base64::Engine as _;
        let Some(member) = self.header.get("x5c") else { return Ok(Vec::new()) };
        let list = member.as_array().filter(|l| l.len() <= MAX_CERTIFICATES).ok_or(JoseError::Header)?;
        list.iter()
            .map(|item| {
                let text = item.as_str().ok_or(JoseError::Header)?;
                base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| JoseError::Header)
            })
            .collect()
    }

    /// The claims as the peer wrote them. Only for finding out whose key to check with.
    #[must_use]
    pub fn claims_before_verification(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Checks the signature and gives the claims.
    ///
    /// # Errors
    /// [`JoseError::Signature`].
    pub fn verify(self, key: &PublicKey) -> Result<Map<String, Value>, JoseError> {
        key.verify(self.algorithm, self.signing_input.as_bytes(), &self.signature)?;
        Ok(self.claims)
    }
}

/// The text that is signed: header and payload, base64url, joined by a dot.
#[must_use]
pub fn signing_input(header: &Map<String, Value>, payload: &[u8]) -> String {
    let header = Value::Object(header.clone()).to_string();
    with_payload(&encode(header.as_bytes()), payload)
}

/// As [`signing_input`] for a header that was encoded before.
#[must_use]
pub fn with_payload(encoded_header: &str, payload: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_header.len() + 1 + payload.len() * 4 / 3 + 4);
    text.push_str(encoded_header);
    text.push('.');
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode_string(payload, &mut text);
    text
}

/// The compact serialization: the signing input with its signature.
#[must_use]
pub fn attach(mut signing_input: String, signature: &[u8]) -> String {
    use base64::Engine as _;
    signing_input.push('.');
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode_string(signature, &mut signing_input);
    signing_input
}
