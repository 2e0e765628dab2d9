//! BER-TLV, read leniently and with limits (ISO 7816-4 §5.2, ITU-T X.690).
//!
//! Nothing here recurses: who wants the inside of a value asks for it, so depth is bounded by the caller's own code.

/// Largest tag accepted: three bytes, as in `BF 81 01`.
const LONGEST_TAG: usize = 3;

/// One element of a BER-TLV sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// All tag bytes as one number: `30`, `BF8101`.
    pub tag: u32,
    /// The value.
    pub value: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// Reads the element that `bytes` begin with and returns it with what follows. `None` when the element is not
    /// whole or its length is indefinite or longer than three bytes.
    #[must_use]
    pub fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let header = Header::read(bytes)?;
        let rest = bytes.get(header.size..)?;
        let (value, rest) = rest.split_at_checked(header.length)?;
        Some((Self { tag: header.tag, value }, rest))
    }

    /// The elements inside the value.
    #[must_use]
    pub fn children(&self) -> Elements<'a> {
        Elements(self.value)
    }

    /// The first element of `tag` inside the value.
    #[must_use]
    pub fn child(&self, tag: u32) -> Option<Tlv<'a>> {
        self.children().find(|element| element.tag == tag)
    }
}

/// Iterates over the elements of `bytes`; see [`Elements`].
#[must_use]
pub fn elements(bytes: &[u8]) -> Elements<'_> {
    Elements(bytes)
}

/// The elements of a byte string, one after the other. Ends at the first `00` or `FF` where a tag should be (padding
/// of card files) and at the first element that is not whole.
#[derive(Debug, Clone)]
pub struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// What was not consumed yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        if matches!(self.0.first(), Some(0x00 | 0xFF)) {
            return None;
        }
        let (element, rest) = Tlv::split(self.0)?;
        self.0 = rest;
        Some(element)
    }
}

/// Whether `bytes`, the beginning of a file of consecutive elements, already hold all of them: padding was reached.
/// This lets a directory be read without knowing the size of its file.
#[must_use]
pub fn ends_with_padding(bytes: &[u8]) -> bool {
    let mut elements = elements(bytes);
    elements.by_ref().for_each(drop);
    matches!(elements.rest().first(), Some(0x00 | 0xFF))
}

/// Whole length (header and value) of the element that `bytes` begin with, even when the value is not there yet.
#[must_use]
pub fn announced_length(bytes: &[u8]) -> Option<usize> {
    let header = Header::read(bytes)?;
    header.size.checked_add(header.length)
}

/// Appends one element. Values longer than 65,535 bytes do not occur in commands or caches.
pub fn push(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    let [.., high, low] = value.len().to_be_bytes();
    match value.len() {
        0..=0x7F => out.push(low),
        0x80..=0xFF => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
    out.extend_from_slice(value);
}

struct Header {
    tag: u32,
    length: usize,
    /// Bytes of tag and length together.
    size: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = bytes.iter().copied();
        let first = bytes.next()?;
        let mut tag = u32::from(first);
        let mut size = 1;
        if first & 0x1F == 0x1F {
            loop {
                let next = bytes.next()?;
                tag = (tag << 8) | u32::from(next);
                size += 1;
                if next & 0x80 == 0 {
                    break;
                }
                if size == LONGEST_TAG {
                    return None;
                }
            }
        }
        let first = bytes.next()?;
        size += 1;
        let length = match first {
            0x00..=0x7F => usize::from(first),
            0x81..=0x83 => {
                let mut length = 0;
                for _ in 0..(first & 0x0F) {
                    length = (length << 8) | usize::from(bytes.next()?);
                    size += 1;
                }
                length
            }
            _ => return None,
        };
        Some(Self { tag, length, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_longer_than_its_bytes_is_refused() {
        assert_eq!(Tlv::split(&[0x30, 0x05, 1, 2]), None);
        assert_eq!(Tlv::split(&[0x30, 0x84, 0, 0, 0, 1, 1]), None);
        assert_eq!(Tlv::split(&[0x30, 0x80, 0, 0]), None);
        assert_eq!(Tlv::split(&[0x30]), None);
        assert_eq!(Tlv::split(&[0x1F, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00]), None);
    }

    #[test]
    fn tags_of_three_bytes_are_one_number() {
        let (element, rest) = Tlv::split(&[0xBF, 0x81, 0x01, 0x02, 0xA0, 0x00, 0x99]).unwrap();
        assert_eq!(element.tag, 0xBF_8101);
        assert_eq!(element.value, [0xA0, 0x00]);
        assert_eq!(rest, [0x99]);
    }

    #[test]
    fn a_directory_ends_at_the_first_zero() {
        let bytes = [0x30, 0x01, 0xAA, 0x30, 0x00, 0x00, 0x30, 0x00];
        assert_eq!(elements(&bytes).count(), 2);
        assert!(ends_with_padding(&bytes));
        assert!(!ends_with_padding(&bytes[..5]));
        assert!(!ends_with_padding(&bytes[..2]));
    }

    #[test]
    fn the_length_of_a_certificate_is_known_from_its_first_bytes() {
        assert_eq!(announced_length(&[0x30, 0x82, 0x03, 0xA0, 0x30]), Some(0x3A4));
        assert_eq!(announced_length(&[0x30, 0x82, 0x03]), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for length in [0, 0x7F, 0x80, 0xFF, 0x100, 0x1234] {
            let value = vec![0x5A; length];
            let mut out = Vec::new();
            push(&mut out, 0x53, &value);
            let (element, rest) = Tlv::split(&out).unwrap();
            assert_eq!((element.tag, element.value, rest), (0x53, value.as_slice(), [].as_slice()));
        }
    }
}
