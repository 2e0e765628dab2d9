//! A certificate as the rest of the agent needs it: the bytes, and the facts read from them once.

/// An X.509 certificate, parsed with limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
}

impl Certificate {
    /// The certificate's DER bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}
