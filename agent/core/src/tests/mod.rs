//! What the tests of several rooms need: a moment, counted entropy, TEST authorities and cards, a scripted upstream.

pub(crate) mod authority;
pub(crate) mod provider;

use crate::identity::UnixTime;
use crate::secret::Entropy;

/// 2026-11-23T00:00:00Z.
pub(crate) const NOW: UnixTime = UnixTime(1_795_392_000);

/// Entropy that counts, so that a failing test fails the same way twice.
#[derive(Default)]
pub(crate) struct Counted(u64);

impl Entropy for Counted {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            let block = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
