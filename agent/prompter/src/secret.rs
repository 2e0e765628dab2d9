//! What a person typed: held once, wiped, never printed.

use zeroize::Zeroizing;

/// A PIN or passphrase, as UTF-8.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// From a text field. Wiping the text is the caller's part.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(Zeroizing::new(text.as_bytes().to_vec()))
    }

    /// From a text field of UTF-16; `None` when it holds half a character: guessing the other half would spend a try.
    #[must_use]
    pub fn from_utf16(units: &[u16]) -> Option<Self> {
        // No unit becomes more than three bytes, so that growing leaves no copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(3 * units.len()));
        for character in char::decode_utf16(units.iter().copied()) {
            let mut room = Zeroizing::new([0; 4]);
            bytes.extend_from_slice(character.ok()?.encode_utf8(room.as_mut_slice()).as_bytes());
        }
        Some(Self(bytes))
    }

    /// The bytes, for the one line that carries them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_no_secret() {
        assert!(Secret::from_utf16(&[0x31, 0xD83D]).is_none());
        assert!(Secret::from_utf16(&[0xDE00, 0x31]).is_none());
    }

    #[test]
    fn letters_of_any_plane_become_utf8() {
        let text = "1234 été ü 醫 😀";
        let units: Vec<u16> = text.encode_utf16().collect();
        let secret = Secret::from_utf16(&units).expect("whole characters");
        assert_eq!(secret.bytes(), text.as_bytes());
        assert!(secret.0.capacity() <= 3 * units.len(), "it grew, and left a copy behind");
    }
}
