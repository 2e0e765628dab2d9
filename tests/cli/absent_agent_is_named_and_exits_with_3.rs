//! Without an agent `cps` says so, says how to start it, and exits with 3.

use crate::agent::run;

#[test]
fn nobody_at_the_socket() {
    let ran = run(&["status"], &[("CPS_AGENT_SOCKET", "/nowhere/agent.sock"), ("LANG", "fr_FR.UTF-8")]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.out, "");
    let mut lines = ran.err.lines();
    assert_eq!(lines.next(), Some("cps\u{a0}: l’agent n’est pas démarré dans votre session"));
    let hint = lines.next().unwrap();
    assert!(hint.starts_with("indice\u{a0}: démarrez-le avec"), "{hint}");
    assert!(
        hint.contains("systemctl --user start cps-agent") && hint.contains("/nowhere/agent.sock"),
        "{hint}"
    );
    assert_eq!(lines.next(), None);
}

#[test]
fn no_session_directory() {
    let ran = run(&["status"], &[("LANG", "en_GB.UTF-8")]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.starts_with("cps: this session has no place for the agent\n"), "{}", ran.err);
}

#[test]
fn the_usual_place_is_tried() {
    let ran = run(&["status"], &[("XDG_RUNTIME_DIR", "/nowhere"), ("LANG", "en_GB.UTF-8")]);
    assert!(ran.err.contains("/nowhere/cps-agent/control.sock"), "{}", ran.err);
}

#[test]
fn programs_get_the_code() {
    let ran = run(&["status", "--json"], &[("CPS_AGENT_SOCKET", "/nowhere/agent.sock")]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.out, "");
    let problem: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(problem["code"], "agent_absent");
}
