//! SELECT on CPS3, its refusals, and the FCP it returns (`cps-card.md` §4.4, §4.5).

use super::super::apdu::{Answer, Command, status};
use super::super::chip::Chip;
use super::super::files::{Node, Path, Rule, identifiers};
use super::Ias;
use super::keys::Environment;
use crate::der;

impl Ias {
    pub(super) fn select(&mut self, chip: &Chip, command: &Command) -> Answer {
        let found = match command.p1 {
            0x04 => return self.select_application(chip, command),
            0x09 => self.by_path(chip, command),
            0x00 | 0x02 => self.by_identifier(chip, command),
            _ => Err(status::PARAMETERS),
        };
        match found.and_then(|path| Ok((chip.files.get(&path).ok_or(status::NOT_FOUND)?, path))) {
            Ok((node, path)) => {
                self.enter(&node, path.clone());
                if command.p2 == 0x04 { Answer::data(control_parameters(&node, &path)) } else { Answer::ok() }
            }
            Err(status) => Answer::status(status),
        }
    }

    /// P1 = 04. "First record, return FCI" (P2 = 00) works for the root application only, and returns nothing.
    fn select_application(&mut self, chip: &Chip, command: &Command) -> Answer {
        let Some(path) = chip.files.application(&command.data) else {
            return Answer::status(status::NOT_FOUND);
        };
        let Some(node) = chip.files.get(&path) else { return Answer::status(status::NOT_FOUND) };
        match command.p2 {
            0x00 if !path.is_empty() => return Answer::status(status::PARAMETERS),
            0x00 | 0x04 | 0x0C => {}
            _ => return Answer::status(status::PARAMETERS),
        }
        self.enter(&node, path.clone());
        if command.p2 == 0x04 { Answer::data(control_parameters(&node, &path)) } else { Answer::ok() }
    }

    /// P1 = 09: absolute when the path begins with 3F00, else from the current DF.
    fn by_path(&self, chip: &Chip, command: &Command) -> Result<Path, u16> {
        no_first_record(command)?;
        let named = identifiers(&command.data).ok_or(status::LENGTH)?;
        let path = match named.split_first() {
            Some((0x3F00, below)) => below.to_vec(),
            _ => {
                let mut path = self.directory.clone().ok_or(status::NOT_FOUND)?;
                path.extend(named);
                path
            }
        };
        exists(chip, path)
    }

    /// P1 = 00 and 02: the MF, or a file of the current DF. P1 = 02 insists on an FCP.
    fn by_identifier(&self, chip: &Chip, command: &Command) -> Result<Path, u16> {
        no_first_record(command)?;
        if command.p1 == 0x02 && command.p2 != 0x04 {
            return Err(status::PARAMETERS);
        }
        let &[identifier] = identifiers(&command.data).ok_or(status::LENGTH)?.as_slice() else {
            return Err(status::LENGTH);
        };
        if identifier == 0x3F00 {
            return Ok(Path::new());
        }
        let mut path = self.directory.clone().ok_or(status::NOT_FOUND)?;
        path.push(identifier);
        exists(chip, path)
    }

    fn enter(&mut self, node: &Node, path: Path) {
        let directory = match node {
            Node::Directory(_) => {
                self.file = None;
                path
            }
            Node::Elementary { .. } => {
                self.file = Some(path.clone());
                path.split_last().map(|(_, parent)| parent.to_vec()).unwrap_or_default()
            }
        };
        if !self.directory_is(&directory) {
            // Entering another DF restores its default security environment.
            self.environment = Environment::default();
            self.directory = Some(directory);
        }
    }
}

fn no_first_record(command: &Command) -> Result<(), u16> {
    if matches!(command.p2, 0x04 | 0x0C) { Ok(()) } else { Err(status::PARAMETERS) }
}

fn exists(chip: &Chip, path: Path) -> Result<Path, u16> {
    chip.files.get(&path).map(|_| path).ok_or(status::NOT_FOUND)
}

/// File control parameters (ISO 7816-4 §5.3.3), with access rules in the compact form of IAS-ECC.
fn control_parameters(node: &Node, path: &[u16]) -> Vec<u8> {
    let identifier = path.last().copied().unwrap_or(0x3F00).to_be_bytes();
    let mut parts = Vec::new();
    match node {
        Node::Directory(aid) => {
            parts.push(der::tlv(0x82, &[0x38]));
            parts.push(der::tlv(0x83, &identifier));
            parts.extend(aid.map(|aid| der::tlv(0x84, aid)));
            let nothing = rules(Rule::Never, Rule::Never);
            parts.push(der::tlv(0xA1, &[der::tlv(0x8C, &nothing), der::tlv(0x9C, &nothing)].concat()));
        }
        Node::Elementary { content, sfi, access } => {
            let size = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
            parts.push(der::tlv(0x80, &size));
            parts.push(der::tlv(0x82, &[0x01]));
            parts.push(der::tlv(0x83, &identifier));
            // The short identifier stands in the five high bits; an empty object says that there is none.
            parts.push(der::tlv(0x88, sfi.map(|sfi| sfi << 3).as_slice()));
            let contact = rules(access.contact, access.update);
            let contactless = rules(access.contactless, Rule::Never);
            parts.push(der::tlv(0xA1, &[der::tlv(0x8C, &contact), der::tlv(0x9C, &contactless)].concat()));
        }
    }
    parts.push(der::tlv(0x8A, &[0x05]));
    der::tlv(0x62, &parts.concat())
}

/// Access-mode byte 7B and one condition each for delete, terminate, activate, deactivate, update, read.
fn rules(read: Rule, update: Rule) -> Vec<u8> {
    let delete = if update == Rule::Issuer { Rule::Issuer } else { Rule::Never };
    let conditions = [delete, Rule::Never, Rule::Never, Rule::Never, update, read].map(|rule| match rule {
        Rule::Always => 0x00,
        // User authentication in security environment 3.
        Rule::Pin => 0x13,
        // Secure messaging with security environment 5.
        Rule::Issuer => 0x45,
        Rule::Never => 0xFF,
    });
    [&[0x7B], conditions.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::super::super::files::Access;
    use super::*;

    #[test]
    fn the_serial_number_file_has_the_parameters_of_a_real_card() {
        let node = Node::Elementary { content: vec![0; 12], sfi: Some(0x1C), access: Access::OPEN };
        let expected = "6225 8002000C 820101 8302D003 8801E0A1128C077BFFFFFFFFFF009C077BFFFFFFFFFF008A0105"
            .replace(" ", "");
        let hex: String =
            control_parameters(&node, &[0xD003]).iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(hex, expected);
    }

    #[test]
    fn the_issuer_changes_ef_dir_through_secure_messaging() {
        assert_eq!(rules(Rule::Always, Rule::Issuer), [0x7B, 0x45, 0xFF, 0xFF, 0xFF, 0x45, 0x00]);
    }
}
