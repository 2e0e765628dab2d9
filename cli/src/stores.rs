//! The stores of this machine where browsers and programs keep the authorities they believe.
//!
//! Two kinds: the system's (Debian: a folder and `update-ca-certificates`, which need root), and the NSS databases of the
//! person's browsers (`certutil` of libnss3-tools). An authority has the same name in all of them, made of its
//! fingerprint: so exactly this one is found again and taken out, and nothing needs to be remembered.

use cps_agent_api::words::Authority;
use serde::Serialize;
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where Debian's administrator puts authorities (update-ca-certificates(8)).
const SYSTEM: &str = "/usr/local/share/ca-certificates";
/// Makes the system read them.
const UPDATE: &str = "update-ca-certificates";
/// Makes it forget those that are gone.
const FRESH: &str = "--fresh";
/// Where the database of Chromium lies, below the home: as a Debian package, and as a snap.
const CHROMIUM: [&str; 2] = [".pki/nssdb", "snap/chromium/current/.pki/nssdb"];
/// Folders with Firefox profiles, below the home: old place, new place, snap, flatpak.
const FIREFOX: [&str; 4] = [
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
];
/// The file that makes a folder an NSS database.
const DATABASE: &str = "cert9.db";
/// Digits of the fingerprint in a name.
const DIGITS: usize = 16;

/// A store.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    System,
    Nss,
}

/// What became of one store.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Store {
    /// `system` or `nss`.
    pub(crate) kind: &'static str,
    /// Folder.
    pub(crate) place: String,
    /// `filled`, `emptied`, `needs_root`, `no_certutil` or `failed`.
    pub(crate) state: &'static str,
    /// What the system said, when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Store {
    /// The store is as it should be.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, "filled" | "emptied")
    }
}

/// What is to happen with an authority.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed<'a> {
    /// Put the one in; take the one before it out.
    Fill(&'a Authority, Option<&'a Authority>),
    /// Take it out.
    Empty(&'a Authority),
}

/// Why a store is not as it should be.
enum Fault {
    NeedsRoot,
    NoCertutil,
    Other(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::NeedsRoot,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Does it in every store there is.
pub(crate) fn carry_out(deed: Deed<'_>, home: Option<&Path>, system: bool) -> Vec<Store> {
    let system = Some(PathBuf::from(SYSTEM)).filter(|place| system && place.is_dir());
    let system = system.map(|place| (Kind::System, place));
    let databases = home.map(databases).unwrap_or_default().into_iter().map(|place| (Kind::Nss, place));
    system.into_iter().chain(databases).map(|(kind, place)| one(deed, &kind, &place)).collect()
}

fn one(deed: Deed<'_>, kind: &Kind, place: &Path) -> Store {
    let done = match kind {
        Kind::System => in_system(deed, place),
        Kind::Nss => in_database(deed, place),
    };
    let (state, reason) = match (done, deed) {
        (Ok(()), Deed::Fill(..)) => ("filled", None),
        (Ok(()), Deed::Empty(_)) => ("emptied", None),
        (Err(Fault::NeedsRoot), _) => ("needs_root", None),
        (Err(Fault::NoCertutil), _) => ("no_certutil", None),
        (Err(Fault::Other(reason)), _) => ("failed", Some(reason)),
    };
    let kind = match kind {
        Kind::System => "system",
        Kind::Nss => "nss",
    };
    Store { kind, place: place.display().to_string(), state, reason }
}

/// The name of an authority in every store. The agent's answer is cut to what can stand in a file name.
fn name(authority: &Authority) -> String {
    let digits: String = authority.sha256.chars().filter(char::is_ascii_hexdigit).take(DIGITS).collect();
    format!("cps-agent-{digits}")
}

/// What root types when the person is not root.
pub(crate) fn by_root(deed: Deed<'_>) -> String {
    match deed {
        Deed::Fill(authority, _) => {
            let (file, name) = (&authority.file, name(authority));
            format!("install -m 644 '{file}' {SYSTEM}/{name}.crt && {UPDATE} {FRESH}")
        }
        Deed::Empty(authority) => format!("rm -f {SYSTEM}/{}.crt && {UPDATE} {FRESH}", name(authority)),
    }
}

fn in_system(deed: Deed<'_>, place: &Path) -> Result<(), Fault> {
    let file = |authority: &Authority| place.join(format!("{}.crt", name(authority)));
    let remove = |authority: &Authority| match fs::remove_file(file(authority)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true),
    };
    let (added, removed) = match deed {
        Deed::Fill(authority, before) => {
            let present = fs::read_to_string(file(authority)).is_ok_and(|there| there == authority.pem);
            if !present {
                fs::write(file(authority), &authority.pem)?;
            }
            (!present, before.map(remove).transpose()?.unwrap_or(false))
        }
        Deed::Empty(authority) => (false, remove(authority)?),
    };
    let mut update = Command::new(UPDATE);
    match (added, removed) {
        (false, false) => Ok(()),
        (true, false) => run(update),
        // Otherwise the links to what was removed would stay.
        (_, true) => {
            update.arg(FRESH);
            run(update)
        }
    }
}

fn in_database(deed: Deed<'_>, place: &Path) -> Result<(), Fault> {
    let certutil = |arguments: &[&str]| {
        let mut command = Command::new("certutil");
        command.arg("-d").arg(format!("sql:{}", place.display())).args(arguments);
        command
    };
    let remove = |authority: &Authority| {
        let name = name(authority);
        // Asking first: removing what is not there is an error like any other.
        match run(certutil(&["-L", "-n", &name])) {
            Ok(()) => run(certutil(&["-D", "-n", &name])),
            Err(Fault::Other(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    };
    match deed {
        Deed::Fill(authority, before) => {
            let name = name(authority);
            // Only as an authority of web servers, not of mail or programs.
            run(certutil(&["-A", "-n", &name, "-t", "C,,", "-i", &authority.file]))?;
            before.map(remove).transpose().map(drop)
        }
        Deed::Empty(authority) => remove(authority),
    }
}

/// Runs a program that asks nobody anything.
fn run(mut command: Command) -> Result<(), Fault> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        match (error.kind(), command.get_program() == "certutil") {
            (io::ErrorKind::NotFound, true) => Fault::NoCertutil,
            _ => Fault::Other(format!("{}: {error}", command.get_program().to_string_lossy())),
        }
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Fault::Other(said.lines().next().unwrap_or("failed without a word").to_owned()))
}

/// The NSS databases of the person's browsers.
fn databases(home: &Path) -> BTreeSet<PathBuf> {
    let profiles = FIREFOX.iter().flat_map(|folder| {
        let entries = fs::read_dir(home.join(folder)).into_iter().flatten();
        entries.flatten().map(|entry| entry.path())
    });
    let all = CHROMIUM.iter().map(|folder| home.join(folder)).chain(profiles);
    all.filter(|folder| folder.join(DATABASE).is_file()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(sha256: &str) -> Authority {
        Authority {
            sha256: sha256.to_owned(),
            pem: "PEM".to_owned(),
            file: "/state/bridge-authority.pem".to_owned(),
            not_before: 0,
            not_after: 1,
            in_use: true,
        }
    }

    #[test]
    fn a_name_cannot_lead_out_of_its_folder() {
        assert_eq!(name(&authority("../../etc/x")), "cps-agent-ec");
        let whole = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        assert_eq!(name(&authority(whole)), "cps-agent-0123456789abcdef");
    }

    #[test]
    fn every_database_of_a_home_is_found_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let expected = [".pki/nssdb", ".mozilla/firefox/a.default", ".config/mozilla/firefox/b.default"];
        for folder in expected {
            fs::create_dir_all(home.path().join(folder)).unwrap();
            fs::write(home.path().join(folder).join(DATABASE), "").unwrap();
        }
        fs::create_dir_all(home.path().join(".mozilla/firefox/Crash Reports")).unwrap();
        let expected: BTreeSet<_> = expected.iter().map(|folder| home.path().join(folder)).collect();
        assert_eq!(databases(home.path()), expected);
    }
}
