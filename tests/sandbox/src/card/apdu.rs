//! Short command and response APDUs as a card sees them (ISO 7816-4 §5.1).

use cps_card::transport::Protocol;

/// Status words, under the names of ISO 7816-4 §5.1.3 where it has one.
pub(super) mod status {
    pub(in crate::card) const OK: u16 = 0x9000;
    pub(in crate::card) const END_OF_FILE: u16 = 0x6282;
    pub(in crate::card) const LENGTH: u16 = 0x6700;
    pub(in crate::card) const CHANNEL: u16 = 0x6881;
    pub(in crate::card) const CHAIN_BROKEN: u16 = 0x6883;
    pub(in crate::card) const CHAINING: u16 = 0x6884;
    pub(in crate::card) const SECURITY: u16 = 0x6982;
    pub(in crate::card) const BLOCKED: u16 = 0x6983;
    pub(in crate::card) const CONDITIONS: u16 = 0x6985;
    pub(in crate::card) const NO_FILE_SELECTED: u16 = 0x6986;
    pub(in crate::card) const DATA: u16 = 0x6A80;
    pub(in crate::card) const NOT_FOUND: u16 = 0x6A82;
    pub(in crate::card) const PARAMETERS: u16 = 0x6A86;
    pub(in crate::card) const REFERENCE: u16 = 0x6A88;
    pub(in crate::card) const OFFSET: u16 = 0x6B00;
    pub(in crate::card) const INSTRUCTION: u16 = 0x6D00;
    pub(in crate::card) const CLASS: u16 = 0x6E00;
}

/// GET RESPONSE.
pub(super) const GET_RESPONSE: u8 = 0xC0;
/// READ BINARY.
pub(super) const READ_BINARY: u8 = 0xB0;
/// GET CHALLENGE.
pub(super) const GET_CHALLENGE: u8 = 0x84;

/// One command, with the data of its whole chain.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) cla: u8,
    pub(super) ins: u8,
    pub(super) p1: u8,
    pub(super) p2: u8,
    pub(super) data: Vec<u8>,
    /// Expected length; `00` on the wire is 256.
    pub(super) le: Option<usize>,
}

impl Command {
    /// Reads a command. A T=0 command has either data or an expected length, never both (ISO 7816-3 §12.2).
    pub(super) fn parse(bytes: &[u8], protocol: Protocol) -> Result<Self, u16> {
        let (header, rest) = bytes.split_first_chunk::<4>().ok_or(status::LENGTH)?;
        let [cla, ins, p1, p2] = *header;
        let command = |data: &[u8], le| Self { cla, ins, p1, p2, data: data.to_vec(), le };
        let expected = |byte: u8| Some(if byte == 0 { 256 } else { usize::from(byte) });
        match rest {
            [] => Ok(command(&[], None)),
            [le] => Ok(command(&[], expected(*le))),
            [lc, data @ ..] if *lc > 0 && data.len() == usize::from(*lc) => Ok(command(data, None)),
            [lc, data @ .., le] if *lc > 0 && data.len() == usize::from(*lc) && protocol == Protocol::T1 => {
                Ok(command(data, expected(*le)))
            }
            _ => Err(status::LENGTH),
        }
    }

    /// P1 and P2 as one number.
    pub(super) fn p1p2(&self) -> u16 {
        u16::from_be_bytes([self.p1, self.p2])
    }
}

/// What an application answers, before the transport layer cuts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) data: Vec<u8>,
    pub(super) status: u16,
}

impl Answer {
    /// Data and 90 00.
    pub(super) fn data(data: Vec<u8>) -> Self {
        Self { data, status: status::OK }
    }

    /// A bare status.
    pub(super) fn status(status: u16) -> Self {
        Self { data: Vec::new(), status }
    }

    /// 90 00 alone.
    pub(super) fn ok() -> Self {
        Self::status(status::OK)
    }

    /// The bytes on the wire.
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut bytes = self.data;
        bytes.extend(self.status.to_be_bytes());
        bytes
    }
}

impl From<Result<Vec<u8>, u16>> for Answer {
    fn from(result: Result<Vec<u8>, u16>) -> Self {
        match result {
            Ok(data) => Self::data(data),
            Err(status) => Self::status(status),
        }
    }
}

/// Reads the BER-TLV objects of a command's data: one- or two-byte tags, lengths up to 255.
pub(super) fn objects(mut data: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut list = Vec::new();
    while let Some((first, rest)) = data.split_first() {
        let (tag, rest) = if first & 0x1F == 0x1F {
            let (second, rest) = rest.split_first()?;
            (u16::from_be_bytes([*first, *second]), rest)
        } else {
            (u16::from(*first), rest)
        };
        let (length, rest) = match rest.split_first()? {
            (0x81, rest) => rest.split_first()?,
            (length, rest) if *length < 0x80 => (length, rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        list.push((tag, value));
        data = rest;
    }
    Some(list)
}
