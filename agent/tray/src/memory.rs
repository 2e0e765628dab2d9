//! What the tray remembers from one start to the next: the language, and which ends of certificates it told.
//!
//! One small file in the person's state folder. What cannot be read is as good as nothing: nobody is kept from working by
//! a damaged memory of choices.

use crate::text::Language;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Days before its end at which a certificate is spoken of.
const MILESTONES: [i64; 3] = [7, 30, 60];
/// Cards that are remembered: those of one person and a few colleagues.
const CARDS: usize = 64;

/// What is written down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The language the person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    /// The last milestone told, by serial number of the card.
    #[serde(default)]
    told: BTreeMap<String, i64>,
}

/// The memory and its file.
#[derive(Debug)]
pub(crate) struct Memory {
    file: Option<PathBuf>,
    kept: Kept,
}

impl Memory {
    /// Reads the memory: `$XDG_STATE_HOME/cps-tray/tray.json`.
    pub(crate) fn of_person(variable: impl Fn(&str) -> Option<String>) -> Self {
        let folder = |name: &str| variable(name).filter(|value| value.starts_with('/')).map(PathBuf::from);
        let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
        Self::of_file(state.map(|state| state.join("cps-tray/tray.json")))
    }

    fn of_file(file: Option<PathBuf>) -> Self {
        let read = file.as_deref().and_then(|file| serde_json::from_slice(&fs::read(file).ok()?).ok());
        Self { file, kept: read.unwrap_or_default() }
    }

    /// The language the person chose.
    pub(crate) fn language(&self) -> Option<Language> {
        self.kept.language
    }

    /// Remembers a choice.
    pub(crate) fn choose(&mut self, language: Language) {
        self.kept.language = Some(language);
        self.keep();
    }

    /// Whether the end of a card's certificate, so many days away, is to be told now: once at each milestone.
    pub(crate) fn is_news_of(&mut self, serial: &str, days: i64) -> bool {
        let Some(milestone) = MILESTONES.into_iter().find(|milestone| days <= *milestone) else {
            return false;
        };
        if self.kept.told.get(serial).is_some_and(|told| *told <= milestone) {
            return false;
        }
        if self.kept.told.len() >= CARDS {
            self.kept.told.pop_first();
        }
        self.kept.told.insert(serial.to_owned(), milestone);
        self.keep();
        true
    }

    /// A memory that cannot be written lasts until the program ends.
    fn keep(&self) {
        if let Some(file) = &self.file {
            let _unwritten = write(file, &self.kept);
        }
    }
}

/// Writes beside the old file first, then in its place: never half a file.
fn write(file: &Path, kept: &Kept) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let new = file.with_extension("new");
    let mut writer = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&new)?;
    writer.write_all(&serde_json::to_vec(kept)?)?;
    writer.sync_all()?;
    fs::rename(new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_memory_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tray.json");
        fs::write(&file, "{\"language\": 7").unwrap();
        let mut memory = Memory::of_file(Some(file.clone()));
        assert_eq!(memory.language(), None);
        memory.choose(Language::English);
        assert_eq!(Memory::of_file(Some(file)).language(), Some(Language::English));
    }

    #[test]
    fn a_folder_that_cannot_be_written_keeps_nobody_from_choosing() {
        let mut memory = Memory::of_file(Some("/proc/nowhere/tray.json".into()));
        memory.choose(Language::English);
        assert_eq!(memory.language(), Some(Language::English));
    }

    #[test]
    fn the_end_of_a_certificate_is_told_once_at_each_milestone() {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("cps-tray/tray.json"));
        let told: Vec<bool> = [61, 60, 59, 31, 30, 12, 7, 3, 0]
            .into_iter()
            .map(|days| Memory::of_file(file.clone()).is_news_of("1", days))
            .collect();
        assert_eq!(told, [false, true, false, false, true, false, true, false, false]);
        assert!(Memory::of_file(file).is_news_of("2", 12), "another card has its own");
    }
}
