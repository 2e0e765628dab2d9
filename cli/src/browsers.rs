//! The browsers of a person: where their certificate databases (NSS) lie, which walls stand around them, and which runs.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The file that makes a folder an NSS database.
const DATABASE: &str = "cert9.db";

/// A family of browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Chromium and its relatives, which share one database of the person.
    Chromium,
    /// Firefox, with a database in each profile.
    Firefox,
}

impl Kind {
    /// The word for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        }
    }
}

/// What keeps a browser apart from the rest of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wall {
    /// A snap, which sees neither hidden folders of the home nor another program's folder in the runtime directory, and
    /// cannot be given either.
    Snap,
    /// A flatpak with this application id, which can be given both.
    Flatpak(&'static str),
}

/// A browser as it can be installed.
struct Installed {
    kind: Kind,
    wall: Option<Wall>,
    /// Its folder below the home. For a walled one: there as soon as it was started once.
    app: &'static str,
    /// Below that: the database, or the folder of the profiles that have one each.
    below: &'static str,
}

/// Debian's packages, their new places, snaps and flatpaks.
const INSTALLED: [Installed; 8] = [
    Installed { kind: Kind::Chromium, wall: None, app: ".pki", below: "nssdb" },
    Installed {
        kind: Kind::Chromium,
        wall: Some(Wall::Snap),
        app: "snap/chromium",
        below: "current/.pki/nssdb",
    },
    Installed {
        kind: Kind::Chromium,
        wall: Some(Wall::Flatpak("org.chromium.Chromium")),
        app: ".var/app/org.chromium.Chromium",
        below: ".pki/nssdb",
    },
    Installed {
        kind: Kind::Chromium,
        wall: Some(Wall::Flatpak("com.google.Chrome")),
        app: ".var/app/com.google.Chrome",
        below: ".pki/nssdb",
    },
    Installed { kind: Kind::Firefox, wall: None, app: ".mozilla", below: "firefox" },
    Installed { kind: Kind::Firefox, wall: None, app: ".config/mozilla", below: "firefox" },
    Installed {
        kind: Kind::Firefox,
        wall: Some(Wall::Snap),
        app: "snap/firefox",
        below: "common/.mozilla/firefox",
    },
    Installed {
        kind: Kind::Firefox,
        wall: Some(Wall::Flatpak("org.mozilla.firefox")),
        app: ".var/app/org.mozilla.firefox",
        below: ".mozilla/firefox",
    },
];

/// Folders of settings below the home, one of each relative of Chromium that reads `~/.pki/nssdb`.
const CHROMIUM_SETTINGS: [&str; 4] = [
    ".config/chromium",
    ".config/google-chrome",
    ".config/microsoft-edge",
    ".config/BraveSoftware/Brave-Browser",
];

/// An NSS database of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) kind: Kind,
    pub(crate) wall: Option<Wall>,
    pub(crate) folder: PathBuf,
}

/// A browser behind a wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walled {
    pub(crate) kind: Kind,
    pub(crate) wall: Wall,
    /// Its own folder.
    pub(crate) folder: PathBuf,
}

/// Every database that is there, in the order of their paths.
pub(crate) fn databases(home: &Path) -> Vec<Database> {
    let mut found: Vec<Database> = INSTALLED
        .iter()
        .flat_map(|browser| {
            let place = home.join(browser.app).join(browser.below);
            let folders = match browser.kind {
                Kind::Chromium => vec![place],
                Kind::Firefox => {
                    fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
                }
            };
            folders.into_iter().map(|folder| Database { kind: browser.kind, wall: browser.wall, folder })
        })
        .filter(|database| database.folder.join(DATABASE).is_file())
        .collect();
    found.sort_by(|one, other| one.folder.cmp(&other.folder));
    found
}

/// Every browser behind a wall that this person has started.
pub(crate) fn walled(home: &Path) -> Vec<Walled> {
    INSTALLED
        .iter()
        .filter_map(|browser| {
            let folder = home.join(browser.app);
            let wall = browser.wall.filter(|_| folder.is_dir())?;
            Some(Walled { kind: browser.kind, wall, folder })
        })
        .collect()
}

impl Wall {
    /// Whether the person (flatpak-override(1)) let the browser read a file and reach the agent's socket.
    pub(crate) fn lets_through(self, home: &Path, file: &Path) -> bool {
        let Self::Flatpak(app) = self else { return false };
        let overrides = home.join(".local/share/flatpak/overrides").join(app);
        let Ok(text) = fs::read_to_string(overrides) else { return false };
        let granted: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("filesystems="))
            .flat_map(|list| list.split(';'))
            .map(|entry| entry.split(':').next().unwrap_or_default())
            .collect();
        let shows_file = granted.iter().any(|entry| match entry.strip_prefix("~/") {
            Some(below) => file.starts_with(home.join(below)),
            None if matches!(*entry, "home" | "host") => file.starts_with(home),
            None => entry.starts_with('/') && file.starts_with(entry),
        });
        shows_file && granted.iter().any(|entry| matches!(*entry, "xdg-run/cps-agent" | "xdg-run"))
    }
}

/// Whether a browser that reads this database runs: it has read its modules, and reads them again at its next start.
pub(crate) fn runs(database: &Database, home: &Path) -> bool {
    // Both kinds keep a link that names their process: Firefox `address:+pid`, Chromium `host-pid`.
    let (locks, mark) = match database.kind {
        Kind::Firefox => (vec![database.folder.join("lock")], '+'),
        Kind::Chromium => {
            (CHROMIUM_SETTINGS.iter().map(|folder| home.join(folder).join("SingletonLock")).collect(), '-')
        }
    };
    locks.iter().any(|lock| {
        let Ok(target) = fs::read_link(lock) else { return false };
        let target = target.to_string_lossy();
        // What a crash left behind names a process that is gone.
        target.rsplit_once(mark).and_then(|(_, pid)| pid.parse::<u32>().ok()).is_some_and(alive)
    })
}

fn alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(home: &Path, folder: &str) {
        let folder = home.join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(DATABASE), "").unwrap();
    }

    #[test]
    fn databases_are_found_where_browsers_keep_them() {
        let home = tempfile::tempdir().unwrap();
        let places = [
            ".config/mozilla/firefox/b.default",
            ".mozilla/firefox/a.default",
            ".pki/nssdb",
            ".var/app/com.google.Chrome/.pki/nssdb",
            ".var/app/org.mozilla.firefox/.mozilla/firefox/c.default",
            "snap/chromium/current/.pki/nssdb",
            "snap/firefox/common/.mozilla/firefox/d.default",
        ];
        for place in places {
            database(home.path(), place);
        }
        fs::create_dir_all(home.path().join(".mozilla/firefox/Crash Reports")).unwrap();
        let found = databases(home.path());
        let folders: Vec<_> = found.iter().map(|database| database.folder.clone()).collect();
        assert_eq!(folders, places.map(|place| home.path().join(place)));
        let walls: Vec<_> = found.iter().map(|database| database.wall).collect();
        let flatpak = Wall::Flatpak;
        assert_eq!(
            walls,
            [
                None,
                None,
                None,
                Some(flatpak("com.google.Chrome")),
                Some(flatpak("org.mozilla.firefox")),
                Some(Wall::Snap),
                Some(Wall::Snap)
            ]
        );
        assert_eq!(walled(home.path()).len(), 4);
    }

    #[test]
    fn a_flatpak_is_let_through_by_both_grants_and_a_snap_by_nothing() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let module = home.join(".local/lib/pkcs11/module.so");
        let overrides = home.join(".local/share/flatpak/overrides");
        fs::create_dir_all(&overrides).unwrap();
        let wall = Wall::Flatpak("org.mozilla.firefox");
        let file = overrides.join("org.mozilla.firefox");
        assert!(!wall.lets_through(home, &module));
        for (granted, enough) in [
            ("xdg-run/cps-agent;~/.local/lib/pkcs11:ro", true),
            ("xdg-run/cps-agent:ro;home;", true),
            ("xdg-run/cps-agent", false),
            ("~/.local/lib/pkcs11", false),
            ("xdg-run/cps-agent;/usr/lib", false),
            ("xdg-run/cps-agent;!host", false),
        ] {
            fs::write(&file, format!("[Context]\nfilesystems={granted}\n")).unwrap();
            assert_eq!(wall.lets_through(home, &module), enough, "{granted}");
        }
        assert!(!Wall::Snap.lets_through(home, &module));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_browser_runs_while_the_process_of_its_lock_lives() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        database(home, ".pki/nssdb");
        database(home, ".mozilla/firefox/a.default");
        let found = databases(home);
        assert!(found.iter().all(|database| !runs(database, home)));
        let me = std::process::id();
        let settings = home.join(".config/chromium");
        fs::create_dir_all(&settings).unwrap();
        symlink(format!("some-host-{me}"), settings.join("SingletonLock")).unwrap();
        // No process has the largest number there is.
        let lock = home.join(".mozilla/firefox/a.default/lock");
        symlink("127.0.1.1:+4294967295", &lock).unwrap();
        let which =
            |found: &[Database]| found.iter().map(|database| runs(database, home)).collect::<Vec<_>>();
        assert_eq!(which(&found), [false, true]);
        fs::remove_file(&lock).unwrap();
        symlink(format!("127.0.1.1:+{me}"), &lock).unwrap();
        assert_eq!(which(&found), [true, true]);
    }
}
