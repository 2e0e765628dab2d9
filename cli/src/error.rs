//! What can go wrong for the one who typed: its line of the failure table, and the exit code.

use crate::{
    module::Unfit,
    registration::{Place, State},
    stores::Store,
    text::Texts,
};
use cps_agent_api::{client::ClientError, words::Problem};
use cps_agent_failure::{self as failure, Failure};
use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Why a command is not done.
#[derive(Debug)]
pub(crate) enum Error {
    /// The agent could not be asked, or refused.
    Client(ClientError),
    /// No card is present.
    NoCard,
    /// Several cards are present and none was named: serial numbers.
    SeveralCards(Vec<String>),
    /// Nobody is logged in.
    NoSession,
    /// So many things do not work.
    Unwell(usize),
    /// Stores of certificate authorities that are not as they should be, and what root would type.
    Stores(Vec<Store>, String),
    /// Places where programs look for PKCS#11 modules that are not as they should be.
    Places(Vec<Place>),
    /// The PKCS#11 module was not installed with this program.
    NoModule,
    /// No program is told of it.
    Module(PathBuf, Unfit),
    /// The record of what was written for other programs cannot be read.
    Record(io::Error),
    /// The catalogue has no such service.
    NoService(String),
    /// No browser opened this address.
    NotOpened(String),
    /// The person has no home.
    NoHome,
    /// Root's settings would be written into this folder of somebody else.
    OtherHome(PathBuf),
    /// A file that was named cannot be read.
    File(PathBuf, io::Error),
    /// The output cannot be written.
    Output(io::Error),
    /// The program cannot start.
    Runtime(io::Error),
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Error {
    /// 1 when the person or an administrator can do something, 3 when the agent is absent or we failed (2 is wrong
    /// usage, see `usage.rs`). Documented in `cps --help`.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let ours = match self {
            Self::Client(ClientError::Refused(problem)) => problem.code == failure::INTERNAL.word(),
            Self::Client(_) | Self::Output(_) | Self::Runtime(_) => true,
            _ => false,
        };
        ExitCode::from(if ours { 3 } else { 1 })
    }

    /// The problem document: the agent's own words where it refused, else those of the table.
    pub(crate) fn problem(&self, texts: &Texts) -> Problem {
        if let Self::Client(ClientError::Refused(problem)) = self {
            return problem.as_ref().clone();
        }
        Problem::of(&self.failure(texts), texts.language())
    }

    /// The line of the table for what this command found by itself.
    fn failure(&self, texts: &Texts) -> Failure {
        match self {
            Self::Client(error) => of_client(error),
            Self::NoCard => failure::NO_CARD.into(),
            Self::SeveralCards(serials) => {
                Failure::new(failure::SEVERAL_CARDS).with("serials", serials.join(", "))
            }
            Self::NoSession => failure::SESSION_NONE.into(),
            Self::Unwell(count) => Failure::new(failure::UNWELL).with("count", *count),
            Self::Stores(stores, command) => of_stores(stores, command),
            Self::Places(places) => of_places(places),
            Self::NoModule => failure::MODULE_MISSING.into(),
            Self::Module(file, Unfit::Replaceable(place)) => Failure::new(failure::MODULE_REPLACEABLE)
                .with("file", shown(file))
                .with("place", shown(place)),
            Self::Module(file, why) => {
                let path = matches!(why, Unfit::Path);
                Failure::new(if path { failure::MODULE_PATH } else { failure::MODULE_UNLOADABLE })
                    .with("file", shown(file))
                    .with("why", texts.get(&format!("unfit-{}", why.code())))
            }
            Self::Record(why) => Failure::new(failure::RECORD_UNREADABLE).with("why", why.to_string()),
            Self::NoService(id) => Failure::new(failure::SERVICE_UNKNOWN).with("id", id.as_str()),
            Self::NotOpened(address) => {
                Failure::new(failure::BROWSER_NOT_OPENED).with("address", address.as_str())
            }
            Self::NoHome => failure::NO_HOME.into(),
            Self::OtherHome(folder) => Failure::new(failure::HOME_OF_ANOTHER).with("folder", shown(folder)),
            Self::File(path, why) => {
                Failure::new(failure::FILE_UNREADABLE).with("file", shown(path)).with("why", why.to_string())
            }
            Self::Output(why) => Failure::new(failure::OUTPUT_UNWRITABLE).with("why", why.to_string()),
            Self::Runtime(why) => Failure::new(failure::COMMAND_NOT_STARTED).with("why", why.to_string()),
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The agent could not be asked.
fn of_client(error: &ClientError) -> Failure {
    match error {
        ClientError::NoSession => failure::AGENT_NO_PLACE.into(),
        ClientError::Absent { path, .. } => Failure::new(failure::AGENT_ABSENT).with("path", shown(path)),
        ClientError::Version { .. } => failure::AGENT_VERSION.into(),
        ClientError::Lost(_) | ClientError::Garbled(_) => failure::AGENT_LOST.into(),
        // Worded by the agent: see `problem`.
        ClientError::Refused(_) => failure::INTERNAL.into(),
    }
}

fn of_stores(stores: &[Store], command: &str) -> Failure {
    let has = |state| stores.iter().any(|store| store.state == state);
    let code = match () {
        () if has("needs_root") => failure::STORES_NEED_ROOT,
        () if has("no_certutil") => failure::STORES_NEED_CERTUTIL,
        () => failure::STORES_LEFT,
    };
    let places: Vec<_> = stores.iter().map(|store| store.place.as_str()).collect();
    Failure::new(code).with("places", places.join(", ")).with("command", command)
}

fn of_places(places: &[Place]) -> Failure {
    let has = |state| places.iter().any(|place| place.state == state);
    let code = match () {
        () if has(State::Failed) || has(State::Unreadable) => failure::PLACES_FAILED,
        () if has(State::Changed) => failure::PLACES_CHANGED,
        () => failure::PLACES_FOREIGN,
    };
    let places: Vec<_> = places.iter().map(|place| place.place.as_str()).collect();
    Failure::new(code).with("places", places.join(", "))
}
