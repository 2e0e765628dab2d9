//! What can be wrong with a configuration, said so that the person who wrote it can mend it.

use super::layers::Source;
use std::path::PathBuf;

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
        expected: String,
    },
    /// A setting without which the others make no sense.
    #[error("{name} is missing: {why}")]
    Missing {
        /// The name.
        name: String,
        /// Which other setting needs it.
        why: String,
    },
    /// Two settings contradict each other.
    #[error("{origin}: {name} {why}")]
    Conflict {
        /// Where the second one stands.
        origin: Source,
        /// Its name.
        name: String,
        /// What it contradicts.
        why: String,
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

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|s| format!(" (did you mean {s}?)")).unwrap_or_default()
}
