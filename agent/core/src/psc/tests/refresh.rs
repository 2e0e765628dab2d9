//! The refresh grant: what ends a session, what does not, and what a new ID token must say
//! (`oidcc-client-refreshtoken-test-plan`).

use crate::failure;
use crate::fetch::{FetchFault, Fetched};
use crate::jose::{self, Algorithm};
use crate::psc::client::Fresh;
use crate::psc::keys::Keys;
use crate::psc::token::Tokens;
use crate::psc::{Metadata, RefreshFault, Refreshed, UpstreamSession};
use crate::secret::Secret;
use crate::tests::authority::random;
use crate::tests::provider::{CLIENT, ISSUER, edit, json_answer, jwk_of, profile, signing_key};
use crate::tests::{Counted, NOW};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn session() -> UpstreamSession {
    let profile = profile();
    let at = |name: &str| format!("{ISSUER}/{name}");
    let document = json!({"issuer": ISSUER, "authorization_endpoint": at("auth"), "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"), "jwks_uri": at("certs")});
    UpstreamSession {
        metadata: Metadata::read(&profile, &json_answer(200, &document)).unwrap(),
        profile: Arc::new(profile),
        tokens: Tokens {
            access: Secret::new("access-1".into()),
            access_expires: NOW.plus(120),
            refresh: Some(Secret::new("refresh-1".into())),
            refresh_expires: Some(NOW.plus(1800)),
            id_token: Secret::new("id-1".into()),
        },
        keys: keys_of(0),
        subject: "f:1:8997".into(),
        session: None,
    }
}

fn keys_of(which: usize) -> Keys {
    Keys::read(&jwks(which)).unwrap()
}

fn jwks(which: usize) -> Fetched {
    json_answer(200, &json!({"keys": [jwk_of(&signing_key(which), ["one", "two"][which])]}))
}

/// A refresh answer whose ID token has these claims changed, signed by one of the two keys.
fn answer(which: usize, edits: &[(&str, Value)]) -> Fetched {
    let mut claims = json!({"iss": ISSUER, "aud": CLIENT, "azp": CLIENT, "sub": "f:1:8997",
        "iat": NOW.0, "exp": NOW.0 + 120, "auth_time": NOW.0 - 3000});
    edit(claims.as_object_mut().unwrap(), edits);
    let kid = ["one", "two"][which];
    let header = json!({"alg": "RS256", "kid": kid}).to_string();
    let id_token = signing_key(which)
        .compact(Algorithm::Rs256, &jose::encode(header.as_bytes()), claims.to_string().as_bytes(), &random())
        .unwrap();
    json_answer(
        200,
        &json!({"access_token": "access-2", "token_type": "Bearer", "expires_in": 60,
            "refresh_token": "refresh-2", "refresh_expires_in": 1700, "id_token": id_token}),
    )
}

fn fault(answer: &Fetched) -> RefreshFault {
    let mut session = session();
    let fault = session.refreshed(answer, NOW).unwrap_err();
    assert_eq!(session.access_token().expose(), "access-1", "refused tokens are not taken");
    fault
}

#[test]
fn only_invalid_grant_is_the_end_of_the_session() {
    let error = |status, word: &str| fault(&json_answer(status, &json!({"error": word})));
    assert_eq!(error(400, "invalid_grant"), RefreshFault::Ended);
    assert!(matches!(error(401, "invalid_client"), RefreshFault::Refused(_)));
    assert!(matches!(error(400, "unauthorized_client"), RefreshFault::Refused(_)));
    for status in [301, 403, 404, 429, 500, 502, 503, 504] {
        assert!(matches!(error(status, "invalid_grant"), RefreshFault::Transport(_)), "{status}");
    }
    let page = Fetched { body: b"<html>portal</html>".to_vec().into(), ..json_answer(200, &json!({})) };
    assert!(matches!(fault(&page), RefreshFault::Transport(_)));
    let page = Fetched { status: 400, ..page };
    assert!(matches!(fault(&page), RefreshFault::Transport(_)));
    let unreachable = FetchFault::Unreachable("refused".into());
    let RefreshFault::Transport(failure) = RefreshFault::from(&unreachable) else {
        panic!("not the network")
    };
    assert_eq!(failure.code, failure::UPSTREAM_UNREACHABLE);
}

#[test]
fn a_new_id_token_of_another_issuer_subject_or_audience_is_refused() {
    for (name, value) in [
        ("iss", json!("https://other.test.invalid")),
        ("sub", json!("f:1:other")),
        ("sub", Value::Null),
        ("aud", json!("other")),
        ("iat", Value::Null),
        ("exp", json!(NOW.0 - 61)),
    ] {
        let RefreshFault::Refused(failure) = fault(&answer(0, &[(name, value)])) else {
            panic!("{name}: not refused")
        };
        assert_eq!((failure.code, &failure.values["reason"]), (failure::ID_TOKEN_REFUSED, &json!(name)));
    }
}

#[test]
fn a_refresh_rotates_the_tokens() {
    let mut session = session();
    let random = random();
    let mut entropy = Counted::default();
    let request = session.refresh(&mut Fresh { now: NOW, entropy: &mut entropy, random: &random }).unwrap();
    assert_eq!(request.url.as_str(), format!("{ISSUER}/token"));
    assert_eq!(request.form.unwrap().expose(), "grant_type=refresh_token&refresh_token=refresh-1");
    assert!(matches!(session.refreshed(&answer(0, &[]), NOW).unwrap(), Refreshed::Done));
    assert_eq!(session.access_token().expose(), "access-2");
    assert_eq!(session.access_expires(), NOW.plus(60));
    assert_eq!(session.refresh_expires(), Some(NOW.plus(1700)));
    assert_ne!(session.id_token().expose(), "id-1");
}

#[test]
fn an_answer_without_id_and_refresh_token_leaves_the_old_ones() {
    let mut session = session();
    let bare = json_answer(200, &json!({"access_token": "access-2", "token_type": "bearer"}));
    assert!(matches!(session.refreshed(&bare, NOW).unwrap(), Refreshed::Done));
    assert_eq!(session.id_token().expose(), "id-1");
    assert_eq!(session.tokens.refresh.as_ref().unwrap().expose(), "refresh-1");
    assert_eq!(session.refresh_expires(), Some(NOW.plus(1800)));
}

#[test]
fn keys_rotated_since_the_login_are_fetched_once_and_no_more() {
    let mut session = session();
    let Refreshed::NeedsKeys(unproven, request) = session.refreshed(&answer(1, &[]), NOW).unwrap() else {
        panic!("the key is unknown")
    };
    assert_eq!(request.url.as_str(), format!("{ISSUER}/certs"));
    assert_eq!(session.access_token().expose(), "access-1");
    unproven.prove(&mut session, &jwks(1), NOW).unwrap();
    assert_eq!(session.access_token().expose(), "access-2");
    // The key of a stranger right after: no other fetch within the minute.
    assert!(matches!(session.refreshed(&answer(0, &[]), NOW), Err(RefreshFault::Refused(_))));
}

#[test]
fn keys_that_cannot_be_fetched_cost_no_refresh_token() {
    let mut session = session();
    let Refreshed::NeedsKeys(unproven, _) = session.refreshed(&answer(1, &[]), NOW).unwrap() else {
        panic!("the key is unknown")
    };
    let out_of_order = json_answer(503, &json!({}));
    let fault = unproven.prove(&mut session, &out_of_order, NOW).unwrap_err();
    assert!(matches!(fault, RefreshFault::Transport(_)));
    // What was not proven is not used; but the first refresh token was spent, and presenting it again is the session's end.
    assert_eq!(session.access_token().expose(), "access-1");
    let random = random();
    let mut entropy = Counted::default();
    let request = session.refresh(&mut Fresh { now: NOW, entropy: &mut entropy, random: &random }).unwrap();
    assert_eq!(request.form.unwrap().expose(), "grant_type=refresh_token&refresh_token=refresh-2");
    assert!(matches!(session.refreshed(&answer(1, &[]), NOW).unwrap(), Refreshed::NeedsKeys(..)));
}

#[test]
fn without_a_refresh_token_there_is_nothing_to_ask() {
    let mut session = session();
    session.tokens.refresh = None;
    let random = random();
    let mut entropy = Counted::default();
    assert!(session.refresh(&mut Fresh { now: NOW, entropy: &mut entropy, random: &random }).is_none());
    assert_eq!(session.refresh_expires(), None);
}
