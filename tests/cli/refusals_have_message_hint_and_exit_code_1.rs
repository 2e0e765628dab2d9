//! What the agent refuses is shown in its own words: message, then the hint as a line of its own.

use crate::agent::{Agent, problem};

fn refusing() -> Agent {
    let blocked =
        problem("pin_blocked", 403, "Le code est bloqué.", "Débloquez la carte avec cps card pin unblock.");
    Agent::answering(&[("POST /v1/login", 403, blocked)])
}

#[test]
fn message_and_hint_go_to_standard_error() {
    let ran = refusing().cps(&["login"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert_eq!(
        ran.err,
        "cps\u{a0}: Le code est bloqué.\nindice\u{a0}: Débloquez la carte avec cps card pin unblock.\n"
    );
}

#[test]
fn programs_get_the_problem_document_on_standard_error() {
    let ran = refusing().cps(&["login", "--json"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let told: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((told["code"].as_str(), told["status"].as_u64()), (Some("pin_blocked"), Some(403)));
    assert_eq!(told["help"], "person");
}

#[test]
fn our_own_fault_exits_with_3() {
    let agent =
        Agent::answering(&[("POST /v1/login", 500, problem("internal", 500, "Erreur.", "Réessayez."))]);
    assert_eq!(agent.cps(&["login"]).code, 3);
}

#[test]
fn an_answer_that_makes_no_sense_is_our_fault() {
    let agent = Agent::answering(&[("POST /v1/login", 200, serde_json::json!("what?"))]);
    let ran = agent.cps_english(&["login"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.starts_with("cps: The CPS agent broke the connection, or its answer makes no sense."),
        "{}",
        ran.err
    );
}
