//! The failure table: everything that can go wrong for a person, in French and English.
//!
//! A failure has a stable code, which programs read, and one line of the table, which people read: what happened, what to
//! do next, and who can help. The tables are data, one file per subject, and no code exists outside them: page, icon,
//! prompt, `cps`, problem JSON and the documentation take their sentences from here. Whoever words a failure depends on
//! this crate, on either side of the agent's doors: that nobody answers at a door is a failure too.

#![forbid(unsafe_code)]

/// Writes one subject's part of the table: a constant per code, and the list of them.
macro_rules! failures {
    ($(
        $name:ident = $code:literal $status:literal $help:ident
        fr $fr_what:literal $fr_next:literal
        en $en_what:literal $en_next:literal
    )*) => {
        $(
            #[doc = $en_what]
            pub const $name: super::Code = super::Code(&super::Line {
                code: $code,
                status: $status,
                help: super::Help::$help,
                french: super::Text { what: $fr_what, next: $fr_next },
                english: super::Text { what: $en_what, next: $en_next },
            });
        )*
        /// The codes of this subject.
        pub(super) static CODES: &[super::Code] = &[$($name),*];
    };
}

mod card;
mod command;
mod configuration;
mod diagnosis;
mod document;
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
pub use command::*;
pub use configuration::*;
pub use diagnosis::*;
pub use document::document;
pub use door::*;
pub use ecps::*;
pub use gateway::*;
pub use login::*;
pub use network::*;
pub use notice::*;
pub use program::*;

use serde_json::{Map, Value};
use std::borrow::Cow;

/// A subject of the table: what its part is called in French and in English, and its codes.
#[derive(Debug)]
pub struct Subject {
    /// French heading.
    pub french: &'static str,
    /// English heading.
    pub english: &'static str,
    /// In the order of the table.
    pub codes: &'static [Code],
}

/// The whole table.
pub static SUBJECTS: &[Subject] = &[
    Subject { french: "Lecteurs, cartes et codes", english: "Readers, cards and PINs", codes: card::CODES },
    Subject { french: "Connexion et sessions", english: "Logins and sessions", codes: login::CODES },
    Subject { french: "Téléphone et navigateur", english: "Phone and browser", codes: ecps::CODES },
    Subject { french: "Ce qui est annoncé à temps", english: "What is told in time", codes: notice::CODES },
    Subject { french: "Réseau", english: "Network", codes: network::CODES },
    Subject { french: "Programmes et carte", english: "Programs and the card", codes: program::CODES },
    Subject { french: "Passerelles", english: "Gateways", codes: gateway::CODES },
    Subject {
        french: "Applications, agent et configuration",
        english: "Applications, agent and configuration",
        codes: door::CODES,
    },
    Subject { french: "Démarrage de l’agent", english: "Start of the agent", codes: configuration::CODES },
    Subject { french: "Commande et icône", english: "Command and icon", codes: command::CODES },
    Subject { french: "Diagnostic", english: "Diagnosis", codes: diagnosis::CODES },
];

/// Language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// French, the first language of the product.
    #[default]
    French,
    /// English.
    English,
}

impl Language {
    /// English where the locale is English, French everywhere else (setlocale(3): the first variable that is set counts).
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        let language = locale.as_deref().and_then(|locale| locale.split(['_', '.', '@']).next());
        if language == Some("en") { Self::English } else { Self::French }
    }
}

/// A stable code of the failure table. Every code there is is a constant of this crate ([`NO_READER`], …): none can be made
/// elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(&'static Line);

impl Code {
    /// Finds a code by its word, as it came over a door.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        codes().find(|code| code.word() == word)
    }

    /// The word that programs read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.0.code
    }

    /// Its line of the table.
    #[must_use]
    pub const fn line(self) -> &'static Line {
        self.0
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({})", self.word())
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

    /// The helper of a word, as it came over a door.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Person, Self::Administrator, Self::CardIssuer, Self::Upstream, Self::Vendor]
            .into_iter()
            .find(|help| help.word() == word)
    }

    /// Who it is, for people.
    #[must_use]
    pub fn who(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Person, Language::French) => "vous-même",
            (Self::Administrator, Language::French) => "votre administrateur",
            (Self::CardIssuer, Language::French) => "l’Agence du Numérique en Santé",
            (Self::Upstream, Language::French) => "l’assistance du service de connexion",
            (Self::Vendor, Language::French) => "l’éditeur de l’application",
            (Self::Person, Language::English) => "you",
            (Self::Administrator, Language::English) => "your administrator",
            (Self::CardIssuer, Language::English) => "the Agence du Numérique en Santé",
            (Self::Upstream, Language::English) => "the support of the login service",
            (Self::Vendor, Language::English) => "the vendor of the application",
        }
    }
}

/// What people read, in one language. May hold `{name}` where a value of the failure goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text {
    /// What happened, one sentence.
    pub what: &'static str,
    /// What to do next.
    pub next: &'static str,
}

/// One line of the table.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The word of its code.
    pub code: &'static str,
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

/// Every code of the table.
pub fn codes() -> impl Iterator<Item = Code> {
    SUBJECTS.iter().flat_map(|subject| subject.codes.iter().copied())
}

/// A failure that a person can meet: its code, and the numbers or words its sentence needs.
///
/// Values are never a secret and never a person's name: they go to doors, pages and the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct Failure {
    /// Code of the table.
    pub code: Code,
    /// Values for the placeholders of the line, and what programs may want to know besides.
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

/// Puts values where `{name}` stands; a value that is missing or null shows as `?`.
#[must_use]
pub fn filled(text: &'static str, values: &Map<String, Value>) -> Cow<'static, str> {
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
