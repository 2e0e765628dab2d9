//! The layers of a configuration, laid over each other: policy file, the person's file, environment, flags.

use super::{
    error::ConfigError,
    keys::{self, Key, Kind},
};
use cps_agent_core::failure::Language;
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};
use toml::Value;

/// Where settings come from. Everything is an argument, so that nothing depends on the process that reads them.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The administrator's policy file; may be absent from the disk.
    pub policy: Option<PathBuf>,
    /// The person's file; may be absent from the disk unless `user_named`.
    pub user: Option<PathBuf>,
    /// The person named the file (`--config`): its absence is an error.
    pub user_named: bool,
    /// Environment variables; those that begin with `CPS_AGENT_` are read.
    pub environment: Vec<(String, String)>,
    /// Flags of the form `key=value`.
    pub flags: Vec<(String, String)>,
}

/// Where one setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The administrator's file.
    Policy(PathBuf),
    /// The person's file.
    User(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag,
}

impl Source {
    /// It in words.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match (self, language) {
            (Self::Policy(path) | Self::User(path), _) => path.display().to_string(),
            (Self::Environment(name), Language::French) => format!("variable d’environnement {name}"),
            (Self::Environment(name), Language::English) => format!("environment variable {name}"),
            (Self::Flag, Language::French) => "ligne de commande".to_owned(),
            (Self::Flag, Language::English) => "command line".to_owned(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::English))
    }
}

/// Variables of the agent's own that are not settings.
const OTHER_VARIABLES: [&str; 2] = ["CPS_AGENT_SOCKET", "CPS_AGENT_LOG"];

/// All settings that were given, each with the place it came from.
#[derive(Debug, Default)]
pub(super) struct Layers {
    values: BTreeMap<String, (Value, Source)>,
    locked: Vec<String>,
    ignored: Vec<(Source, String)>,
}

impl Layers {
    /// Reads and joins all sources.
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut layers = Self::default();
        if let Some(path) = &sources.policy {
            let origin = Source::Policy(path.clone());
            if let Some(table) = read_file(path, false)? {
                layers.file(&table, &origin)?;
            }
            layers.lock()?;
        }
        if let Some(path) = &sources.user {
            let origin = Source::User(path.clone());
            if let Some(table) = read_file(path, sources.user_named)? {
                layers.file(&table, &origin)?;
            }
        }
        for (variable, text) in &sources.environment {
            layers.variable(variable, text)?;
        }
        for (name, text) in &sources.flags {
            let key = known(name, &Source::Flag)?;
            let value = from_text(key, name, text, &Source::Flag)?;
            layers.set(key, name, value, &Source::Flag)?;
        }
        Ok(layers)
    }

    /// The value of a setting and where it stands.
    pub(super) fn get(&self, name: &str) -> Option<(&Value, &Source)> {
        self.values.get(name).map(|(value, source)| (value, source))
    }

    /// The names that stand directly below a section (`gateway`: the names of the gateways).
    pub(super) fn names(&self, section: &str) -> Vec<String> {
        let below =
            |name: &str| Some(name.strip_prefix(section)?.strip_prefix('.')?.split_once('.')?.0.to_owned());
        let mut names: Vec<String> = self.values.keys().filter_map(|name| below(name)).collect();
        names.dedup();
        names
    }

    /// SHA-256 of the effective settings, for the audit trail: it differs when any of them does.
    pub(super) fn fingerprint(&self) -> String {
        let mut text = String::new();
        for (name, (value, _)) in &self.values {
            text.push_str(&format!("{name} = {value}\n"));
        }
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Settings that were ignored because the policy locks them.
    pub(super) fn ignored(self) -> Vec<(Source, String)> {
        self.ignored
    }

    fn file(&mut self, table: &toml::Table, origin: &Source) -> Result<(), ConfigError> {
        for (section, content) in table {
            let Value::Table(entries) = content else {
                return Err(unknown(section, origin));
            };
            if entries.is_empty() && !keys::is_key_or_section(section) {
                return Err(unknown(section, origin));
            }
            self.section(section, entries, origin)?;
        }
        Ok(())
    }

    /// The settings of a section, or of the sections below it that have names of their own (`[gateway.NAME]`).
    fn section(&mut self, section: &str, entries: &toml::Table, origin: &Source) -> Result<(), ConfigError> {
        for (entry, value) in entries {
            let name = format!("{section}.{entry}");
            if let Value::Table(entries) = value
                && keys::find(&name).is_none()
                && keys::is_key_or_section(&name)
            {
                self.section(&name, entries, origin)?;
                continue;
            }
            let key = known(&name, origin)?;
            if !has_kind(value, key.kind) {
                return Err(wrong_kind(key, &name, origin));
            }
            self.set(key, &name, value.clone(), origin)?;
        }
        Ok(())
    }

    fn variable(&mut self, variable: &str, text: &str) -> Result<(), ConfigError> {
        if !variable.starts_with("CPS_AGENT_") || OTHER_VARIABLES.contains(&variable) {
            return Ok(());
        }
        let origin = Source::Environment(variable.to_owned());
        let Some(key) = keys::find_variable(variable) else {
            let names: Vec<String> =
                keys::KEYS.iter().filter(|k| !k.is_named()).map(|k| keys::variable(k.name)).collect();
            let suggestion = keys::suggest(variable, names.iter().map(String::as_str)).map(str::to_owned);
            return Err(ConfigError::UnknownKey { origin, name: variable.to_owned(), suggestion });
        };
        let value = from_text(key, key.name, text, &origin)?;
        self.set(key, key.name, value, &origin)
    }

    fn set(&mut self, key: &Key, name: &str, value: Value, origin: &Source) -> Result<(), ConfigError> {
        let from_policy = matches!(origin, Source::Policy(_));
        if key.policy_only && !from_policy {
            return Err(ConfigError::PolicyOnly { origin: origin.clone(), name: name.to_owned() });
        }
        if !from_policy && self.locked.iter().any(|entry| keys::covers(entry, name)) {
            self.ignored.push((origin.clone(), name.to_owned()));
            return Ok(());
        }
        self.values.insert(name.to_owned(), (value, origin.clone()));
        Ok(())
    }

    /// Takes over `locked.keys` of the policy file. A misspelt name there would silently lock nothing, so it is an error.
    fn lock(&mut self) -> Result<(), ConfigError> {
        let Some((Value::Array(entries), origin)) = self.values.get("locked.keys") else {
            return Ok(());
        };
        for entry in entries.iter().filter_map(Value::as_str) {
            if !keys::is_key_or_section(entry) {
                return Err(unknown(entry, origin));
            }
            self.locked.push(entry.to_owned());
        }
        Ok(())
    }
}

fn read_file(path: &Path, must_exist: bool) -> Result<Option<toml::Table>, ConfigError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound && !must_exist => return Ok(None),
        Err(cause) => return Err(ConfigError::Unreadable { path: path.to_owned(), cause }),
    };
    text.parse::<toml::Table>().map(Some).map_err(|cause| {
        let before = cause.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::Syntax { path: path.to_owned(), line, cause: Box::new(cause) }
    })
}

fn known(name: &str, origin: &Source) -> Result<&'static Key, ConfigError> {
    keys::find(name).ok_or_else(|| unknown(name, origin))
}

fn unknown(name: &str, origin: &Source) -> ConfigError {
    let names: Vec<String> = keys::KEYS.iter().map(|k| keys::named_like(k, name)).collect();
    let suggestion = keys::suggest(name, names.iter().map(String::as_str)).map(str::to_owned);
    ConfigError::UnknownKey { origin: origin.clone(), name: name.to_owned(), suggestion }
}

fn has_kind(value: &Value, kind: Kind) -> bool {
    match (value, kind) {
        (Value::String(_), Kind::Text)
        | (Value::Boolean(_), Kind::Flag)
        | (Value::Integer(_), Kind::Number) => true,
        (Value::Array(items), Kind::List) => items.iter().all(Value::is_str),
        (Value::Table(entries), Kind::Table) => entries.values().all(Value::is_str),
        _ => false,
    }
}

/// Environment and flags are texts: lists and tables are separated by commas, a table's names and values by `=`.
fn from_text(key: &Key, name: &str, text: &str, origin: &Source) -> Result<Value, ConfigError> {
    match key.kind {
        Kind::Text => Some(Value::String(text.to_owned())),
        Kind::Flag => text.parse().ok().map(Value::Boolean),
        Kind::Number => text.parse().ok().map(Value::Integer),
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Kind::Table => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let entry = |item: &str| {
                let (name, value) = item.rsplit_once('=')?;
                Some((name.trim().to_owned(), Value::String(value.trim().to_owned())))
            };
            items.map(entry).collect::<Option<toml::Table>>().map(Value::Table)
        }
    }
    .ok_or_else(|| wrong_kind(key, name, origin))
}

fn wrong_kind(key: &Key, name: &str, origin: &Source) -> ConfigError {
    ConfigError::Value { origin: origin.clone(), name: name.to_owned(), expected: key.kind.expected().into() }
}
