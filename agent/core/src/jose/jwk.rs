//! Public keys: from JWK, SubjectPublicKeyInfo or certificate, and back to JWK and thumbprint.

use super::{Algorithm, JoseError, decode, encode};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde_json::{Map, Value};
use x509_parser::prelude::FromDer;
use x509_parser::{public_key::PublicKey as Parsed, x509::SubjectPublicKeyInfo};

const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const P_256: &str = "1.2.840.10045.3.1.7";

/// A public key that can check signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA, 2048 to 8192 bits; both numbers big-endian without leading zeros.
    Rsa {
        /// Modulus.
        n: Vec<u8>,
        /// Exponent.
        e: Vec<u8>,
    },
    /// A point on P-256, uncompressed (`04 ‖ x ‖ y`, 65 bytes).
    P256 {
        /// The point.
        point: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a JWK (RFC 7517). A JWK that holds a private member is refused: it should never have come here.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, JoseError> {
        const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(JoseError::Key);
        }
        let text = |name: &str| jwk.get(name).and_then(Value::as_str).ok_or(JoseError::Key);
        let number = |name: &str| decode(text(name)?).map_err(|_| JoseError::Key);
        match text("kty")? {
            "RSA" => Self::rsa(&number("n")?, &number("e")?),
            "EC" if text("crv")? == "P-256" => {
                let (x, y) = (number("x")?, number("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(JoseError::Key);
                }
                Self::p256(&[&[0x04], x.as_slice(), y.as_slice()].concat())
            }
            _ => Err(JoseError::Key),
        }
    }

    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn from_spki(der: &[u8]) -> Result<Self, JoseError> {
        let (rest, spki) = SubjectPublicKeyInfo::from_der(der).map_err(|_| JoseError::Key)?;
        if rest.is_empty() { Self::from_parsed(&spki) } else { Err(JoseError::Key) }
    }

    /// Takes the key out of a DER certificate. Says nothing about who made the certificate.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn from_certificate(der: &[u8]) -> Result<Self, JoseError> {
        let (rest, certificate) =
            x509_parser::certificate::X509Certificate::from_der(der).map_err(|_| JoseError::Key)?;
        if rest.is_empty() { Self::from_parsed(certificate.public_key()) } else { Err(JoseError::Key) }
    }

    /// Reads what administrators have at hand: a JWK as JSON text, or a PEM `PUBLIC KEY` or `CERTIFICATE`.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn from_text(text: &str) -> Result<Self, JoseError> {
        let text = text.trim();
        if text.starts_with('{') {
            return Self::from_jwk(&super::json::object(text.as_bytes()).map_err(|_| JoseError::Key)?);
        }
        let (_, pem) = x509_parser::pem::parse_x509_pem(text.as_bytes()).map_err(|_| JoseError::Key)?;
        match pem.label.as_str() {
            "PUBLIC KEY" => Self::from_spki(&pem.contents),
            "CERTIFICATE" => Self::from_certificate(&pem.contents),
            _ => Err(JoseError::Key),
        }
    }

    fn from_parsed(spki: &SubjectPublicKeyInfo<'_>) -> Result<Self, JoseError> {
        match spki.parsed().map_err(|_| JoseError::Key)? {
            Parsed::RSA(key) => Self::rsa(key.modulus, key.exponent),
            Parsed::EC(point) => {
                let curve = spki.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
                if spki.algorithm.algorithm.to_id_string() == EC_PUBLIC_KEY
                    && curve.is_some_and(|oid| oid.to_id_string() == P_256)
                {
                    Self::p256(point.data())
                } else {
                    Err(JoseError::Key)
                }
            }
            _ => Err(JoseError::Key),
        }
    }

    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, JoseError> {
        let strip = |bytes: &[u8]| bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<u8>>();
        let (n, e) = (strip(n), strip(e));
        if !(256..=1024).contains(&n.len()) || e.is_empty() || e.len() > 8 {
            return Err(JoseError::Key);
        }
        Ok(Self::Rsa { n, e })
    }

    pub(super) fn p256(point: &[u8]) -> Result<Self, JoseError> {
        if point.len() == 65 && point.first() == Some(&0x04) {
            Ok(Self::P256 { point: point.to_vec() })
        } else {
            Err(JoseError::Key)
        }
    }

    /// The members that make the key, in the order of RFC 7638 §3.2.
    fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Rsa { n, e } => vec![("e", encode(e)), ("kty", "RSA".into()), ("n", encode(n))],
            Self::P256 { point } => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                vec![("crv", "P-256".into()), ("kty", "EC".into()), ("x", encode(x)), ("y", encode(y))]
            }
        }
    }

    /// The key as a JWK: only the members that make the key.
    #[must_use]
    pub fn to_jwk(&self) -> Map<String, Value> {
        self.members().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    /// The JWK thumbprint (RFC 7638): SHA-256, base64url. Our `kid`.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // base64url and the two words need no JSON escapes, so the canonical text can be written by hand.
        let members: Vec<String> =
            self.members().iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        let text = format!("{{{}}}", members.join(","));
        encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
    }

    /// Whether this kind of key can be used with the algorithm.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        matches!(
            (self, algorithm),
            (Self::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256) | (Self::P256 { .. }, Algorithm::Es256)
        )
    }

    /// Checks a signature in the form of RFC 7518 (ECDSA: `r ‖ s`).
    ///
    /// # Errors
    /// [`JoseError::Signature`].
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        let checked = match (self, algorithm) {
            (Self::Rsa { n, e }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Self::Rsa { n, e }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Self::P256 { point }, Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            _ => return Err(JoseError::Signature),
        };
        checked.map_err(|_| JoseError::Signature)
    }
}
