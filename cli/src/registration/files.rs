//! Files of our own: the module file of p11-kit, and what Java and OpenSSL are given by name.

use super::{
    Seen, State,
    record::{Record, Written},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What lies in a file of ours.
pub(super) fn look(
    file: &Path,
    record: &Record,
    module: Option<&Path>,
    wanted: &Option<String>,
) -> io::Result<Seen> {
    let Some(text) = read(file)? else { return Ok(Seen::NOTHING) };
    if let Some(written) = record.of(file).find(|written| written.text == text) {
        let current = wanted.as_ref().is_none_or(|wanted| *wanted == text);
        return Ok(Seen::ours(&written.module, module, current));
    }
    if record.of(file).next().is_some() {
        return Ok(Seen::others(State::Changed, None));
    }
    let state =
        if module.is_some_and(|module| names(file, module)) { State::Registered } else { State::Foreign };
    Ok(Seen::others(state, named(&text)))
}

/// Whether a module file of p11-kit names this module.
pub(super) fn names(file: &Path, module: &Path) -> bool {
    read(file).ok().flatten().and_then(|text| named(&text)).is_some_and(|named| named == module)
}

/// The module of a module file (pkcs11.conf(5)).
fn named(text: &str) -> Option<PathBuf> {
    let value =
        text.lines().find_map(|line| line.trim().strip_prefix("module")?.trim_start().strip_prefix(':'))?;
    Some(PathBuf::from(value.trim()))
}

/// Takes a file away, if it is still what was written. Whether nothing of it is left.
pub(super) fn take(written: &Written) -> io::Result<bool> {
    match read(&written.file)? {
        None => Ok(true),
        Some(text) if text == written.text => fs::remove_file(&written.file).map(|()| true),
        Some(_) => Ok(false),
    }
}

/// A file's text; `None` where there is none.
pub(super) fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Replaces a file as a whole, with the permissions it had, and makes the folders above it.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    // What a link points at is replaced, not the link.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!(".{}.cps-agent", name.to_string_lossy()));
    let filled = fs::write(&unfinished, text).and_then(|()| match fs::metadata(&file) {
        Ok(before) => fs::set_permissions(&unfinished, before.permissions()),
        Err(_) => Ok(()),
    });
    let done = filled.and_then(|()| fs::rename(&unfinished, &file));
    if done.is_err() {
        // The error that counts is the first one.
        let _ = fs::remove_file(&unfinished);
    }
    done
}

/// The folders that would have to be made for this one, the innermost first.
pub(super) fn missing(folder: &Path) -> Vec<PathBuf> {
    folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect()
}

/// Takes folders away again. One that somebody else uses by now stays, and everything above it.
pub(super) fn take_folders(folders: &[PathBuf]) {
    for folder in folders {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
