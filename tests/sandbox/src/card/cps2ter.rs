//! The legacy side of CPS3, class byte A0 (`cps-card.md` §4.5, §5.2).

use super::apdu::{Answer, Command, READ_BINARY};
use super::chip::{Chip, Interface};
use super::files::{Access, Files, Node, Path, Rule, identifiers};

/// Status words of this side.
mod status {
    pub(super) const LENGTH: u16 = 0x6700;
    pub(super) const PARAMETERS: u16 = 0x6B00;
    pub(super) const INSTRUCTION: u16 = 0x6D00;
    pub(super) const ADDRESS: u16 = 0x9402;
    pub(super) const NOT_FOUND: u16 = 0x9404;
    pub(super) const WRONG_TYPE: u16 = 0x9408;
    pub(super) const NOT_VERIFIED: u16 = 0x9804;
    pub(super) const BLOCKED: u16 = 0x9840;
}

/// The legacy files and which of them is selected.
#[derive(Debug)]
pub(super) struct Cps2ter {
    files: Files,
    selected: Path,
}

impl Cps2ter {
    pub(super) fn new(files: Files) -> Self {
        Self { files, selected: Path::new() }
    }

    pub(super) fn reset(&mut self) {
        self.selected.clear();
    }

    pub(super) fn run(&mut self, chip: &Chip, command: &Command) -> Answer {
        match command.ins {
            0xA4 => self.select(command),
            READ_BINARY => self.read(chip, command),
            _ => Answer::status(status::INSTRUCTION),
        }
    }

    /// SELECT by identifier, one step at a time: the MF, a child of the current DF, or a sibling.
    fn select(&mut self, command: &Command) -> Answer {
        if command.p1p2() != 0 {
            return Answer::status(status::PARAMETERS);
        }
        let Some(&[identifier]) = identifiers(&command.data).as_deref() else {
            return Answer::status(status::LENGTH);
        };
        let directory = if self.files.is_directory(&self.selected) {
            self.selected.clone()
        } else {
            self.selected.split_last().map(|(_, parent)| parent.to_vec()).unwrap_or_default()
        };
        let path = if identifier == 0x3F00 { Path::new() } else { [directory, vec![identifier]].concat() };
        let Some(node) = self.files.get(&path) else { return Answer::status(status::NOT_FOUND) };
        let (size, kind) = match node {
            Node::Directory(_) if path.is_empty() => (0, 0x01),
            Node::Directory(_) => (0, 0x02),
            Node::Elementary { content, .. } => (u16::try_from(content.len()).unwrap_or(u16::MAX), 0x04),
        };
        self.selected = path;
        let header = [[0x85, 0x05], size.to_be_bytes(), identifier.to_be_bytes()].concat();
        Answer::data([header, vec![kind]].concat())
    }

    fn read(&self, chip: &Chip, command: &Command) -> Answer {
        let Some(Node::Elementary { content, access, .. }) = self.files.get(&self.selected) else {
            return Answer::status(status::WRONG_TYPE);
        };
        if access.contact == Rule::Pin && (chip.interface == Interface::Contactless || !chip.pin.verified) {
            let blocked = chip.interface == Interface::Contact && chip.pin.tries_left == 0;
            return Answer::status(if blocked { status::BLOCKED } else { status::NOT_VERIFIED });
        }
        let Some(le) = command.le.filter(|_| command.data.is_empty()) else {
            return Answer::status(status::LENGTH);
        };
        let start = usize::from(command.p1p2());
        match content.get(start..start.saturating_add(le)) {
            Some(piece) => Answer::data(piece.to_vec()),
            None => Answer::status(status::ADDRESS),
        }
    }
}

/// Rules of the situations: after the PIN.
pub(super) const SITUATION: Access = Access::PRIVATE;
