//! The places where other programs look for PKCS#11 modules, and what this program wrote there.
//!
//! | place | read by |
//! | --- | --- |
//! | a module file of p11-kit (pkcs11.conf(5)) | GnuTLS, OpenSSL's engine, desktops |
//! | `pkcs11.txt` of an NSS database | Firefox (each profile), Chromium and its relatives |
//! | a provider configuration in our state | Java, where it is named on the command line |
//! | an OpenSSL configuration in our state | OpenSSL and curl, where `OPENSSL_CONF` names it |
//!
//! Everything written is recorded first, word by word (`record.rs`): so exactly that is taken away again, and what somebody
//! else wrote or changed is left and named. No state is remembered about a place: it is looked at anew each time.

mod database;
mod files;
mod record;
mod settings;

pub(crate) use settings::{Use, uses};

use crate::{
    browsers::{self, Wall},
    module::{self, Unfit},
};
use files::Readers;
use record::{Record, Written};
use serde::Serialize;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Our name in every place.
const NAME: &str = "cps-agent";
/// Where p11-kit reads the administrator's modules, and those of packages (pkcs11.conf(5)).
const SYSTEM: [&str; 2] = ["/etc/pkcs11/modules", "/usr/share/p11-kit/modules"];
/// Our state where the whole machine is registered.
const SYSTEM_STATE: &str = "/var/lib/cps-agent/pkcs11";

/// For whom programs are told.
///
/// For the whole machine no folder of a person is read or written, whatever `HOME` says: they could lead root anywhere.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The person's home, where their browsers are; none for the whole machine.
    home: Option<PathBuf>,
    /// Folder of p11-kit's module files.
    modules: PathBuf,
    /// Folder of the record and of what programs are given by name.
    state: PathBuf,
    /// The whole machine: root, unless only root's own programs are meant.
    system: bool,
}

impl Scope {
    /// Of the person who runs this program; `None` where they have no home. With `system`, root speaks for the machine.
    pub(crate) fn of_caller(system: bool) -> Option<Self> {
        let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        if system && is_root() {
            let [modules, _] = SYSTEM;
            return Some(Self {
                home: None,
                modules: modules.into(),
                state: SYSTEM_STATE.into(),
                system: true,
            });
        }
        let home = home?;
        let config = folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        // Not below the machine's id as the agent's own state is: the places lie in the home, which machines may share.
        let state = folder("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state"));
        Some(Self {
            modules: config.join("pkcs11/modules"),
            state: state.join("cps-agent/pkcs11"),
            home: Some(home),
            system: false,
        })
    }

    /// The folder of somebody else that root would write for itself: `sudo` may keep the `HOME` of who typed it.
    pub(crate) fn of_another(&self) -> Option<PathBuf> {
        let folders = [self.home.as_ref()?, &self.modules, &self.state];
        if !is_root() {
            return None;
        }
        folders.into_iter().filter_map(|folder| folder.ancestors().find(|folder| folder.exists())).find_map(
            |folder| match belongs_to_root(folder) {
                true => None,
                false => Some(folder.to_owned()),
            },
        )
    }

    /// The module as it is written for them: for the whole machine without links, which could be turned elsewhere.
    pub(crate) fn named(&self, module: PathBuf) -> PathBuf {
        if self.system { std::fs::canonicalize(&module).unwrap_or(module) } else { module }
    }

    /// Whether they may be told of the module.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(&self, module: &Path) -> Result<(), Unfit> {
        module::check(module)?;
        if self.system { module::of_root(module) } else { Ok(()) }
    }

    /// Who has to be able to read what is written.
    fn readers(&self) -> Readers {
        if self.system { Readers::Everybody } else { Readers::AsUsual }
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    // A process belongs to whom it runs as.
    belongs_to_root(Path::new("/proc/self"))
}

#[cfg(unix)]
fn belongs_to_root(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(not(unix))]
fn belongs_to_root(_path: &Path) -> bool {
    false
}

/// What is in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// The module, as it is now.
    Registered,
    /// Nothing about it.
    Absent,
    /// What this program wrote for a module that lay elsewhere, or an earlier version.
    Stale,
    /// Something of our name that this program did not write.
    Foreign,
    /// A file of this program that somebody changed.
    Changed,
    /// A browser behind a wall, which could load the module or reach the agent not at all.
    Unreachable,
    /// It is no text, and so nothing can be added to it or taken out of it without harm.
    Unreadable,
    /// It could not be read or written.
    Failed,
}

/// Who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// This program, for this person (or, for root, the machine).
    Cps,
    /// The administrator, for the whole machine.
    System,
    /// Somebody else.
    Other,
}

/// A place and what is in it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Place {
    /// `p11-kit`, `firefox`, `chromium`, `java` or `openssl`.
    pub(crate) kind: &'static str,
    /// The file; for a browser that cannot be reached, its folder.
    pub(crate) place: String,
    pub(crate) state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<By>,
    /// The module that is named there, where it is not the present one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module: Option<String>,
    /// `snap` or `flatpak`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wall: Option<&'static str>,
    /// What the person can type so that the browser is let through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<String>,
    /// The browser runs: it reads its modules when it starts.
    pub(crate) running: bool,
    /// What the system said, when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// How a place is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A file of our own.
    File,
    /// Some lines in a file of the browser.
    Database,
}

/// A place before it is looked at.
#[derive(Debug)]
struct Target {
    kind: &'static str,
    shape: Shape,
    file: PathBuf,
    wall: Option<Wall>,
    running: bool,
}

/// Every place of a scope, with what is in it.
///
/// # Errors
/// The record cannot be read.
pub(crate) fn status(scope: &Scope, module: Option<&Path>) -> io::Result<Vec<Place>> {
    let record = Record::read(&scope.state, scope.readers())?;
    Ok(targets(scope).iter().map(|target| looked(scope, target, &record, module)).collect())
}

/// Tells every program that can be told, and returns every place as it is then.
///
/// # Errors
/// The record cannot be read. A place that cannot be written is in the answer.
pub(crate) fn install(scope: &Scope, module: &Path) -> io::Result<Vec<Place>> {
    let mut record = Record::read(&scope.state, scope.readers())?;
    let mut place = |target: &Target| {
        let now = looked(scope, target, &record, Some(module));
        if !matches!(now.state, State::Absent | State::Stale) {
            return now;
        }
        let done = written(scope, target, &mut record, module);
        after(done, looked(scope, target, &record, Some(module)))
    };
    Ok(targets(scope).iter().map(&mut place).collect())
}

/// Takes away what this program wrote, and returns every place where something was or still is.
///
/// # Errors
/// The record cannot be read. A place that cannot be written is in the answer.
pub(crate) fn remove(scope: &Scope, module: Option<&Path>) -> io::Result<Vec<Place>> {
    let mut record = Record::read(&scope.state, scope.readers())?;
    let mut targets = targets(scope);
    // A profile that is not found any more was written all the same.
    for written in record.written() {
        if !targets.iter().any(|target| target.file == written.file) {
            targets.push(Target {
                kind: settings::kind_of(&written.file),
                shape: written.shape(),
                file: written.file.clone(),
                wall: None,
                running: false,
            });
        }
    }
    let mut places = Vec::new();
    for target in &targets {
        let ours = record.of(&target.file).next().is_some();
        let done = taken(scope, target, &mut record);
        let place = after(done, looked(scope, target, &record, module));
        if ours || !matches!(place.state, State::Absent | State::Unreachable) {
            places.push(place);
        }
    }
    Ok(places)
}

fn after(done: io::Result<()>, place: Place) -> Place {
    match done {
        // Why it was left is said already.
        _ if place.state == State::Unreadable => place,
        Ok(()) => place,
        Err(error) => Place { state: State::Failed, reason: Some(error.to_string()), ..place },
    }
}

fn targets(scope: &Scope) -> Vec<Target> {
    let file = |kind, file| Target { kind, shape: Shape::File, file, wall: None, running: false };
    let mut targets = vec![file(settings::P11_KIT, scope.modules.join(format!("{NAME}.module")))];
    if let Some(home) = &scope.home {
        targets.extend(browsers::databases(home).into_iter().map(|database| Target {
            kind: database.kind.word(),
            shape: Shape::Database,
            running: browsers::runs(&database, home),
            wall: database.wall,
            file: database.folder.join(database::FILE),
        }));
        // One that was never used has no database yet, and is no less out of reach.
        for walled in browsers::walled(home) {
            if !targets.iter().any(|target| target.file.starts_with(&walled.folder)) {
                targets.push(Target {
                    kind: walled.kind.word(),
                    shape: Shape::Database,
                    file: walled.folder,
                    wall: Some(walled.wall),
                    running: false,
                });
            }
        }
    }
    targets.extend(settings::FILES.map(|(kind, name)| file(kind, scope.state.join(name))));
    targets
}

fn looked(scope: &Scope, target: &Target, record: &Record, module: Option<&Path>) -> Place {
    let mut place = Place {
        kind: target.kind,
        place: target.file.display().to_string(),
        state: State::Absent,
        by: None,
        module: None,
        wall: target.wall.map(|wall| match wall {
            Wall::Snap => "snap",
            Wall::Flatpak(_) => "flatpak",
        }),
        command: None,
        running: target.running,
        reason: None,
    };
    let seen = match target.shape {
        Shape::File => files::look(&target.file, record, module, &wanted(scope, target, module)),
        Shape::Database => database::look(&target.file, record, module),
    };
    match seen {
        Ok(seen) => {
            (place.state, place.by) = (seen.state, seen.by);
            place.module = seen
                .module
                .filter(|named| Some(named.as_path()) != module)
                .map(|named| named.display().to_string());
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            place.state = State::Unreadable;
            place.by = record.of(&target.file).next().map(|_| By::Cps);
        }
        Err(error) => (place.state, place.reason) = (State::Failed, Some(error.to_string())),
    }
    let (Some(wall), Some(home)) = (target.wall, &scope.home) else {
        return by_the_machine(scope, target, module, place);
    };
    // What stands there already is told as it is; a wall only keeps from writing more.
    let reaches = module.is_some_and(|module| wall.lets_through(home, module));
    if !reaches && matches!(place.state, State::Absent | State::Failed | State::Unreadable) {
        (place.state, place.by, place.reason) = (State::Unreachable, None, None);
        place.command = module.and_then(|module| settings::grant(wall, home, module));
    }
    place
}

/// What the administrator registered for everybody needs no entry of a person.
fn by_the_machine(scope: &Scope, target: &Target, module: Option<&Path>, place: Place) -> Place {
    let told = || {
        let (name, module) = (target.file.file_name()?, module?);
        SYSTEM.iter().map(|folder| Path::new(folder).join(name)).find(|file| files::names(file, module))
    };
    if scope.system || target.kind != settings::P11_KIT || place.state != State::Absent {
        return place;
    }
    match told() {
        Some(file) => Place {
            state: State::Registered,
            by: Some(By::System),
            place: file.display().to_string(),
            ..place
        },
        None => place,
    }
}

fn wanted(scope: &Scope, target: &Target, module: Option<&Path>) -> Option<String> {
    let file = scope.state.join(target.file.file_name()?);
    module.map(|module| settings::content(target.kind, module, &file))
}

/// Writes a place, having recorded it: a crash in between leaves a record of nothing, never an entry of nobody.
fn written(scope: &Scope, target: &Target, record: &mut Record, module: &Path) -> io::Result<()> {
    let before: Vec<Written> = record.of(&target.file).cloned().collect();
    let text = match target.shape {
        Shape::File => wanted(scope, target, Some(module)).unwrap_or_default(),
        Shape::Database => database::addition(&target.file, &before, module)?,
    };
    let folders = target.file.parent().map(files::missing).unwrap_or_default();
    let entry = Written { file: target.file.clone(), module: module.to_owned(), text, folders };
    record.add(entry.clone())?;
    match target.shape {
        Shape::File => files::write(&target.file, &entry.text, scope.readers())?,
        Shape::Database => database::write(&target.file, &before, &entry)?,
    }
    before.iter().try_for_each(|old| record.forget(old, Some(&entry)))
}

fn taken(scope: &Scope, target: &Target, record: &mut Record) -> io::Result<()> {
    for written in record.of(&target.file).cloned().collect::<Vec<_>>() {
        let gone = match target.shape {
            Shape::File => files::take(&written)?,
            // A person's, of a record that was made before root left their browsers alone.
            Shape::Database if scope.system => return Err(io::ErrorKind::PermissionDenied.into()),
            Shape::Database => database::take(&written)?,
        };
        if gone {
            files::take_folders(&written.folders);
            record.forget(&written, None)?;
        }
    }
    Ok(())
}

/// What lies in a place.
struct Seen {
    state: State,
    by: Option<By>,
    module: Option<PathBuf>,
}

impl Seen {
    const NOTHING: Self = Self { state: State::Absent, by: None, module: None };

    /// What this program wrote for a module, beside the present one.
    fn ours(named: &Path, module: Option<&Path>, current: bool) -> Self {
        let current = match module {
            Some(module) => current && module == named,
            None => module::check(named).is_ok(),
        };
        let state = if current { State::Registered } else { State::Stale };
        Self { state, by: Some(By::Cps), module: Some(named.to_owned()) }
    }

    fn others(state: State, module: Option<PathBuf>) -> Self {
        Self { state, by: Some(By::Other), module }
    }
}
