//! `cps logout` leaves nobody logged in, whether somebody was or not.

use crate::agent::{Agent, problem};
use serde_json::json;

#[test]
fn a_session_is_ended() {
    let agent = Agent::answering(&[("DELETE /v1/session", 204, json!(null))]);
    let ran = agent.cps(&["logout"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "la session est fermée\n"));
}

#[test]
fn without_a_session_nothing_is_wrong() {
    let none = problem("session_none", 404, "Personne n’est connecté.", "Connectez-vous d’abord.");
    let agent = Agent::answering(&[("DELETE /v1/session", 404, none)]);
    let ran = agent.cps(&["logout"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "personne n’était connecté\n"));
    assert_eq!(agent.cps(&["logout", "--json"]).out, "{\"ended\":false}\n");
}

#[test]
fn another_refusal_stays_one() {
    let internal = problem("internal", 500, "Erreur imprévue.", "Réessayez.");
    let agent = Agent::answering(&[("DELETE /v1/session", 500, internal)]);
    assert_eq!(agent.cps(&["logout"]).code, 3);
}
