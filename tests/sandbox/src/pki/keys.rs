//! The committed TEST keys: public, worthless, the same on every machine.

use ring::signature::{KeyPair, RsaKeyPair};
use rsa::{RsaPrivateKey, pkcs8::DecodePrivateKey};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use std::sync::Arc;

/// A key of the pool, under the name of its file in `tests/sandbox/keys`.
#[derive(Clone)]
pub struct TestKey {
    name: &'static str,
    pkcs8: Arc<PrivatePkcs8KeyDer<'static>>,
    pair: Arc<RsaKeyPair>,
}

macro_rules! pool {
    ($($name:literal),* $(,)?) => {
        /// Every key of the pool: name and PEM text.
        const POOL: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../keys/", $name, ".pem")))),*];
    };
}
pool!(
    "authority-fort-root",
    "authority-fort-persons",
    "authority-standard-root",
    "authority-standard-persons",
    "authority-stranger",
    "card-doctor-cps3-authentication",
    "card-doctor-cps3-signature",
    "card-doctor-cps4-authentication",
    "card-doctor-cps4-signature",
    "card-nurse-authentication",
    "card-nurse-signature",
    "card-pharmacist-authentication",
    "card-pharmacist-signature",
    "card-employee-authentication",
    "card-employee-signature",
    "card-technical-doctor",
    "card-technical-nurse",
    "upstream-signing-1",
    "upstream-signing-2",
    "upstream-signing-3",
);

impl TestKey {
    /// Takes a key from the pool.
    ///
    /// # Panics
    /// When the pool has no such key: the names are constants of this crate.
    #[must_use]
    #[allow(clippy::expect_used, reason = "committed constants; a test loads every one of them")]
    pub fn named(name: &str) -> Self {
        let (name, text) = POOL.iter().copied().find(|(known, _)| *known == name).expect("key of the pool");
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).expect("PEM of the pool");
        let pair = RsaKeyPair::from_pkcs8(pkcs8.secret_pkcs8_der()).expect("RSA key of the pool");
        Self { name, pkcs8: Arc::new(pkcs8), pair: Arc::new(pair) }
    }

    /// The name of its file, without extension.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The private key for raw operations, as the chip of a card does them.
    ///
    /// # Panics
    /// Never for a key of the pool.
    #[must_use]
    #[allow(clippy::expect_used, reason = "the same bytes were read by ring when the key was taken")]
    pub fn raw(&self) -> RsaPrivateKey {
        RsaPrivateKey::from_pkcs8_der(self.pkcs8.secret_pkcs8_der()).expect("RSA key of the pool")
    }

    /// The public key as `RSAPublicKey` of PKCS#1, DER.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signature(&ring::signature::RSA_PKCS1_SHA256, message)
    }

    /// RSASSA-PSS with SHA-256.
    #[must_use]
    pub fn sign_pss(&self, message: &[u8]) -> Vec<u8> {
        self.signature(&ring::signature::RSA_PSS_SHA256, message)
    }

    fn signature(&self, how: &'static dyn ring::signature::RsaEncoding, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        // It fails only for a buffer of another length than the modulus.
        let _ = self.pair.sign(how, &ring::rand::SystemRandom::new(), message, &mut signature);
        signature
    }

    /// The private key as PEM of PKCS#8, for a key file.
    #[must_use]
    pub fn pem(&self) -> String {
        super::pem("PRIVATE KEY", self.pkcs8.secret_pkcs8_der())
    }
}

impl std::fmt::Debug for TestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TestKey").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_pool_loads_and_no_two_are_equal() {
        let mut seen: Vec<Vec<u8>> =
            POOL.iter().map(|(name, _)| TestKey::named(name).public().to_vec()).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), POOL.len());
    }

    #[test]
    fn every_key_file_says_that_it_is_a_test_key() {
        assert!(POOL.iter().all(|(_, text)| text.starts_with("TEST key")));
    }
}
