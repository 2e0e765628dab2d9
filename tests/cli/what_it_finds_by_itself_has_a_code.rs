//! What `cps` finds before the agent is asked, or where it does not answer well, has its code of the failure table too.

use crate::agent::{Agent, run};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

/// The code in the problem document that a command leaves on standard error.
fn code(err: &str) -> String {
    let problem: Value = serde_json::from_str(err).unwrap();
    problem["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_answer_without_sense() {
    let agent = Agent::answering(&[("GET /v1/readers", 200, json!("what?"))]);
    assert_eq!(code(&agent.cps(&["readers", "--json"]).err), "agent_lost");
}

#[test]
fn nobody_logged_in() {
    let agent = Agent::answering(&[("GET /v1/session", 200, json!(null))]);
    assert_eq!(code(&agent.cps(&["session", "--json"]).err), "session_none");
}

#[test]
fn services_and_browsers_that_are_not_there() {
    let service = json!({ "id": "dmp", "name": "DMP", "address": "https://www.dmp.fr/", "access": "psc" });
    let agent = Agent::answering(&[("GET /v1/services", 200, json!([service]))]);
    assert_eq!(code(&agent.cps(&["services", "open", "dossier", "--json"]).err), "service_unknown");
    let ran = agent.cps_with(&["services", "open", "dmp", "--json"], &[("PATH", "/nowhere")]);
    assert_eq!(code(&ran.err), "browser_not_opened");
}

#[test]
fn a_key_file_that_is_not_there() {
    let agent = Agent::answering(&[]);
    let words = ["client", "add", "--id", "dpi", "--redirect-uri", "http://127.0.0.1/a"];
    let words = [&words[..], &["--public-key", "/nowhere/k", "--json"]].concat();
    assert_eq!(code(&agent.cps(&words).err), "file_unreadable");
}

/// `cps pkcs11` in a home.
fn pkcs11(home: &std::path::Path, words: &[&str]) -> String {
    let line = [&["pkcs11"], words, &["--no-system", "--json"]].concat();
    code(&run(&line, &[("HOME", home.to_str().unwrap())]).err)
}

#[test]
fn homes_modules_and_records_of_other_programs() {
    let home = tempfile::tempdir().unwrap();
    let module = home.path().join("libcps_pkcs11.so");
    fs::write(&module, crate::pkcs11_tells_programs_and_takes_back_what_it_told::module()).unwrap();
    let module = module.to_str().unwrap();
    assert_eq!(
        code(&run(&["pkcs11", "install", "--module", module, "--no-system", "--json"], &[]).err),
        "no_home"
    );

    let theirs = home.path().join(".config/pkcs11/modules/cps-agent.module");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "module: /opt/other.so\n").unwrap();
    assert_eq!(pkcs11(home.path(), &["install", "--module", module]), "places_foreign");

    fs::remove_file(&theirs).unwrap();
    assert_eq!(
        run(
            &["pkcs11", "install", "--module", module, "--no-system"],
            &[("HOME", home.path().to_str().unwrap())]
        )
        .code,
        0
    );
    fs::write(&theirs, "module: /opt/other.so\n").unwrap();
    assert_eq!(pkcs11(home.path(), &["install", "--module", module]), "places_changed");

    let list = home.path().join(".pki/nssdb/pkcs11.txt");
    fs::create_dir_all(list.parent().unwrap()).unwrap();
    fs::write(list.with_file_name("cert9.db"), "").unwrap();
    fs::write(list, b"name=\xe9\n").unwrap();
    assert_eq!(pkcs11(home.path(), &["install", "--module", module]), "places_failed");

    let record = home.path().join(".local/state/cps-agent/pkcs11/written.json");
    fs::write(record, "not a record").unwrap();
    assert_eq!(pkcs11(home.path(), &["install", "--module", module]), "record_unreadable");

    let variable = home.path().join("$lib.so");
    fs::rename(module, &variable).unwrap();
    let variable = variable.to_str().unwrap();
    assert_eq!(pkcs11(home.path(), &["install", "--module", variable]), "module_path");
}

#[test]
fn a_module_that_was_not_installed_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("cps");
    fs::copy(env!("CARGO_BIN_EXE_cps"), &alone).unwrap();
    let mut cps = Command::new(alone);
    cps.args(["pkcs11", "install", "--no-system", "--json"]).env_clear().env("HOME", folder.path());
    assert_eq!(code(&String::from_utf8(cps.output().unwrap().stderr).unwrap()), "module_missing");
}

#[test]
fn stores_that_are_not_filled() {
    let authority = json!({ "sha256": "01", "pem": "PEM\n", "file": "/a.pem", "not_before": 0, "not_after": 1, "in_use": true });
    let agent = Agent::answering(&[("GET /v1/trust", 200, json!(null)), ("POST /v1/trust", 200, authority)]);
    let home = tempfile::tempdir().unwrap();
    let (database, certutil) = (home.path().join(".pki/nssdb"), home.path().join("certutil"));
    fs::create_dir_all(&database).unwrap();
    fs::write(database.join("cert9.db"), "").unwrap();
    fs::write(&certutil, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&certutil, fs::Permissions::from_mode(0o755)).unwrap();
    let home = home.path().to_str().unwrap();
    let words = ["trust", "install", "--no-system", "--json"];
    assert_eq!(code(&agent.cps_with(&words, &[("HOME", home), ("PATH", home)]).err), "stores_left");

    // The system's store is root's; whoever else tries is told what root would type.
    let cps = Path::new(home).join("cps");
    fs::copy(env!("CARGO_BIN_EXE_cps"), &cps).unwrap();
    let mut cps = Command::new(cps);
    cps.args(["trust", "install", "--json"])
        .env_clear()
        .env("CPS_AGENT_SOCKET", &agent.socket)
        .current_dir("/");
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        fs::set_permissions(home, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(agent.socket.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&agent.socket, fs::Permissions::from_mode(0o777)).unwrap();
        cps.uid(65534).gid(65534);
    }
    assert_eq!(code(&String::from_utf8(cps.output().unwrap().stderr).unwrap()), "stores_need_root");
}

/// What the shell has to do before the command begins.
fn after(preparation: &str, agent: &Agent) -> String {
    let line = format!("{preparation}; exec \"$0\" status --json");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line, env!("CARGO_BIN_EXE_cps")]).env("CPS_AGENT_SOCKET", &agent.socket);
    String::from_utf8(shell.output().unwrap().stderr).unwrap()
}

#[test]
fn a_system_that_gives_it_nothing_to_work_with() {
    let status = json!({
        "version": "0.1.0", "protocol": 1, "issuer": null, "bridge_problem": null, "environment": "test",
        "profile": "none", "card_service": true, "readers": [], "cards": [], "session": null,
    });
    let agent = Agent::answering(&[("GET /v1/status", 200, status)]);
    assert_eq!(code(&after("exec >/dev/full", &agent)), "output_unwritable");
    assert_eq!(code(&after("ulimit -n 4", &agent)), "command_not_started");
}
