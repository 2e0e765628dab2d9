//! Codes: one minute, one client, one redirect URI, one verifier, one use.

use super::*;
use crate::oidc::token::{BearerError, GrantType};

fn refused(result: Result<Map<String, Value>, TokenRefusal>) -> &'static str {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.status, if refusal.error == "invalid_client" { 401 } else { 400 });
    refusal.error
}

#[test]
fn a_replayed_code_is_refused_and_revokes_what_the_first_use_gave() {
    let mut house = House::logged_in();
    let code = house.code(&[]);
    let first = house.redeem(&code, &[]).unwrap();
    assert!(house.userinfo(text(&first, "access_token")).is_ok());
    let request = TokenRequest {
        parameters: pairs(&[
            ("grant_type", "authorization_code"),
            ("client_id", "dpi"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ]),
        authorization: None,
    };
    let again = house.token_request(&request).unwrap_err();
    assert_eq!((again.refusal.error, again.replay), ("invalid_grant", Some(GrantType::Code)));
    assert_eq!(house.userinfo(text(&first, "access_token")).err(), Some(BearerError::Invalid));
    assert_eq!(refused(house.refresh(text(&first, "refresh_token"))), "invalid_grant");
}

#[test]
fn a_code_replayed_after_its_minute_still_revokes() {
    let mut house = House::logged_in();
    let code = house.code(&[]);
    let first = house.redeem(&code, &[]).unwrap();
    house.now = house.now.plus(90);
    assert_eq!(refused(house.redeem(&code, &[])), "invalid_grant");
    assert_eq!(refused(house.refresh(text(&first, "refresh_token"))), "invalid_grant");
}

#[test]
fn a_wrong_or_missing_verifier_is_refused_and_spends_the_code() {
    for wrong in ["", "short", CHALLENGE, &"é".repeat(50)] {
        let mut house = House::logged_in();
        let code = house.code(&[]);
        assert_eq!(refused(house.redeem(&code, &[("code_verifier", wrong)])), "invalid_grant");
        assert_eq!(refused(house.redeem(&code, &[])), "invalid_grant");
    }
}

#[test]
fn another_redirect_uri_is_refused_even_where_the_port_was_free() {
    let mut house = House::logged_in();
    let code = house.code(&[]);
    let other = "http://127.0.0.1:5556/callback";
    assert_eq!(refused(house.redeem(&code, &[("redirect_uri", other)])), "invalid_grant");
}

#[test]
fn a_code_is_over_after_a_minute() {
    let mut house = House::logged_in();
    let (early, late) = (house.code(&[]), house.code(&[]));
    house.now = house.now.plus(59);
    assert!(house.redeem(&early, &[]).is_ok());
    house.now = house.now.plus(1);
    assert_eq!(refused(house.redeem(&late, &[])), "invalid_grant");
}

#[test]
fn another_client_can_neither_redeem_nor_spend_a_code() {
    let mut house = House::logged_in();
    house.add(json!({"id": "other"}));
    let code = house.code(&[]);
    assert_eq!(refused(house.redeem(&code, &[("client_id", "other")])), "invalid_grant");
    assert!(house.redeem(&code, &[]).is_ok());
}

#[test]
fn a_verifier_for_a_request_that_had_no_challenge_is_refused() {
    let mut house = House::logged_in();
    let no_challenge = [("client_id", "basic"), ("code_challenge", ""), ("code_challenge_method", "")];
    let redeem = |house: &mut House, code: &str, verifier: &str| {
        let parameters = pairs(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", verifier),
        ]);
        let authorization = Some(basic("basic", &house.secrets["basic"]));
        house.token_request(&TokenRequest { parameters, authorization }).map_err(|r| r.refusal)
    };
    let code = house.code(&no_challenge);
    assert_eq!(refused(redeem(&mut house, &code, VERIFIER)), "invalid_grant");
    let code = house.code(&no_challenge);
    assert!(redeem(&mut house, &code, "").is_ok());
}

#[test]
fn a_form_with_a_parameter_twice_or_missing_is_refused() {
    let mut house = House::logged_in();
    let code = house.code(&[]);
    for missing in ["grant_type", "code", "redirect_uri"] {
        assert_eq!(refused(house.redeem(&code, &[(missing, "")])), "invalid_request", "{missing}");
    }
    let twice = [("grant_type", "refresh_token"), ("client_id", "dpi"), ("scope", "a"), ("scope", "a")];
    assert_eq!(refused(house.token(&twice)), "invalid_request");
    assert_eq!(refused(house.redeem(&code, &[("grant_type", "password")])), "unsupported_grant_type");
    assert!(house.redeem(&code, &[]).is_ok(), "a malformed request spends nothing");
}

#[test]
fn the_answer_has_the_members_of_the_standard() {
    let mut house = House::logged_in();
    let answer = house.tokens();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 300);
    assert_eq!(answer["scope"], "openid profile");
    for name in ["access_token", "refresh_token", "id_token"] {
        assert!(text(&answer, name).len() >= 43, "{name}");
    }
}

#[test]
fn a_client_that_asks_without_end_pushes_out_only_its_own_codes() {
    let mut house = House::logged_in();
    let (victims, first) = (house.code(&[]), house.code(&[("client_id", "post")]));
    for _ in 0..9000 {
        house.code(&[("client_id", "post")]);
    }
    assert!(house.redeem(&victims, &[]).is_ok());
    let secret = house.secrets["post"].clone();
    let own = house.redeem(&first, &[("client_id", "post"), ("client_secret", &secret)]);
    assert_eq!(refused(own), "invalid_grant");
}
