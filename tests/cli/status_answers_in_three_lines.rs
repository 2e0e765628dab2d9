//! `cps status` answers what a help desk asks: agent, card, session; one line each.

use crate::agent::{Agent, card, session};
use serde_json::{Value, json};

fn status(changes: &[(&str, Value)]) -> Agent {
    let mut status = json!({
        "version": "0.1.0", "protocol": 1, "issuer": "http://127.0.0.1:24788", "bridge_problem": null,
        "environment": "production", "profile": "none", "card_service": true,
        "readers": [{ "name": "Lecteur 0", "state": "card", "serial": "12345678" }],
        "cards": [card("12345678")], "session": session(),
    });
    for (member, value) in changes {
        status[*member] = value.clone();
    }
    Agent::answering(&[("GET /v1/status", 200, status)])
}

#[test]
fn when_all_is_well() {
    let ran = status(&[]).cps(&["status"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.out,
        "agent         en marche, version 0.1.0, http://127.0.0.1:24788\n\
         carte         12345678 (CPS3)\n\
         session       ADA TESTCARTE, encore 2 h 30 min\n"
    );
}

#[test]
fn when_nothing_is_there() {
    let agent = status(&[
        ("environment", "test".into()),
        ("issuer", Value::Null),
        ("bridge_problem", "port_taken".into()),
        ("cards", json!([])),
        ("session", Value::Null),
    ]);
    assert_eq!(
        agent.cps_english(&["status"]).out,
        "agent         running, version 0.1.0 [TEST], bridge closed (port_taken)\n\
         card          none\n\
         session       nobody\n"
    );
}

#[test]
fn the_reason_for_no_card_is_named() {
    let no_reader = status(&[("cards", json!([])), ("readers", json!([]))]);
    assert!(no_reader.cps(&["status"]).out.contains("carte         aucun lecteur\n"));
    let no_service = status(&[("cards", json!([])), ("readers", json!([])), ("card_service", false.into())]);
    assert!(no_service.cps(&["status"]).out.contains("carte         service des cartes absent (pcscd)\n"));
    let mut bad = card("12345678");
    bad["problem"] = "pin_blocked".into();
    let unusable = status(&[("cards", json!([bad]))]);
    assert!(unusable.cps(&["status"]).out.contains("12345678 (CPS3) – inutilisable (pin_blocked)\n"));
}

#[test]
fn a_locked_session_is_said_so() {
    let mut locked = session();
    locked["locked"] = true.into();
    let ran = status(&[("session", locked)]).cps(&["status"]);
    assert!(ran.out.contains("ADA TESTCARTE, verrouillée, encore 2 h 30 min"), "{}", ran.out);
}

#[test]
fn json_is_the_agents_own_word() {
    let told: Value = serde_json::from_str(&status(&[]).cps(&["status", "--json"]).out).unwrap();
    assert_eq!(told["issuer"], "http://127.0.0.1:24788");
    assert_eq!(told["cards"][0]["serial"], "12345678");
}
