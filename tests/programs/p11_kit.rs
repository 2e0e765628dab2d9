//! p11-kit reads the registration of a person, and loads the module from it.

use crate::{
    house::{run, said},
    real_agent::{built, module},
};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::Command,
};

#[test]
fn p11_kit_loads_what_was_registered_for_a_person() {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    // The home of somebody else, as p11-kit reads nothing in that of root.
    fs::set_permissions(home, fs::Permissions::from_mode(0o755)).expect("a mode");
    let library = home.join("libcps_pkcs11.so");
    fs::copy(module(), &library).expect("a module");
    let cps = |words: &[&str]| {
        let mut cps = Command::new(built("cps"));
        cps.args(words).arg("--no-system").env("HOME", home).env_remove("XDG_CONFIG_HOME");
        let done = run(cps.env_remove("XDG_STATE_HOME"));
        assert!(done.status.success(), "{}", said(&done));
    };
    assert!(!listed(home).contains("cps-agent:"));
    cps(&["pkcs11", "install", "--module", &library.display().to_string()]);
    let shown = listed(home);
    assert!(shown.contains(&format!("cps-agent: {}", library.display())), "{shown}");
    assert!(shown.contains("library-version"), "it was loaded and told who it is: {shown}");
    cps(&["pkcs11", "remove"]);
    assert!(!listed(home).contains("cps-agent:"));
}

/// What p11-kit finds for a person of this home, who is not root.
fn listed(home: &Path) -> String {
    let root = fs::metadata("/proc/self").expect("a process").uid() == 0;
    let mut list = Command::new(if root { "setpriv" } else { "p11-kit" });
    if root {
        list.args(["--reuid=65534", "--regid=65534", "--clear-groups", "p11-kit"]);
    }
    list.arg("list-modules").env("HOME", home).env_remove("XDG_CONFIG_HOME").current_dir("/");
    let done = run(&mut list);
    assert!(done.status.success(), "{}", said(&done));
    said(&done)
}
