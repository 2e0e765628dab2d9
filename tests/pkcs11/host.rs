//! A guest in somebody else's process: it leaves nothing there, says nothing, and survives what its host does.

use crate::{real_agent, stand_in::StandIn, tokens};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Output},
};

const OK: u32 = 0;
const NOT_INITIALIZED: u32 = 0x190;

/// A scene of `tests/support/python/module_host.py`.
pub fn scene(name: &str, socket: &Path) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../support/python/module_host.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(real_agent::module()).arg(name).env("CPS_AGENT_SOCKET", socket);
    python.env_remove("CPS_PKCS11_LOG");
    python
}

fn host(name: &str, socket: &Path, log: Option<&Path>) -> Output {
    let mut python = scene(name, socket);
    if let Some(log) = log {
        python.env("CPS_PKCS11_LOG", log);
    }
    python.output().expect("python3 is installed (tests/run.sh does it)")
}

fn said(scene: &str, socket: &Path) -> Value {
    let output = host(scene, socket, None);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{scene}: {}\n{error}", output.status);
    serde_json::from_slice(&output.stdout).expect("one line of JSON")
}

fn with_card() -> (tempfile::TempDir, StandIn) {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = StandIn::start(folder.path());
    agent.plug("Reader");
    agent.insert("Reader", tokens::cps3("99213845"));
    (folder, agent)
}

#[test]
fn a_child_of_a_fork_begins_anew_whatever_its_parent_was_doing() {
    let (_folder, agent) = with_card();
    let said = said("fork", agent.socket());
    let child = json!([NOT_INITIALIZED, NOT_INITIALIZED, OK, [OK, 1], OK]);
    assert_eq!(said["begun"], OK);
    assert_eq!(said["child"], child);
    assert_eq!(said["grandchild"], json!([OK, child]));
    assert_eq!((&said["parent"], &said["ended"]), (&json!([OK, 1]), &json!(OK)));
}

#[test]
fn between_two_calls_nothing_of_it_is_in_its_host() {
    let (_folder, agent) = with_card();
    let said = said("belongings", agent.socket());
    assert_eq!(said["between"], said["before"]);
    assert_eq!(said["after"], said["before"]);
}

#[test]
fn a_host_that_closes_every_descriptor_does_not_harm_it() {
    let (_folder, agent) = with_card();
    assert_eq!(said("closed", agent.socket()), json!([OK, 1]));
}

#[test]
fn an_agent_that_hangs_up_does_not_kill_its_host() {
    let (_folder, agent) = with_card();
    agent.slammed();
    let told = said("default_signals", agent.socket());
    assert!(told.as_array().expect("a list").iter().all(|one| *one == json!([OK, 0])), "{told}");
}

#[test]
fn nothing_is_said_on_the_terminal_even_when_all_goes_wrong() {
    let (folder, agent) = with_card();
    assert_eq!(said("quiet", agent.socket()), json!([OK, [OK, 1], OK]));
    agent.newer();
    assert_eq!(said("quiet", agent.socket()), json!([OK, [OK, 0], OK]));
    assert_eq!(said("quiet", &folder.path().join("nobody")), json!([OK, [OK, 0], OK]));
}

#[test]
fn a_log_is_written_where_it_is_asked_for_and_names_the_other_version() {
    let (folder, agent) = with_card();
    agent.newer();
    let log = folder.path().join("module.log");
    let output = host("quiet", agent.socket(), Some(&log));
    assert!(output.status.success() && output.stderr.is_empty());
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("no slots: the agent speaks version 2 of the protocol, this module 1"), "{log}");
    assert!(log.contains("C_Initialize 0x0"), "{log}");
}
