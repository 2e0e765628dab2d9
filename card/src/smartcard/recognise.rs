//! Which card this is: serial number and update marker, the only files read at every insertion.

use crate::Error;
use crate::apdu::{FilePath, Status, Tlv};
use crate::applet::Extent;
use crate::channel::Channel;
use crate::profile::Profile;

/// EF.SN.ICC below the master file.
const SERIAL_FILE: [u8; 2] = [0xD0, 0x03];
const SERIAL_FILE_LENGTH: usize = 12;
/// Issuer of every CPS: health (80), France (250), the agency (00001).
const ISSUER: [u8; 5] = [0x80, 0x25, 0x00, 0x00, 0x01];

/// What identifies a card and the state of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// Eight digits, as printed.
    pub(super) serial: String,
    pub(super) update: Update,
}

/// When the card's content was last changed, by EF_ACTUA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Update {
    /// There is no such file: never, or this interface does not show it.
    Never,
    /// The file's content.
    Finished(Vec<u8>),
    /// An update began and did not end: what the card holds cannot be relied upon.
    Interrupted,
}

impl Update {
    /// The marker's content, by which a remembered card is compared.
    pub(super) fn marker(&self) -> &[u8] {
        match self {
            Self::Finished(content) => content,
            Self::Never | Self::Interrupted => &[],
        }
    }
}

/// Makes the applet listen and reads who the card is, inside an open transaction.
///
/// # Errors
/// [`Error::NotCps`] when the serial number is not one of a CPS; what the card refused; transport trouble.
pub(super) fn recognise(channel: &mut Channel, profile: &Profile) -> Result<Identity, Error> {
    profile.applet.open(channel)?;
    let file = FilePath::new(&SERIAL_FILE);
    let content = profile.applet.read(channel, &file, Extent::Exactly(SERIAL_FILE_LENGTH), false)?;
    let serial = parse_serial(&content).ok_or(Error::NotCps)?;
    let update = match profile.update_marker {
        Some(path) => read_update(channel, profile, &FilePath::new(path))?,
        None => Update::Never,
    };
    Ok(Identity { serial, update })
}

/// Eight digits from `5A 0A ‖ issuer ‖ serial ‖ check digit`. The check digit is not judged: the official middleware
/// does not either.
fn parse_serial(content: &[u8]) -> Option<String> {
    let serial = content.get(2..)?.strip_prefix(&ISSUER)?;
    let [a, b, c, d, _check] = <[u8; 5]>::try_from(serial).ok()?;
    Some(format!("{a:02X}{b:02X}{c:02X}{d:02X}"))
}

fn read_update(channel: &mut Channel, profile: &Profile, path: &FilePath) -> Result<Update, Error> {
    match profile.applet.read(channel, path, Extent::Element, false) {
        Ok(content) if update_finished(&content) => Ok(Update::Finished(content)),
        Err(Error::Refused { status, .. }) if Status(status) == Status::NOT_FOUND => Ok(Update::Never),
        Ok(_) | Err(Error::Refused { .. } | Error::Content { .. }) => Ok(Update::Interrupted),
        Err(error) => Err(error),
    }
}

/// Whether `EC { 81 start, 82 end }` holds two dates.
fn update_finished(content: &[u8]) -> bool {
    let Some((marker, _)) = Tlv::split(content).filter(|(marker, _)| marker.tag == 0xEC) else {
        return false;
    };
    let dated = |tag| marker.child(tag).is_some_and(|date: Tlv<'_>| is_date(date.value));
    dated(0x81) && dated(0x82)
}

/// YYYYMMDDhhmmss in seven BCD bytes.
fn is_date(bytes: &[u8]) -> bool {
    let decimal = |byte: &u8| {
        let (tens, units) = (byte >> 4, byte & 0x0F);
        (tens < 10 && units < 10).then_some(tens * 10 + units)
    };
    let numbers: Option<Vec<u8>> = bytes.iter().map(decimal).collect();
    matches!(numbers.as_deref(), Some([1..=99, 0..=99, 1..=12, 1..=31, 0..=23, 0..=59, 0..=59]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_issuer_or_length_is_no_cps() {
        let real = [0x5A, 0x0A, 0x80, 0x25, 0x00, 0x00, 0x01, 0x99, 0x21, 0x38, 0x45, 0x0F];
        let mut foreign = real;
        foreign[3] = 0x26;
        assert_eq!(parse_serial(&foreign), None);
        assert_eq!(parse_serial(&real[..11]), None);
        assert_eq!(parse_serial(&[]), None);
        assert_eq!(parse_serial(&real).as_deref(), Some("99213845"));
    }

    #[test]
    fn an_update_without_two_dates_was_interrupted() {
        let finished = [
            0xEC, 0x12, 0x81, 0x07, 0x20, 0x24, 0x01, 0x15, 0x10, 0x30, 0x00, 0x82, 0x07, 0x20, 0x24, 0x01,
            0x15, 0x10, 0x35, 0x00,
        ];
        assert!(update_finished(&finished));
        assert!(!update_finished(&[]));
        assert!(!update_finished(&finished[..19]));
        for (at, byte) in [(0, 0xED), (2, 0x83), (6, 0x13), (7, 0x00), (13, 0xFF), (17, 0x24)] {
            let mut damaged = finished;
            damaged[at] = byte;
            assert!(!update_finished(&damaged), "byte {at}");
        }
    }
}
