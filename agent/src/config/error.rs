//! What can be wrong with a configuration, said so that the person who wrote it can mend it.
//!
//! Each error is a line of the failure table, in the language of whoever starts the agent. Its English form stays for
//! programmers and logs.

use super::layers::Source;
use cps_agent_core::failure::{self, Failure, Language};
use std::path::PathBuf;

/// A detail in both languages: what a value should be, or why a setting is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// French.
    pub french: String,
    /// English.
    pub english: String,
}

impl Detail {
    /// It in a language.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::French => &self.french,
            Language::English => &self.english,
        }
    }
}

impl<F: Into<String>, E: Into<String>> From<(F, E)> for Detail {
    fn from((french, english): (F, E)) -> Self {
        Self { french: french.into(), english: english.into() }
    }
}

impl std::fmt::Display for Detail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.english)
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file exists and cannot be read, or was named and does not exist.
    #[error("{path}: cannot be read", path = path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        cause: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path}: is not TOML", path = path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// In which line, from 1 on.
        line: usize,
        /// Where and why.
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// A name that is no setting.
    #[error("{origin}: unknown key {name}{}", did_you_mean(suggestion.as_deref()))]
    UnknownKey {
        /// Where it stands.
        origin: Source,
        /// The name.
        name: String,
        /// The nearest known name.
        suggestion: Option<String>,
    },
    /// A setting that only the administrator's file may hold.
    #[error("{origin}: {name} can only be set in the policy file")]
    PolicyOnly {
        /// Where it stands.
        origin: Source,
        /// The name.
        name: String,
    },
    /// The value has the wrong kind or is not one of the possible ones.
    #[error("{origin}: {name} must be {expected}")]
    Value {
        /// Where it stands.
        origin: Source,
        /// The name.
        name: String,
        /// What would be right.
        expected: Detail,
    },
    /// A setting without which the others make no sense.
    #[error("{name} is missing: {why}")]
    Missing {
        /// The name.
        name: String,
        /// Which other setting needs it.
        why: Detail,
    },
    /// Two settings contradict each other.
    #[error("{origin}: {name} {why}")]
    Conflict {
        /// Where the second one stands.
        origin: Source,
        /// Its name.
        name: String,
        /// What it contradicts.
        why: Detail,
    },
    /// No home for state or run-time files.
    #[error("no place for {what}: set {variable}")]
    NoPlace {
        /// What has no home.
        what: &'static str,
        /// The environment variable that gives one.
        variable: &'static str,
    },
}

impl ConfigError {
    /// Its line of the failure table, with what that needs in a language.
    #[must_use]
    pub fn failure(&self, language: Language) -> Failure {
        let of = |code, name: &str| Failure::new(code).with("name", name);
        match self {
            Self::Unreadable { path, cause } => Failure::new(failure::CONFIG_UNREADABLE)
                .with("file", path.display().to_string())
                .with("why", cause.to_string()),
            Self::Syntax { path, line, cause } => Failure::new(failure::CONFIG_SYNTAX)
                .with("file", path.display().to_string())
                .with("line", *line)
                .with("why", cause.message()),
            Self::UnknownKey { origin, name, suggestion } => of(failure::CONFIG_UNKNOWN_KEY, name)
                .with("origin", origin.text(language))
                .with("suggestion", suggestion.as_deref().unwrap_or("–")),
            Self::PolicyOnly { origin, name } => {
                of(failure::CONFIG_POLICY_ONLY, name).with("origin", origin.text(language))
            }
            Self::Value { origin, name, expected } => of(failure::CONFIG_VALUE, name)
                .with("origin", origin.text(language))
                .with("expected", expected.text(language)),
            Self::Missing { name, why } => of(failure::CONFIG_MISSING, name).with("why", why.text(language)),
            Self::Conflict { origin, name, why } => of(failure::CONFIG_CONFLICT, name)
                .with("origin", origin.text(language))
                .with("why", why.text(language)),
            Self::NoPlace { variable, .. } => {
                Failure::new(failure::NO_PLACE_FOR_FILES).with("variable", *variable)
            }
        }
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|s| format!(" (did you mean {s}?)")).unwrap_or_default()
}
