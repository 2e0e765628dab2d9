//! READ BINARY of a selected file: in pieces, and no further than its content.

use crate::Error;
use crate::apdu::{Command, Status, tlv};
use crate::channel::Channel;

/// Longest file content taken from a card: READ BINARY has an offset of 15 bits.
pub(crate) const LONGEST_FILE: usize = 0x7FFF;

/// How the end of a content is recognised, so that no command is spent on padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// So many bytes.
    Exactly(usize),
    /// One DER element: a certificate, a data object.
    Element,
    /// DER elements one after the other until padding or the end of the file: a PKCS#15 directory.
    Directory,
}

impl Extent {
    /// Bytes still to read after `content`, as far as they are known; `usize::MAX` when the end is not in sight.
    fn remaining(self, content: &[u8], size: Option<usize>) -> usize {
        let end = match self {
            Self::Exactly(size) => Some(size),
            Self::Element => tlv::announced_length(content),
            Self::Directory => tlv::ends_with_padding(content).then_some(content.len()),
        };
        let end = end.unwrap_or(usize::MAX).min(size.unwrap_or(usize::MAX));
        end.saturating_sub(content.len())
    }
}

/// How READ BINARY is spoken by one card.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Class byte.
    pub(crate) cla: u8,
    /// Most bytes of one READ BINARY.
    pub(crate) piece: usize,
    /// The content is not for logs.
    pub(crate) sensitive: bool,
}

/// Reads the selected file. `size` is the one of its control information, where that is known.
///
/// The end of the file shows in different ways: fewer bytes than asked for with `9000`, `6282`, `6Cxx` (the channel
/// asks again with the right length), or `6B00` for an offset past the end.
pub(crate) fn read_binary(
    channel: &mut Channel,
    reading: Reading,
    extent: Extent,
    size: Option<usize>,
) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    loop {
        let wanted = extent.remaining(&content, size).min(reading.piece);
        if wanted == 0 {
            break;
        }
        let Some([p1, p2]) = offset(content.len()) else {
            return Err(Error::Content { what: "file", why: "it does not end".to_owned() });
        };
        let read = Command::new("READ BINARY", reading.cla, 0xB0, p1, p2);
        let read = read.expect(u16::try_from(wanted).unwrap_or(256));
        let read = if reading.sensitive { read.sensitive() } else { read };
        let mut response = channel.transmit(&read)?;
        response.data.truncate(wanted);
        let got = response.data.len();
        content.append(&mut response.data);
        match response.status {
            Status::OK if got < wanted => break,
            Status::OK => {}
            Status::END_OF_FILE => break,
            Status::WRONG_OFFSET | Status::WRONG_PARAMETERS if !content.is_empty() => break,
            status => return Err(Error::Refused { command: "READ BINARY", status: status.0 }),
        }
    }
    trim(&mut content, extent);
    Ok(content)
}

fn offset(offset: usize) -> Option<[u8; 2]> {
    let offset = u16::try_from(offset).ok().filter(|offset| usize::from(*offset) <= LONGEST_FILE)?;
    Some(offset.to_be_bytes())
}

/// Cuts what was read beyond the content in the last piece.
fn trim(content: &mut Vec<u8>, extent: Extent) {
    let end = match extent {
        Extent::Exactly(size) => size,
        Extent::Element => tlv::announced_length(content).unwrap_or(usize::MAX),
        Extent::Directory => {
            let mut elements = tlv::elements(content);
            elements.by_ref().for_each(drop);
            if matches!(elements.rest().first(), Some(0x00 | 0xFF)) {
                content.len() - elements.rest().len()
            } else {
                usize::MAX
            }
        }
    };
    content.truncate(end);
}
