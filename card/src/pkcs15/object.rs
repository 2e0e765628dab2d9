//! What all PKCS#15 records share: label, protecting PIN, class attributes, path; and lenient primitive values.

use crate::apdu::FilePath;
use crate::apdu::tlv::{self, Tlv};
use crate::certificate::printable;

/// Longest label kept, in bytes.
const LONGEST_LABEL: usize = 255;
/// Longest identifier kept, in bytes.
const LONGEST_ID: usize = 64;

pub(super) const INTEGER: u32 = 0x02;
pub(super) const BIT_STRING: u32 = 0x03;
pub(super) const OCTET_STRING: u32 = 0x04;
pub(super) const ENUMERATED: u32 = 0x0A;
pub(super) const UTF8_STRING: u32 = 0x0C;
pub(super) const SEQUENCE: u32 = 0x30;
const TYPE_ATTRIBUTES: u32 = 0xA1;

/// The parts of one record: `SEQUENCE { common attributes, class attributes, [0] subclass?, [1] type attributes }`.
pub(super) struct Record<'a> {
    /// Label, possibly empty.
    pub(super) label: String,
    /// Identifier of the PIN that protects the object.
    pub(super) protected_by: Option<Vec<u8>>,
    /// CommonKeyAttributes, CommonCertificateAttributes …
    pub(super) class: Tlv<'a>,
    /// What `[1]` holds: the inner sequence's elements begin here.
    pub(super) attributes: Option<Tlv<'a>>,
}

/// The records of a directory that look like records at all.
pub(super) fn records(directory: &[u8]) -> impl Iterator<Item = Record<'_>> {
    tlv::elements(directory).take(super::MOST_RECORDS).filter_map(|element| record(&element))
}

fn record<'a>(element: &Tlv<'a>) -> Option<Record<'a>> {
    let mut sequences = element.children().filter(|child| child.tag == SEQUENCE);
    let common = sequences.next()?;
    let class = sequences.next()?;
    let label = common.child(UTF8_STRING).map(|label| text(label.value)).unwrap_or_default();
    let protected_by = common.child(OCTET_STRING).and_then(|id| identifier(id.value));
    let attributes = element.child(TYPE_ATTRIBUTES).and_then(|attributes| attributes.child(SEQUENCE));
    Some(Record { label, protected_by, class, attributes })
}

/// Text in UTF-8, or else taken as ISO 8859-1, without what must not reach a screen.
pub(super) fn text(bytes: &[u8]) -> String {
    let bytes = bytes.get(..bytes.len().min(LONGEST_LABEL)).unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => printable(text),
        Err(_) => printable(&bytes.iter().copied().map(char::from).collect::<String>()),
    }
}

pub(super) fn identifier(bytes: &[u8]) -> Option<Vec<u8>> {
    (1..=LONGEST_ID).contains(&bytes.len()).then(|| bytes.to_vec())
}

/// An INTEGER of at most 16 bits. Key references above 7F appear with and without their leading zero, so the sign is
/// ignored.
pub(super) fn number(bytes: &[u8]) -> Option<u16> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u16, |number, byte| number.checked_mul(256)?.checked_add(u16::from(*byte)))
}

/// A one-byte reference written as an INTEGER.
pub(super) fn reference(bytes: &[u8]) -> Option<u8> {
    number(bytes).and_then(|number| u8::try_from(number).ok())
}

/// Named bits of a BIT STRING, bit 0 being the most significant of the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bits(u32);

impl Bits {
    /// No flags when the content is only one byte long, whatever that byte is, or its first byte is no count of unused
    /// bits: real CPS3 cards have such strings in PIN and certificate records.
    pub(super) fn parse(content: &[u8]) -> Self {
        let bits = match content.split_first() {
            Some((0..=7, bits)) => bits,
            _ => return Self::default(),
        };
        let whole = bits.iter().copied().chain(std::iter::repeat(0)).take(4);
        Self(whole.fold(0, |bits, byte| (bits << 8) | u32::from(byte)))
    }

    pub(super) fn has(self, bit: u32) -> bool {
        self.0 & (0x8000_0000_u32 >> bit) != 0
    }
}

/// The path among a record's attributes: written as `SEQUENCE { OCTET STRING }`, at most three sequences deep.
pub(super) fn path(attributes: &Tlv<'_>, base: &FilePath) -> Option<FilePath> {
    let mut here = *attributes;
    for _ in 0..3 {
        if let Some(written) = here.child(OCTET_STRING) {
            return FilePath::resolve(base, written.value);
        }
        here = here.child(SEQUENCE)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_flag_byte_means_no_flags() {
        assert_eq!(Bits::parse(&[0xC0]), Bits::default());
        assert_eq!(Bits::parse(&[]), Bits::default());
        assert_eq!(Bits::parse(&[0xC0, 0xFF]), Bits::default());
    }

    #[test]
    fn bits_count_from_the_most_significant() {
        let non_repudiation = Bits::parse(&[0x06, 0x00, 0x40]);
        assert!(non_repudiation.has(9));
        assert!(!non_repudiation.has(2));
        let sign_and_decrypt = Bits::parse(&[0x05, 0x60]);
        assert!(sign_and_decrypt.has(1) && sign_and_decrypt.has(2));
    }

    #[test]
    fn a_label_cannot_move_the_cursor() {
        assert_eq!(text(b"CPS\x1B[2J"), "CPS\u{FFFD}[2J");
        assert_eq!(text(b"carte agr\xE9\xE9e"), "carte agréée");
    }

    #[test]
    fn a_reference_may_lack_its_leading_zero() {
        assert_eq!(reference(&[0x00, 0x81]), Some(0x81));
        assert_eq!(reference(&[0x81]), Some(0x81));
        assert_eq!(reference(&[0x01, 0x81]), None);
        assert_eq!(reference(&[]), None);
    }
}
