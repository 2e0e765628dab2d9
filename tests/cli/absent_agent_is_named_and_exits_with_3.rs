//! Without an agent `cps` says so, says how to start it, and exits with 3.

use crate::agent::run;

#[test]
fn nobody_at_the_socket() {
    let ran = run(&["status"], &[("CPS_AGENT_SOCKET", "/nowhere/agent.sock"), ("LANG", "fr_FR.UTF-8")]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.out, "");
    let mut lines = ran.err.lines();
    assert_eq!(lines.next(), Some("cps\u{a0}: L’agent CPS n’est pas démarré dans votre session."));
    let hint = lines.next().unwrap();
    assert!(hint.starts_with("indice\u{a0}: Choisissez"), "{hint}");
    assert!(hint.contains("systemctl --user start cps-agent"), "{hint}");
    assert_eq!(lines.next(), None);
}

#[test]
fn no_session_directory() {
    let ran = run(&["status"], &[("LANG", "en_GB.UTF-8")]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.starts_with("cps: This login session of the workstation has no place for the CPS agent.\n"),
        "{}",
        ran.err
    );
}

#[test]
fn programs_are_told_that_there_is_no_place() {
    let ran = run(&["status", "--json"], &[]);
    let problem: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((ran.code, &problem["code"]), (3, &serde_json::json!("agent_no_place")));
}

#[test]
fn the_usual_place_is_tried() {
    let ran = run(&["status", "--json"], &[("XDG_RUNTIME_DIR", "/nowhere"), ("LANG", "en_GB.UTF-8")]);
    let problem: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(problem["values"]["path"], "/nowhere/cps-agent/control.sock");
}

#[test]
fn programs_get_the_code() {
    let ran = run(&["status", "--json"], &[("CPS_AGENT_SOCKET", "/nowhere/agent.sock")]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.out, "");
    let problem: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(problem["code"], "agent_absent");
}
