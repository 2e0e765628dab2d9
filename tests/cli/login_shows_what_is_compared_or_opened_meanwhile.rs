//! While a login goes on elsewhere, `cps login` shows the number to compare or the page to open, and never takes it for
//! the answer.

use crate::agent::{Agent, session};
use serde_json::{Value, json};

/// An agent whose login takes its time and stands there meanwhile.
fn meanwhile(progress: Value) -> Agent {
    Agent::with_patient_login(&[("GET /v1/login", 200, progress), ("POST /v1/login", 200, session())])
}

#[test]
fn the_number_and_whose_phone_rings_stand_beside_the_answer() {
    let progress = json!({"way": "ecps", "hint": "compare-number", "number": "07",
        "identifier": "899700000001", "channel": "MOBILE"});
    let agent = meanwhile(progress.clone());
    let ran = agent.cps(&["login", "--ecps", "--id", "899700000001"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("899700000001") && ran.err.contains("le nombre"), "{}", ran.err);
    assert_eq!(ran.err.matches("07").count(), 1, "told once: {}", ran.err);
    assert!(!ran.out.contains("07"), "{}", ran.out);
    let asked = agent.seen().into_iter().find(|seen| seen.line == "POST /v1/login").unwrap();
    assert_eq!((&asked.body["way"], &asked.body["identifier"]), (&json!("ecps"), &json!("899700000001")));

    // Machines read the same as JSON, on the other stream.
    let ran = meanwhile(progress.clone()).cps(&["--json", "login", "--ecps"]);
    assert_eq!(serde_json::from_str::<Value>(ran.err.trim()).unwrap(), progress);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap()["sub"], "899700000001");
}

#[test]
fn the_page_to_open_is_shown_in_case_none_appears() {
    let progress = json!({"way": "browser", "hint": "browse", "address": "https://idp.example/auth?a=1"});
    let ran = meanwhile(progress).cps_english(&["login", "--browser"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("https://idp.example/auth?a=1"), "{}", ran.err);
}

#[test]
fn an_identifier_alone_means_the_phone() {
    let agent = Agent::answering(&[("POST /v1/login", 200, session())]);
    assert_eq!(agent.cps(&["login", "--id", "899700000001"]).code, 0);
    assert_eq!(agent.seen()[0].body["way"], "ecps");
}

#[test]
fn two_ways_at_once_are_wrong_usage() {
    for words in [
        ["login", "--ecps", "--browser"].as_slice(),
        &["login", "--ecps", "--way", "card"],
        &["login", "--browser", "--way", "card"],
        &["login", "--ecps", "--card", "12345678"],
    ] {
        assert_eq!(crate::agent::run(words, &[]).code, 2, "{words:?}");
    }
}
