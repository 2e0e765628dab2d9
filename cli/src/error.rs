//! What can go wrong for the one who typed: message, hint, exit code.

use crate::{
    module::Unfit,
    registration::{Place, State},
    stores::Store,
    text::{Texts, number, value},
};
use cps_agent_api::{client::ClientError, words::Problem};
use std::{io, path::PathBuf, process::ExitCode};

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

/// Code of the failure table for faults of the agent itself.
const INTERNAL: &str = "internal";

impl Error {
    /// 1 when the person or an administrator can do something, 3 when the agent is absent or we failed (2 is wrong
    /// usage, see `usage.rs`). Documented in `cps --help`.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let code = match self {
            Self::NoCard | Self::SeveralCards(_) | Self::NoSession | Self::Unwell(_) => 1,
            Self::File(..) | Self::Stores(..) | Self::Places(_) => 1,
            Self::NoModule | Self::Module(..) | Self::Record(_) | Self::NoHome | Self::OtherHome(_) => 1,
            Self::NoService(_) | Self::NotOpened(_) => 1,
            Self::Client(ClientError::Refused(problem)) if problem.code != INTERNAL => 1,
            Self::Client(_) | Self::Output(_) | Self::Runtime(_) => 3,
        };
        ExitCode::from(code)
    }

    /// What happened, in one sentence.
    pub(crate) fn message(&self, texts: &Texts) -> String {
        match self {
            Self::Client(ClientError::Refused(problem)) => problem.title.clone(),
            Self::Client(ClientError::NoSession) => texts.get("error-no-place"),
            Self::Client(ClientError::Absent { .. }) => texts.get("error-absent"),
            Self::Client(ClientError::Version { .. }) => texts.get("error-version"),
            Self::Client(ClientError::Lost(_)) => texts.get("error-lost"),
            Self::Client(ClientError::Garbled(what)) => texts.with("error-garbled", &[("what", value(what))]),
            Self::NoCard => texts.get("error-no-card"),
            Self::SeveralCards(_) => texts.get("error-several-cards"),
            Self::NoSession => texts.get("error-no-session"),
            Self::Stores(stores, _) => {
                let places: Vec<_> = stores.iter().map(|store| store.place.as_str()).collect();
                texts.with("error-stores", &[("places", value(places.join(", ")))])
            }
            Self::Places(places) => {
                let places: Vec<_> = places.iter().map(|place| place.place.as_str()).collect();
                texts.with("error-stores", &[("places", value(places.join(", ")))])
            }
            Self::NoModule => texts.get("error-no-module"),
            Self::Module(file, Unfit::Replaceable(place)) => {
                let (file, place) = (file.display().to_string(), place.display().to_string());
                texts.with("error-module-replaceable", &[("file", value(file)), ("place", value(place))])
            }
            Self::Module(file, why) => {
                let why = texts.get(&format!("unfit-{}", why.code()));
                texts
                    .with("error-module", &[("file", value(file.display().to_string())), ("why", value(why))])
            }
            Self::Record(why) => texts.with("error-record", &[("why", value(why.to_string()))]),
            Self::NoService(id) => texts.with("error-no-service", &[("id", value(id.as_str()))]),
            Self::NotOpened(_) => texts.get("error-not-opened"),
            Self::NoHome => texts.get("error-no-home"),
            Self::OtherHome(folder) => {
                texts.with("error-other-home", &[("folder", value(folder.display().to_string()))])
            }
            Self::Unwell(count) => {
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                texts.with("error-unwell", &[("count", number(count))])
            }
            Self::File(path, why) => {
                let named = [("file", value(path.display().to_string())), ("why", value(why.to_string()))];
                texts.with("error-file", &named)
            }
            Self::Output(why) => texts.with("error-output", &[("why", value(why.to_string()))]),
            Self::Runtime(why) => texts.with("error-runtime", &[("why", value(why.to_string()))]),
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self, texts: &Texts) -> Option<String> {
        match self {
            Self::Client(ClientError::Refused(problem)) => problem.detail.clone(),
            Self::Client(ClientError::NoSession) => Some(texts.get("hint-no-place")),
            Self::Client(ClientError::Absent { path, .. }) => {
                Some(texts.with("hint-absent", &[("path", value(path.display().to_string()))]))
            }
            Self::Client(ClientError::Version { .. }) => Some(texts.get("hint-version")),
            Self::Client(ClientError::Lost(_) | ClientError::Garbled(_)) => Some(texts.get("hint-log")),
            Self::NoCard => Some(texts.get("hint-no-card")),
            Self::SeveralCards(serials) => {
                Some(texts.with("hint-several-cards", &[("serials", value(serials.join(", ")))]))
            }
            Self::NoSession => Some(texts.get("hint-no-session")),
            Self::Stores(stores, command) => {
                let has = |state| stores.iter().any(|store| store.state == state);
                if has("needs_root") {
                    Some(texts.with("hint-stores-root", &[("command", value(command.as_str()))]))
                } else if has("no_certutil") {
                    Some(texts.get("hint-stores-certutil"))
                } else {
                    Some(texts.get("hint-stores"))
                }
            }
            Self::Places(places) => {
                let has = |state| places.iter().any(|place| place.state == state);
                let name = match () {
                    () if has(State::Failed) || has(State::Unreadable) => "hint-places-failed",
                    () if has(State::Changed) => "hint-places-changed",
                    () => "hint-places-foreign",
                };
                Some(texts.get(name))
            }
            Self::Module(_, Unfit::Replaceable(_)) => Some(texts.get("hint-module-replaceable")),
            Self::Module(_, Unfit::Path) => Some(texts.get("hint-module-path")),
            Self::NoModule | Self::Module(..) => Some(texts.get("hint-module")),
            Self::Record(_) => Some(texts.get("hint-record")),
            Self::NoService(_) => Some(texts.get("hint-no-service")),
            Self::NotOpened(address) => {
                Some(texts.with("hint-not-opened", &[("address", value(address.as_str()))]))
            }
            Self::NoHome => Some(texts.get("hint-no-home")),
            Self::OtherHome(_) => Some(texts.get("hint-other-home")),
            Self::Unwell(_) | Self::File(..) | Self::Output(_) | Self::Runtime(_) => None,
        }
    }

    /// The same for a program: a problem document, like the agent's own.
    pub(crate) fn problem(&self, texts: &Texts) -> Problem {
        let (code, status) = match self {
            Self::Client(ClientError::Refused(problem)) => return problem.as_ref().clone(),
            Self::Client(ClientError::NoSession | ClientError::Absent { .. }) => ("agent_absent", 503),
            Self::Client(ClientError::Version { .. }) => ("agent_version", 409),
            Self::Client(ClientError::Lost(_) | ClientError::Garbled(_)) => (INTERNAL, 500),
            Self::NoCard => ("no_card", 409),
            Self::SeveralCards(_) => ("several_cards", 409),
            Self::NoSession => ("session_none", 404),
            Self::Unwell(_) => ("unwell", 503),
            Self::Stores(..) | Self::Places(_) => ("stores_left", 409),
            Self::Module(_, Unfit::Replaceable(_)) => ("module_replaceable", 409),
            Self::NoModule | Self::Module(..) => ("module_unloadable", 409),
            Self::Record(_) => ("record_unreadable", 409),
            Self::NoService(_) => ("service_unknown", 404),
            Self::NotOpened(_) => ("browser_not_opened", 503),
            Self::NoHome => ("no_home", 400),
            Self::OtherHome(_) => ("home_of_another", 409),
            Self::File(..) => ("file_unreadable", 400),
            Self::Output(_) | Self::Runtime(_) => (INTERNAL, 500),
        };
        Problem {
            kind: format!("urn:cps-agent:problem:{code}"),
            title: self.message(texts),
            detail: self.hint(texts),
            status,
            code: code.to_owned(),
            help: None,
            values: serde_json::Map::new(),
        }
    }
}
