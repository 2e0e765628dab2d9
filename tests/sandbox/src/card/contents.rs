//! Contents of the files that every family has: serial number, EF.ATR, business data of the holder.

use crate::der;
use crate::pki::Holder;
use crate::pki::holder::Situation;

/// EF.SN.ICC: issuer, eight digits, Luhn digit over all of them, filler.
pub(super) fn serial_file(serial: &str) -> Vec<u8> {
    let digits = format!("8025000001{serial}");
    let number = format!("{digits}{}F", check_digit(&digits));
    der::tlv(0x5A, &packed(&number))
}

/// Two hexadecimal digits a byte.
fn packed(digits: &str) -> Vec<u8> {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    pairs
        .iter()
        .filter_map(|pair| std::str::from_utf8(pair).ok())
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect()
}

/// Luhn digit that completes a number.
fn check_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit) {
            (0, 5..) => digit * 2 - 9,
            (0, _) => digit * 2,
            _ => digit,
        })
        .sum();
    (10 - sum % 10) % 10
}

/// EF.ATR of CPS3, with the leading 80 that is not an object.
pub(super) const EF_ATR: &[u8] = &[
    0x80, 0x43, 0x01, 0xB8, 0x46, 0x04, 0x04, 0xB0, 0xEC, 0xC1, 0x47, 0x03, 0x94, 0x01, 0x80, 0x4F, 0x08,
    0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00, 0xE0, 0x10, 0x02, 0x02, 0x01, 0x04, 0x02, 0x02, 0x01,
    0x04, 0x02, 0x02, 0x01, 0x00, 0x02, 0x02, 0x01, 0x00, 0x78, 0x08, 0x06, 0x06, 0x2B, 0x81, 0x22, 0xF8,
    0x78, 0x02, 0x82, 0x02, 0x90, 0x00,
];

/// Size of the scratch area CPS_DATA.
pub(super) const SCRATCH: usize = 0x80;

/// CPS_ACTIVITY: structure and sector.
pub(super) fn situation(situation: &Situation) -> Vec<u8> {
    let parts = [
        der::tlv(0x84, situation.organisation.as_bytes()),
        der::tlv(0x85, situation.structure.as_bytes()),
        der::tlv(0x86, situation.sector.as_bytes()),
    ];
    der::tlv(0xEE, &parts.concat())
}

/// CPS_ID_CARD. The real layout is not public: issuer, serial and a mark that says TEST.
pub(super) fn card_identity(serial: &str) -> Vec<u8> {
    der::tlv(
        0xE0,
        &[der::tlv(0x80, format!("8025000001{serial}").as_bytes()), der::tlv(0x81, b"TEST")].concat(),
    )
}

/// CPS_NAME_PS. The real layout is not public.
pub(super) fn holder_name(holder: &Holder) -> Vec<u8> {
    let (family, given) = holder.name.unwrap_or_default();
    der::tlv(0xE1, &[der::tlv(0x80, family.as_bytes()), der::tlv(0x81, given.as_bytes())].concat())
}

/// EF_ACTUA: start and end of the last update, as 14 digits each.
pub(super) fn update_marker(start: &str, end: &str) -> Vec<u8> {
    der::tlv(0xEC, &[der::tlv(0x81, &packed(start)), der::tlv(0x82, &packed(end))].concat())
}

/// CPS_LANG_PS. The real layout is not public.
pub(super) fn languages() -> Vec<u8> {
    der::tlv(0xE2, &der::tlv(0x80, b"fr"))
}

/// CPS_INFO_PS: its last four characters are the speciality.
pub(super) fn professional(holder: &Holder) -> Vec<u8> {
    let mut text = holder.identifier.to_owned();
    text.push_str(&holder.profession.map(|code| code.to_string()).unwrap_or_default());
    text.push_str(holder.speciality.unwrap_or("    "));
    der::tlv(0xE3, &der::tlv(0x80, text.as_bytes()))
}

/// CPS_SIT_FACT. The real layout is not public.
pub(super) fn billing(holder: &Holder) -> Vec<u8> {
    der::tlv(0xE4, &[der::tlv(0x80, b"TEST"), der::tlv(0x81, holder.identifier.as_bytes())].concat())
}

/// CPS2TER_ACTIVITY. The real layout is not public.
pub(super) fn legacy_situation(situation: &Situation) -> Vec<u8> {
    der::tlv(0xE5, &[der::tlv(0x80, b"TEST"), der::tlv(0x81, situation.structure.as_bytes())].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_files_are_those_of_the_reference() {
        assert_eq!(serial_file("99213845"), [0x5A, 10, 0x80, 0x25, 0, 0, 1, 0x99, 0x21, 0x38, 0x45, 0x0F]);
        assert_eq!(serial_file("44000123"), [0x5A, 10, 0x80, 0x25, 0, 0, 1, 0x44, 0, 1, 0x23, 0x5F]);
        assert_eq!(EF_ATR.len(), 57);
    }
}
