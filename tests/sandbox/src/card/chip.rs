//! What every card family has: files, PIN and PUK, keys. The dialects differ in how they reach it.

use super::apdu::{Answer, Command, status};
use super::crypto;
use super::faults::Faults;
use super::files::{Access, Files, Node, Path, Rule};
use super::pin::Secret;
use crate::pki::Purpose;
use rsa::RsaPrivateKey;

/// How the reader reaches the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interface {
    Contact,
    Contactless,
}

/// One private key.
#[derive(Debug)]
pub(super) struct Key {
    /// The reference that MSE names.
    pub(super) reference: u8,
    pub(super) purpose: Purpose,
    pub(super) private: RsaPrivateKey,
}

/// The chip, without its command set.
#[derive(Debug)]
pub(super) struct Chip {
    pub(super) interface: Interface,
    pub(super) files: Files,
    pub(super) pin: Secret,
    pub(super) puk: Secret,
    pub(super) keys: Vec<Key>,
    pub(super) faults: Faults,
}

impl Chip {
    /// Forgets what a reset forgets. Tries and contents stay.
    pub(super) fn reset(&mut self) {
        self.pin.verified = false;
        self.puk.verified = false;
    }

    /// The key with a reference, when it may be used now.
    pub(super) fn key(&mut self, reference: u8) -> Result<&Key, u16> {
        if self.faults.take_forget_pin() {
            self.pin.verified = false;
        }
        let key = self.keys.iter().find(|key| key.reference == reference).ok_or(status::REFERENCE)?;
        let free = key.purpose == Purpose::Technical;
        let reachable = free || self.interface == Interface::Contact;
        if reachable && (free || self.pin.verified) { Ok(key) } else { Err(status::SECURITY) }
    }

    fn allows(&self, rule: Rule) -> bool {
        match rule {
            Rule::Always => true,
            Rule::Pin => self.interface == Interface::Contact && self.pin.verified,
            Rule::Issuer | Rule::Never => false,
        }
    }

    /// Contents of an EF, when they may be read now.
    pub(super) fn readable(&self, path: &[u16]) -> Result<Vec<u8>, u16> {
        let Some(Node::Elementary { content, access, .. }) = self.files.get(path) else {
            return Err(status::NOT_FOUND);
        };
        let rule = match self.interface {
            Interface::Contact => access.contact,
            Interface::Contactless => access.contactless,
        };
        if self.allows(rule) { Ok(content) } else { Err(status::SECURITY) }
    }

    /// READ BINARY of an EF from an offset.
    pub(super) fn read(&self, path: &[u16], offset: usize, le: Option<usize>) -> Answer {
        let content = match self.readable(path) {
            Ok(content) => content,
            Err(status) => return Answer::status(status),
        };
        let (Some(rest), Some(le)) = (content.get(offset..), le) else {
            return Answer::status(if le.is_none() { status::LENGTH } else { status::OFFSET });
        };
        match rest.get(..le) {
            Some(piece) => Answer::data(piece.to_vec()),
            None if self.faults.wrong_length() => {
                Answer::status(0x6C00 | u16::try_from(rest.len()).unwrap_or_default())
            }
            // Le = 00 asks for what there is, up to 256.
            None if le == 256 && !rest.is_empty() => Answer::data(rest.to_vec()),
            None => Answer { data: rest.to_vec(), status: status::END_OF_FILE },
        }
    }

    /// UPDATE BINARY of an EF at an offset.
    pub(super) fn update(&mut self, path: &[u16], offset: usize, bytes: &[u8]) -> Answer {
        let Some(Node::Elementary { access, .. }) = self.files.get(path) else {
            return Answer::status(status::NOT_FOUND);
        };
        if self.interface == Interface::Contactless || !self.allows(access.update) {
            return Answer::status(status::SECURITY);
        }
        self.files.update(path, offset, bytes).map(|()| Vec::new()).into()
    }

    /// The PIN or PUK with a reference.
    pub(super) fn secret(&mut self, reference: u8, references: [u8; 2]) -> Option<&mut Secret> {
        let [pin, puk] = references;
        if reference == pin {
            Some(&mut self.pin)
        } else if reference == puk {
            Some(&mut self.puk)
        } else {
            None
        }
    }

    /// Writes EF_ACTUA, or removes it.
    pub(super) fn set_update_marker(&mut self, content: Option<Vec<u8>>) {
        const ACTUA: [u16; 1] = [0xD010];
        match content {
            Some(content) => self.files.file(&ACTUA, None, Access::CONTACT, content),
            None => self.files.remove(&ACTUA),
        }
    }
}

/// Where READ and UPDATE BINARY point: the file selected before, or one named by its short identifier.
pub(super) fn target(
    command: &Command,
    selected: Option<&Path>,
    short: impl FnOnce(u8) -> Option<Path>,
) -> Result<(Path, usize), u16> {
    if command.p1 & 0x80 != 0 {
        if command.p1 & 0x60 != 0 {
            return Err(status::PARAMETERS);
        }
        let path = short(command.p1 & 0x1F).ok_or(status::NOT_FOUND)?;
        return Ok((path, usize::from(command.p2)));
    }
    let path = selected.cloned().ok_or(status::NO_FILE_SELECTED)?;
    Ok((path, usize::from(command.p1p2())))
}

/// GET CHALLENGE: eight bytes at a time.
pub(super) fn challenge(command: &Command) -> Answer {
    match (command.p1p2(), command.le) {
        (0, Some(8)) if command.data.is_empty() => Answer::data(crypto::random(8)),
        (0, _) => Answer::status(status::LENGTH),
        _ => Answer::status(status::PARAMETERS),
    }
}
