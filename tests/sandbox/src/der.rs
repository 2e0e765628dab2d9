//! Writes DER and BER-TLV, for certificates and for the files of the virtual cards.
//!
//! Only a writer, and only for the sandbox's own well-formed input; reading is the work of the programs under test.

/// One tag-length-value. `tag` may have two bytes (`0x7F49`, `0xBF81`), or three (`0xBF8101`), written as they stand.
#[must_use]
pub fn tlv(tag: u32, content: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = tag.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let length = content.len();
    if length < 0x80 {
        out.push(length.to_be_bytes().last().copied().unwrap_or_default());
    } else {
        let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(u8::MAX));
        out.extend(digits);
    }
    out.extend_from_slice(content);
    out
}

/// SEQUENCE of parts that are encoded already.
#[must_use]
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// SET OF: DER orders the encoded members.
#[must_use]
pub fn set_of(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    tlv(0x31, &members.concat())
}

/// Context tag `[number]` around content; `constructed` when the content is itself DER.
#[must_use]
pub fn context(number: u8, constructed: bool, content: &[u8]) -> Vec<u8> {
    tlv(u32::from(0x80 | number | if constructed { 0x20 } else { 0 }), content)
}

/// INTEGER of a non-negative number given as big-endian bytes.
#[must_use]
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

/// INTEGER of a small non-negative number.
#[must_use]
pub fn integer(value: u64) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

/// BOOLEAN TRUE.
#[must_use]
pub fn truth() -> Vec<u8> {
    tlv(0x01, &[0xFF])
}

/// NULL.
#[must_use]
pub fn null() -> Vec<u8> {
    tlv(0x05, &[])
}

/// OCTET STRING.
#[must_use]
pub fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// BIT STRING of whole bytes, with the count of unused bits in the last one.
#[must_use]
pub fn bits(unused: u8, content: &[u8]) -> Vec<u8> {
    let mut all = vec![unused];
    all.extend_from_slice(content);
    tlv(0x03, &all)
}

/// BIT STRING of named bits: bit 0 is the first; trailing zero bits are dropped as DER asks.
#[must_use]
pub fn named_bits(set: &[u8]) -> Vec<u8> {
    let Some(last) = set.iter().copied().max() else { return bits(0, &[]) };
    let content: Vec<u8> = (0..=last / 8)
        .map(|byte| {
            set.iter().filter(|bit| **bit / 8 == byte).fold(0, |sum, bit| sum | (0x80_u8 >> (bit % 8)))
        })
        .collect();
    bits(7 - last % 8, &content)
}

/// OBJECT IDENTIFIER from its dotted form.
#[must_use]
pub fn oid(dotted: &str) -> Vec<u8> {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u64>().unwrap_or_default());
    let first = arcs.next().unwrap_or_default() * 40 + arcs.next().unwrap_or_default();
    let mut content = Vec::new();
    for arc in std::iter::once(first).chain(arcs) {
        let groups = (0..10).rev().map(|index| (arc >> (7 * index)) & 0x7F).skip_while(|group| *group == 0);
        let mut digits: Vec<u8> = groups.filter_map(|group| u8::try_from(group | 0x80).ok()).collect();
        match digits.last_mut() {
            Some(last) => *last &= 0x7F,
            None => digits.push(0),
        }
        content.extend(digits);
    }
    tlv(0x06, &content)
}

/// UTF8String.
#[must_use]
pub fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0C, text.as_bytes())
}

/// PrintableString; the caller keeps to its alphabet.
#[must_use]
pub fn printable(text: &str) -> Vec<u8> {
    tlv(0x13, text.as_bytes())
}

/// UTCTime, `YYMMDDHHMMSSZ`.
#[must_use]
pub fn utc_time(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

/// GeneralizedTime, `YYYYMMDDHHMMSSZ`.
#[must_use]
pub fn generalized_time(text: &str) -> Vec<u8> {
    tlv(0x18, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_encoded_as_in_real_certificates() {
        assert_eq!(oid("1.2.840.113549.1.1.11"), [6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 0x0B]);
        assert_eq!(oid("1.2.250.1.71.4.2.5"), [6, 8, 0x2A, 0x81, 0x7A, 1, 0x47, 4, 2, 5]);
        assert_eq!(oid("2.5.29.15"), [6, 3, 0x55, 0x1D, 0x0F]);
    }

    #[test]
    fn integers_keep_their_sign_byte() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(0x81), [2, 2, 0, 0x81]);
        assert_eq!(integer(0x0800), [2, 2, 8, 0]);
    }

    #[test]
    fn named_bits_drop_trailing_zeros() {
        assert_eq!(named_bits(&[0, 2]), [3, 2, 5, 0xA0]);
        assert_eq!(named_bits(&[9]), [3, 3, 6, 0, 0x40]);
    }

    #[test]
    fn long_lengths_take_more_bytes() {
        assert_eq!(tlv(0x30, &[0; 200])[..3], [0x30, 0x81, 200]);
        assert_eq!(tlv(0x7F49, &[0; 300])[..5], [0x7F, 0x49, 0x82, 1, 44]);
    }
}
