//! Professional situations (data objects CPS_ACTIVITY_01_PS to CPS_ACTIVITY_16_PS), which cards show after the PIN.

use super::StructureId;
use crate::apdu::tlv;
use crate::certificate::printable;

/// Template of one situation.
const TEMPLATE: u32 = 0xEE;
/// Name of the structure.
const ORGANISATION: u32 = 0x84;
/// National identifier of the structure.
const STRUCTURE: u32 = 0x85;
/// Sector of activity.
const SECTOR: u32 = 0x86;

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
        let template = tlv::elements(file).next().filter(|element| element.tag == TEMPLATE)?;
        let mut activity = Self { index, organisation: None, structure: None, sector: None };
        for field in template.children() {
            match field.tag {
                ORGANISATION => activity.organisation = text(field.value),
                STRUCTURE => activity.structure = text(field.value).and_then(|t| StructureId::new(&t)),
                SECTOR => activity.sector = text(field.value),
                _ => {}
            }
        }
        let empty =
            activity.organisation.is_none() && activity.structure.is_none() && activity.sector.is_none();
        (!empty).then_some(activity)
    }
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
