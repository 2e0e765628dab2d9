//! Pushed authorization requests, by the modules of the FAPI 2 plan that ask for no more than RFC 9126.

use crate::{
    party::{Lead, Party, text, usual},
    provider::{Provider, json},
};
use cps_agent_api::words;
use hyper::Method;
use serde_json::Value;

/// Pushes the usual request with these changes: status and answer.
async fn push(party: &Party<'_>, changes: &[(&str, &str)]) -> (u16, Value) {
    let address = party.op.endpoint("pushed_authorization_request_endpoint");
    let answer = party.op.post(&address, Some(&party.proof()), &party.parameters(changes)).await;
    (answer.status().as_u16(), json(&answer))
}

/// Brings a reference to the authorization endpoint.
async fn bring(party: &Party<'_>, uri: &str) -> Lead {
    let address = party.op.endpoint("authorization_endpoint");
    let query = crate::provider::form(&[("client_id", &party.id), ("request_uri", uri)]);
    let answer = party.op.get(&format!("{address}?{query}")).await;
    party.follow(answer, address).await
}

#[tokio::test]
async fn par_happy_flow() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let (status, pushed) = push(&party, &[]).await;
    assert_eq!((status, &pushed["expires_in"]), (201, &60.into()));
    let back = bring(&party, text(&pushed, "request_uri")).await.back();
    assert_eq!(party.redeem(&back["code"]).await.0, 200);
}

#[tokio::test]
async fn par_attempt_reuse_request_uri() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let (_, pushed) = push(&party, &[]).await;
    bring(&party, text(&pushed, "request_uri")).await.back();
    assert_eq!(bring(&party, text(&pushed, "request_uri")).await.page().0, 400);
}

#[tokio::test]
async fn par_attempt_to_use_request_uri_for_different_client() {
    let op = Provider::start().await;
    let (party, other) = (Party::register(&op, "suite").await, Party::register(&op, "other").await);
    let (_, pushed) = push(&party, &[]).await;
    assert_eq!(bring(&other, text(&pushed, "request_uri")).await.page().0, 400);
    bring(&party, text(&pushed, "request_uri")).await.back();
}

#[tokio::test]
async fn par_attempt_invalid_http_method() {
    let op = Provider::start().await;
    let address = op.endpoint("pushed_authorization_request_endpoint");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        assert_eq!(op.bearer(method.clone(), &address, "x").await.status().as_u16(), 405, "{method}");
    }
}

#[tokio::test]
async fn par_authorization_request_containing_request_uri_form_param() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let (status, refusal) = push(&party, &[("request_uri", "urn:ietf:params:oauth:request_uri:x")]).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_request"));
}

#[tokio::test]
async fn par_ensure_registered_redirect_uri() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let (status, refusal) = push(&party, &[("redirect_uri", "https://evil.example/")]).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_request"));
}

#[tokio::test]
async fn ensure_unsigned_authorization_request_without_using_par_fails() {
    let op = Provider::start().await;
    let client = words::Client {
        client_id: "suite".to_owned(),
        require_pushed_authorization_requests: true,
        ..usual()
    };
    let party = Party::registered(&op, client).await;
    assert_eq!(party.authorize(&[]).await.back()["error"], "invalid_request");
    let (_, pushed) = push(&party, &[]).await;
    let back = bring(&party, text(&pushed, "request_uri")).await.back();
    assert_eq!(party.redeem(&back["code"]).await.0, 200);
}
