//! What `cps` finds before the agent is asked, or where it does not answer well, has its code of the failure table too.

use crate::agent::{Agent, run};
use serde_json::{Value, json};

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
    std::fs::write(&module, crate::pkcs11_tells_programs_and_takes_back_what_it_told::module()).unwrap();
    let module = module.to_str().unwrap();
    assert_eq!(
        code(&run(&["pkcs11", "install", "--module", module, "--no-system", "--json"], &[]).err),
        "no_home"
    );

    let theirs = home.path().join(".config/pkcs11/modules/cps-agent.module");
    std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    std::fs::write(&theirs, "module: /opt/other.so\n").unwrap();
    assert_eq!(pkcs11(home.path(), &["install", "--module", module]), "places_foreign");

    let record = home.path().join(".local/state/cps-agent/pkcs11/written.json");
    std::fs::write(record, "not a record").unwrap();
    assert_eq!(pkcs11(home.path(), &["install", "--module", module]), "record_unreadable");
}
