//! EF.TokenInfo: what the card calls itself (PKCS #15 v1.1 §6.9).
//!
//! The algorithms listed there are not read: the official middleware uses constants of the card family instead, so
//! those are what is known to work.

use super::object::{SEQUENCE, UTF8_STRING, text};
use crate::apdu::tlv;

/// Tag of the label.
const LABEL: u32 = 0x80;

/// What a card calls itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenInfo {
    /// Label, for instance `CPS3v3-…`.
    pub label: Option<String>,
    /// Manufacturer.
    pub manufacturer: Option<String>,
}

/// Reads EF.TokenInfo (EF.CIAInfo in ISO 7816-15). What is missing is `None`.
#[must_use]
pub fn parse_token_info(file: &[u8]) -> TokenInfo {
    let Some(info) = tlv::elements(file).find(|element| element.tag == SEQUENCE) else {
        return TokenInfo::default();
    };
    let value = |tag| info.child(tag).map(|element| text(element.value).trim_end().to_owned());
    TokenInfo { label: value(LABEL), manufacturer: value(UTF8_STRING) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_has_no_label() {
        assert_eq!(parse_token_info(&[]), TokenInfo::default());
        assert_eq!(parse_token_info(&[0x30, 0x82, 0xFF]), TokenInfo::default());
    }

    #[test]
    fn label_and_manufacturer_are_read() {
        let file = b"\x30\x12\x02\x01\x00\x0C\x03ANS\x80\x04CPS \x03\x02\x04\x30\x00";
        let info = parse_token_info(file);
        assert_eq!(info.label.as_deref(), Some("CPS"));
        assert_eq!(info.manufacturer.as_deref(), Some("ANS"));
    }
}
