//! `cps pkcs11` as root speaks for the whole machine: it tells nobody of a module that somebody else could replace, goes
//! into no person's home, and everybody may read what it wrote. Each test has a small machine of its own, with `cps` and
//! `/usr` in it, where whoever runs the test is root.

use crate::agent::Ran;
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const MODULE: &str = "opt/pkcs11/libcps_pkcs11.so";
const P11_KIT: &str = "etc/pkcs11/modules/cps-agent.module";
const RECORD: &str = "var/lib/cps-agent/pkcs11/written.json";
const LIST: &str = "home/zoe/.pki/nssdb/pkcs11.txt";
const INSTALL: [&str; 5] = ["pkcs11", "install", "--module", "/opt/pkcs11/libcps_pkcs11.so", "--json"];

struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { root: tempfile::tempdir().unwrap() };
        for folder in ["usr", "proc", "etc", "var/lib", "home/zoe/.pki/nssdb", "opt/pkcs11"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        for (link, folder) in [("lib", "usr/lib"), ("lib64", "usr/lib64")] {
            symlink(folder, machine.path(link)).unwrap();
        }
        for folder in ["", "opt", "opt/pkcs11", "etc", "var", "var/lib"] {
            machine.mode(folder, 0o755);
        }
        fs::copy(env!("CARGO_BIN_EXE_cps"), machine.path("cps")).unwrap();
        fs::write(machine.path(MODULE), crate::pkcs11_tells_programs_and_takes_back_what_it_told::module())
            .unwrap();
        machine.mode(MODULE, 0o644);
        fs::write(machine.path(LIST), "library=\nname=NSS Internal PKCS #11 Module\n\n").unwrap();
        fs::write(machine.path(LIST).with_file_name("cert9.db"), "").unwrap();
        machine
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    fn mode(&self, below: &str, mode: u32) {
        fs::set_permissions(self.path(below), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// `cps` as root, who kept Zoé's `HOME` and lets nobody read new files.
    fn root(&self, words: &[&str]) -> Ran {
        let mut machine = Command::new("unshare");
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            machine.args(["--user", "--map-root-user"]);
        }
        let enter = "mount --rbind /usr \"$0/usr\" && mount --rbind /proc \"$0/proc\" && umask 077 && \
                     exec chroot \"$0\" /cps \"$@\"";
        machine.args(["--mount", "sh", "-c", enter]).arg(self.root.path()).args(words);
        machine.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/home/zoe");
        let output = machine.env("LC_ALL", "en_GB.UTF-8").stdin(Stdio::null()).output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn refusal(&self, words: &[&str]) -> Value {
        let ran = self.root(words);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(!self.path("etc/pkcs11").exists() && !self.path("var/lib/cps-agent").exists(), "{ran:?}");
        serde_json::from_str(&ran.err).unwrap()
    }
}

#[test]
fn a_module_that_others_can_replace_is_refused_and_the_place_is_named() {
    let machine = Machine::new();
    for (place, mode, good) in [(MODULE, 0o666, 0o644), ("opt/pkcs11", 0o775, 0o755), ("opt", 0o1777, 0o755)]
    {
        machine.mode(place, mode);
        let problem = machine.refusal(&INSTALL);
        assert_eq!(problem["code"], "module_replaceable", "{problem}");
        let named = format!("/{place} does not belong to root alone.");
        assert!(problem["title"].as_str().unwrap().ends_with(&named), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("where root alone may write"), "{problem}");
        let status =
            machine.root(&["pkcs11", "status", "--module", "/opt/pkcs11/libcps_pkcs11.so", "--json"]);
        let answer: Value = serde_json::from_str(&status.out).unwrap();
        assert_eq!((status.code, &answer["module"]["problem"]), (1, &json!("replaceable")));
        machine.mode(place, good);
    }
    machine.mode("opt", 0o777);
    let ran = machine.root(&[&INSTALL[..], &["--lang", "fr"]].concat());
    assert!(ran.err.contains("/opt n’appartient pas à root seul"), "{}", ran.err);
}

#[test]
fn a_link_to_a_module_that_others_can_replace_is_seen_through() {
    let machine = Machine::new();
    fs::copy(machine.path(MODULE), machine.path("home/zoe/m.so")).unwrap();
    machine.mode("home/zoe", 0o777);
    fs::remove_file(machine.path(MODULE)).unwrap();
    symlink("/home/zoe/m.so", machine.path(MODULE)).unwrap();
    let problem = machine.refusal(&INSTALL);
    assert_eq!(problem["code"], "module_replaceable", "{problem}");
    assert!(problem["title"].as_str().unwrap().contains("/home/zoe"), "{problem}");
}

#[test]
fn no_browser_of_a_person_is_looked_at_whatever_lies_there() {
    let machine = Machine::new();
    let list = fs::read(machine.path(LIST)).unwrap();
    // What somebody could lay beside it, so that root writes elsewhere.
    symlink("/etc/planted", machine.path(LIST).with_file_name(".pkcs11.txt.cps-agent")).unwrap();
    for words in [&INSTALL[..], &["pkcs11", "remove", "--json"]] {
        let ran = machine.root(words);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!ran.out.contains("/home/zoe"), "{}", ran.out);
        assert_eq!(fs::read(machine.path(LIST)).unwrap(), list);
        assert!(!machine.path("etc/planted").exists());
    }
}

#[test]
fn everybody_may_read_what_was_written_and_all_of_it_is_taken_back() {
    let machine = Machine::new();
    let ran = machine.root(&INSTALL);
    assert_eq!(ran.code, 0, "{ran:?}");
    let text = fs::read_to_string(machine.path(P11_KIT)).unwrap();
    assert!(text.contains(&format!("module: /{MODULE}\n")), "{text}");
    for file in [P11_KIT, RECORD, "var/lib/cps-agent/pkcs11/java.cfg"] {
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        let file = machine.path(file);
        assert_eq!(mode(&file), 0o644, "{}", file.display());
        for folder in file.ancestors().skip(1).take_while(|folder| *folder != machine.root.path()) {
            assert_eq!(mode(folder), 0o755, "{}", folder.display());
        }
    }
    let ran = machine.root(&["pkcs11", "remove"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!machine.path("etc/pkcs11").exists() && !machine.path("var/lib/cps-agent").exists());
}

#[test]
fn a_link_where_the_file_goes_is_replaced_and_not_followed() {
    let machine = Machine::new();
    let file = machine.path(P11_KIT);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    symlink("/etc/planted", &file).unwrap();
    assert_eq!(machine.root(&INSTALL).code, 0);
    assert!(fs::symlink_metadata(&file).unwrap().is_file() && !machine.path("etc/planted").exists());
}
