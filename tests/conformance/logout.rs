//! OP logout: RP-initiated, and told to every client by the back channel.

use crate::{
    party::{BYE, Lead, Party, text, usual},
    provider::{PATIENCE, Provider, form},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cps_agent_api::words;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Sends the browser of a client to the logout endpoint.
async fn log_out(party: &Party<'_>, parameters: &[(&str, &str)]) -> Lead {
    let address = party.op.endpoint("end_session_endpoint");
    let answer = party.op.get(&format!("{address}?{}", form(parameters))).await;
    party.follow(answer, address).await
}

/// The person is asked, nothing happened yet and nobody is sent back; a click ends the session.
async fn asks(party: &Party<'_>, parameters: &[(&str, &str)]) {
    let (status, address, text) = log_out(party, parameters).await.page();
    assert_eq!(status, 200);
    assert!(text.contains("Do you want to sign out"), "{parameters:?}: {text}");
    assert!(party.op.session().await.is_some(), "a navigation ended the session");
    let answer = party.op.submit(address.as_str(), &[("yes", "1")]).await;
    let (status, _, text) = party.follow(answer, address.into()).await.page();
    assert!(status == 200 && text.contains("You are signed out"), "{text}");
    assert!(party.op.session().await.is_none());
}

/// A login, and a logout request made from its ID token: the person is asked.
async fn asks_for(change: impl Fn(&str) -> Vec<(&'static str, String)>) {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let parameters = change(text(&tokens, "id_token"));
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    asks(&party, &parameters).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let op = Provider::start().await;
    assert!(op.endpoint("end_session_endpoint").starts_with(&op.issuer));
}

#[tokio::test]
async fn oidcc_rp_initiated_logout() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let asked = [
        ("id_token_hint", text(&tokens, "id_token")),
        ("post_logout_redirect_uri", BYE),
        ("state", "TEST bye"),
    ];
    let back = log_out(&party, &asked).await.back();
    assert_eq!((back.len(), back["state"].as_str()), (1, "TEST bye"));
    assert!(op.session().await.is_none());
    assert_eq!(party.userinfo(&tokens).await.0, 401);
    assert_eq!(party.authorize(&[("prompt", "none")]).await.back()["error"], "login_required");
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    let bad = "https://rp.example.invalid/another".to_owned();
    asks_for(|id| vec![("id_token_hint", id.to_owned()), ("post_logout_redirect_uri", bad.clone())]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let more = format!("{BYE}?extra=1");
    asks_for(|id| vec![("id_token_hint", id.to_owned()), ("post_logout_redirect_uri", more.clone())]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    let unsigned = |id: &str| {
        let payload = id.split('.').nth(1).expect("a payload");
        format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#))
    };
    asks_for(|id| vec![("id_token_hint", unsigned(id)), ("post_logout_redirect_uri", BYE.to_owned())]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    let broken = |id: &str| id.rsplit_once('.').expect("a signature").0.to_owned() + ".AAAA";
    asks_for(|id| vec![("id_token_hint", broken(id)), ("post_logout_redirect_uri", BYE.to_owned())]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    asks_for(|_| vec![("client_id", "suite".to_owned()), ("post_logout_redirect_uri", BYE.to_owned())]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    asks_for(|_| Vec::new()).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_only_state() {
    asks_for(|_| vec![("state", "TEST bye".to_owned())]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let asked = [("id_token_hint", text(&tokens, "id_token")), ("state", "TEST bye")];
    let (status, _, shown) = log_out(&party, &asked).await.page();
    assert!(status == 200 && shown.contains("You are signed out"), "{shown}");
    assert!(op.session().await.is_none());
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let asked = [("id_token_hint", text(&tokens, "id_token")), ("post_logout_redirect_uri", BYE)];
    assert!(log_out(&party, &asked).await.back().is_empty());
    assert!(op.session().await.is_none());
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_of_a_person_who_says_no() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    op.log_in().await;
    let (_, address, _) = log_out(&party, &[]).await.page();
    let answer = op.submit(address.as_str(), &[("cancel", "1")]).await;
    let (_, _, shown) = party.follow(answer, address.clone().into()).await.page();
    assert!(shown.contains("You are still signed in"), "{shown}");
    assert!(op.session().await.is_some());
    assert_eq!(op.submit(address.as_str(), &[("yes", "1")]).await.status().as_u16(), 410, "answered once");
}

#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout_discovery_endpoint_verification() {
    let op = Provider::start().await;
    for member in ["backchannel_logout_supported", "backchannel_logout_session_supported"] {
        assert_eq!(op.metadata[member], true, "{member}");
    }
}

#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    let op = Provider::start().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = format!("http://{}/logout", listener.local_addr().expect("an address"));
    let client =
        words::Client { client_id: "suite".to_owned(), backchannel_logout_uri: Some(address), ..usual() };
    let party = Party::registered(&op, client).await;
    let tokens = party.tokens(&[]).await;
    let claims = party.claims(&tokens).await;
    let told = tokio::spawn(notice(listener));
    let asked = [("id_token_hint", text(&tokens, "id_token")), ("post_logout_redirect_uri", BYE)];
    log_out(&party, &asked).await.back();
    let posted = tokio::time::timeout(PATIENCE, told).await.expect("told in time").expect("no panic");
    let token = posted.strip_prefix("logout_token=").unwrap_or_else(|| panic!("not a notice: {posted}"));
    let (header, notice) = party.verified(token).await;
    assert_eq!(header["typ"], "logout+jwt");
    assert_eq!((&notice["iss"], &notice["aud"]), (&Value::from(op.issuer.clone()), &json!("suite")));
    assert_eq!((&notice["sub"], &notice["sid"]), (&claims["sub"], &claims["sid"]));
    assert_eq!(notice["events"], json!({"http://schemas.openid.net/event/backchannel-logout": {}}));
    assert!(notice["jti"].is_string() && notice.get("nonce").is_none(), "{notice}");
}

/// Takes one notice: the body of its request.
async fn notice(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.expect("a visitor");
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).await.expect("a request");
        text.push_str(std::str::from_utf8(&buffer[..read]).expect("text"));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let (_, length) = head.split_once("content-length: ").expect("a length");
        let length: usize = length.lines().next().expect("a line").trim().parse().expect("a number");
        if body.len() == length {
            assert!(head.starts_with("post /logout http/1.1"), "{head}");
            assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("an answer");
            return body.to_owned();
        }
    }
}
