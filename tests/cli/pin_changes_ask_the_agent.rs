//! `cps card pin`: the state is read without spending a try; change and unblock leave every digit to the agent.

use crate::agent::{Agent, card, problem};
use serde_json::json;

fn state(tries: serde_json::Value, blocked: bool) -> Agent {
    let state = json!({
        "tries_left": tries, "tries_max": 3, "verified": false, "blocked": blocked,
        "min_length": 4, "max_length": 4, "pad": false,
    });
    Agent::answering(&[
        ("GET /v1/cards", 200, json!([card("12345678")])),
        ("GET /v1/cards/12345678/pin", 200, state),
    ])
}

#[test]
fn the_tries_are_counted_in_words() {
    assert!(
        state(json!(1), false)
            .cps(&["card", "pin", "status"])
            .out
            .starts_with("code          1 essai restant\n")
    );
    assert!(
        state(json!(3), false)
            .cps(&["card", "pin", "status"])
            .out
            .starts_with("code          3 essais restants\n")
    );
    assert!(
        state(json!(2), false)
            .cps_english(&["card", "pin", "status"])
            .out
            .starts_with("PIN           2 tries left\n")
    );
    assert!(state(json!(0), true).cps(&["card", "pin", "status"]).out.starts_with("code          bloqué\n"));
    assert!(state(json!(null), false).cps_english(&["card", "pin", "status"]).out.contains("does not say"));
}

#[test]
fn change_and_unblock_send_the_screen_alone() {
    for (word, done) in [("change", "est changé"), ("unblock", "est débloquée")] {
        let path = format!("POST /v1/cards/12345678/pin/{word}");
        let agent = Agent::answering(&[(path.as_str(), 204, json!(null))]);
        let ran = agent.cps(&["card", "pin", word, "--card", "12345678"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains(done), "{}", ran.out);
        assert_eq!(agent.seen()[0].body, json!({ "screen": { "language": "fr" } }));
    }
}

#[test]
fn a_wrong_pin_says_what_is_left() {
    let wrong = problem("pin_wrong", 403, "Le code est faux. Essais restants : 2.", "Réessayez.");
    let agent = Agent::answering(&[("POST /v1/cards/12345678/pin/change", 403, wrong)]);
    let ran = agent.cps(&["card", "pin", "change", "--card", "12345678"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("Essais restants : 2."), "{}", ran.err);
}
