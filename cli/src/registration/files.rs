//! Files of our own: the module file of p11-kit, and what Java and OpenSSL are given by name.

use super::{
    Seen, State,
    record::{Record, Written},
};
use std::{
    fs, io,
    io::Write as _,
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

/// A file's text; `None` where there is none, and `InvalidData` where it is not UTF-8.
pub(super) fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read(file) {
        // Whoever writes it again would write what is no text as something else.
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error.utf8_error())),
        },
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Who has to be able to read what is written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Whom the umask lets, or whom the file let before.
    #[default]
    AsUsual,
    /// Everybody on this machine.
    Everybody,
}

/// Replaces a file as a whole, and makes the folders above it. It keeps its owner and its permissions.
///
/// # Errors
/// It cannot be written, or it is a link that somebody else laid there. The file is then as it was.
pub(super) fn write(file: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let file = destination(file, readers)?;
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    make(folder, readers)?;
    // Created anew under a name that nobody can foresee; deleted again unless it gets the name it is for.
    let mut unfinished = beside(folder)?;
    unfinished.write_all(text.as_bytes())?;
    like(&file, unfinished.as_file(), readers)?;
    // The name must not be on disk before the content is.
    unfinished.as_file().sync_all()?;
    unfinished.persist(&file)?;
    Ok(())
}

/// What is replaced: what a link of the person's own points at, and otherwise the link.
fn destination(file: &Path, readers: Readers) -> io::Result<PathBuf> {
    match fs::symlink_metadata(file) {
        Ok(found) if found.is_symlink() && readers == Readers::AsUsual => {
            if !is_own(file, &found)? {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "a link of somebody else"));
            }
            // One that leads nowhere is replaced itself.
            Ok(fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()))
        }
        _ => Ok(file.to_owned()),
    }
}

/// Whether a link was laid by whom its folder belongs to, or by root.
#[cfg(unix)]
fn is_own(link: &Path, found: &fs::Metadata) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let folder = fs::metadata(link.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
    Ok([0, folder.uid()].contains(&found.uid()))
}

#[cfg(not(unix))]
fn is_own(_link: &Path, _found: &fs::Metadata) -> io::Result<bool> {
    Ok(true)
}

/// A new file in the folder.
fn beside(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cps-agent-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The umask takes from it what it takes from every new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Gives the new file the owner and the permissions of the one it replaces, and everybody's right to read it.
#[cfg(unix)]
fn like(before: &Path, new: &fs::File, readers: Readers) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    if readers == Readers::Everybody {
        return new.set_permissions(fs::Permissions::from_mode(0o644));
    }
    // Only a link that leads nowhere has nothing behind it here.
    let Ok(before) = fs::metadata(before) else { return Ok(()) };
    let made = new.metadata()?;
    if (before.uid(), before.gid()) != (made.uid(), made.gid()) {
        fchown(new, Some(before.uid()), Some(before.gid()))?;
    }
    new.set_permissions(fs::Permissions::from_mode(before.mode() & 0o777))
}

#[cfg(not(unix))]
fn like(before: &Path, new: &fs::File, _readers: Readers) -> io::Result<()> {
    match fs::metadata(before) {
        Ok(before) => new.set_permissions(before.permissions()),
        Err(_) => Ok(()),
    }
}

/// Makes a folder and those above it.
fn make(folder: &Path, readers: Readers) -> io::Result<()> {
    let made = missing(folder);
    fs::create_dir_all(folder)?;
    if readers == Readers::AsUsual {
        return Ok(());
    }
    made.iter().try_for_each(|folder| open(folder))
}

/// Lets everybody look into a folder, whatever the umask of root says.
#[cfg(unix)]
fn open(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn open(_folder: &Path) -> io::Result<()> {
    Ok(())
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
