//! SHA-256 stopped before its last block, for cards that finish the hash themselves (FIPS 180-4 §6.2).

use sha2::block_api::compress256;

/// Initial hash value H(0), FIPS 180-4 §5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

const BLOCK: usize = 64;

/// A message hashed up to its last 1 to 64 bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfinished<'a> {
    /// Intermediate hash value, and the number of bits it stands for; `None` when the message has one block only.
    pub(crate) state: Option<([u8; 32], u64)>,
    /// What the card hashes; empty only for an empty message.
    pub(crate) last: &'a [u8],
}

/// Hashes whole blocks and keeps 1 to 64 bytes.
pub(crate) fn all_but_last(message: &[u8]) -> Unfinished<'_> {
    let hashed = message.len().saturating_sub(1) / BLOCK * BLOCK;
    let (head, last) = message.split_at(hashed);
    if head.is_empty() {
        return Unfinished { state: None, last };
    }
    let mut state = INITIAL;
    let (blocks, _) = head.as_chunks::<BLOCK>();
    compress256(&mut state, blocks);
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    Unfinished { state: Some((bytes, head.len() as u64 * 8)), last }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finishes the hash as the card does: padding for the total length, then the last one or two blocks.
    fn finish(unfinished: &Unfinished<'_>) -> Vec<u8> {
        let (mut state, bits) = match unfinished.state {
            None => (INITIAL, 0),
            Some((bytes, bits)) => {
                let mut words = [0; 8];
                for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *word = u32::from_be_bytes(*bytes);
                }
                (words, bits)
            }
        };
        let mut tail = unfinished.last.to_vec();
        let total = bits + tail.len() as u64 * 8;
        tail.push(0x80);
        while tail.len() % BLOCK != 56 {
            tail.push(0);
        }
        tail.extend(total.to_be_bytes());
        compress256(&mut state, tail.as_chunks::<BLOCK>().0);
        state.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn one_block_is_left_to_the_card_whole() {
        let message = [7; 64];
        assert_eq!(all_but_last(&message), Unfinished { state: None, last: &message });
        assert_eq!(all_but_last(&[]), Unfinished { state: None, last: &[] });
    }

    #[test]
    fn a_multiple_of_the_block_keeps_a_whole_block_for_the_card() {
        let message = [7; 128];
        let unfinished = all_but_last(&message);
        assert_eq!(unfinished.state.unwrap().1, 0x200);
        assert_eq!(unfinished.last.len(), 64);
    }

    /// "abc", the 56-byte message of FIPS 180-4, and lengths around every boundary against another implementation.
    #[test]
    fn the_finished_hash_is_sha_256() {
        assert_eq!(
            finish(&all_but_last(b"abc"))[..8],
            [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea],
            "FIPS 180-4 example, one block"
        );
        assert_eq!(
            finish(&all_but_last(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))[..8],
            [0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8],
            "FIPS 180-4 example, two blocks"
        );
        for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 1000] {
            let message: Vec<u8> = (0..=255).cycle().take(length).collect();
            let expected = ring::digest::digest(&ring::digest::SHA256, &message);
            assert_eq!(finish(&all_but_last(&message)), expected.as_ref(), "{length} bytes");
        }
    }
}
