//! Back-channel logout: who is told that a session ended, and what the logout token says.

use super::*;
use crate::jose::{Algorithm, Unverified};

/// A house in which `told` wants to hear of ends, and has logged the person in.
fn house() -> (House, Map<String, Value>) {
    let mut house = House::logged_in();
    house.add(json!({"id": "told", "backchannel_logout_uri": "http://127.0.0.1:9000/logout"}));
    let code = house.code(&[("client_id", "told")]);
    let tokens = house.redeem(&code, &[("client_id", "told")]).unwrap();
    (house, tokens)
}

#[test]
fn clients_that_want_no_notice_or_had_no_part_in_the_session_get_none() {
    let mut house = House::logged_in();
    house.add(json!({"id": "told", "backchannel_logout_uri": "http://127.0.0.1:9000/logout"}));
    house.tokens();
    // A code that was never redeemed gave nobody anything.
    house.code(&[("client_id", "told")]);
    assert!(house.end_session().is_empty());
}

#[test]
fn a_client_that_gave_its_tokens_back_is_still_told() {
    let (mut house, tokens) = house();
    let request = TokenRequest {
        parameters: pairs(&[("client_id", "told"), ("token", text(&tokens, "refresh_token"))]),
        authorization: None,
    };
    let world = world!(house);
    house.provider.revoke(&world, &request).unwrap();
    assert_eq!(house.end_session().len(), 1);
}

#[test]
fn a_removed_client_is_told_nothing() {
    let (mut house, _) = house();
    house.provider.remove_client("told").unwrap();
    assert!(house.end_session().is_empty());
}

#[test]
fn each_client_is_told_once() {
    let (mut house, tokens) = house();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "told"),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    house.token(&refresh).unwrap();
    let code = house.code(&[("client_id", "told")]);
    house.redeem(&code, &[("client_id", "told")]).unwrap();
    assert_eq!(house.end_session().len(), 1);
    let nobody =
        house.provider.end_session(&SessionId("s1".into()), house.now, &mut house.entropy, &house.random);
    assert!(nobody.is_empty(), "a session ends once");
}

#[test]
fn a_logout_token_says_who_and_which_session_and_cannot_pass_for_an_id_token() {
    let (mut house, tokens) = house();
    let id = house.claims(&tokens["id_token"]);
    house.now = house.now.plus(100);
    let notice = house.end_session().remove(0);
    assert_eq!((notice.client.as_str(), notice.uri.as_str()), ("told", "http://127.0.0.1:9000/logout"));
    let parsed = Unverified::parse(notice.logout_token.expose(), &[Algorithm::Es256]).unwrap();
    assert_eq!(parsed.kind(), Some("logout+jwt"));
    let claims = house.claims(&notice.logout_token.expose().into());
    for (claim, value) in [
        ("iss", json!(ISSUER)),
        ("aud", json!("told")),
        ("sub", id["sub"].clone()),
        ("sid", id["sid"].clone()),
        ("iat", json!(house.now.0)),
        ("exp", json!(house.now.plus(120).0)),
        ("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}})),
    ] {
        assert_eq!(claims[claim], value, "{claim}");
    }
    assert!(text(&claims, "jti").len() >= 20);
    assert_eq!(claims.get("nonce"), None);
}
