//! The failure table: everything that can go wrong for a person, in French and English.
//!
//! A failure has a stable code, which programs read, and one line of the table, which people read: what happened, what to
//! do next, and who can help. The tables are data, one file per subject; nothing else in the agent words a failure.

/// Writes one subject's part of the table: a constant per code, and the lines.
macro_rules! failures {
    ($(
        $name:ident = $code:literal $status:literal $help:ident
        fr $fr_what:literal $fr_next:literal
        en $en_what:literal $en_next:literal
    )*) => {
        $(
            #[doc = $en_what]
            pub const $name: super::Code = super::Code($code);
        )*
        /// The lines of this subject.
        pub(super) static LINES: &[super::Line] = &[$(
            super::Line {
                code: $name,
                status: $status,
                help: super::Help::$help,
                french: super::Text { what: $fr_what, next: $fr_next },
                english: super::Text { what: $en_what, next: $en_next },
            },
        )*];
    };
}

mod card;
mod diagnosis;
mod door;
mod ecps;
mod gateway;
mod login;
mod network;
mod notice;
mod program;
#[cfg(test)]
mod tests;

pub use card::*;
pub use diagnosis::*;
pub use door::*;
pub use ecps::*;
pub use gateway::*;
pub use login::*;
pub use network::*;
pub use notice::*;
pub use program::*;

use cps_card::Error as CardError;
use cps_card::transport::TransportError;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// French, the first language of the product.
    #[default]
    French,
    /// English.
    English,
}

/// A stable code of the failure table. Every code the agent knows is a constant of this module ([`NO_READER`], …).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub &'static str);

impl Code {
    /// Finds a code by its text, as it came over a door.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        lines().find(|line| line.code.0 == text).map(|line| line.code)
    }

    /// Its line of the table. A code that is not in the table, which only a mistake of ours can make, reads as
    /// [`INTERNAL`].
    #[must_use]
    pub fn line(self) -> &'static Line {
        lines().find(|line| line.code == self).unwrap_or(&door::FALLBACK)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Who can help when the person alone cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Help {
    /// The person in front of the screen.
    Person,
    /// Whoever looks after the workstation.
    Administrator,
    /// The issuer of the card (Agence du Numérique en Santé).
    CardIssuer,
    /// Whoever runs the login service.
    Upstream,
    /// The maker of the application that asked.
    Vendor,
}

impl Help {
    /// Stable word for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Administrator => "administrator",
            Self::CardIssuer => "card_issuer",
            Self::Upstream => "upstream",
            Self::Vendor => "vendor",
        }
    }
}

/// What people read, in one language. May hold `{name}` where a value of the failure goes.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// What happened, one sentence.
    pub what: &'static str,
    /// What to do next.
    pub next: &'static str,
}

/// One line of the table.
#[derive(Debug)]
pub struct Line {
    /// Its code.
    pub code: Code,
    /// HTTP status of a problem with this code (RFC 9457).
    pub status: u16,
    /// Who can help.
    pub help: Help,
    /// French.
    pub french: Text,
    /// English.
    pub english: Text,
}

impl Line {
    /// The text in a language.
    #[must_use]
    pub fn text(&self, language: Language) -> &Text {
        match language {
            Language::French => &self.french,
            Language::English => &self.english,
        }
    }
}

/// The whole table.
pub fn lines() -> impl Iterator<Item = &'static Line> {
    let login = login::LINES.iter().chain(ecps::LINES).chain(network::LINES);
    let programs = program::LINES.iter().chain(notice::LINES).chain(gateway::LINES);
    card::LINES.iter().chain(programs).chain(login).chain(door::LINES).chain(diagnosis::LINES)
}

/// A failure that a person can meet: its code, and the numbers or words its sentence needs.
///
/// Values are never a secret and never a person's name: they go to doors, pages and the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct Failure {
    /// Code of the table.
    pub code: Code,
    /// Values for the placeholders of the line, and nothing else.
    pub values: Map<String, Value>,
}

impl Failure {
    /// A failure without values.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, values: Map::new() }
    }

    /// Adds a value for the placeholder `{name}`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// What happened, in a language.
    #[must_use]
    pub fn what(&self, language: Language) -> Cow<'static, str> {
        filled(self.code.line().text(language).what, &self.values)
    }

    /// What to do next, in a language.
    #[must_use]
    pub fn next(&self, language: Language) -> Cow<'static, str> {
        filled(self.code.line().text(language).next, &self.values)
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// What a person is told when the card crate could not do its part. Technical reasons stay in the error, for the log.
impl From<&CardError> for Failure {
    fn from(error: &CardError) -> Self {
        match error {
            CardError::WrongPin { left } => Self::new(PIN_WRONG).with("tries_left", *left),
            CardError::PinBlocked => Self::new(PIN_BLOCKED),
            CardError::PukBlocked => Self::new(PUK_BLOCKED),
            CardError::PinFormat { min, max } => Self::new(PIN_FORMAT).with("min", *min).with("max", *max),
            CardError::LastTry => Self::new(PIN_LAST_TRY),
            CardError::PinRequired => Self::new(PIN_REQUIRED),
            CardError::Removed => Self::new(CARD_REMOVED),
            CardError::Transport(error) => Self::from(error),
            CardError::NotCps => Self::new(CARD_NOT_CPS),
            CardError::InterruptedUpdate => Self::new(CARD_UPDATE_INTERRUPTED),
            CardError::Content { .. } => Self::new(CARD_GARBLED),
            CardError::Refused { status, .. } => {
                Self::new(CARD_REFUSED).with("status", format!("{status:04X}"))
            }
            CardError::Unsupported(_) => Self::new(CARD_UNSUPPORTED),
            CardError::Token(_) => Self::new(TOKEN_FILE_DAMAGED),
            _ => Self::new(INTERNAL),
        }
    }
}

impl From<&TransportError> for Failure {
    fn from(error: &TransportError) -> Self {
        Self::new(match error {
            TransportError::Removed => CARD_REMOVED,
            TransportError::Reset => PIN_REQUIRED,
            TransportError::Sharing => CARD_BUSY,
            TransportError::Mute => CARD_MUTE,
            TransportError::NoReader => NO_READER,
            TransportError::NoService => NO_CARD_SERVICE,
            TransportError::Refused => CARD_SERVICE_REFUSED,
            TransportError::Cancelled => PIN_CANCELLED,
            _ => READER_FAILED,
        })
    }
}

/// Puts values where `{name}` stands; a value that is missing or null shows as `?`.
pub(crate) fn filled(text: &'static str, values: &Map<String, Value>) -> Cow<'static, str> {
    if !text.contains('{') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = after.split_once('}') else { break };
        match values.get(name) {
            Some(Value::String(word)) => out.push_str(word),
            Some(Value::Null) | None => out.push('?'),
            Some(value) => out.push_str(&value.to_string()),
        }
        rest = behind;
    }
    out.push_str(rest);
    Cow::Owned(out)
}
