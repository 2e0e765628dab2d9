//! AODF: the PIN and the PUK, their references, lengths and padding (PKCS #15 v1.1 §6.8).

use super::object::{Bits, ENUMERATED, INTEGER, OCTET_STRING, number, records, reference};
use crate::apdu::Tlv;
use crate::apdu::tlv::elements;

/// Bits of PinFlags.
const NEEDS_PADDING: u32 = 5;
const UNBLOCKING: u32 = 6;
const SECURITY_OFFICER: u32 = 7;

/// Tag of the PIN reference.
const REFERENCE: u32 = 0x80;

/// Longest PIN taken seriously; more would be a damaged record.
const LONGEST_PIN: u16 = 64;

/// A PIN or PUK of the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRecord {
    /// The card's label.
    pub label: String,
    /// Identifier by which keys and files name the PIN that protects them.
    pub id: Vec<u8>,
    /// It unblocks or administers another PIN: a PUK.
    pub unblocks: bool,
    /// P2 of VERIFY.
    pub reference: u8,
    /// Fewest characters.
    pub min: u8,
    /// Most characters.
    pub max: u8,
    /// Length and filler byte of the block that is sent, when the card wants it padded.
    pub padding: Option<(u8, u8)>,
    /// The characters go as ASCII digits, which is the only form we speak.
    pub ascii: bool,
}

/// Reads the AODF. Records without the attributes of a PIN are left out.
#[must_use]
pub fn parse_pins(aodf: &[u8]) -> Vec<PinRecord> {
    records(aodf)
        .filter_map(|record| {
            let id = record.class.child(OCTET_STRING)?.value.to_vec();
            pin(record.label, id, &record.attributes?)
        })
        .collect()
}

/// `PinAttributes { flags, type, min, stored, max?, [0] reference, padChar? }`.
fn pin(label: String, id: Vec<u8>, attributes: &Tlv<'_>) -> Option<PinRecord> {
    // Flags come first and are a BIT STRING, well formed or not.
    let flags = Bits::parse(elements(attributes.value).next()?.value);
    let mut lengths =
        attributes.children().filter(|child| child.tag == INTEGER).map(|child| number(child.value));
    let min = length(lengths.next()??)?;
    let stored = length(lengths.next()??)?;
    let max = match lengths.next() {
        Some(max) => length(max?)?,
        None => stored,
    };
    let reference = match attributes.child(REFERENCE) {
        Some(written) => reference(written.value)?,
        None => 0,
    };
    let filler = attributes.child(OCTET_STRING).and_then(|filler| filler.value.first().copied()).unwrap_or(0);
    // 1 = ascii-numeric, 2 = utf8: digits are the same bytes in both.
    let kind = attributes.child(ENUMERATED).and_then(|kind| number(kind.value));
    (min <= max).then_some(PinRecord {
        label,
        id,
        unblocks: flags.has(UNBLOCKING) || flags.has(SECURITY_OFFICER),
        reference,
        min,
        max,
        padding: flags.has(NEEDS_PADDING).then_some((stored.max(max), filler)),
        ascii: matches!(kind, None | Some(1 | 2)),
    })
}

fn length(number: u16) -> Option<u8> {
    if number > LONGEST_PIN { None } else { u8::try_from(number).ok() }
}

#[cfg(test)]
mod tests;
