//! The PKCS#11 module of the agent as a file: where it lies, and whether programs of this machine can load it.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs, io,
    io::Read as _,
    path::{Component, Path, PathBuf},
};

/// Where it lies beside this program: in a build, in a home (`~/.local`), and where packages of Debian, Fedora and others
/// put PKCS#11 modules.
const BESIDE: [&str; 4] = [".", "../lib/pkcs11", "../lib64/pkcs11", "../lib"];
/// The function that makes a library a PKCS#11 module (PKCS #11 v2.40 §5.4).
const ENTRY: &[u8] = b"C_GetFunctionList";
/// Length of the part of an ELF header that says for whom the file is.
const HEADER: usize = 20;

/// Why programs cannot load it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unloadable {
    /// There is no such file.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// It is something else.
    NoModule,
    /// It is made for another kind of machine.
    OtherMachine,
}

impl Unloadable {
    /// The code for programs, which is also the name of its message.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::NoModule => "no_module",
            Self::OtherMachine => "other_machine",
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
pub(crate) fn check(file: &Path) -> Result<(), Unloadable> {
    let content = read(file)?;
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let own = std::env::current_exe().map_err(|_| Unloadable::Unreadable)?;
    let own = read_header(&own)?;
    let header = content.get(..HEADER).ok_or(Unloadable::NoModule)?;
    // ELF: magic, class and byte order, then after the padding the type (3, shared object) and the machine.
    let shared_object = header.get(16..18) == Some(&[3, 0]) || header.get(16..18) == Some(&[0, 3]);
    if !header.starts_with(b"\x7fELF") || !shared_object {
        return Err(Unloadable::NoModule);
    }
    if header.get(4..6) != own.get(4..6) || header.get(18..20) != own.get(18..20) {
        return Err(Unloadable::OtherMachine);
    }
    match content.windows(ENTRY.len()).any(|window| window == ENTRY) {
        true => Ok(()),
        false => Err(Unloadable::NoModule),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Unloadable> {
    fs::read(file).map_err(said)
}

fn read_header(file: &Path) -> Result<Vec<u8>, Unloadable> {
    let mut header = Vec::new();
    let opened = fs::File::open(file).map_err(said)?;
    opened.take(HEADER as u64).read_to_end(&mut header).map_err(said)?;
    Ok(header)
}

fn said(error: io::Error) -> Unloadable {
    match error.kind() {
        io::ErrorKind::NotFound => Unloadable::Missing,
        _ => Unloadable::Unreadable,
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
        assert_eq!(check(&folder.path().join("nothing")), Err(Unloadable::Missing));
        assert_eq!(check(folder.path()), Err(Unloadable::Unreadable));
        assert_eq!(written(b""), Err(Unloadable::NoModule));
        assert_eq!(written(b"#!/bin/sh\necho C_GetFunctionList\n"), Err(Unloadable::NoModule));
        let header = &own[..64];
        assert_eq!(written(header), Err(Unloadable::NoModule), "without the entry");
        let mut module = [header, b"\0C_GetFunctionList\0"].concat();
        assert_eq!(written(&module), Ok(()));
        module[18] ^= 0x55;
        assert_eq!(written(&module), Err(Unloadable::OtherMachine));
        module[18] ^= 0x55;
        module[16] = 2;
        assert_eq!(written(&module), Err(Unloadable::NoModule), "a program");
    }

    #[test]
    fn paths_are_shown_without_detours() {
        assert_eq!(
            plain(Path::new("/home/a/.local/bin/../lib/./pkcs11/m.so")),
            Path::new("/home/a/.local/lib/pkcs11/m.so")
        );
    }
}
