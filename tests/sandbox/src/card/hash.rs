//! SHA-1 and SHA-256 that can be finished from an intermediate state, as the signature key of CPS3 does.
//!
//! Cryptographic libraries do not take a foreign intermediate state, so the two compression functions stand here
//! (FIPS 180-4 §6.1.2 and §6.2.2). Tests compare them with ring.

/// A hash that the cards know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    /// Bytes of a digest.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// `DigestInfo` of a digest (RFC 8017 §9.2).
    pub(super) fn digest_info(self, digest: &[u8]) -> Vec<u8> {
        const SHA1: &[u8] = &[0x30, 0x21, 0x30, 9, 6, 5, 0x2B, 0x0E, 3, 2, 0x1A, 5, 0, 4, 0x14];
        const SHA256: &[u8] =
            &[0x30, 0x31, 0x30, 0x0D, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
        let prefix = match self {
            Self::Sha1 => SHA1,
            Self::Sha256 => SHA256,
        };
        [prefix, digest].concat()
    }

    /// Digest of a whole message.
    pub(super) fn digest(self, message: &[u8]) -> Vec<u8> {
        self.finish(self.initial(), 0, message)
    }

    /// Digest of a message whose first `hashed_bits` gave the state, and of which `last` remains.
    pub(super) fn finish(self, state: Vec<u32>, hashed_bits: u64, last: &[u8]) -> Vec<u8> {
        let total = hashed_bits.wrapping_add(u64::try_from(last.len()).unwrap_or_default().wrapping_mul(8));
        let mut padded = last.to_vec();
        padded.push(0x80);
        while padded.len() % 64 != 56 {
            padded.push(0);
        }
        padded.extend(total.to_be_bytes());
        let end = padded.chunks_exact(64).fold(state, |state, block| self.compress(&state, block));
        end.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// The state as words; `None` when it has not the hash's length.
    pub(super) fn state(self, bytes: &[u8]) -> Option<Vec<u32>> {
        (bytes.len() == self.length()).then(|| words(bytes))
    }

    fn initial(self) -> Vec<u32> {
        match self {
            Self::Sha1 => vec![0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0],
            Self::Sha256 => vec![
                0x6A09_E667,
                0xBB67_AE85,
                0x3C6E_F372,
                0xA54F_F53A,
                0x510E_527F,
                0x9B05_688C,
                0x1F83_D9AB,
                0x5BE0_CD19,
            ],
        }
    }

    fn compress(self, state: &[u32], block: &[u8]) -> Vec<u32> {
        let after = match (self, state) {
            (Self::Sha1, [a, b, c, d, e]) => sha1_rounds([*a, *b, *c, *d, *e], words(block)).to_vec(),
            (Self::Sha256, [a, b, c, d, e, f, g, h]) => {
                sha256_rounds([*a, *b, *c, *d, *e, *f, *g, *h], words(block)).to_vec()
            }
            _ => return state.to_vec(),
        };
        state.iter().zip(after).map(|(before, after)| before.wrapping_add(after)).collect()
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_be_bytes(*word)).collect()
}

/// Extends the sixteen words of a block to the message schedule.
fn schedule(mut block: Vec<u32>, rounds: usize, next: impl Fn(&[u32; 16]) -> u32) -> Vec<u32> {
    while let (true, Some(last)) = (block.len() < rounds, block.last_chunk::<16>().copied()) {
        block.push(next(&last));
    }
    block
}

fn sha1_rounds(state: [u32; 5], block: Vec<u32>) -> [u32; 5] {
    let [mut a, mut b, mut c, mut d, mut e] = state;
    let schedule = schedule(block, 80, |w| (w[13] ^ w[8] ^ w[2] ^ w[0]).rotate_left(1));
    for (round, word) in schedule.into_iter().enumerate() {
        let (mix, constant) = match round {
            0..20 => (b & c | !b & d, 0x5A82_7999_u32),
            20..40 => (b ^ c ^ d, 0x6ED9_EBA1),
            40..60 => (b & c | b & d | c & d, 0x8F1B_BCDC),
            _ => (b ^ c ^ d, 0xCA62_C1D6),
        };
        let next =
            a.rotate_left(5).wrapping_add(mix).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    [a, b, c, d, e]
}

fn sha256_rounds(state: [u32; 8], block: Vec<u32>) -> [u32; 8] {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    let schedule = schedule(block, 64, |w| {
        let low = w[1].rotate_right(7) ^ w[1].rotate_right(18) ^ w[1] >> 3;
        let high = w[14].rotate_right(17) ^ w[14].rotate_right(19) ^ w[14] >> 10;
        w[0].wrapping_add(low).wrapping_add(w[9]).wrapping_add(high)
    });
    for (word, constant) in schedule.into_iter().zip(SHA256_CONSTANTS) {
        let first = h
            .wrapping_add(e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25))
            .wrapping_add(e & f ^ !e & g)
            .wrapping_add(constant)
            .wrapping_add(word);
        let second =
            (a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22)).wrapping_add(a & b ^ a & c ^ b & c);
        (a, b, c, d, e, f, g, h) = (first.wrapping_add(second), a, b, c, d.wrapping_add(first), e, f, g);
    }
    [a, b, c, d, e, f, g, h]
}

/// FIPS 180-4 §4.2.2.
const SHA256_CONSTANTS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

#[cfg(test)]
mod tests {
    use super::*;
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

    #[test]
    fn digests_equal_those_of_a_library_at_every_length_around_a_block() {
        let message: Vec<u8> = (0..=255).cycle().take(300).collect();
        for length in 0..message.len() {
            let part = &message[..length];
            assert_eq!(Hash::Sha1.digest(part), digest(&SHA1_FOR_LEGACY_USE_ONLY, part).as_ref());
            assert_eq!(Hash::Sha256.digest(part), digest(&SHA256, part).as_ref());
        }
    }

    #[test]
    fn a_hash_started_elsewhere_is_finished_from_its_state() {
        let message: Vec<u8> = (0..200).collect();
        for hash in [Hash::Sha1, Hash::Sha256] {
            let state =
                message[..128].chunks(64).fold(hash.initial(), |state, block| hash.compress(&state, block));
            assert_eq!(hash.finish(state, 128 * 8, &message[128..]), hash.digest(&message));
        }
    }
}
