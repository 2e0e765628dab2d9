//! Professional situations (data objects CPS_ACTIVITY_01_PS to CPS_ACTIVITY_16_PS), which cards show after the PIN.

use super::StructureId;
use crate::certificate::printable;

/// Template of one situation.
const TEMPLATE: u8 = 0xEE;
/// Name of the structure.
const ORGANISATION: u8 = 0x84;
/// National identifier of the structure.
const STRUCTURE: u8 = 0x85;
/// Sector of activity.
const SECTOR: u8 = 0x86;

/// A professional situation (CPS_ACTIVITY_nn_PS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Index on the card, 1 to 16; indexes may have gaps.
    pub index: u8,
    /// Name of the structure.
    pub organisation: Option<String>,
    /// National identifier of the structure (Struct_IdNat), as it stands.
    pub structure: Option<StructureId>,
    /// Sector of activity (R02), for instance `SA07`.
    pub sector: Option<String>,
}

impl Activity {
    /// Reads the raw file: BER-TLV `EE { 84 name, 85 identifier, 86 sector }`.
    ///
    /// Lenient: unknown tags are passed over, padding behind the template is ignored, a field that cannot be read is
    /// absent. `None` when the file holds no situation at all (cards keep empty files filled with zeros).
    #[must_use]
    pub fn parse(index: u8, file: &[u8]) -> Option<Self> {
        let (_, content, _) = next(file).filter(|(tag, ..)| *tag == TEMPLATE)?;
        let mut activity = Self { index, organisation: None, structure: None, sector: None };
        let mut rest = content;
        while let Some((tag, value, behind)) = next(rest) {
            match tag {
                ORGANISATION => activity.organisation = text(value),
                STRUCTURE => activity.structure = text(value).and_then(|t| StructureId::new(&t)),
                SECTOR => activity.sector = text(value),
                _ => {}
            }
            rest = behind;
        }
        let empty =
            activity.organisation.is_none() && activity.structure.is_none() && activity.sector.is_none();
        (!empty).then_some(activity)
    }
}

/// The first object: tag, value and what follows. A value that is cut short is taken as far as it goes.
fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match (first, rest) {
        (0x81, [a, rest @ ..]) => (usize::from(*a), rest),
        (0x82, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
        (short, rest) if *short < 0x80 => (usize::from(*short), rest),
        _ => return None,
    };
    let (value, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    Some((*tag, value, behind))
}

/// UTF-8, or Latin-1 where it is not valid UTF-8 (older cards); blanks and padding around it go.
fn text(bytes: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{FF}');
    (!text.is_empty()).then(|| printable(text))
}
