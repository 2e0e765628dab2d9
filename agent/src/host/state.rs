//! Private files that a crash cannot half write.
//!
//! A file is written beside its place, flushed, renamed over it, and the folder is flushed: a reader sees the old
//! content or the new one, never a mixture. Folders have mode 0700 and files 0600.

use rustix::fs::{FlockOperation, Mode, OFlags};
use std::{
    fs, io,
    io::{Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Ending of files on their way. One left behind by a crash is overwritten by the next write.
const UNFINISHED: &str = "unfinished";

/// Largest file read back.
const LIMIT: u64 = 16 * 1024 * 1024;

/// A private folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a folder, making it and its missing parents private to the user. A folder that others may enter is closed.
    ///
    /// # Errors
    /// The system's; also when the path is not a folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let metadata = fs::metadata(path)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self { path: path.to_owned() })
    }

    /// A private folder inside this one.
    ///
    /// # Errors
    /// As [`Folder::open`].
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        Self::open(&self.path.join(name))
    }

    /// Path of a file in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Space that is left for this user on its disk, in megabytes.
    ///
    /// # Errors
    /// The system's.
    pub fn free_megabytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.path)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024))
    }

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// The system's; also for a file of absurd size.
    pub fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match fs::File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut content = Vec::new();
        file.take(LIMIT + 1).read_to_end(&mut content)?;
        if content.len() as u64 > LIMIT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "too large for a state file"));
        }
        Ok(Some(content))
    }

    /// Replaces a file as a whole.
    ///
    /// # Errors
    /// The system's; the old content then stands.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let unfinished = self.path(&format!("{name}.{UNFINISHED}"));
        let mut file = create_private(&unfinished, OFlags::TRUNC)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&unfinished, self.path(name))?;
        self.flush()
    }

    /// Writes a file that must not exist yet.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or the system's.
    pub fn create(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let unfinished = self.path(&format!("{name}.{UNFINISHED}"));
        let mut file = create_private(&unfinished, OFlags::TRUNC)?;
        file.write_all(content)?;
        file.sync_all()?;
        drop(file);
        // A hard link, unlike a rename, refuses to replace what is there.
        let linked = fs::hard_link(&unfinished, self.path(name));
        fs::remove_file(&unfinished)?;
        linked?;
        self.flush()
    }

    /// Renames a file that cannot be used to `….broken`, or to `….broken.2` and so on: what was kept aside before is
    /// never overwritten. Says where it is now.
    ///
    /// # Errors
    /// The system's.
    pub fn keep_aside(&self, name: &str) -> io::Result<PathBuf> {
        let mut aside = self.path(&format!("{name}.broken"));
        for number in 2.. {
            // A hard link, unlike a rename, refuses to replace what is there.
            match fs::hard_link(self.path(name), &aside) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    aside = self.path(&format!("{name}.broken.{number}"));
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        fs::remove_file(self.path(name))?;
        self.flush()?;
        Ok(aside)
    }

    /// Removes a file; its absence is fine.
    ///
    /// # Errors
    /// The system's.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.flush(),
        }
    }

    /// Names of the finished files in it, sorted.
    ///
    /// # Errors
    /// The system's.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string()
                && entry.file_type()?.is_file()
                && !name.ends_with(UNFINISHED)
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Takes the folder for this process alone, until the lock is dropped.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when another process has it, or the system's.
    pub fn lock(&self) -> io::Result<Lock> {
        let file = create_private(&self.path("lock"), OFlags::empty())?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Lock { _file: file })
    }

    fn flush(&self) -> io::Result<()> {
        fs::File::open(&self.path)?.sync_all()
    }
}

/// A folder taken by this process.
#[derive(Debug)]
pub struct Lock {
    _file: fs::File,
}

/// Opens a file for writing that only the user may read, and never through a symbolic link.
pub(super) fn create_private(path: &Path, how: OFlags) -> io::Result<fs::File> {
    let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | how;
    let descriptor = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?;
    Ok(fs::File::from(descriptor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(&place.path().join("a/b")).expect("opened");
        (place, folder)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn files_and_folders_are_private() {
        let (_place, folder) = folder();
        folder.write("x", b"1").expect("written");
        assert_eq!(mode(&folder.path), 0o700);
        assert_eq!(mode(&folder.path("x")), 0o600);
    }

    #[test]
    fn a_folder_that_others_could_enter_is_closed() {
        let (_place, folder) = folder();
        fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o755)).expect("opened up");
        Folder::open(&folder.path).expect("opened");
        assert_eq!(mode(&folder.path), 0o700);
    }

    /// Whatever part of the new content a crash left behind, the old content is what is read, and the next write works.
    #[test]
    fn a_crash_at_any_byte_leaves_the_old_content() {
        let (_place, folder) = folder();
        let new = b"the new content";
        folder.write("x", b"old").expect("written");
        for reached in 0..=new.len() {
            fs::write(folder.path("x.unfinished"), &new[..reached]).expect("crashed");
            assert_eq!(folder.read("x").expect("read").as_deref(), Some(&b"old"[..]));
            assert_eq!(folder.names().expect("listed"), ["x"]);
        }
        folder.write("x", new).expect("written");
        assert_eq!(folder.read("x").expect("read").as_deref(), Some(&new[..]));
    }

    #[test]
    fn a_file_is_never_written_through_a_link() {
        let (place, folder) = folder();
        let target = place.path().join("target");
        fs::write(&target, b"untouched").expect("written");
        std::os::unix::fs::symlink(&target, folder.path("x.unfinished")).expect("linked");
        assert!(folder.write("x", b"1").is_err());
        assert_eq!(fs::read(&target).expect("read"), b"untouched");
    }

    #[test]
    fn creating_does_not_replace() {
        let (_place, folder) = folder();
        folder.create("x", b"1").expect("created");
        assert_eq!(folder.create("x", b"2").expect_err("refused").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(folder.read("x").expect("read").as_deref(), Some(&b"1"[..]));
    }

    #[test]
    fn what_was_kept_aside_is_never_overwritten() {
        let (_place, folder) = folder();
        for (content, aside) in [(b"1", "x.broken"), (b"2", "x.broken.2"), (b"3", "x.broken.3")] {
            folder.write("x", content).expect("written");
            assert_eq!(folder.keep_aside("x").expect("kept"), folder.path(aside));
            assert!(folder.read("x").expect("read").is_none());
        }
        assert_eq!(folder.read("x.broken").expect("read").as_deref(), Some(&b"1"[..]));
        assert_eq!(folder.read("x.broken.3").expect("read").as_deref(), Some(&b"3"[..]));
        assert!(folder.keep_aside("x").is_err());
    }

    #[test]
    fn two_agents_do_not_share_a_folder() {
        let (_place, folder) = folder();
        let lock = folder.lock().expect("free");
        assert_eq!(folder.lock().expect_err("taken").kind(), io::ErrorKind::WouldBlock);
        drop(lock);
        folder.lock().expect("free again");
    }

    #[test]
    fn an_absent_file_is_not_an_error() {
        let (_place, folder) = folder();
        assert!(folder.read("x").expect("read").is_none());
        folder.remove("x").expect("removed");
    }
}
