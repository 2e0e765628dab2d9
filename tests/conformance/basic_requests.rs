//! OP Basic: requests that are odd, and requests that are wrong.

use crate::{
    party::{Lead, Party},
    provider::Provider,
};

/// What a logged-in provider makes of a request of the suite's client with these changes.
async fn asked(changes: &[(&str, &str)]) -> Lead {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    op.log_in().await;
    party.authorize(changes).await
}

/// A request that succeeds although it is odd.
async fn succeeds(changes: &[(&str, &str)]) {
    let back = asked(changes).await.back();
    assert!(back.contains_key("code"), "{back:?}");
}

/// A request that sends this error back.
async fn sends_back(error: &str, changes: &[(&str, &str)]) {
    let back = asked(changes).await.back();
    assert_eq!((back["error"].as_str(), back["state"].as_str()), (error, "TEST-state"));
    assert!(!back.contains_key("code"));
}

#[tokio::test]
async fn oidcc_response_type_missing() {
    sends_back("invalid_request", &[("response_type", "")]).await;
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    succeeds(&[("nonce", "")]).await;
}

#[tokio::test]
async fn oidcc_alternate_happy_flow() {
    // Parameters in another order, words of the scope too.
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    op.log_in().await;
    let mut parameters = party.parameters(&[("scope", "profile openid"), ("state", "another")]);
    parameters.reverse();
    let query = crate::provider::form(&parameters);
    let answer = op.get(&format!("{}?{query}", op.endpoint("authorization_endpoint"))).await;
    let back = party.follow(answer, op.endpoint("authorization_endpoint")).await.back();
    assert_eq!(back["state"], "another");
    assert_eq!(party.redeem(&back["code"]).await.0, 200);
}

#[tokio::test]
async fn oidcc_display_page() {
    succeeds(&[("display", "page")]).await;
}

#[tokio::test]
async fn oidcc_display_popup() {
    succeeds(&[("display", "popup")]).await;
}

#[tokio::test]
async fn oidcc_ui_locales() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    // The card is out: the page waits for it, in the language that the client asked for.
    op.readers.remove(0);
    op.until("an empty reader", async |control| {
        control.cards().await.expect("cards").is_empty().then_some(())
    })
    .await;
    for (locales, words) in
        [("fr-CA en", "vous demande de vous identifier"), ("se en", "asks you to sign in")]
    {
        let answer = op.get(&party.request(&[("ui_locales", locales), ("prompt", "login")])).await;
        let page = op.moved(&answer).expect("a page");
        let shown = crate::provider::body(&op.get(page.as_str()).await);
        assert!(shown.contains(words), "{locales}: {shown}");
    }
}

#[tokio::test]
async fn oidcc_claims_locales() {
    succeeds(&[("claims_locales", "se")]).await;
}

#[tokio::test]
async fn oidcc_login_hint() {
    succeeds(&[("login_hint", "buffy@example.invalid")]).await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    succeeds(&[("extra", "foobar")]).await;
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let (status, _, text) = asked(&[("redirect_uri", "https://rp.example.invalid/another")]).await.page();
    assert_eq!(status, 400);
    assert!(!text.contains("rp.example.invalid"), "no way back: {text}");
    let (status, ..) = asked(&[("redirect_uri", "")]).await.page();
    assert_eq!(status, 400);
}

#[tokio::test]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    sends_back("request_uri_not_supported", &[("request_uri", "https://rp.example.invalid/request.jwt")])
        .await;
}

#[tokio::test]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    sends_back("request_not_supported", &[("request", "eyJhbGciOiJub25lIn0.e30.")]).await;
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    // The object's redirect_uri counts for nothing: the query's does, and the object is refused.
    let inside = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ.";
    sends_back("request_not_supported", &[("request", inside)]).await;
}

#[tokio::test]
async fn oidcc_registration_parameter_is_rejected_as_unsupported() {
    sends_back("registration_not_supported", &[("registration", "{}")]).await;
}
