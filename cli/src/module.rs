//! The PKCS#11 module of the agent as a file: where it lies, and whether programs of this machine can load it.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs, io,
    io::Read as _,
    path::{Component, Path, PathBuf},
};

/// The last letter that Java's list of modules can carry (java.io.StreamTokenizer).
const LAST: char = '\u{ff}';
/// What settings of other programs would read as something else, beside control characters: quotes, and what starts a
/// comment or a variable in one of them (config(5), pkcs11.conf(5), Java's and NSS's lists).
const UNCARRIED: &str = "\"'`$#%;";

/// Where it lies beside this program: in a build, in a home (`~/.local`), and where packages of Debian, Fedora and others
/// put PKCS#11 modules.
const BESIDE: [&str; 4] = [".", "../lib/pkcs11", "../lib64/pkcs11", "../lib"];
/// The function that makes a library a PKCS#11 module (PKCS #11 v2.40 §5.4).
const ENTRY: &[u8] = b"C_GetFunctionList";
/// Length of the part of an ELF header that says for whom the file is.
const HEADER: usize = 20;

/// Why no program is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// There is no such file.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// It is something else.
    NoModule,
    /// It is made for another kind of machine.
    OtherMachine,
    /// Its path cannot be written into the settings of every program.
    Path,
    /// Somebody who is not root can replace it: this file, or this folder above it, does not belong to root alone.
    Replaceable(PathBuf),
}

impl Unfit {
    /// The code for programs, which is also the name of its message.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::NoModule => "no_module",
            Self::OtherMachine => "other_machine",
            Self::Path => "path",
            Self::Replaceable(_) => "replaceable",
        }
    }
}

/// The module: the one that was named, or the one that was installed with this program.
pub(crate) fn find(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(named) = named {
        return std::path::absolute(named).ok();
    }
    let program = std::env::current_exe().ok()?;
    let folder = program.parent()?;
    let name = format!("{DLL_PREFIX}cps_pkcs11{DLL_SUFFIX}");
    // Debian's folder has the machine in its name: `../lib/x86_64-linux-gnu/pkcs11`.
    let multiarch = fs::read_dir(folder.join("../lib")).into_iter().flatten().flatten();
    let multiarch = multiarch.map(|entry| entry.path().join("pkcs11"));
    BESIDE
        .iter()
        .map(|beside| folder.join(beside))
        .chain(multiarch)
        .map(|folder| plain(&folder.join(&name)))
        .find(|file| file.is_file())
}

/// A path without `.` and `..`, which other programs' settings would show to people.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

/// Whether programs can load it, as far as the file says. It is not loaded: it runs in other programs, not in this one.
///
/// # Errors
/// Why not.
pub(crate) fn check(file: &Path) -> Result<(), Unfit> {
    if !is_carried(file) {
        return Err(Unfit::Path);
    }
    let content = read(file)?;
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let own = std::env::current_exe().map_err(|_| Unfit::Unreadable)?;
    let own = read_header(&own)?;
    let header = content.get(..HEADER).ok_or(Unfit::NoModule)?;
    // ELF: magic, class and byte order, then after the padding the type (3, shared object) and the machine.
    let shared_object = header.get(16..18) == Some(&[3, 0]) || header.get(16..18) == Some(&[0, 3]);
    if !header.starts_with(b"\x7fELF") || !shared_object {
        return Err(Unfit::NoModule);
    }
    if header.get(4..6) != own.get(4..6) || header.get(18..20) != own.get(18..20) {
        return Err(Unfit::OtherMachine);
    }
    match content.windows(ENTRY.len()).any(|window| window == ENTRY) {
        true => Ok(()),
        false => Err(Unfit::NoModule),
    }
}

/// Whether every program reads this path from its settings as it is.
fn is_carried(file: &Path) -> bool {
    let Some(path) = file.to_str() else { return false };
    let stops =
        |c: char| c.is_control() || c > LAST || UNCARRIED.contains(c) || (c == '\\' && !cfg!(windows));
    path.trim() == path && !path.contains(stops)
}

/// Whether root alone can replace the file, whose path has no links: it runs in every program of the machine, root's too.
///
/// # Errors
/// The first of the file and the folders above it that belongs to somebody else, or that others may write.
#[cfg(unix)]
pub(crate) fn of_root(file: &Path) -> Result<(), Unfit> {
    of_one(file, 0)
}

#[cfg(unix)]
fn of_one(file: &Path, owner: u32) -> Result<(), Unfit> {
    use std::os::unix::fs::MetadataExt as _;
    // The right of an access list to write is shown as the group's (acl(5)).
    const OTHERS_WRITE: u32 = 0o022;
    let alone = |path: &&Path| {
        fs::symlink_metadata(path).is_ok_and(|found| {
            !found.is_symlink() && found.uid() == owner && found.mode() & OTHERS_WRITE == 0
        })
    };
    match file.ancestors().find(|path| !alone(path)) {
        None => Ok(()),
        Some(path) => Err(Unfit::Replaceable(path.to_owned())),
    }
}

/// Elsewhere nobody speaks for the whole machine here.
#[cfg(not(unix))]
pub(crate) fn of_root(_file: &Path) -> Result<(), Unfit> {
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Unfit> {
    fs::read(file).map_err(said)
}

fn read_header(file: &Path) -> Result<Vec<u8>, Unfit> {
    let mut header = Vec::new();
    let opened = fs::File::open(file).map_err(said)?;
    opened.take(HEADER as u64).read_to_end(&mut header).map_err(said)?;
    Ok(header)
}

fn said(error: io::Error) -> Unfit {
    match error.kind() {
        io::ErrorKind::NotFound => Unfit::Missing,
        _ => Unfit::Unreadable,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_no_program_can_load_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("module.so");
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        let written = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            check(&file)
        };
        assert_eq!(check(&folder.path().join("nothing")), Err(Unfit::Missing));
        assert_eq!(check(folder.path()), Err(Unfit::Unreadable));
        assert_eq!(written(b""), Err(Unfit::NoModule));
        assert_eq!(written(b"#!/bin/sh\necho C_GetFunctionList\n"), Err(Unfit::NoModule));
        let header = &own[..64];
        assert_eq!(written(header), Err(Unfit::NoModule), "without the entry");
        let mut module = [header, b"\0C_GetFunctionList\0"].concat();
        assert_eq!(written(&module), Ok(()));
        module[18] ^= 0x55;
        assert_eq!(written(&module), Err(Unfit::OtherMachine));
        module[18] ^= 0x55;
        module[16] = 2;
        assert_eq!(written(&module), Err(Unfit::NoModule), "a program");
    }

    #[test]
    fn a_path_that_the_settings_of_a_program_would_read_otherwise_is_named() {
        for name in ["a\nb", "a$b", "a#b", "a%b", "a\\b", "a'b", "a\"b", "a;b", "a\tb", "œ", "m.so "] {
            assert_eq!(check(&Path::new("/nowhere").join(name)), Err(Unfit::Path), "{name:?}");
        }
        let bytes: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"/nowhere/\xe9.so");
        assert_eq!(check(Path::new(bytes)), Err(Unfit::Path));
        assert_eq!(check(Path::new("/nowhere/Zoé B/m.so")), Err(Unfit::Missing));
    }

    #[test]
    fn what_others_can_replace_is_named_with_the_place_that_lets_them() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let file = folder.path().join("module.so");
        fs::write(&file, "").unwrap();
        let me = fs::metadata(&file).unwrap().uid();
        let named = |owner| match of_one(&file, owner) {
            Err(Unfit::Replaceable(place)) => place,
            other => panic!("{other:?}"),
        };
        assert_eq!(named(me + 1), file, "of somebody else");
        for writable in [0o664, 0o646] {
            mode(&file, writable);
            assert_eq!(named(me), file, "{writable:o}");
        }
        mode(&file, 0o644);
        mode(folder.path(), 0o775);
        assert_eq!(named(me), folder.path());
        mode(folder.path(), 0o755);
        assert_ne!(named(me), folder.path(), "the place above it, which everybody may write");
        assert_eq!(of_root(&fs::canonicalize("/bin/sh").unwrap()), Ok(()));
    }

    #[test]
    fn paths_are_shown_without_detours() {
        assert_eq!(
            plain(Path::new("/home/a/.local/bin/../lib/./pkcs11/m.so")),
            Path::new("/home/a/.local/lib/pkcs11/m.so")
        );
    }
}
