//! What a locked, ended or expired session leaves possible: nothing, and after a resume everything.

use super::*;
use crate::oidc::token::BearerError;

#[test]
fn while_locked_userinfo_is_refused_and_the_family_is_kept() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    house.lock(true);
    assert_eq!(house.userinfo(text(&tokens, "access_token")).err(), Some(BearerError::Invalid));
    for _ in 0..2 {
        let refusal = house.refresh(text(&tokens, "refresh_token")).unwrap_err();
        assert_eq!((refusal.status, refusal.error), (400, "interaction_required"));
    }
    house.lock(false);
    assert!(house.userinfo(text(&tokens, "access_token")).is_ok());
    assert!(house.refresh(text(&tokens, "refresh_token")).is_ok());
}

#[test]
fn a_locked_session_answers_no_authorization_request() {
    let mut house = House::logged_in();
    house.lock(true);
    let none = sent(&house.authorize(&[("prompt", "none")]).answer);
    assert_eq!(none["error"], "login_required");
    let transaction = house.waits(&[]);
    assert!(matches!(house.complete(&transaction, Approval::default()), Completion::LoginNeeded));
    house.lock(false);
    assert!(matches!(
        house.complete(&transaction, Approval::default()),
        Completion::Redirect { error: None, .. }
    ));
}

#[test]
fn a_code_waits_through_a_lock_but_not_beyond_the_session() {
    let mut house = House::logged_in();
    let code = house.code(&[]);
    house.lock(true);
    assert_eq!(house.redeem(&code, &[]).unwrap_err().error, "interaction_required");
    house.lock(false);
    assert!(house.redeem(&code, &[]).is_ok());
    let code = house.code(&[]);
    house.end_session();
    assert_eq!(house.redeem(&code, &[]).unwrap_err().error, "invalid_grant");
}

#[test]
fn the_end_of_a_session_ends_every_token() {
    let mut house = House::logged_in();
    house.add(json!({"id": "other"}));
    let mine = house.tokens();
    let code = house.code(&[("client_id", "other")]);
    let other = house.redeem(&code, &[("client_id", "other")]).unwrap();
    assert_eq!(house.provider.clients_of(&SessionId("s1".into())), ["dpi", "other"]);
    assert!(house.end_session().is_empty(), "neither wants to be told");
    assert_eq!(house.provider.grants.counts(), (0, 0));
    for tokens in [&mine, &other] {
        assert_eq!(house.userinfo(text(tokens, "access_token")).err(), Some(BearerError::Invalid));
    }
    assert_eq!(house.refresh(text(&mine, "refresh_token")).unwrap_err().error, "invalid_grant");
}

#[test]
fn nothing_outlives_the_session_even_when_nobody_told_the_provider() {
    let mut house = House::logged_in();
    house.now = START.plus(4 * 3600 - 100);
    let tokens = house.tokens();
    assert_eq!(tokens["expires_in"], 100);
    assert_eq!(house.claims(&tokens["id_token"])["exp"], START.0 + 4 * 3600);
    house.now = START.plus(4 * 3600);
    assert_eq!(house.userinfo(text(&tokens, "access_token")).err(), Some(BearerError::Invalid));
    assert_eq!(house.refresh(text(&tokens, "refresh_token")).unwrap_err().error, "invalid_grant");
    assert!(matches!(house.authorize(&[]).answer, Authorize::Login(_)));
}

#[test]
fn an_access_token_lives_five_minutes_and_opens_only_its_scopes() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let token = text(&tokens, "access_token");
    let ask = |house: &House, scope| house.provider.bearer(&house.sessions, token, scope, house.now);
    assert_eq!(ask(&house, "cps:sign").err(), Some(BearerError::Scope));
    assert_eq!(&*ask(&house, "profile").unwrap().client, "dpi");
    assert_eq!(house.userinfo("").err(), Some(BearerError::Missing));
    assert_eq!(house.userinfo("unknown").err(), Some(BearerError::Invalid));
    house.now = house.now.plus(300);
    assert_eq!(house.userinfo(token).err(), Some(BearerError::Invalid));
    assert_eq!(ask(&house, "profile").err(), Some(BearerError::Invalid));
}

#[test]
fn sweeping_forgets_what_has_ended_and_nothing_else() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    house.now = house.now.plus(301);
    house.provider.sweep(&house.sessions, house.now);
    assert_eq!(house.provider.grants.counts(), (1, 0));
    assert!(house.refresh(text(&tokens, "refresh_token")).is_ok());
    house.sessions.0.clear();
    house.provider.sweep(&house.sessions, house.now);
    assert_eq!(house.provider.grants.counts(), (0, 0));
}
