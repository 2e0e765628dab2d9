//! The command set of CPS4: the ChipDoc applet on logical channel 1 (`cps-card.md` §4.2, §4.4, §7, §8.5, §8.6).

use super::Dialect;
use super::apdu::{Answer, Command, GET_CHALLENGE, READ_BINARY, objects, status};
use super::chip::{Chip, challenge, target};
use super::crypto;
use super::files::{Node, Path, identifiers};
use super::hash::Hash;
use crate::der;

/// References of PIN and PUK, as the card's AODF says them.
pub(super) const SECRETS: [u8; 2] = [0x11, 0x12];
/// Reference of the signature key.
pub(super) const SIGNATURE_KEY: u8 = 0x10;
/// Reference of the authentication key.
pub(super) const AUTHENTICATION_KEY: u8 = 0x20;
/// The CPS2ter application, on the basic channel.
const CPS2TER: &[u8] = &[0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x02];
/// The GlobalPlatform issuer security domain.
const SECURITY_DOMAIN: &[u8] = &[0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];

/// State between two commands.
#[derive(Debug, Default)]
pub(super) struct ChipDoc {
    channel: Channel,
    /// The file selected on channel 1.
    selected: Path,
    /// Hash, padding and key of PSO COMPUTE DIGITAL SIGNATURE.
    signature: Option<(Scheme, u8)>,
    /// Whether MSE chose the authentication key for PSO DECIPHER.
    decipher: bool,
    /// The PUK gave the right to set a new PIN.
    unblocked: bool,
}

/// Logical channel 1: a reset closes it, SELECT of the root application opens it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Channel {
    #[default]
    Closed,
    /// First step of the detour: the security domain was selected on channel 1.
    Detour,
    /// Second step: the CPS2ter application was selected on the basic channel.
    Freed,
    Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Pkcs1(Hash),
    Pss(Hash),
}

impl Dialect for ChipDoc {
    fn reset(&mut self) {
        *self = Self::default();
    }

    fn run(&mut self, chip: &mut Chip, command: &Command) -> Answer {
        match command.cla & !0x10 {
            0x00 => self.basic_channel(command),
            0x01 => self.channel_one(chip, command),
            _ => Answer::status(status::CLASS),
        }
    }
}

impl ChipDoc {
    /// The basic channel knows two applications and nothing else of interest.
    fn basic_channel(&mut self, command: &Command) -> Answer {
        if command.ins != 0xA4 {
            return Answer::status(status::INSTRUCTION);
        }
        if command.p1 != 0x04 {
            return Answer::status(status::PARAMETERS);
        }
        match command.data.as_slice() {
            CPS2TER => {
                if self.channel == Channel::Detour {
                    self.channel = Channel::Freed;
                }
                Answer::ok()
            }
            SECURITY_DOMAIN => Answer::ok(),
            _ => Answer::status(status::NOT_FOUND),
        }
    }

    fn channel_one(&mut self, chip: &mut Chip, command: &Command) -> Answer {
        if command.ins == 0xA4 && command.p1 == 0x04 {
            return self.select_application(chip, command);
        }
        if self.channel != Channel::Open {
            return Answer::status(status::CHANNEL);
        }
        match command.ins {
            0xA4 => self.select(chip, command),
            READ_BINARY => match self.target(chip, command) {
                Ok((path, offset)) => chip.read(&path, offset, command.le),
                Err(status) => Answer::status(status),
            },
            0xD6 => match self.target(chip, command) {
                Ok((path, offset)) => chip.update(&path, offset, &command.data),
                Err(status) => Answer::status(status),
            },
            0x20 => verify(chip, command),
            0x24 => self.change(chip, command),
            0x2C => self.unblock(chip, command),
            0x22 => self.manage_environment(command),
            0x2A => match (command.p1, command.p2) {
                (0x9E, 0x9A) => self.sign(chip, command).into(),
                (0x80, 0x86) => self.raw(chip, command).into(),
                _ => Answer::status(status::PARAMETERS),
            },
            GET_CHALLENGE => challenge(command),
            _ => Answer::status(status::INSTRUCTION),
        }
    }

    /// SELECT by AID opens the channel by itself, as on any Java Card.
    fn select_application(&mut self, chip: &Chip, command: &Command) -> Answer {
        if !matches!(command.p2, 0x00 | 0x04 | 0x0C) {
            return Answer::status(status::PARAMETERS);
        }
        if command.data == SECURITY_DOMAIN {
            self.reset();
            self.channel = Channel::Detour;
            return Answer::ok();
        }
        let Some(path) = chip.files.application(&command.data) else {
            return Answer::status(status::NOT_FOUND);
        };
        if chip.faults.closed_channel() && !matches!(self.channel, Channel::Freed | Channel::Open) {
            return Answer::status(status::CONDITIONS);
        }
        self.channel = Channel::Open;
        self.enter(path);
        self.answer(chip, command.p2)
    }

    /// By path from the MF (P1 = 08, without 3F00), or by identifier below the current DF (P1 = 00).
    fn select(&mut self, chip: &Chip, command: &Command) -> Answer {
        if !matches!(command.p2, 0x00 | 0x04 | 0x0C) {
            return Answer::status(status::PARAMETERS);
        }
        let Some(named) = identifiers(&command.data) else { return Answer::status(status::LENGTH) };
        let path = match (command.p1, named.as_slice()) {
            (0x08, _) => named,
            (0x00, [0x3F00]) => Path::new(),
            (0x00, [identifier]) => [self.directory(chip), vec![*identifier]].concat(),
            _ => return Answer::status(status::PARAMETERS),
        };
        if chip.files.get(&path).is_none() {
            return Answer::status(status::NOT_FOUND);
        }
        self.enter(path);
        self.answer(chip, command.p2)
    }

    fn enter(&mut self, path: Path) {
        self.selected = path;
        self.signature = None;
        self.decipher = false;
    }

    fn directory(&self, chip: &Chip) -> Path {
        if chip.files.is_directory(&self.selected) {
            return self.selected.clone();
        }
        self.selected.split_last().map(|(_, parent)| parent.to_vec()).unwrap_or_default()
    }

    fn answer(&self, chip: &Chip, p2: u8) -> Answer {
        match chip.files.get(&self.selected) {
            Some(node) if p2 != 0x0C => Answer::data(control_information(&node, &self.selected)),
            _ => Answer::ok(),
        }
    }

    fn target(&mut self, chip: &Chip, command: &Command) -> Result<(Path, usize), u16> {
        let directory = self.directory(chip);
        let file = (!chip.files.is_directory(&self.selected)).then_some(&self.selected);
        let (path, offset) = target(command, file, |sfi| chip.files.short(&directory, sfi))?;
        if path != self.selected {
            self.enter(path.clone());
        }
        Ok((path, offset))
    }

    /// P1 = 01: the new value only, after the old one was verified or the PUK unblocked the PIN.
    fn change(&mut self, chip: &mut Chip, command: &Command) -> Answer {
        if command.p1 != 0x01 {
            return Answer::status(status::PARAMETERS);
        }
        let unblocked = self.unblocked;
        let [pin, _] = SECRETS;
        let Some(secret) = chip.secret(command.p2, SECRETS) else { return Answer::status(status::REFERENCE) };
        let allowed = secret.verified || unblocked && command.p2 == pin;
        if !allowed {
            return Answer::status(status::SECURITY);
        }
        let status = secret.replace(&command.data);
        if status == self::status::OK {
            self.unblocked = false;
        }
        Answer::status(status)
    }

    /// RESET RETRY COUNTER without data (P1 = 03), P2 with the high bit, after the PUK.
    fn unblock(&mut self, chip: &mut Chip, command: &Command) -> Answer {
        let [pin, _] = SECRETS;
        if command.p1 != 0x03 || !command.data.is_empty() {
            return Answer::status(status::PARAMETERS);
        }
        if command.p2 != pin | 0x80 {
            return Answer::status(status::REFERENCE);
        }
        if !chip.puk.verified {
            return Answer::status(status::SECURITY);
        }
        chip.pin.unblock();
        chip.puk.verified = false;
        self.unblocked = true;
        Answer::ok()
    }

    /// `81 B6 { 91 <algorithm> <key or 80> }` for signatures, `41 B8 { 83 <key> }` for raw RSA.
    fn manage_environment(&mut self, command: &Command) -> Answer {
        let Some(list) = objects(&command.data) else { return Answer::status(status::DATA) };
        match (command.p1, command.p2, list.as_slice()) {
            (0x81, 0xB6, [(0x91, [algorithm, reference])]) => {
                let scheme = match algorithm {
                    0x0A => Scheme::Pkcs1(Hash::Sha1),
                    0x28 => Scheme::Pkcs1(Hash::Sha256),
                    0x15 => Scheme::Pss(Hash::Sha1),
                    0x2C => Scheme::Pss(Hash::Sha256),
                    _ => return Answer::status(status::DATA),
                };
                let key = reference & 0x7F;
                // Without the high bit the data would not be a hash, which this key does not sign.
                if reference & 0x80 == 0 || !matches!(key, SIGNATURE_KEY | AUTHENTICATION_KEY) {
                    return Answer::status(status::REFERENCE);
                }
                // The authentication key makes its PKCS#1 v1.5 signatures by raw RSA.
                if key == AUTHENTICATION_KEY && matches!(scheme, Scheme::Pkcs1(_)) {
                    return Answer::status(status::DATA);
                }
                self.signature = Some((scheme, key));
            }
            (0x41, 0xB8, [(0x83, [AUTHENTICATION_KEY])]) => self.decipher = true,
            (0x41, 0xB8, [(0x83, [_])]) => return Answer::status(status::REFERENCE),
            (0x81, 0xB6, _) | (0x41, 0xB8, _) => return Answer::status(status::DATA),
            _ => return Answer::status(status::PARAMETERS),
        }
        Answer::ok()
    }

    /// PSO COMPUTE DIGITAL SIGNATURE over a hash.
    fn sign(&mut self, chip: &mut Chip, command: &Command) -> Result<Vec<u8>, u16> {
        let (scheme, reference) = self.signature.ok_or(status::CONDITIONS)?;
        let key = chip.key(reference)?;
        let (Scheme::Pkcs1(hash) | Scheme::Pss(hash)) = scheme;
        if command.data.len() != hash.length() {
            return Err(status::LENGTH);
        }
        match scheme {
            Scheme::Pkcs1(_) => crypto::sign_pkcs1(&key.private, &hash.digest_info(&command.data)),
            Scheme::Pss(_) => crypto::sign_pss(&key.private, hash, &command.data),
        }
        .ok_or(status::DATA)
    }

    /// PSO DECIPHER: the raw operation, no indicator, no padding touched.
    fn raw(&mut self, chip: &mut Chip, command: &Command) -> Result<Vec<u8>, u16> {
        if !self.decipher {
            return Err(status::CONDITIONS);
        }
        let key = chip.key(AUTHENTICATION_KEY)?;
        if command.data.len() != crypto::modulus_length(&key.private) {
            return Err(status::LENGTH);
        }
        crypto::raw(&key.private, &command.data).ok_or(status::DATA)
    }
}

fn verify(chip: &mut Chip, command: &Command) -> Answer {
    if command.p1 != 0 {
        return Answer::status(status::PARAMETERS);
    }
    let Some(secret) = chip.secret(command.p2, SECRETS) else { return Answer::status(status::REFERENCE) };
    Answer::status(if command.data.is_empty() { secret.query() } else { secret.verify(&command.data) })
}

/// File control information, in the one form that the official software is known to accept.
fn control_information(node: &Node, path: &[u16]) -> Vec<u8> {
    let identifier = der::tlv(0x83, &path.last().copied().unwrap_or(0x3F00).to_be_bytes());
    let life_cycle = der::tlv(0x8A, &[0x05]);
    let parts = match node {
        Node::Directory(_) => vec![der::tlv(0x82, &[0x38]), identifier, life_cycle],
        Node::Elementary { content, .. } => {
            let size = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
            vec![der::tlv(0x80, &size), der::tlv(0x82, &[0x01]), identifier, life_cycle]
        }
    };
    der::tlv(0x6F, &parts.concat())
}
