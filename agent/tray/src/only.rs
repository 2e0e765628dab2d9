//! One icon in a session: the first one's lock.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// The lock, held as long as it lives; `None` when another tray has it.
///
/// It lies beside the agent's folder and not in it: that one comes and goes with the agent.
///
/// # Errors
/// The session has no folder of its own (`XDG_RUNTIME_DIR`), or it cannot be written.
pub(crate) fn one(variable: impl Fn(&str) -> Option<String>) -> io::Result<Option<File>> {
    let folder = variable("XDG_RUNTIME_DIR").filter(|folder| folder.starts_with('/'));
    let folder =
        folder.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "XDG_RUNTIME_DIR is not set"))?;
    lock(&Path::new(&folder).join("cps-tray.lock"))
}

fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_and_the_third_comes_when_the_first_left() {
        let folder = tempfile::tempdir().unwrap();
        let variable = |_: &str| folder.path().to_str().map(str::to_owned);
        let first = one(variable).unwrap();
        assert!(first.is_some() && one(variable).unwrap().is_none());
        drop(first);
        assert!(one(variable).unwrap().is_some());
    }

    #[test]
    fn a_session_without_a_folder_is_an_error() {
        assert!(one(|_| None).is_err());
    }
}
