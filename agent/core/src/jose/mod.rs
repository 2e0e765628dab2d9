//! JSON Web Signatures and Keys (RFC 7515, RFC 7517, RFC 7638), with algorithms by explicit allow-list.
//!
//! The room below `oidc`, `psc` and `challenge`: it knows bytes, keys and signatures, and no protocol. There is no
//! `none` and no HMAC here, so no mistake above can bring them back.
//!
//! | file | what |
//! | --- | --- |
//! | [`json`] | JSON objects in which no member appears twice |
//! | [`jwk`] | public keys, their JWK form and thumbprint |
//! | [`jws`] | the compact serialization: reading, checking, writing |
//! | [`key`] | private keys of our own |

pub mod json;
pub mod jwk;
pub mod jws;
pub mod key;

#[cfg(test)]
mod tests;

pub use jwk::PublicKey;
pub use jws::Unverified;
pub use key::SigningKey;

/// A signature algorithm (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// Its registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }

    /// The algorithm of a registered name; `None` for everything this room does not know, `none` and `HS*` included.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

/// Why a JOSE object was refused. Never quotes the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// Not three base64url parts, or longer than [`jws::MAX_LENGTH`].
    #[error("not a compact JWS")]
    Shape,
    /// A part is not a JSON object without duplicate members.
    #[error("not a strict JSON object")]
    Json,
    /// `alg` is absent, unknown, or not on the caller's list.
    #[error("the signature algorithm is not allowed")]
    Algorithm,
    /// The header names a critical extension (RFC 7515 §4.1.11); none is known here.
    #[error("a critical header parameter is not understood")]
    Critical,
    /// A header parameter has the wrong type.
    #[error("a header parameter is malformed")]
    Header,
    /// The key is malformed, too small, or of a kind this room does not use.
    #[error("the key is unusable")]
    Key,
    /// The key does not fit the algorithm, or the signature is wrong.
    #[error("the signature does not verify")]
    Signature,
}

/// base64url without padding (RFC 7515 §2).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Strict base64url: no padding, no whitespace, no stray bits at the end.
///
/// # Errors
/// [`JoseError::Shape`].
pub fn decode(text: &str) -> Result<Vec<u8>, JoseError> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).map_err(|_| JoseError::Shape)
}
