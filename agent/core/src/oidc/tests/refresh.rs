//! Refresh tokens: a new one each time, and the family dies when an old one comes back.

use super::*;
use crate::oidc::token::{BearerError, GrantType};

#[test]
fn a_refresh_token_used_twice_ends_the_whole_family() {
    let mut house = House::logged_in();
    let first = house.tokens();
    let second = house.refresh(text(&first, "refresh_token")).unwrap();
    let request = TokenRequest {
        parameters: pairs(&[
            ("grant_type", "refresh_token"),
            ("client_id", "dpi"),
            ("refresh_token", text(&first, "refresh_token")),
        ]),
        authorization: None,
    };
    let replay = house.token_request(&request).unwrap_err();
    assert_eq!((replay.refusal.error, replay.replay), ("invalid_grant", Some(GrantType::Refresh)));
    assert_eq!(house.refresh(text(&second, "refresh_token")).unwrap_err().error, "invalid_grant");
    assert_eq!(house.userinfo(text(&second, "access_token")).err(), Some(BearerError::Invalid));
}

#[test]
fn a_refreshed_id_token_speaks_of_the_original_authentication() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    house.sessions.0[0] = session("s1", house.now);
    let renewed = house.refresh(text(&tokens, "refresh_token")).unwrap();
    let claims = house.claims(&renewed["id_token"]);
    assert_eq!((&claims["auth_time"], &claims["sid"]), (&json!(START.0), &json!("s1")));
    let anew = house.tokens();
    assert_eq!(house.claims(&anew["id_token"])["auth_time"], house.now.0, "a new login of the client");
}

#[test]
fn another_family_of_the_same_session_lives_on() {
    let mut house = House::logged_in();
    let (one, other) = (house.tokens(), house.tokens());
    house.refresh(text(&one, "refresh_token")).unwrap();
    house.refresh(text(&one, "refresh_token")).unwrap_err();
    assert!(house.refresh(text(&other, "refresh_token")).is_ok());
}

#[test]
fn another_client_can_neither_use_nor_end_a_family() {
    let mut house = House::logged_in();
    house.add(json!({"id": "other"}));
    let tokens = house.tokens();
    let stolen = text(&tokens, "refresh_token");
    let request = [("grant_type", "refresh_token"), ("client_id", "other"), ("refresh_token", stolen)];
    assert_eq!(house.token(&request).unwrap_err().error, "invalid_grant");
    assert!(house.refresh(stolen).is_ok());
}

#[test]
fn a_refresh_cannot_widen_the_scope_and_can_narrow_it() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let mut refresh = |scope: &str, token: &str| {
        house.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", "dpi"),
            ("refresh_token", token),
            ("scope", scope),
        ])
    };
    let token = text(&tokens, "refresh_token");
    assert_eq!(refresh("openid profile scope_all", token).unwrap_err().error, "invalid_scope");
    assert_eq!(refresh("profile", token).unwrap_err().error, "invalid_scope");
    let narrow = refresh("openid", token).unwrap();
    assert_eq!(narrow["scope"], "openid");
    let wide = refresh("", text(&narrow, "refresh_token")).unwrap();
    assert_eq!(wide["scope"], "openid profile");
    let names = house.userinfo(text(&narrow, "access_token")).unwrap();
    assert!(!names.contains_key("given_name"));
}

#[test]
fn garbage_and_forged_tokens_are_refused() {
    let mut house = House::logged_in();
    house.tokens();
    for garbage in ["x", "====", &"A".repeat(64), &"A".repeat(5000)] {
        assert_eq!(house.refresh(garbage).unwrap_err().error, "invalid_grant");
    }
}

#[test]
fn a_refreshed_id_token_has_the_same_person_and_no_nonce() {
    let mut house = House::logged_in();
    let first = house.tokens();
    house.now = house.now.plus(200);
    let second = house.refresh(text(&first, "refresh_token")).unwrap();
    let (before, after) = (house.claims(&first["id_token"]), house.claims(&second["id_token"]));
    for name in ["iss", "sub", "aud", "auth_time", "sid", "acr"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_eq!(before["nonce"], "a nonce");
    assert!(!after.contains_key("nonce"));
    assert_eq!(after["iat"], house.now.0);
}

#[test]
fn many_refreshes_and_logins_leave_few_tokens_behind() {
    let mut house = House::logged_in();
    let mut tokens = house.tokens();
    for _ in 0..300 {
        tokens = house.refresh(text(&tokens, "refresh_token")).unwrap();
    }
    assert_eq!(house.provider.grants.counts(), (1, 4));
    for _ in 0..100 {
        house.tokens();
    }
    let (families, access) = house.provider.grants.counts();
    assert!(families <= 32 && access <= 4 * 32, "{families} {access}");
}
