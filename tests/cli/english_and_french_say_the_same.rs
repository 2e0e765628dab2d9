//! The language comes from the flag, else from the locale; the agent is asked in the same language; JSON has none.

use crate::agent::Agent;
use serde_json::json;

fn nobody() -> Agent {
    Agent::answering(&[("GET /v1/session", 200, json!(null))])
}

#[test]
fn the_locale_chooses() {
    assert!(nobody().cps(&["session"]).err.starts_with("cps\u{a0}: Personne n’est connecté.\n"));
    assert!(nobody().cps_english(&["session"]).err.starts_with("cps: Nobody is logged in.\n"));
}

#[test]
fn the_flag_wins() {
    assert!(nobody().cps(&["--lang", "en", "session"]).err.starts_with("cps: Nobody is logged in.\n"));
    assert!(
        nobody()
            .cps_english(&["session", "--lang=fr"])
            .err
            .starts_with("cps\u{a0}: Personne n’est connecté.\n")
    );
}

#[test]
fn the_agent_is_asked_in_the_same_language() {
    let agent = nobody();
    agent.cps(&["session"]);
    agent.cps_english(&["session"]);
    let languages: Vec<_> = agent.seen().iter().map(|seen| seen.headers["accept-language"].clone()).collect();
    assert_eq!(languages, ["fr", "en"]);
}

#[test]
fn json_is_the_same_in_both() {
    let agent = Agent::answering(&[("GET /v1/clients", 200, json!([]))]);
    assert_eq!(
        agent.cps(&["client", "list", "--json"]).out,
        agent.cps_english(&["client", "list", "--json"]).out
    );
}
