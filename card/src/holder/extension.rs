//! Values of the health extensions, arc 1.2.250.1.71: a few small DER types, read exactly or not at all.

use crate::certificate::text_of;
use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};

/// More values than any certificate has; a longer list is cut.
const MAX_VALUES: usize = 32;

/// `INTEGER`, not negative and below 65,536.
pub(super) fn small_integer(value: &[u8]) -> Option<u16> {
    whole(value, Tag::Integer)?.as_u16().ok()
}

/// `OCTET STRING` of one byte.
pub(super) fn single_byte(value: &[u8]) -> Option<u8> {
    match whole(value, Tag::OctetString)?.as_bytes() {
        [byte] => Some(*byte),
        _ => None,
    }
}

/// Any string type.
pub(super) fn text(value: &[u8]) -> Option<String> {
    let (rest, any) = Any::from_der(value).ok()?;
    (rest.is_empty() && is_string(&any)).then(|| text_of(&any))
}

/// `SEQUENCE OF UTF8String`, empty when malformed.
pub(super) fn texts(value: &[u8]) -> Vec<String> {
    fn read(value: &[u8]) -> Option<Vec<String>> {
        let sequence = whole(value, Tag::Sequence)?;
        let mut inside = sequence.as_bytes();
        let mut out = Vec::new();
        while !inside.is_empty() && out.len() < MAX_VALUES {
            let (rest, any) = Any::from_der(inside).ok()?;
            if !is_string(&any) {
                return None;
            }
            out.push(text_of(&any));
            inside = rest;
        }
        Some(out)
    }
    read(value).unwrap_or_default()
}

fn whole(value: &[u8], tag: Tag) -> Option<Any<'_>> {
    let (rest, any) = Any::from_der(value).ok()?;
    (rest.is_empty() && any.class() == Class::Universal && any.tag() == tag).then_some(any)
}

fn is_string(any: &Any<'_>) -> bool {
    any.class() == Class::Universal
        && matches!(
            any.tag(),
            Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::T61String | Tag::BmpString
        )
}
