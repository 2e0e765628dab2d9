//! `cps sign` prints the JWS and nothing else, so that it can be passed on.

use crate::agent::Agent;
use serde_json::json;

#[test]
fn the_jws_is_the_whole_output() {
    let agent = Agent::answering(&[(
        "POST /v1/challenges",
        200,
        json!({ "jws": "aaa.bbb.ccc", "card": "12345678" }),
    )]);
    let ran = agent.cps(&[
        "sign",
        "--challenge",
        "00112233445566778899aabbccddeeff",
        "--audience",
        "https://dpi.example",
        "--purpose",
        "login",
        "--card",
        "12345678",
    ]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "aaa.bbb.ccc\n", ""));
    let body = &agent.seen()[0].body;
    assert_eq!(body["challenge"], "00112233445566778899aabbccddeeff");
    assert_eq!(body["audience"], "https://dpi.example");
    assert_eq!(body["purpose"], "login");
    assert_eq!(body["card"], "12345678");
}

#[test]
fn programs_also_get_the_card() {
    let agent = Agent::answering(&[(
        "POST /v1/challenges",
        200,
        json!({ "jws": "aaa.bbb.ccc", "card": "12345678" }),
    )]);
    let ran = agent.cps(&["sign", "--challenge", "00112233445566778899aabbccddeeff", "--json"]);
    assert_eq!(ran.out, "{\"jws\":\"aaa.bbb.ccc\",\"card\":\"12345678\"}\n");
}

#[test]
fn an_unknown_purpose_is_wrong_usage_and_reaches_nobody() {
    let agent = Agent::answering(&[]);
    let ran = agent.cps_english(&["sign", "--challenge", "00", "--purpose", "transfer"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("login, presence, test"), "{}", ran.err);
    assert!(agent.seen().is_empty());
}
