//! The stores of this machine where browsers and programs keep the authorities they believe.
//!
//! Two kinds: the system's (Debian: a folder and `update-ca-certificates`, which need root), and the NSS databases of the
//! person's browsers (`certutil` of libnss3-tools). An authority has the same name in all of them, made of its
//! fingerprint: so exactly this one is found again and taken out, and nothing needs to be remembered.

use crate::browsers;
use cps_agent_api::words::Authority;
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where Debian's administrator puts authorities (update-ca-certificates(8)).
const SYSTEM: &str = "/usr/local/share/ca-certificates";
/// What it makes of them for programs to read (same page).
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Makes the system read them.
const UPDATE: &str = "update-ca-certificates";
/// Makes it forget those that are gone.
const FRESH: &str = "--fresh";
/// What certutil says of a name that is not in a database.
const NOT_THERE: &str = "Could not find cert";
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
    let databases = home.map(browsers::databases).unwrap_or_default();
    let databases = databases.into_iter().map(|database| (Kind::Nss, database.folder));
    system.into_iter().chain(databases).map(|(kind, place)| one(deed, &kind, &place)).collect()
}

fn one(deed: Deed<'_>, kind: &Kind, place: &Path) -> Store {
    let done = match kind {
        Kind::System => {
            let update = || {
                let mut update = Command::new(UPDATE);
                // Otherwise the links to what was removed would stay.
                update.arg(FRESH);
                run(update)
            };
            System { folder: place, bundle: Path::new(BUNDLE), update: &update }.carry_out(deed)
        }
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
///
/// The agent's file is the person's, whose programs may replace it before root looks: what lies in the store is therefore
/// written from it as one single certificate, compared with the fingerprint that was shown, and deleted if it is another.
pub(crate) fn by_root(deed: Deed<'_>) -> String {
    line(deed, Path::new(SYSTEM), UPDATE)
}

fn line(deed: Deed<'_>, folder: &Path, update: &str) -> String {
    let place = |authority: &Authority| quoted(&file_in(folder, authority).display().to_string());
    match deed {
        Deed::Fill(authority, before) => {
            let (file, new) = (quoted(&authority.file), place(authority));
            let digits: String = authority.sha256.chars().filter(char::is_ascii_hexdigit).collect();
            let before = before.map(|before| format!(" && rm -f {}", place(before)));
            format!(
                "openssl x509 -in {file} -out {new} && {{ openssl x509 -in {new} -noout -fingerprint -sha256 | \
                 tr -d : | grep -qi '={digits}$' && chmod 644 {new} || {{ rm -f {new}; false; }}; }}{} && \
                 {update} {FRESH}",
                before.unwrap_or_default()
            )
        }
        Deed::Empty(authority) => format!("rm -f {} && {update} {FRESH}", place(authority)),
    }
}

/// The file of an authority in the system's folder.
fn file_in(folder: &Path, authority: &Authority) -> PathBuf {
    folder.join(format!("{}.crt", name(authority)))
}

/// One word of a shell, whatever is in it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The system's store.
struct System<'a> {
    /// The administrator's authorities.
    folder: &'a Path,
    /// What programs read: all that are believed, in one file.
    bundle: &'a Path,
    /// Makes the second from the first.
    update: &'a dyn Fn() -> Result<(), Fault>,
}

impl System<'_> {
    /// What is believed decides, not whether a file is there: an update that failed is run again the next time.
    fn carry_out(&self, deed: Deed<'_>) -> Result<(), Fault> {
        let (authority, wanted) = match deed {
            Deed::Fill(authority, _) => (authority, true),
            Deed::Empty(authority) => (authority, false),
        };
        let filed = match (deed, read(&file_in(self.folder, authority))?) {
            (Deed::Fill(..), filed) => filed == squeezed(&authority.pem),
            (Deed::Empty(_), filed) => filed.is_empty(),
        };
        let before = match deed {
            Deed::Fill(_, Some(before)) => Some(file_in(self.folder, before)).filter(|file| file.exists()),
            _ => None,
        };
        if filed && before.is_none() && self.believes(authority)? == wanted {
            return Ok(());
        }
        match deed {
            Deed::Fill(..) if !filed => fs::write(file_in(self.folder, authority), &authority.pem)?,
            Deed::Empty(_) if !filed => fs::remove_file(file_in(self.folder, authority))?,
            _ => {}
        }
        before.map(fs::remove_file).transpose()?;
        // Only who may write the bundle can update it: the program's own words about that are many.
        match fs::OpenOptions::new().append(true).open(self.bundle) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        (self.update)()?;
        match self.believes(authority)? == wanted {
            true => Ok(()),
            false => Err(Fault::Other(format!("{UPDATE} changed nothing"))),
        }
    }

    /// Whether programs believe it.
    fn believes(&self, authority: &Authority) -> io::Result<bool> {
        Ok(read(self.bundle)?.contains(&squeezed(&authority.pem)))
    }
}

/// A file without its spaces; empty where there is none.
fn read(file: &Path) -> io::Result<String> {
    match fs::read(file) {
        Ok(content) => Ok(squeezed(&String::from_utf8_lossy(&content))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// PEM without what differs from writer to writer.
fn squeezed(pem: &str) -> String {
    pem.chars().filter(|character| !character.is_whitespace()).collect()
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
            // A database that is locked or broken says something else: who knows what is in it?
            Err(Fault::Other(said)) if said.contains(NOT_THERE) => Ok(()),
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
    fn a_word_for_the_shell_stays_one() {
        for text in ["/state/a.pem", "/o'brien/$(id)/`id` \"x\";.pem", "'", ""] {
            let said =
                Command::new("sh").arg("-c").arg(format!("printf %s {}", quoted(text))).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), text);
        }
    }

    /// A certificate and its fingerprint, made on the spot.
    fn certificate(folder: &Path, name: &str) -> Authority {
        let (key, file) = (folder.join("key.pem"), folder.join(format!("{name}.pem")));
        let subject = format!("/CN={name}");
        let mut make = Command::new("openssl");
        make.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        make.args(["-subj", &subject, "-keyout"]).arg(key).arg("-out").arg(&file);
        assert!(make.output().unwrap().status.success());
        let mut show = Command::new("openssl");
        show.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(&file);
        let shown = String::from_utf8(show.output().unwrap().stdout).unwrap();
        let sha256 = shown.trim().rsplit('=').next().unwrap().replace(':', "").to_lowercase();
        let pem = fs::read_to_string(&file).unwrap();
        Authority { pem, file: file.display().to_string(), ..authority(&sha256) }
    }

    #[test]
    fn root_installs_what_was_shown_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("o'brien");
        fs::create_dir_all(&folder).unwrap();
        let (good, evil) = (certificate(&folder, "good"), certificate(&folder, "evil"));
        let before = authority("feedfeedfeedfeed");
        fs::write(file_in(&folder, &before), "PEM").unwrap();
        let root = |file: &Path| {
            let shown = Authority { file: file.display().to_string(), ..good.clone() };
            let line = line(Deed::Fill(&shown, Some(&before)), &folder, "true");
            Command::new("sh").arg("-c").arg(line).output().unwrap().status.success()
        };
        let place = file_in(&folder, &good);
        assert!(!root(Path::new(&evil.file)) && !place.exists(), "another certificate");
        assert!(file_in(&folder, &before).exists());
        // Whatever was put behind the right one is not installed with it.
        let both = folder.join("both.pem");
        fs::write(&both, format!("{}{}", good.pem, evil.pem)).unwrap();
        assert!(root(&both));
        assert_eq!(squeezed(&fs::read_to_string(&place).unwrap()), squeezed(&good.pem));
        assert!(!file_in(&folder, &before).exists(), "the earlier one is gone");
    }

    #[test]
    fn an_update_that_failed_is_not_taken_for_done_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, bundle) = (folder.path(), folder.path().join("bundle"));
        let one = authority("11");
        let carry_out = |deed: Deed<'_>, update: &dyn Fn() -> Result<(), Fault>| {
            System { folder, bundle: &bundle, update }.carry_out(deed).map_err(|fault| match fault {
                Fault::Other(said) => said,
                Fault::NeedsRoot | Fault::NoCertutil => "left".to_owned(),
            })
        };
        let broken = || Err(Fault::Other("broken".to_owned()));
        let works = || {
            let all = fs::read(file_in(folder, &one)).unwrap_or_default();
            fs::write(&bundle, all).map_err(Fault::from)
        };
        for deed in [Deed::Fill(&one, None), Deed::Empty(&one)] {
            for _ in 0..2 {
                assert_eq!(carry_out(deed, &broken), Err("broken".to_owned()), "{deed:?}");
                let idle = carry_out(deed, &|| Ok(())).unwrap_err();
                assert!(idle.contains("changed nothing"), "{deed:?}: {idle}");
            }
            assert_eq!(carry_out(deed, &works), Ok(()), "{deed:?}");
            assert_eq!(carry_out(deed, &broken), Ok(()), "{deed:?}: nothing is left to do");
        }
    }

    #[test]
    fn a_database_that_cannot_be_read_is_not_empty() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cert9.db"), "no database").unwrap();
        let store = one(Deed::Empty(&authority("11")), &Kind::Nss, folder.path());
        assert!(matches!(store.state, "failed" | "no_certutil"), "{store:?}");
        assert!(!store.is_done());
    }
}
