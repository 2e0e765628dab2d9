//! Private keys of our own: the provider's signing keys and the keys of `private_key_jwt`.

use super::{Algorithm, JoseError, PublicKey, jws};
use ring::rand::SecureRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use zeroize::Zeroizing;

/// A private key with its public half and key identifier, parsed once.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
    kid: String,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

impl SigningKey {
    /// Makes a new P-256 key; the PKCS#8 bytes are for the store.
    ///
    /// # Errors
    /// [`JoseError::Key`] when the random source fails.
    pub fn generate_p256(random: &dyn SecureRandom) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, random)
            .map_err(|_| JoseError::Key)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Reads a P-256 key from PKCS#8 (RFC 5958, with the public key inside).
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn p256(pkcs8: &[u8], random: &dyn SecureRandom) -> Result<Self, JoseError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, random)
            .map_err(|_| JoseError::Key)?;
        let public = PublicKey::p256(pair.public_key().as_ref())?;
        Ok(Self { kid: public.thumbprint(), public, pair: Pair::P256(Box::new(pair)) })
    }

    /// Reads an RSA key of 2048 to 4096 bits from PKCS#8.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn rsa(pkcs8: &[u8]) -> Result<Self, JoseError> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| JoseError::Key)?;
        let parts: RsaPublicKeyComponents<Vec<u8>> = pair.public_key().into();
        let public = PublicKey::rsa(&parts.n, &parts.e)?;
        Ok(Self { kid: public.thumbprint(), public, pair: Pair::Rsa(Box::new(pair)) })
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Its `kid`: the RFC 7638 thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Signs a message, giving the form of RFC 7518 (ECDSA: `r ‖ s`).
    ///
    /// # Errors
    /// [`JoseError::Key`] when the algorithm is not for this kind of key, or the random source fails.
    pub fn sign(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>, JoseError> {
        match (&self.pair, algorithm) {
            (Pair::P256(pair), Algorithm::Es256) => {
                pair.sign(random, message).map(|s| s.as_ref().to_vec()).map_err(|_| JoseError::Key)
            }
            (Pair::Rsa(pair), Algorithm::Rs256 | Algorithm::Ps256) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &dyn ring::signature::RsaEncoding =
                    if algorithm == Algorithm::Rs256 { &RSA_PKCS1_SHA256 } else { &RSA_PSS_SHA256 };
                pair.sign(padding, random, message, &mut signature).map_err(|_| JoseError::Key)?;
                Ok(signature)
            }
            _ => Err(JoseError::Key),
        }
    }

    /// Signs a payload under an encoded header and gives the compact JWS.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn compact(
        &self,
        algorithm: Algorithm,
        encoded_header: &str,
        payload: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<String, JoseError> {
        let input = jws::with_payload(encoded_header, payload);
        let signature = self.sign(algorithm, input.as_bytes(), random)?;
        Ok(jws::attach(input, &signature))
    }
}
