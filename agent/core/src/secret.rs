//! Tokens, codes and verifiers: types that cannot be printed, and the random numbers they are made of.

use zeroize::Zeroizing;

/// A source of random bytes. The noisy half gives the system's; tests give a counted one.
pub trait Entropy {
    /// Fills the whole slice.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Makes an opaque random string of `bytes` bytes, base64url without padding.
#[must_use]
pub fn random_string(entropy: &mut dyn Entropy, bytes: usize) -> String {
    use base64::Engine as _;
    let mut raw = Zeroizing::new(vec![0_u8; bytes]);
    entropy.fill(&mut raw);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(raw.as_slice())
}

/// A secret text: wiped when dropped, no display, no contents in debug output, no equality, no serialization.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text. The name is meant to be seen in a review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its SHA-256, which is what stores keep.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a secret: what a store keeps instead of the secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Hashes a presented secret, to look it up.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let mut out = [0; 32];
        out.copy_from_slice(digest.as_ref());
        Self(out)
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}
