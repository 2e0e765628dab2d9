//! File control information: what SELECT tells about a file (ISO 7816-4 §7.4).

use super::tlv::{self, Tlv};

/// The little we use of a file's control information. The access rules are deliberately left out: real cards refuse
/// nothing to who ignores them (OpenSC issue 2220 and the official module agree).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fci {
    /// Size of the file's content, in bytes.
    pub size: Option<u16>,
    /// File identifier.
    pub id: Option<u16>,
    /// The file is a directory.
    pub directory: bool,
}

impl Fci {
    /// Reads an FCP (`62`), FCI (`6F`) or bare list of data objects, leniently: what is missing is `None`.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut fci = Self::default();
        let template = tlv::elements(bytes).find(|element| matches!(element.tag, 0x62 | 0x6F));
        let objects = template.map_or_else(|| tlv::elements(bytes), |template| template.children());
        for Tlv { tag, value } in objects {
            match tag {
                0x80 => fci.size = number(value),
                0x81 => fci.size = fci.size.or(number(value)),
                0x82 => fci.directory = value.first() == Some(&0x38),
                0x83 => fci.id = number(value),
                _ => {}
            }
        }
        fci
    }
}

/// A number of at most 16 bits, with any count of leading zeros.
fn number(value: &[u8]) -> Option<u16> {
    value.iter().try_fold(0_u16, |number, byte| number.checked_mul(256)?.checked_add(u16::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_says_nothing() {
        assert_eq!(Fci::parse(&[]), Fci::default());
        assert_eq!(Fci::parse(&[0x62, 0x7F, 0x80]), Fci::default());
        assert_eq!(Fci::parse(&[0x62, 0x05, 0x80, 0x03, 0x01, 0x00, 0x00]).size, None);
    }

    #[test]
    fn the_serial_file_of_a_real_card_has_twelve_bytes() {
        let fcp = [
            0x62, 0x25, 0x80, 0x02, 0x00, 0x0C, 0x82, 0x01, 0x01, 0x83, 0x02, 0xD0, 0x03, 0x88, 0x01, 0xE0,
            0xA1, 0x12, 0x8C, 0x07, 0x7B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x9C, 0x07, 0x7B, 0xFF, 0xFF,
            0xFF, 0xFF, 0xFF, 0x00, 0x8A, 0x01, 0x05,
        ];
        assert_eq!(Fci::parse(&fcp), Fci { size: Some(12), id: Some(0xD003), directory: false });
    }

    #[test]
    fn a_directory_says_so() {
        let fci = [0x6F, 0x0A, 0x82, 0x01, 0x38, 0x83, 0x02, 0x00, 0x01, 0x8A, 0x01, 0x05];
        assert!(Fci::parse(&fci).directory);
    }
}
