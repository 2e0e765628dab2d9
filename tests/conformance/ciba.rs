//! CIBA in poll mode, by the modules of the FAPI-CIBA plan. Its signatures and mutual TLS are not offered here; what is
//! tested is how requests and polls are answered.

use crate::{
    party::{Party, number, text, usual},
    provider::{PATIENCE, Provider, json},
};
use cps_agent_api::words;
use cps_sandbox::pinentry::Answer;
use serde_json::Value;
use std::time::{Duration, Instant};

const GRANT: &str = "urn:openid:params:grant-type:ciba";
const ANYONE: &str = "urn:cps-agent:login-hint:anyone";

async fn heavy<'a>(op: &'a Provider, id: &str) -> Party<'a> {
    Party::registered(op, words::Client { client_id: id.to_owned(), ciba: true, ..usual() }).await
}

/// An authentication request: status and answer.
async fn ask(party: &Party<'_>, parameters: &[(&str, &str)]) -> (u16, Value) {
    let address = party.op.endpoint("backchannel_authentication_endpoint");
    let usual = [("scope", "openid profile")];
    let answer = party.op.post(&address, Some(&party.proof()), &[&usual, parameters].concat()).await;
    (answer.status().as_u16(), json(&answer))
}

async fn poll(party: &Party<'_>, asked: &Value) -> (u16, Value) {
    party.token(&[("grant_type", GRANT), ("auth_req_id", text(asked, "auth_req_id"))]).await
}

/// Polls at the interval that was given until there is another answer than to wait.
async fn end_of(party: &Party<'_>, asked: &Value) -> (u16, Value) {
    let deadline = Instant::now() + PATIENCE;
    let mut interval = number(asked, "interval");
    loop {
        let (status, answer) = poll(party, asked).await;
        match answer["error"].as_str() {
            Some("authorization_pending") => {}
            Some("slow_down") => interval += 5,
            _ => return (status, answer),
        }
        assert!(Instant::now() < deadline, "no answer but to wait");
        tokio::time::sleep(Duration::from_secs(u64::try_from(interval).expect("seconds"))).await;
    }
}

#[tokio::test]
async fn fapi_ciba_id1() {
    let op = Provider::start().await;
    assert_eq!(op.metadata["backchannel_token_delivery_modes_supported"], serde_json::json!(["poll"]));
    let party = heavy(&op, "heavy").await;
    let thinking = op.person.thinks().expect("a script");
    let (status, asked) = ask(&party, &[("login_hint", ANYONE), ("binding_message", "Salle 3")]).await;
    assert_eq!(status, 200, "{asked}");
    assert_eq!(text(&poll(&party, &asked).await.1, "error"), "authorization_pending");
    drop(thinking);
    op.until("a session", async |control| control.session().await.expect("an answer")).await;
    let (status, tokens) = end_of(&party, &asked).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = party.claims(&tokens).await;
    assert_eq!(party.userinfo(&tokens).await.1["sub"], claims["sub"]);
    let [question] = &op.person.questions()[..] else { panic!("one question") };
    for shown in ["Conformance", "Salle 3"] {
        assert!(question.description.contains(shown), "{}", question.description);
    }
}

#[tokio::test]
async fn fapi_ciba_id1_multiple_call_to_token_endpoint() {
    let op = Provider::start().await;
    let party = heavy(&op, "heavy").await;
    op.person.always(Answer::Wait).expect("a script");
    let (_, asked) = ask(&party, &[("login_hint", ANYONE)]).await;
    assert_eq!(text(&poll(&party, &asked).await.1, "error"), "authorization_pending");
    let (status, refusal) = poll(&party, &asked).await;
    assert_eq!((status, text(&refusal, "error")), (400, "slow_down"));
}

#[tokio::test]
async fn fapi_ciba_id1_auth_req_id_expired() {
    let op = Provider::start().await;
    let party = heavy(&op, "heavy").await;
    op.person.always(Answer::Wait).expect("a script");
    let (_, asked) = ask(&party, &[("login_hint", ANYONE), ("requested_expiry", "1")]).await;
    assert_eq!(number(&asked, "expires_in"), 1);
    let (status, refusal) = end_of(&party, &asked).await;
    assert_eq!(status, 400);
    // The prompt is withdrawn at the same moment: whichever was noticed first ends the request.
    assert!(["expired_token", "access_denied"].contains(&text(&refusal, "error")), "{refusal}");
    assert!(op.session().await.is_none());
}

#[tokio::test]
async fn fapi_ciba_id1_user_rejects_authentication() {
    let op = Provider::start().await;
    let party = heavy(&op, "heavy").await;
    op.person.always(Answer::Cancel).expect("a script");
    let (_, asked) = ask(&party, &[("login_hint", ANYONE)]).await;
    let (status, refusal) = end_of(&party, &asked).await;
    assert_eq!((status, text(&refusal, "error")), (400, "access_denied"));
}

#[tokio::test]
async fn fapi_ciba_id1_ensure_authorization_request_with_potentially_bad_binding_message() {
    let op = Provider::start().await;
    let party = heavy(&op, "heavy").await;
    op.person.always(Answer::Wait).expect("a script");
    for bad in ["1234567890".repeat(10), "<b>1</b>".to_owned(), "line\nbreak".to_owned()] {
        let (status, refusal) = ask(&party, &[("login_hint", ANYONE), ("binding_message", &bad)]).await;
        assert_eq!((status, text(&refusal, "error")), (400, "invalid_binding_message"), "{bad}");
    }
    assert!(op.person.questions().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn fapi_ciba_id1_ensure_authorization_request_with_multiple_hints_fails() {
    let op = Provider::start().await;
    let party = heavy(&op, "heavy").await;
    let tokens = party.tokens(&[]).await;
    let both = [("login_hint", ANYONE), ("id_token_hint", text(&tokens, "id_token"))];
    for hints in [&both[..], &[]] {
        let (status, refusal) = ask(&party, hints).await;
        assert_eq!((status, text(&refusal, "error")), (400, "invalid_request"));
    }
    assert_eq!(ask(&party, &both[1..]).await.0, 200);
}

#[tokio::test]
async fn fapi_ciba_id1_ensure_wrong_auth_req_id_in_token_endpoint_request() {
    let op = Provider::start().await;
    let (party, other) = (heavy(&op, "heavy").await, heavy(&op, "other").await);
    op.log_in().await;
    let (_, asked) = ask(&party, &[("login_hint", ANYONE)]).await;
    let wrong = party.token(&[("grant_type", GRANT), ("auth_req_id", "wrong")]).await;
    assert_eq!((wrong.0, text(&wrong.1, "error")), (400, "invalid_grant"));
    assert_eq!(text(&poll(&other, &asked).await.1, "error"), "invalid_grant", "another client's");
    assert_eq!(poll(&party, &asked).await.0, 200);
    assert_eq!(text(&poll(&party, &asked).await.1, "error"), "invalid_grant", "a second time");
}

#[tokio::test]
async fn fapi_ciba_id1_of_a_client_that_is_not_registered_for_it() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let (status, refusal) = ask(&party, &[("login_hint", ANYONE)]).await;
    assert_eq!((status, text(&refusal, "error")), (400, "unauthorized_client"));
}
