//! Security environment and key operations of CPS3 (`cps-card.md` §8.1 to §8.4, §8.7).

use super::super::apdu::{Answer, Command, objects, status};
use super::super::chip::Chip;
use super::super::crypto;
use super::super::hash::Hash;
use super::{CONTACT, CONTACTLESS, Ias};

/// What MANAGE SECURITY ENVIRONMENT set, and the hash that waits for the signature.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Key of INTERNAL AUTHENTICATE.
    authentication: Option<u8>,
    /// Key of PSO DECIPHER.
    decipher: Option<u8>,
    /// Hash and key of PSO COMPUTE DIGITAL SIGNATURE.
    signature: Option<(Hash, u8)>,
    /// Hash of PSO HASH.
    hash: Option<Hash>,
    /// Result of PSO HASH.
    digest: Option<(Hash, Vec<u8>)>,
}

/// Algorithm references of CPS3.
mod algorithm {
    pub(super) const SHA1: u8 = 0x10;
    pub(super) const SHA256: u8 = 0x40;
    pub(super) const SIGN_SHA1: u8 = 0x12;
    pub(super) const SIGN_SHA256: u8 = 0x42;
    pub(super) const AUTHENTICATE: u8 = 0x02;
    pub(super) const DECIPHER: u8 = 0x1A;
}

const SIGNATURE_KEY: u8 = 0x81;
const AUTHENTICATION_KEY: u8 = 0x82;
const TECHNICAL_KEY: u8 = 0x83;

impl Ias {
    /// `22 41 <template>`: the objects may come in either order.
    pub(super) fn manage_environment(&mut self, command: &Command) -> Answer {
        if command.p1 != 0x41 {
            return Answer::status(status::PARAMETERS);
        }
        let Some(list) = objects(&command.data) else { return Answer::status(status::DATA) };
        let (mut algorithm, mut key) = (None, None);
        for (tag, value) in list {
            match (tag, value) {
                (0x80, [value]) => algorithm = Some(*value),
                (0x84, [value]) => key = Some(*value),
                _ => return Answer::status(status::DATA),
            }
        }
        let known = match key {
            None => true,
            Some(SIGNATURE_KEY | AUTHENTICATION_KEY) => self.directory_is(&[CONTACT]),
            Some(TECHNICAL_KEY) => self.directory_is(&[CONTACTLESS]),
            Some(_) => false,
        };
        if !known {
            return Answer::status(status::REFERENCE);
        }
        self.environment.set(command.p2, algorithm, key).map_or_else(Answer::status, |()| Answer::ok())
    }

    pub(super) fn perform(&mut self, chip: &mut Chip, command: &Command) -> Answer {
        match (command.p1, command.p2) {
            (0x90, 0xA0) => self.hash(command),
            (0x9E, 0x9A) => self.sign(chip, command).into(),
            (0x80, 0x86) => self.decipher(chip, command).into(),
            _ => Answer::status(status::PARAMETERS),
        }
    }

    /// PSO HASH: the last 1 to 64 bytes of a message, after the intermediate state of what went before.
    fn hash(&mut self, command: &Command) -> Answer {
        let Some(hash) = self.environment.hash else { return Answer::status(status::CONDITIONS) };
        self.environment.digest = None;
        let Some(digest) = finish(hash, &command.data) else { return Answer::status(status::DATA) };
        self.environment.digest = Some((hash, digest));
        Answer::ok()
    }

    /// PSO COMPUTE DIGITAL SIGNATURE: over the hash made by the card, or over one given here.
    fn sign(&mut self, chip: &mut Chip, command: &Command) -> Result<Vec<u8>, u16> {
        let (hash, reference) = self.environment.signature.ok_or(status::CONDITIONS)?;
        let key = chip.key(reference)?;
        let digest = if command.data.is_empty() {
            let (made_with, digest) = self.environment.digest.take().ok_or(status::CONDITIONS)?;
            if made_with != hash {
                return Err(status::CONDITIONS);
            }
            digest
        } else if command.data.len() == hash.length() {
            command.data.clone()
        } else {
            return Err(status::LENGTH);
        };
        crypto::sign_pkcs1(&key.private, &hash.digest_info(&digest)).ok_or(status::DATA)
    }

    /// INTERNAL AUTHENTICATE: pads what the host gives, up to 40 % of the key's length.
    pub(super) fn internal_authenticate(&mut self, chip: &mut Chip, command: &Command) -> Answer {
        let mut authenticate = || {
            if command.p1p2() != 0 {
                return Err(status::PARAMETERS);
            }
            let reference = self.environment.authentication.ok_or(status::CONDITIONS)?;
            let key = chip.key(reference)?;
            let longest = crypto::modulus_length(&key.private) * 2 / 5;
            if command.data.is_empty() || command.data.len() > longest {
                return Err(status::LENGTH);
            }
            crypto::sign_pkcs1(&key.private, &command.data).ok_or(status::DATA)
        };
        authenticate().into()
    }

    /// PSO DECIPHER: padding indicator 81, then the cryptogram; the card removes the padding.
    fn decipher(&mut self, chip: &mut Chip, command: &Command) -> Result<Vec<u8>, u16> {
        let reference = self.environment.decipher.ok_or(status::CONDITIONS)?;
        let key = chip.key(reference)?;
        let cryptogram = command.data.strip_prefix(&[0x81]).ok_or(status::DATA)?;
        if cryptogram.len() != crypto::modulus_length(&key.private) {
            return Err(status::LENGTH);
        }
        crypto::decipher_pkcs1(&key.private, cryptogram).ok_or(status::DATA)
    }
}

impl Environment {
    /// Sets one template; an algorithm or a key that does not belong there is refused.
    fn set(&mut self, template: u8, algorithm: Option<u8>, key: Option<u8>) -> Result<(), u16> {
        match (template, algorithm, key) {
            (0xAA, Some(algorithm), None) => {
                self.hash = Some(match algorithm {
                    self::algorithm::SHA1 => Hash::Sha1,
                    self::algorithm::SHA256 => Hash::Sha256,
                    _ => return Err(status::DATA),
                });
                self.digest = None;
            }
            (0xB6, Some(algorithm), Some(SIGNATURE_KEY)) => {
                let hash = match algorithm {
                    self::algorithm::SIGN_SHA1 => Hash::Sha1,
                    self::algorithm::SIGN_SHA256 => Hash::Sha256,
                    _ => return Err(status::DATA),
                };
                self.signature = Some((hash, SIGNATURE_KEY));
            }
            (0xA4, Some(self::algorithm::AUTHENTICATE), Some(key @ (AUTHENTICATION_KEY | TECHNICAL_KEY))) => {
                self.authentication = Some(key);
            }
            (0xB8, Some(self::algorithm::DECIPHER), Some(AUTHENTICATION_KEY)) => {
                self.decipher = Some(AUTHENTICATION_KEY);
            }
            (0xAA | 0xB6 | 0xA4 | 0xB8, _, _) => return Err(status::DATA),
            _ => return Err(status::PARAMETERS),
        }
        Ok(())
    }
}

/// Reads `90 LL [state ‖ bit count] 80 LL <rest>` and finishes the hash.
fn finish(hash: Hash, data: &[u8]) -> Option<Vec<u8>> {
    let list = objects(data)?;
    let [(0x90, before), (0x80, last)] = list.as_slice() else { return None };
    if last.len() > 64 {
        return None;
    }
    if before.is_empty() {
        return Some(hash.digest(last));
    }
    let (state, count) = before.split_at_checked(hash.length())?;
    let bits = u64::from_be_bytes(count.try_into().ok()?);
    // Only whole blocks give an intermediate state, and the last round is never empty.
    (bits > 0 && bits % 512 == 0 && !last.is_empty())
        .then(|| Some(hash.finish(hash.state(state)?, bits, last)))?
}
