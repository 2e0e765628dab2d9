//! The record of what this program wrote into files that other programs read.

use super::{
    Shape, database,
    files::{self, Readers},
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Its file.
const FILE: &str = "written.json";
/// Version of its format.
const VERSION: u32 = 1;

/// Something this program wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Written {
    /// Into this file.
    pub(super) file: PathBuf,
    /// For this module.
    pub(super) module: PathBuf,
    /// The whole file, or the lines that were added to it.
    pub(super) text: String,
    /// Folders that were made for it, the innermost first.
    #[serde(default)]
    pub(super) folders: Vec<PathBuf>,
}

impl Written {
    pub(super) fn shape(&self) -> Shape {
        if self.file.file_name().is_some_and(|name| name == database::FILE) {
            Shape::Database
        } else {
            Shape::File
        }
    }
}

/// The record.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    written: Vec<Written>,
    /// Folders that were made for the record itself.
    #[serde(default)]
    folders: Vec<PathBuf>,
    #[serde(skip)]
    file: PathBuf,
    #[serde(skip)]
    readers: Readers,
}

impl Record {
    /// Reads it; an empty one when there is none.
    pub(super) fn read(state: &Path, readers: Readers) -> io::Result<Self> {
        let file = state.join(FILE);
        let empty = || Self {
            version: VERSION,
            written: Vec::new(),
            folders: files::missing(state),
            file: file.clone(),
            readers,
        };
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            // A place that is no folder cannot have a record either; writing it will say so.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(empty());
            }
            Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", file.display()))),
        };
        let unreadable =
            |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", file.display()));
        let record: Self = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        if record.version != VERSION {
            return Err(unreadable(format!("version {}", record.version)));
        }
        Ok(Self { file, readers, ..record })
    }

    /// Everything.
    pub(super) fn written(&self) -> &[Written] {
        &self.written
    }

    /// What was written into a file: one entry, two after a crash.
    pub(super) fn of<'a>(&'a self, file: &'a Path) -> impl Iterator<Item = &'a Written> {
        self.written.iter().filter(move |written| written.file == file)
    }

    /// Adds an entry, on disk too.
    pub(super) fn add(&mut self, entry: Written) -> io::Result<()> {
        if !self.written.contains(&entry) {
            self.written.push(entry);
        }
        self.write()
    }

    /// Takes an entry out. The folders that were made for it stay on the account of its successor.
    pub(super) fn forget(&mut self, entry: &Written, successor: Option<&Written>) -> io::Result<()> {
        self.written.retain(|written| written != entry || successor == Some(entry));
        if let Some(successor) = self.written.iter_mut().find(|written| Some(&**written) == successor)
            && successor.folders.is_empty()
        {
            successor.folders.clone_from(&entry.folders);
        }
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        if !self.written.is_empty() {
            return files::write(&self.file, &serde_json::to_string_pretty(self)?, self.readers);
        }
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => {
                files::take_folders(&self.folders);
                Ok(())
            }
        }
    }
}
