//! GET DATA of security data objects: PIN counters, key descriptions, security environments (`cps-card.md` §7.2, §9).

use super::super::apdu::{Answer, Command, objects, status};
use super::super::chip::{Chip, Interface};
use super::super::pin::Secret;
use super::{CONTACT, Ias, SECRETS};
use crate::der;
use crate::pki::Purpose;

/// Classes of objects, with the bit that says "local".
mod class {
    pub(super) const PIN: u8 = 0x81;
    pub(super) const PRIVATE_KEY: u8 = 0x90;
    pub(super) const ENVIRONMENT: u8 = 0xFB;
}

/// What is asked of an object.
mod template {
    pub(super) const DESCRIPTION: &[u8] = &[0xA0, 0x80];
    pub(super) const PIN_DATA: &[u8] = &[0x03, 0x7F, 0x41, 0x80];
    pub(super) const ENVIRONMENT: &[u8] = &[0x7B, 0x80];
}

impl Ias {
    pub(super) fn get_data(&self, chip: &Chip, command: &Command) -> Answer {
        if command.p1p2() != 0x3FFF {
            return Answer::status(status::PARAMETERS);
        }
        let Some((class, reference, wanted)) = request(&command.data) else {
            return Answer::status(status::DATA);
        };
        match class {
            class::PIN if self.directory_is(&[]) => pin(chip, reference, &wanted),
            class::ENVIRONMENT if self.directory_is(&[]) => environment(reference, &wanted),
            class::PRIVATE_KEY if self.directory_is(&[CONTACT]) => private_key(chip, reference, &wanted),
            _ => Err(status::REFERENCE),
        }
        .into()
    }
}

/// Reads `4D LL 70 LL BF class reference LL template`. The length before a template counts its bytes.
fn request(data: &[u8]) -> Option<(u8, u8, Vec<u8>)> {
    let extended = objects(data)?;
    let [(0x4D, list)] = extended.as_slice() else { return None };
    let [0x70, length, 0xBF, class, reference, rest @ ..] = list else { return None };
    if usize::from(*length) != rest.len() + 3 {
        return None;
    }
    match rest {
        [2, wanted @ ..] if wanted.len() == 2 => Some((*class, *reference, wanted.to_vec())),
        [3, wanted @ ..] if wanted.len() == 3 => Some((*class, *reference, rest.to_vec())),
        _ => None,
    }
}

/// Wraps an answer as `70 { BF class reference { content } }`.
fn object(class: u8, reference: u8, content: &[u8]) -> Vec<u8> {
    der::tlv(0x70, &der::tlv(u32::from_be_bytes([0, 0xBF, class, reference]), content))
}

fn pin(chip: &Chip, reference: u8, wanted: &[u8]) -> Result<Vec<u8>, u16> {
    let [pin, puk] = SECRETS;
    let secret: &Secret = match reference {
        _ if chip.interface == Interface::Contactless => return Err(status::REFERENCE),
        reference if reference == pin => &chip.pin,
        reference if reference == puk => &chip.puk,
        _ => return Err(status::REFERENCE),
    };
    let content = match wanted {
        template::DESCRIPTION => {
            // Change and verify always, reset after user authentication in environment 3, put never, get always.
            let rules = der::tlv(0xA1, &der::tlv(0x8C, &[0xF3, 0x00, 0x00, 0x13, 0xFF, 0x00]));
            let tries = [der::tlv(0x9A, &[secret.tries_max]), der::tlv(0x9B, &[secret.tries_left]), rules];
            der::tlv(0xA0, &tries.concat())
        }
        template::PIN_DATA => {
            let limits = [der::tlv(0x80, &[secret.policy.max]), der::tlv(0x81, &[secret.policy.min])];
            der::tlv(0x7F41, &limits.concat())
        }
        _ => return Err(status::DATA),
    };
    Ok(object(class::PIN, reference, &content))
}

fn private_key(chip: &Chip, reference: u8, wanted: &[u8]) -> Result<Vec<u8>, u16> {
    let local = reference | 0x80;
    let key = chip.keys.iter().find(|key| key.reference == local).ok_or(status::REFERENCE)?;
    if wanted != template::DESCRIPTION {
        // There is no public half in these objects.
        return Err(status::DATA);
    }
    // Access modes: sign, or internal authentication and decipher; then generate, put, get.
    let rules: &[u8] = match key.purpose {
        Purpose::Signature => &[0xCB, 0x13, 0xFF, 0xFF, 0x00],
        Purpose::Authentication => &[0xBB, 0x13, 0x13, 0xFF, 0xFF, 0x00],
        Purpose::Technical => return Err(status::REFERENCE),
    };
    let content =
        [der::tlv(0xA1, &der::tlv(0x8C, rules)), der::tlv(0x80, &[0x01, 0x00]), der::tlv(0x9E, &[0x00])];
    Ok(object(class::PRIVATE_KEY, reference, &der::tlv(0xA0, &content.concat())))
}

/// Environment 3 asks for the PIN, environment 5 for secure messaging.
fn environment(reference: u8, wanted: &[u8]) -> Result<Vec<u8>, u16> {
    if wanted != template::ENVIRONMENT {
        return Err(status::DATA);
    }
    let [pin, _] = SECRETS;
    let control = match reference {
        0x03 => der::tlv(0xA4, &[der::tlv(0x95, &[0x08]), der::tlv(0x83, &[pin])].concat()),
        0x05 => der::tlv(0xB4, &[der::tlv(0x95, &[0x10]), der::tlv(0x83, &[0x05])].concat()),
        _ => return Err(status::REFERENCE),
    };
    Ok(object(class::ENVIRONMENT, reference, &der::tlv(0x7B, &control)))
}
