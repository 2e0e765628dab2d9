//! `cps pkcs11`: programs are told of the module without an agent; what is not ours is left and named; `remove` leaves
//! every file as it was.

use crate::agent::{Ran, run};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const P11_KIT: &str = ".config/pkcs11/modules/cps-agent.module";
const JAVA: &str = ".local/state/cps-agent/pkcs11/java.cfg";
const RECORD: &str = ".local/state/cps-agent/pkcs11/written.json";
const FIREFOX: &str = ".mozilla/firefox/a.default/pkcs11.txt";
const CHROMIUM: &str = ".pki/nssdb/pkcs11.txt";

/// A list of modules as NSS writes it.
const LIST: &str = "library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='sql:/profile' flags= \n\
                    NSS=Flags=internal,critical trustOrder=75 cipherOrder=100\n\n";

/// A person's home with a module in it.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.write("lib/libcps_pkcs11.so", &module());
        home
    }

    /// With a Firefox profile and Chromium's database.
    fn with_browsers() -> Self {
        let home = Self::new();
        for list in [FIREFOX, CHROMIUM] {
            home.write(list, LIST.as_bytes());
            home.write(Path::new(list).with_file_name("cert9.db").to_str().unwrap(), b"");
        }
        home
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn module(&self) -> String {
        self.path("lib/libcps_pkcs11.so").display().to_string()
    }

    fn write(&self, below: &str, content: &[u8]) {
        let file = self.path(below);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }

    fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    /// Every file and folder with its content.
    fn tree(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut tree = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let content = path.is_file().then(|| fs::read(&path).unwrap());
                if path.is_dir() {
                    folders.push(path.clone());
                }
                tree.insert(path, content);
            }
        }
        tree
    }

    /// `cps pkcs11` in English.
    fn cps(&self, words: &[&str]) -> Ran {
        let home = self.folder.path().to_str().unwrap();
        let line = [&["pkcs11"], words, &["--no-system"]].concat();
        run(&line, &[("HOME", home), ("LC_ALL", "en_GB.UTF-8")])
    }

    fn install(&self) -> Ran {
        self.cps(&["install", "--module", &self.module()])
    }

    /// The places that `cps pkcs11 status --json` shows, by file or folder below the home.
    fn status(&self) -> BTreeMap<String, Value> {
        self.places(&self.cps(&["status", "--module", &self.module(), "--json"]))
    }

    fn places(&self, ran: &Ran) -> BTreeMap<String, Value> {
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        let below = |place: &Value| {
            let path = Path::new(place["place"].as_str().unwrap());
            path.strip_prefix(self.folder.path()).unwrap().display().to_string()
        };
        answer["places"].as_array().unwrap().iter().map(|place| (below(place), place.clone())).collect()
    }
}

/// The start of a shared object for this machine that has the entry of a module.
pub(crate) fn module() -> Vec<u8> {
    let own = fs::read(std::env::current_exe().unwrap()).unwrap();
    [&own[..64], b"\0C_GetFunctionList\0"].concat()
}

#[test]
fn a_file_of_somebody_else_is_kept_and_named() {
    let home = Home::new();
    home.write(P11_KIT, b"module: /opt/other.so\n");
    let ran = home.install();
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("p11-kit, has our name but is not ours"), "{}", ran.out);
    assert!(ran.err.contains("Rename or delete"), "{}", ran.err);
    assert_eq!(home.read(P11_KIT), "module: /opt/other.so\n");
    assert!(home.path(JAVA).exists(), "the other places are told all the same");
    let ran = home.cps(&["remove"]);
    assert_eq!((ran.code, home.read(P11_KIT).as_str()), (0, "module: /opt/other.so\n"), "{ran:?}");
    assert!(ran.out.contains("not ours"), "{}", ran.out);
}

#[test]
fn a_module_of_the_same_name_in_a_browser_is_left_alone() {
    let home = Home::with_browsers();
    let list = format!("{LIST}library=/opt/other.so\nname=cps-agent\n\n");
    home.write(FIREFOX, list.as_bytes());
    let ran = home.install();
    assert_eq!((ran.code, home.read(FIREFOX)), (1, list.clone()), "{ran:?}");
    let place = &home.status()[FIREFOX];
    assert_eq!((&place["state"], &place["module"]), (&json!("foreign"), &json!("/opt/other.so")));
    home.cps(&["remove"]);
    assert_eq!(home.read(FIREFOX), list);
}

#[test]
fn what_somebody_else_registered_is_used_and_stays_theirs() {
    let home = Home::with_browsers();
    let list = format!("{LIST}library={}\nname=By hand\n\n", home.module());
    home.write(FIREFOX, list.as_bytes());
    let ran = home.install();
    assert_eq!((ran.code, home.read(FIREFOX)), (0, list.clone()), "{ran:?}");
    assert_eq!(home.status()[FIREFOX]["by"], "other");
    assert_eq!(home.status()[CHROMIUM]["by"], "cps");
    let ran = home.cps(&["remove"]);
    assert_eq!((ran.code, home.read(FIREFOX)), (0, list), "{ran:?}");
}

#[test]
fn what_was_changed_since_is_left_and_named() {
    let home = Home::new();
    assert_eq!(home.install().code, 0);
    let changed = format!("{}priority: 5\n", home.read(P11_KIT));
    home.write(P11_KIT, changed.as_bytes());
    for words in [&["install", "--module", &home.module()][..], &["remove"]] {
        let ran = home.cps(words);
        assert_eq!((ran.code, home.read(P11_KIT).as_str()), (1, changed.as_str()), "{ran:?}");
        assert!(ran.out.contains("changed by somebody"), "{}", ran.out);
    }
    assert!(!home.path(JAVA).exists(), "the rest is taken away");
    fs::remove_file(home.path(P11_KIT)).unwrap();
    assert_eq!(home.cps(&["remove"]).code, 0);
    assert!(!home.path(RECORD).exists());
}

#[test]
fn a_home_that_cannot_be_written_is_said_and_left() {
    let home = Home::with_browsers();
    // Outside the folder of the build, which another user might not enter.
    let program = home.path("cps");
    fs::copy(env!("CARGO_BIN_EXE_cps"), &program).unwrap();
    let before = home.tree();
    let mut cps = Command::new(&program);
    cps.args(["pkcs11", "install", "--no-system", "--module", &home.module(), "--json"])
        .env_clear()
        .env("HOME", home.folder.path())
        .current_dir("/")
        .stdin(Stdio::null());
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        // Nothing is forbidden to root: somebody else tries, who may look at everything.
        fs::set_permissions(home.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        cps.uid(65534).gid(65534);
    } else {
        for path in before.keys().filter(|path| path.is_dir()).chain([&home.folder.path().to_owned()]) {
            fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
        }
    }
    let output = cps.output().unwrap();
    for path in before.keys().filter(|path| path.is_dir()).chain([&home.folder.path().to_owned()]) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let ran = Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert_eq!(ran.code, 1, "{ran:?}");
    for (place, found) in home.places(&ran) {
        assert_eq!(found["state"], "failed", "{place}: {found}");
        assert!(found["reason"].as_str().unwrap().contains("denied"), "{found}");
    }
    assert_eq!(home.tree(), before);
}

#[test]
fn a_record_that_cannot_be_read_stops_everything() {
    let home = Home::with_browsers();
    home.write(RECORD, b"{ \"version\": 2 }");
    let before = home.tree();
    for words in [&["install", "--module", &home.module()][..], &["remove"], &["status"]] {
        let ran = home.cps(words);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains("written.json"), "{}", ran.err);
    }
    assert_eq!(home.tree(), before);
}

#[test]
fn a_module_that_no_program_could_load_is_registered_nowhere() {
    let home = Home::with_browsers();
    let before = home.tree();
    let missing = home.path("nowhere.so");
    let ran = home.cps(&["install", "--module", missing.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.err.contains("there is no such file"), "{ran:?}");
    home.write("lib/script.so", b"#!/bin/sh\n");
    let ran = home.cps(&["install", "--module", home.path("lib/script.so").to_str().unwrap(), "--json"]);
    let problem: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((ran.code, &problem["code"]), (1, &json!("module_unloadable")));
    fs::remove_file(home.path("lib/script.so")).unwrap();
    assert_eq!(home.tree(), before);
}

#[test]
fn a_module_whose_path_the_settings_would_read_otherwise_is_registered_nowhere() {
    let home = Home::with_browsers();
    home.write("$lib/libcps_pkcs11.so", &module());
    let before = home.tree();
    let ran = home.cps(&["install", "--module", home.path("$lib/libcps_pkcs11.so").to_str().unwrap()]);
    assert_eq!((ran.code, home.tree()), (1, before), "{ran:?}");
    assert!(ran.err.contains("its path has characters"), "{}", ran.err);
    assert!(ran.err.contains("a folder with a plain name"), "{}", ran.err);
}

#[test]
fn a_list_that_is_no_text_is_left_as_it_is_and_named() {
    let home = Home::with_browsers();
    let latin = [LIST.as_bytes(), b"library=/home/zo\xe9/m.so\nname=other\n\n"].concat();
    home.write(FIREFOX, &latin);
    let left = || fs::read(home.path(FIREFOX)).unwrap() == latin;
    let ran = home.install();
    assert!(ran.code == 1 && left(), "{ran:?}");
    assert!(ran.out.contains("Firefox, left: it cannot be read as text"), "{}", ran.out);
    let states = home.status();
    assert_eq!(
        (&states[FIREFOX]["state"], &states[CHROMIUM]["state"]),
        (&json!("unreadable"), &json!("registered"))
    );
    let ran = home.cps(&["remove"]);
    assert!(ran.code == 0 && left(), "nothing of ours is in it: {ran:?}");

    // One that became so after it was written keeps its entry, which stays on record.
    home.write(FIREFOX, LIST.as_bytes());
    assert_eq!(home.install().code, 0);
    let changed = [home.read(FIREFOX).as_bytes(), b"\xff"].concat();
    home.write(FIREFOX, &changed);
    assert_eq!(home.cps(&["remove"]).code, 1);
    assert_eq!(fs::read(home.path(FIREFOX)).unwrap(), changed);
    home.write(FIREFOX, &changed[..changed.len() - 1]);
    assert_eq!((home.cps(&["remove"]).code, home.read(FIREFOX).as_str()), (0, LIST));
}

#[test]
fn root_does_not_write_into_the_home_of_somebody_else() {
    let home = Home::with_browsers();
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        chown(home.folder.path(), Some(65534), None).unwrap();
        let before = home.tree();
        let ran = home.cps(&["install", "--module", &home.module(), "--json"]);
        let problem: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!((ran.code, &problem["code"], home.tree()), (1, &json!("home_of_another"), before));
    }
}

#[test]
fn a_link_that_somebody_else_laid_is_not_followed() {
    let home = Home::with_browsers();
    fs::rename(home.path(FIREFOX), home.path("list")).unwrap();
    symlink(home.path("list"), home.path(FIREFOX)).unwrap();
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        lchown(home.path(FIREFOX), Some(65534), None).unwrap();
        let ran = home.install();
        assert_eq!((ran.code, home.read("list").as_str()), (1, LIST), "{ran:?}");
        assert!(ran.out.contains("a link of somebody else"), "{}", ran.out);
        lchown(home.path(FIREFOX), Some(0), None).unwrap();
    }
    // The person's own is: what it points at is written.
    assert_eq!(home.install().code, 0);
    assert!(fs::symlink_metadata(home.path(FIREFOX)).unwrap().is_symlink());
    assert!(home.read("list").contains("name=cps-agent"));
}

#[test]
fn a_list_keeps_its_owner_and_its_permissions_and_nothing_unfinished_is_left() {
    let home = Home::with_browsers();
    let list = home.path(FIREFOX);
    fs::set_permissions(&list, fs::Permissions::from_mode(0o640)).unwrap();
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        chown(&list, Some(65534), Some(65534)).unwrap();
    }
    let before = fs::metadata(&list).unwrap();
    // The name that an earlier version used, where somebody could wait for it.
    symlink(home.path("planted"), list.with_file_name(".pkcs11.txt.cps-agent")).unwrap();
    assert_eq!(home.install().code, 0);
    let after = fs::metadata(&list).unwrap();
    assert_ne!(after.ino(), before.ino(), "replaced as a whole");
    assert_eq!((after.uid(), after.gid(), after.mode()), (before.uid(), before.gid(), before.mode()));
    assert!(!home.path("planted").exists());
    assert!(home.tree().keys().all(|path| !path.display().to_string().contains("/.cps-agent-")));
}

#[test]
fn snap_and_flatpak_are_out_of_reach_and_told_what_helps() {
    let home = Home::new();
    home.write("snap/firefox/common/.mozilla/firefox/s.default/cert9.db", b"");
    fs::create_dir_all(home.path(".var/app/org.mozilla.firefox")).unwrap();
    let before = home.tree();
    let ran = home.install();
    assert_eq!(ran.code, 0, "everything that can be reached is told: {ran:?}");
    assert!(ran.out.contains("Firefox, out of reach in its snap"), "{}", ran.out);
    assert!(ran.err.contains("a snap can neither load the module nor reach the agent"), "{}", ran.err);
    let command = format!(
        "flatpak override --user --filesystem={}:ro --filesystem=xdg-run/cps-agent:ro org.mozilla.firefox",
        home.path("lib").display()
    );
    assert!(ran.err.contains(&command), "{}", ran.err);
    let place = &home.status()[".var/app/org.mozilla.firefox"];
    assert_eq!(
        (&place["state"], &place["wall"], &place["command"]),
        (&json!("unreachable"), &json!("flatpak"), &json!(command))
    );
    let after = home.tree();
    assert!(before.iter().all(|(path, content)| after.get(path) == Some(content)), "no browser was touched");

    // Let through and started once, the flatpak is a browser like any other.
    let overrides =
        format!("[Context]\nfilesystems={}:ro;xdg-run/cps-agent:ro;\n", home.path("lib").display());
    home.write(".local/share/flatpak/overrides/org.mozilla.firefox", overrides.as_bytes());
    let list = ".var/app/org.mozilla.firefox/.mozilla/firefox/f.default/pkcs11.txt";
    home.write(list, LIST.as_bytes());
    home.write(".var/app/org.mozilla.firefox/.mozilla/firefox/f.default/cert9.db", b"");
    assert_eq!(home.install().code, 0);
    assert_eq!(home.status()[list]["state"], "registered");
}

#[test]
fn a_running_browser_is_told_and_the_person_is_asked_to_restart_it() {
    let home = Home::with_browsers();
    symlink(format!("127.0.1.1:+{}", std::process::id()), home.path(".mozilla/firefox/a.default/lock"))
        .unwrap();
    let ran = home.install();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains(&format!("{}: Firefox, registered – running now", home.path(FIREFOX).display())),
        "{}",
        ran.out
    );
    assert!(ran.err.contains("close and start the running browsers again"), "{}", ran.err);
    assert!(!ran.out.contains("Chromium, registered – running"), "{}", ran.out);
}

#[test]
fn everything_is_registered_and_taken_back_to_the_letter() {
    let home = Home::with_browsers();
    let before = home.tree();
    let ran = home.install();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(home.read(P11_KIT).contains(&format!("module: {}\n", home.module())));
    let line = format!("library={}\nname=cps-agent\n\n", home.module());
    assert_eq!(home.read(FIREFOX), format!("{LIST}{line}"));
    assert_eq!(home.read(CHROMIUM), format!("{LIST}{line}"));
    assert!(home.read(JAVA).contains(&format!("library = {}\n", home.module())));
    assert!(ran.out.contains(&format!("-providerArg {}", home.path(JAVA).display())), "{}", ran.out);
    assert!(ran.out.contains(&format!("ssh -I {} ", home.module())), "{}", ran.out);
    assert!(home.status().values().all(|place| place["state"] == "registered" && place["by"] == "cps"));

    let again = home.tree();
    assert_eq!((home.install().code, home.tree()), (0, again), "once is enough");
    let ran = home.cps(&["remove"]);
    assert_eq!((ran.code, home.tree()), (0, before), "{ran:?}");
    assert_eq!(home.cps(&["remove"]).code, 0, "again is no error");
    assert!(home.status().values().all(|place| place["state"] == "absent"));
}

#[test]
fn a_list_with_another_end_and_one_that_nss_wrote_anew_are_taken_back_too() {
    let home = Home::with_browsers();
    home.write(FIREFOX, LIST.trim_end().as_bytes());
    fs::remove_file(home.path(CHROMIUM)).unwrap();
    let before = home.tree();
    assert_eq!(home.install().code, 0);
    assert!(home.read(FIREFOX).contains("\n\nlibrary=/"), "a paragraph of its own");
    assert_eq!((home.cps(&["remove"]).code, home.tree()), (0, before));

    assert_eq!(home.install().code, 0);
    // A person added a module in the browser's settings: NSS wrote the whole list.
    let list = format!(
        "{LIST}library={}\nname=cps-agent\nNSS=trustOrder=100\n\nlibrary=/opt/other.so\nname=other\n\n",
        home.module()
    );
    home.write(FIREFOX, list.as_bytes());
    assert_eq!(home.cps(&["remove"]).code, 0);
    assert_eq!(home.read(FIREFOX), format!("{LIST}library=/opt/other.so\nname=other\n\n"));
}

#[test]
fn a_module_that_moved_is_seen_and_put_right() {
    let home = Home::with_browsers();
    assert_eq!(home.install().code, 0);
    let old = home.module();
    home.write("new/libcps_pkcs11.so", &module());
    fs::remove_dir_all(home.path("lib")).unwrap();
    let new = home.path("new/libcps_pkcs11.so").display().to_string();
    let ran = home.cps(&["status", "--module", &new, "--json"]);
    let places = home.places(&ran);
    assert!(places.values().all(|place| place["state"] == "stale"), "{places:?}");
    assert_eq!(places[FIREFOX]["module"], json!(old));
    let ran = home.cps(&["status", "--module", &old]);
    assert!(ran.code == 1 && ran.err.contains("there is no such file"), "{ran:?}");

    assert_eq!(home.cps(&["install", "--module", &new]).code, 0);
    assert_eq!(home.read(FIREFOX), format!("{LIST}library={new}\nname=cps-agent\n\n"));
    assert!(!home.read(P11_KIT).contains(&old));
    home.cps(&["remove"]);
    assert!(!home.path(P11_KIT).exists() && !home.path(RECORD).exists() && !home.path(".config").exists());
    assert_eq!(home.read(FIREFOX), LIST);
}

#[test]
fn a_profile_that_is_gone_is_forgotten() {
    let home = Home::with_browsers();
    assert_eq!(home.install().code, 0);
    fs::remove_dir_all(home.path(".mozilla")).unwrap();
    let ran = home.cps(&["remove"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!home.path(RECORD).exists());
}
