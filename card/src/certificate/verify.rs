//! Public keys and the signatures they check, by ring.

use super::Certificate;
use crate::token::Scheme;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::public_key;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const PRIME256V1: &str = "1.2.840.10045.3.1.7";

/// Kind and size of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// RSA.
    Rsa {
        /// Length of the modulus.
        bits: u32,
    },
    /// The NIST curve P-256 (secp256r1), with an uncompressed point.
    P256,
    /// A key this crate does nothing with.
    Other,
}

/// The numbers of a public key, big-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyParts {
    /// RSA, both without leading zeros.
    Rsa {
        /// Modulus.
        modulus: Vec<u8>,
        /// Public exponent.
        exponent: Vec<u8>,
    },
    /// P-256: the uncompressed point, `04 ‖ X ‖ Y`.
    P256(Vec<u8>),
}

impl PublicKey {
    pub(super) fn read(spki: &SubjectPublicKeyInfo<'_>) -> Self {
        match spki.parsed() {
            Ok(public_key::PublicKey::RSA(key)) => Self::Rsa { bits: modulus_bits(key.modulus) },
            Ok(public_key::PublicKey::EC(point)) if is_p256(&spki.algorithm, point.data()) => Self::P256,
            _ => Self::Other,
        }
    }
}

/// A number without its leading zeros.
fn significant(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

fn modulus_bits(modulus: &[u8]) -> u32 {
    let significant = significant(modulus);
    let first = significant.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(significant.len()).unwrap_or(u32::MAX).saturating_mul(8).saturating_sub(first)
}

fn is_p256(algorithm: &AlgorithmIdentifier<'_>, point: &[u8]) -> bool {
    let curve = algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
    algorithm.algorithm.to_id_string() == EC_PUBLIC_KEY
        && curve.is_some_and(|oid| oid.to_id_string() == PRIME256V1)
        && point.len() == 65
        && point.first() == Some(&0x04)
}

/// How an authority signed a certificate, a list or an answer, as far as it matters for accepting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, SHA-384 or SHA-512.
    RsaSha2,
    /// ECDSA with SHA-256 or SHA-384.
    EcdsaSha2,
    /// Anything else, SHA-1 included: not accepted.
    Other,
}

impl SignatureAlgorithm {
    /// The one of an object identifier, in dotted form.
    #[must_use]
    pub fn named(identifier: &str) -> Self {
        match identifier {
            "1.2.840.113549.1.1.11" | "1.2.840.113549.1.1.12" | "1.2.840.113549.1.1.13" => Self::RsaSha2,
            "1.2.840.10045.4.3.2" | "1.2.840.10045.4.3.3" => Self::EcdsaSha2,
            _ => Self::Other,
        }
    }
}

impl Certificate {
    /// The numbers of the public key; `None` for a key this crate does nothing with.
    #[must_use]
    pub fn key_parts(&self) -> Option<KeyParts> {
        let (_, spki) = SubjectPublicKeyInfo::from_der(&self.spki).ok()?;
        match (self.public_key, spki.parsed().ok()?) {
            (PublicKey::Rsa { .. }, public_key::PublicKey::RSA(key)) => {
                Some(KeyParts::Rsa { modulus: significant(key.modulus), exponent: significant(key.exponent) })
            }
            (PublicKey::P256, public_key::PublicKey::EC(point)) => {
                Some(KeyParts::P256(point.data().to_vec()))
            }
            _ => None,
        }
    }

    /// Whether the key of `issuer` signed this certificate, by an accepted algorithm, and the names agree.
    /// Nothing else is judged: neither dates nor whether `issuer` is an authority.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        if self.signature_algorithm == SignatureAlgorithm::Other || self.issuer_raw() != issuer.subject_raw()
        {
            return false;
        }
        let Ok((_, parsed)) = X509Certificate::from_der(&self.der) else { return false };
        let Ok((_, key)) = SubjectPublicKeyInfo::from_der(&issuer.spki) else { return false };
        parsed.verify_signature(Some(&key)).is_ok()
    }

    /// Whether `signature` over `message` was made with this certificate's private key: the proof of possession.
    /// Signatures have the form that [`crate::Token::sign`] gives; RSA keys below 2048 bits never verify.
    #[must_use]
    pub fn verifies(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match (scheme, self.public_key) {
            (Scheme::RsaPkcs1Sha256, PublicKey::Rsa { .. }) => &RSA_PKCS1_2048_8192_SHA256,
            (Scheme::RsaPkcs1Sha384, PublicKey::Rsa { .. }) => &RSA_PKCS1_2048_8192_SHA384,
            (Scheme::RsaPkcs1Sha512, PublicKey::Rsa { .. }) => &RSA_PKCS1_2048_8192_SHA512,
            (Scheme::RsaPssSha256, PublicKey::Rsa { .. }) => &RSA_PSS_2048_8192_SHA256,
            (Scheme::EcdsaP256Sha256, PublicKey::P256) => &ECDSA_P256_SHA256_FIXED,
            _ => return false,
        };
        let Ok((_, key)) = SubjectPublicKeyInfo::from_der(&self.spki) else { return false };
        UnparsedPublicKey::new(algorithm, key.subject_public_key.data.as_ref())
            .verify(message, signature)
            .is_ok()
    }
}
