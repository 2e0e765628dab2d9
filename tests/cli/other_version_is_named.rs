//! An agent of another version is named as such, whatever it answers.

use crate::agent::Agent;
use serde_json::json;

#[test]
fn another_protocol_is_a_named_error() {
    for version in ["2", "x", ""] {
        let agent = Agent::of_version(version, &[("GET /v1/cards", 200, json!([]))]);
        let ran = agent.cps(&["card", "show"]);
        assert_eq!(ran.code, 3);
        assert!(
            ran.err.starts_with(
                "cps\u{a0}: Ce programme et l’agent CPS ne sont pas de la même version.\nindice"
            ),
            "{}",
            ran.err
        );
        let told = agent.cps(&["card", "show", "--json"]);
        assert!(told.err.contains("\"code\":\"agent_version\""), "{}", told.err);
    }
}

#[test]
fn every_request_says_our_version() {
    let agent = Agent::answering(&[("GET /v1/cards", 200, json!([]))]);
    agent.cps(&["card", "show"]);
    assert_eq!(agent.seen()[0].headers["cps-agent-protocol"], "1");
}
