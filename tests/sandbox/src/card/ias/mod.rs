//! The command set of CPS3: IAS-ECC on CLA 00, and the legacy side on CLA A0 (`cps-card.md` §4, §5, §7 to §9).

mod keys;
mod pins;
mod sdo;
mod select;

use super::Dialect;
use super::apdu::{Answer, Command, GET_CHALLENGE, READ_BINARY, status};
use super::chip::{Chip, challenge, target};
use super::cps2ter::Cps2ter;
use super::files::{Files, Path};
use keys::Environment;

/// The contact PKCS#15 application's DF.
pub(super) const CONTACT: u16 = 0x0001;
/// The contactless PKCS#15 application's DF.
pub(super) const CONTACTLESS: u16 = 0x0002;
/// References of PIN and PUK.
const SECRETS: [u8; 2] = [0x01, 0x02];

/// State of the IAS-ECC side between two commands.
#[derive(Debug)]
pub(super) struct Ias {
    /// The current DF; `None` after the legacy side moved the selection away.
    directory: Option<Path>,
    /// The current EF.
    file: Option<Path>,
    environment: Environment,
    legacy: Cps2ter,
}

impl Ias {
    pub(super) fn new(legacy: Files) -> Self {
        Self {
            directory: Some(Path::new()),
            file: None,
            environment: Environment::default(),
            legacy: Cps2ter::new(legacy),
        }
    }

    fn directory_is(&self, path: &[u16]) -> bool {
        self.directory.as_deref() == Some(path)
    }

    fn run_ias(&mut self, chip: &mut Chip, command: &Command) -> Answer {
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
            0xCB => self.get_data(chip, command),
            0x20 => pins::verify(chip, command),
            0x24 => pins::change(chip, command),
            0x2C => pins::reset(chip, command),
            0x22 => self.manage_environment(command),
            0x2A => self.perform(chip, command),
            0x88 => self.internal_authenticate(chip, command),
            GET_CHALLENGE => challenge(command),
            _ => Answer::status(status::INSTRUCTION),
        }
    }

    /// The file of READ or UPDATE BINARY; a short identifier also selects it.
    fn target(&mut self, chip: &Chip, command: &Command) -> Result<(Path, usize), u16> {
        let directory = self.directory.clone();
        let short = |sfi| directory.and_then(|directory| chip.files.short(&directory, sfi));
        let (path, offset) = target(command, self.file.as_ref(), short)?;
        self.file = Some(path.clone());
        Ok((path, offset))
    }
}

impl Dialect for Ias {
    fn reset(&mut self) {
        self.directory = Some(Path::new());
        self.file = None;
        self.environment = Environment::default();
        self.legacy.reset();
    }

    fn run(&mut self, chip: &mut Chip, command: &Command) -> Answer {
        match command.cla & !0x10 {
            0x00 => self.run_ias(chip, command),
            0xA0 => {
                if command.ins == 0xA4 {
                    // The two sides share one chip: selecting here takes the IAS selection away.
                    self.directory = None;
                    self.file = None;
                    self.environment = Environment::default();
                }
                self.legacy.run(chip, command)
            }
            _ => Answer::status(status::CLASS),
        }
    }
}
