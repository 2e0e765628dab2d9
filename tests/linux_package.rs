//! The developer's installation on Linux: what it puts where, what it removes, and a unit that systemd understands.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const PROGRAMS: [&str; 3] = ["cps", "cps-agent", "cps-tray"];
const AUTOSTART: &str = ".config/autostart/cps-tray.desktop";
const APPLICATION: &str = ".local/share/applications/cps-tray.desktop";
const ICONS: &str = ".local/share/icons/hicolor/scalable/apps";
const MODULE: &str = ".local/lib/pkcs11/libcps_pkcs11.so";
const LICENCES: &str = ".local/share/doc/cps-agent/licences.txt";
const UNIT: &str = ".local/share/systemd/user/cps-agent.service";

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/linux")
}

/// A home of its own, three programs and a module to install.
struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let built = directory.path().join("built");
        fs::create_dir(&built).unwrap();
        for program in PROGRAMS {
            let path = built.join(program);
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(built.join("libcps_pkcs11.so"), "\x7fELF").unwrap();
        Self { directory }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    fn install(&self, words: &[&str]) -> Output {
        Command::new(packaging().join("install.sh"))
            .args(words)
            .env_clear()
            .env("HOME", self.directory.path())
            .env("PATH", "/usr/bin:/bin")
            .env("CPS_AGENT_INSTALL_AS_ROOT", "1")
            .output()
            .unwrap()
    }

    fn install_built(&self) -> Output {
        let built = self.path("built");
        self.install(&["--no-start", "--from", built.to_str().unwrap()])
    }
}

/// Checks a unit. systemd-analyze reports what it does not understand on standard error and exits with 0 all the same.
fn verify(unit: &Path) {
    let runtime = tempfile::tempdir().unwrap();
    let output = Command::new("systemd-analyze")
        .args(["--user", "verify"])
        .arg(unit)
        .env("XDG_RUNTIME_DIR", runtime.path())
        .output()
        .expect("systemd-analyze is part of systemd");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.trim().is_empty(), "{complaints}");
}

#[test]
fn a_missing_program_installs_nothing() {
    let home = Home::new();
    let output = home.install(&["--no-start", "--from", "/nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!home.path(UNIT).exists() && !home.path(".local/bin/cps").exists());
}

#[test]
fn a_missing_module_installs_nothing() {
    let home = Home::new();
    fs::remove_file(home.path("built/libcps_pkcs11.so")).unwrap();
    let output = home.install_built();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!home.path(".local").exists());
}

#[test]
fn an_unknown_option_shows_the_usage() {
    let output = Home::new().install(&["--nonsense"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--uninstall"), "{output:?}");
}

#[test]
fn programs_and_unit_are_installed_and_systemd_understands_the_unit() {
    let home = Home::new();
    let output = home.install_built();
    assert!(output.status.success(), "{output:?}");
    for program in PROGRAMS {
        let mode = fs::metadata(home.path(".local/bin").join(program)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
    for file in [MODULE, LICENCES] {
        assert_eq!(fs::metadata(home.path(file)).unwrap().permissions().mode() & 0o777, 0o644, "{file}");
    }
    let unit = fs::read_to_string(home.path(UNIT)).unwrap();
    let start = format!("ExecStart={}", home.path(".local/bin/cps-agent").display());
    assert!(unit.lines().any(|line| line == start), "{unit}");
    verify(&home.path(UNIT));
}

#[test]
fn the_tray_starts_with_the_session_and_has_its_icons() {
    let home = Home::new();
    assert!(home.install_built().status.success());
    let start = format!("Exec={}", home.path(".local/bin/cps-tray").display());
    for file in [AUTOSTART, APPLICATION] {
        let entry = fs::read_to_string(home.path(file)).unwrap();
        assert!(entry.lines().any(|line| line == start), "{entry}");
        let checked = Command::new("desktop-file-validate").arg(home.path(file)).output();
        let checked = checked.expect("desktop-file-validate is part of desktop-file-utils");
        assert!(checked.status.success() && checked.stdout.is_empty(), "{checked:?}");
    }
    let packaged = fs::read_dir(packaging().join("icons/hicolor/scalable/apps")).unwrap().flatten();
    let names: Vec<_> = packaged.map(|icon| icon.file_name()).collect();
    assert!(names.contains(&"cps-tray.svg".into()), "{names:?}");
    assert!(names.iter().all(|name| home.path(ICONS).join(name).exists()), "{names:?}");
}

#[test]
fn installing_again_replaces_and_leaves_no_litter() {
    let home = Home::new();
    assert!(home.install_built().status.success());
    assert!(home.install_built().status.success());
    for (folder, expected) in [
        (".local/bin", &PROGRAMS[..]),
        (".local/lib/pkcs11", &["libcps_pkcs11.so"]),
        (".config/autostart", &["cps-tray.desktop"]),
        (".local/share/applications", &["cps-tray.desktop"]),
    ] {
        let mut names: Vec<_> =
            fs::read_dir(home.path(folder)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, expected);
    }
}

#[test]
fn uninstalling_removes_what_was_installed_and_leaves_the_state() {
    let home = Home::new();
    assert!(home.install_built().status.success());
    let audit = home.path(".local/state/cps-agent/audit.jsonl");
    fs::create_dir_all(audit.parent().unwrap()).unwrap();
    fs::write(&audit, "{}\n").unwrap();
    let output = home.install(&["--uninstall"]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains(".local/state/cps-agent"), "{output:?}");
    assert!(!home.path(UNIT).exists() && !home.path(".local/bin/cps-agent").exists());
    assert!(!home.path(".local/bin/cps").exists() && !home.path(MODULE).exists() && audit.exists());
    assert!(!home.path(AUTOSTART).exists() && !home.path(APPLICATION).exists());
    assert!(!home.path(LICENCES).parent().unwrap().exists());
    assert_eq!(fs::read_dir(home.path(ICONS)).unwrap().count(), 0);
    assert!(home.install(&["--uninstall"]).status.success(), "again is no error");
}

#[test]
fn the_module_is_found_where_it_is_installed_and_registrations_end_with_it() {
    let home = Home::new();
    fs::copy(env!("CARGO_BIN_EXE_cps"), home.path("built/cps")).unwrap();
    // The head of a shared object for this machine, with a module's entry.
    let own = fs::read(std::env::current_exe().unwrap()).unwrap();
    let head = own.iter().take(64).copied().chain(*b"\0C_GetFunctionList\0");
    fs::write(home.path("built/libcps_pkcs11.so"), head.collect::<Vec<u8>>()).unwrap();
    assert!(home.install_built().status.success());
    let installed = Command::new(home.path(".local/bin/cps"))
        .args(["pkcs11", "install", "--no-system"])
        .env_clear()
        .env("HOME", home.directory.path())
        .output()
        .unwrap();
    assert!(installed.status.success(), "{installed:?}");
    let registration = home.path(".config/pkcs11/modules/cps-agent.module");
    let text = fs::read_to_string(&registration).unwrap();
    assert!(text.contains(&format!("module: {}\n", home.path(MODULE).display())), "{text}");
    assert!(home.install(&["--uninstall"]).status.success());
    assert!(!registration.exists());
}

/// What a program that loads the installed module says of a scene of module_host.py. No agent answers it.
fn hosted(module: &Path, scene: &str) -> serde_json::Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/support/python/module_host.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(module).arg(scene).env_remove("CPS_PKCS11_LOG");
    let output = python.env("CPS_AGENT_SOCKET", "/nowhere/control.sock").output();
    let output = output.expect("python3 is installed (tests/run.sh does it)");
    assert!(output.status.success() && output.stderr.is_empty(), "{scene}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("one line of JSON")
}

#[test]
fn programs_load_the_installed_module_and_keep_nothing_of_it() {
    let home = Home::new();
    // What cargo built together with the agent, whose features it must not have caught.
    let built = Path::new(env!("CARGO_BIN_EXE_cps")).with_file_name("libcps_pkcs11.so");
    let advice = "build it first: cargo build --workspace --all-targets";
    let copied = fs::copy(&built, home.path("built/libcps_pkcs11.so"));
    copied.unwrap_or_else(|error| panic!("{}: {error}; {advice}", built.display()));
    assert!(home.install_built().status.success());
    let said = hosted(&home.path(MODULE), "belongings");
    assert_eq!((&said["between"], &said["after"]), (&said["before"], &said["before"]));
    assert_eq!(hosted(&home.path(MODULE), "closed"), serde_json::json!([0, 0]), "no slots, and no failure");
}

#[test]
fn the_unit_keeps_its_walls() {
    let unit = fs::read_to_string(packaging().join("cps-agent.service")).unwrap();
    for wall in [
        "NoNewPrivileges=yes",
        "MemoryDenyWriteExecute=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "SystemCallFilter=@system-service",
        "LimitCORE=0",
        "RuntimeDirectoryMode=0700",
    ] {
        assert!(unit.lines().any(|line| line == wall), "{wall}");
    }
}
