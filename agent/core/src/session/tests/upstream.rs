//! The upstream road: every way an upstream can be wrong, and then the good one.

use super::{alone, purpose, with_upstream};
use crate::audit::What;
use crate::failure::{self, Code, Failure};
use crate::identity::{NationalId, UnixTime, Way};
use crate::session::login::{Outcome, Settings};
use crate::session::step::{Event, FetchFault, Fetched, PinFault, TokenFault};
use crate::tests::NOW;
use crate::tests::authority::{DOCTOR, NURSE, Pki, Plan};
use crate::tests::provider::{
    ISSUER, Play, Provider, json_answer, jwk_of, profile, redirect, signing_key, unreachable,
};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;

const ROAD: [&str; 9] = [
    "token",
    "/realm/.well-known/wallet-openid-configuration",
    "/realm/auth",
    "/card",
    "pin",
    "/card with the card",
    "/realm/return",
    "/realm/token",
    "/realm/certs",
];

/// Plays the doctor's card login at a spoilt upstream.
fn play(spoil: impl FnOnce(&mut Play<'_>)) -> (Result<Outcome, Failure>, Vec<String>) {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let mut play = Play::new(&card);
    spoil(&mut play);
    let result = play.run(purpose(Way::Card), &Arc::new(with_upstream(&pki)));
    (result, play.trace)
}

fn refused(spoil: impl FnOnce(&mut Provider)) -> Failure {
    play(|play| spoil(&mut play.provider)).0.unwrap_err()
}

/// The reason why the ID token with this claim was refused.
fn claim(name: &'static str, value: Value) -> String {
    let failure = refused(|p| p.claims.push((name, value)));
    assert_eq!(failure.code, failure::ID_TOKEN_REFUSED);
    failure.values["reason"].as_str().unwrap().to_owned()
}

fn instead(path: &'static str, answer: Fetched) -> Failure {
    refused(|p| {
        p.instead.insert(path, VecDeque::from([Event::Fetched(answer)]));
    })
}

fn page() -> Fetched {
    Fetched { status: 200, headers: vec![], body: b"<form>".to_vec().into(), received: NOW }
}

#[test]
fn a_wrong_issuer_is_refused() {
    assert_eq!(claim("iss", json!("https://other.test.invalid")), "iss");
}

#[test]
fn a_missing_subject_is_refused() {
    assert_eq!(claim("sub", Value::Null), "sub");
}

#[test]
fn a_foreign_or_shared_audience_is_refused() {
    assert_eq!(claim("aud", json!("other")), "aud");
    assert_eq!(claim("aud", json!(["agent", "other"])), "aud");
    assert_eq!(claim("aud", json!([])), "aud");
    assert_eq!(claim("aud", Value::Null), "aud");
    assert_eq!(claim("azp", json!("other")), "azp");
    assert!(play(|p| p.provider.claims.push(("aud", json!(["agent"])))).0.is_ok());
}

#[test]
fn missing_and_wrong_times_are_refused() {
    assert_eq!(claim("iat", Value::Null), "iat");
    assert_eq!(claim("exp", Value::Null), "exp");
    assert_eq!(claim("exp", json!(NOW.0 - 61)), "exp");
    assert_eq!(claim("iat", json!(NOW.0 + 61)), "iat");
    assert_eq!(claim("nbf", json!(NOW.0 + 61)), "nbf");
    assert_eq!(claim("auth_time", json!(NOW.0 + 3600)), "auth_time");
    assert_eq!(claim("exp", json!("soon")), "exp");
}

#[test]
fn an_old_token_is_refused_however_long_it_says_it_lives() {
    let week = 7 * 24 * 3600;
    let failure = refused(|p| {
        p.claims = vec![("iat", json!(NOW.0 - week)), ("exp", json!(NOW.0 + week))];
    });
    assert_eq!(failure.values["reason"], "iat");
}

#[test]
fn a_wrong_or_missing_nonce_is_refused() {
    assert_eq!(claim("nonce", json!("other")), "nonce");
    assert_eq!(claim("nonce", Value::Null), "nonce");
    assert_eq!(claim("nonce", json!("")), "nonce");
}

#[test]
fn a_token_bound_to_another_access_token_is_refused() {
    assert_eq!(claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")), "at_hash");
    assert!(play(|p| p.provider.claims.push(("at_hash", Value::Null))).0.is_ok());
}

#[test]
fn unsigned_and_foreign_algorithms_are_refused() {
    for algorithm in ["none", "HS256", "ES256", "PS256", "RS512"] {
        let failure = refused(|p| p.header.push(("alg", json!(algorithm))));
        assert_eq!(failure.values["reason"], "alg", "{algorithm}");
    }
    assert_eq!(refused(|p| p.break_signature = true).values["reason"], "signature");
    let failure = refused(|p| p.token.push(("id_token", json!("e30.e30"))));
    assert_eq!(failure.values["reason"], "format");
}

#[test]
fn a_token_without_key_name_is_taken_with_one_key_and_refused_with_two() {
    assert!(play(|p| p.provider.header.push(("kid", Value::Null))).0.is_ok());
    let failure = refused(|p| {
        p.header.push(("kid", Value::Null));
        p.keys = json!({"keys": [jwk_of(&signing_key(0), "one"), jwk_of(&signing_key(1), "two")]});
    });
    assert_eq!(failure.values["reason"], "kid");
}

#[test]
fn keys_are_fetched_again_once_for_an_unknown_key_and_no_more() {
    let other = json!({"keys": [jwk_of(&signing_key(1), "two")]});
    let (result, trace) = play(|play| play.provider.keys = other.clone());
    assert_eq!(result.unwrap_err().values["reason"], "kid");
    assert_eq!(trace[8..], ["/realm/certs", "/realm/certs"]);
    // Rotated just before signing: the second look finds the key.
    let (result, _) = play(|play| {
        let first = Event::Fetched(json_answer(200, &other));
        play.provider.instead.insert("/realm/certs", VecDeque::from([first]));
    });
    assert!(result.is_ok());
}

#[test]
fn keys_of_an_earlier_login_serve_again_and_are_not_fetched_at_a_strangers_will() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let first = Play::new(&card).run(purpose(Way::Card), &Arc::new(with_upstream(&pki))).unwrap();
    let keys = first.upstream.unwrap().keys;
    let settings = |keys| Arc::new(Settings { keys: Some(keys), ..with_upstream(&pki) });
    let mut again = Play::new(&card);
    assert!(again.run(purpose(Way::Card), &settings(keys.clone())).is_ok());
    assert!(!again.trace.contains(&"/realm/certs".to_owned()));
    let mut stranger = Play::new(&card);
    stranger.provider.header.push(("kid", json!("stranger")));
    let failure = stranger.run(purpose(Way::Card), &settings(keys.after_miss())).unwrap_err();
    assert_eq!(failure.values["reason"], "kid");
    assert!(!stranger.trace.contains(&"/realm/certs".to_owned()));
}

#[test]
fn a_level_that_is_not_accepted_is_named() {
    let failure = refused(|p| p.claims.push(("acr", json!("eidas0"))));
    assert_eq!((failure.code, &failure.values["acr"]), (failure::UPSTREAM_ACR, &json!("eidas0")));
    assert_eq!(refused(|p| p.claims.push(("acr", Value::Null))).code, failure::UPSTREAM_ACR);
    assert!(play(|p| p.provider.claims.push(("acr", json!("eidas2")))).0.is_ok());
}

#[test]
fn a_duplicated_claim_is_refused() {
    let twice = Fetched {
        body: format!("{{\"issuer\":\"{ISSUER}\",\"issuer\":\"{ISSUER}\"}}").into_bytes().into(),
        ..json_answer(200, &json!({}))
    };
    let failure = instead("/realm/.well-known/wallet-openid-configuration", twice);
    assert_eq!(failure.code, failure::UPSTREAM_GARBLED);
}

#[test]
fn user_info_of_another_subject_is_refused() {
    let failure = refused(|p| p.userinfo.push(("sub", json!("f:other"))));
    assert_eq!(
        (failure.code, &failure.values["reason"]),
        (failure::ID_TOKEN_REFUSED, &json!("userinfo sub"))
    );
    assert_eq!(refused(|p| p.userinfo.push(("sub", Value::Null))).code, failure::ID_TOKEN_REFUSED);
}

#[test]
fn user_info_of_another_person_than_the_cards_holder_is_refused() {
    let failure = refused(|p| {
        p.claims.push(("SubjectNameID", json!(NURSE)));
        p.userinfo = vec![
            ("SubjectNameID", json!(NURSE)),
            ("otherIds", json!([{"identifiant": NURSE, "origine": "RPPS", "qualite": 1}])),
        ];
    });
    assert_eq!(failure.code, failure::OTHER_PERSON);
    // User info that contradicts the ID token is not believed either.
    let failure = refused(|p| p.claims.push(("SubjectNameID", json!(NURSE))));
    assert_eq!(failure.values["reason"], "SubjectNameID");
}

#[test]
fn user_info_without_an_identifier_is_refused() {
    let failure = refused(|p| {
        p.claims.push(("SubjectNameID", Value::Null));
        p.userinfo = vec![("SubjectNameID", Value::Null), ("otherIds", Value::Null)];
    });
    assert_eq!(failure.code, failure::UPSTREAM_NO_IDENTITY);
}

#[test]
fn user_info_beyond_the_limits_is_refused() {
    let many = |n: usize| json!({"exercices": vec![json!({"activities": []}); n]});
    assert_eq!(refused(|p| p.userinfo.push(("SubjectRefPro", many(51)))).code, failure::UPSTREAM_GARBLED);
    let activities = json!({"exercices": [{"activities": vec![json!({}); 201]}]});
    assert_eq!(refused(|p| p.userinfo.push(("SubjectRefPro", activities))).code, failure::UPSTREAM_GARBLED);
    let large = json!("x".repeat(64 * 1024));
    assert_eq!(refused(|p| p.userinfo.push(("given_name", large))).code, failure::UPSTREAM_GARBLED);
}

#[test]
fn an_answer_of_another_login_is_refused() {
    for (name, value) in
        [("state", Some("other")), ("state", None), ("iss", Some("https://other")), ("code", None)]
    {
        let failure = refused(|p| p.answer_query.push((name, value)));
        assert_eq!(failure.code, failure::UPSTREAM_STATE, "{name}");
    }
    // A front page may drop `iss`: we speak to one issuer only.
    assert!(play(|p| p.provider.answer_query.push(("iss", None))).0.is_ok());
}

#[test]
fn an_error_answer_is_passed_on_in_plain_characters() {
    let failure = refused(|p| p.answer_query = vec![("error", Some("access_denied<b>")), ("code", None)]);
    assert_eq!(
        (failure.code, &failure.values["error"]),
        (failure::UPSTREAM_REFUSED, &json!("access_deniedb"))
    );
    // An error with a foreign state is not even that.
    let failure = refused(|p| p.answer_query = vec![("error", Some("access_denied")), ("state", Some("x"))]);
    assert_eq!(failure.code, failure::UPSTREAM_STATE);
}

#[test]
fn a_page_to_be_filled_in_ends_the_walk() {
    for path in ["/realm/auth", "/realm/return"] {
        assert_eq!(instead(path, page()).code, failure::UPSTREAM_PAGE);
    }
}

#[test]
fn the_walk_never_leaves_the_hosts_of_the_profile() {
    for (to, host) in [
        ("https://evil.test.invalid/", "evil.test.invalid"),
        ("http://idp.test.invalid/realm/return", "idp.test.invalid"),
        ("https://idp.test.invalid.evil.test/", "idp.test.invalid.evil.test"),
        ("https://user:pw@idp.test.invalid/", "idp.test.invalid"),
        ("https://card.test.invalid/", "card.test.invalid"),
        ("http://127.0.0.1/other", "127.0.0.1"),
        ("http://localhost/callback?code=1", "localhost"),
        ("https://wallet.bas.psc.esante.gouv.fr/auth", "wallet.bas.psc.esante.gouv.fr"),
        ("file:///etc/passwd", "file"),
    ] {
        let failure = instead("/realm/auth", redirect(to));
        assert_eq!(
            (failure.code, &failure.values["host"]),
            (failure::UPSTREAM_HOST_REFUSED, &json!(host)),
            "{to}"
        );
    }
}

#[test]
fn a_walk_in_circles_ends() {
    let (result, trace) = play(|play| {
        let answers = (0..50).map(|_| Event::Fetched(redirect("/realm/auth")));
        play.provider.instead.insert("/realm/auth", answers.collect());
    });
    assert_eq!(result.unwrap_err().code, failure::UPSTREAM_LOOP);
    assert_eq!(trace.len(), 2 + 21);
}

#[test]
fn a_redirect_without_or_with_two_places_is_garbled() {
    let nowhere = Fetched { headers: vec![], ..redirect("/") };
    assert_eq!(instead("/realm/auth", nowhere).code, failure::UPSTREAM_GARBLED);
    let mut two = redirect("/a");
    two.headers.push(("location".into(), "/b".into()));
    assert_eq!(instead("/realm/auth", two).code, failure::UPSTREAM_GARBLED);
}

#[test]
fn an_upstream_that_does_not_ask_for_the_card_proves_nothing() {
    let (result, trace) = play(|play| {
        let there = Event::Fetched(redirect(&format!("{ISSUER}/return")));
        play.provider.instead.insert("/card", VecDeque::from([there]));
    });
    assert_eq!(result.unwrap_err().code, failure::UPSTREAM_NO_CARD);
    assert!(!trace.iter().any(|word| word.starts_with("pin")));
}

#[test]
fn a_discovery_document_of_somebody_else_is_refused() {
    for (name, value, code) in [
        ("issuer", json!("https://idp.test.invalid/realm/"), failure::UPSTREAM_GARBLED),
        ("issuer", Value::Null, failure::UPSTREAM_GARBLED),
        ("token_endpoint", Value::Null, failure::UPSTREAM_GARBLED),
        ("jwks_uri", json!(5), failure::UPSTREAM_GARBLED),
        ("authorization_endpoint", json!("https://idp.test.invalid/a#b"), failure::UPSTREAM_GARBLED),
        ("token_endpoint", json!("http://127.0.0.1/token"), failure::UPSTREAM_HOST_REFUSED),
        ("userinfo_endpoint", json!("https://evil.test.invalid/"), failure::UPSTREAM_HOST_REFUSED),
        ("end_session_endpoint", json!("https://evil.test.invalid/"), failure::UPSTREAM_HOST_REFUSED),
    ] {
        assert_eq!(refused(|p| p.discovery.push((name, value))).code, code, "{name}");
    }
}

#[test]
fn a_token_answer_without_its_tokens_is_refused() {
    for name in ["access_token", "id_token", "token_type"] {
        assert_eq!(refused(|p| p.token.push((name, Value::Null))).code, failure::UPSTREAM_GARBLED, "{name}");
    }
    let denied = instead("/realm/token", json_answer(400, &json!({"error": "invalid_grant"})));
    assert_eq!((denied.code, &denied.values["error"]), (failure::UPSTREAM_REFUSED, &json!("invalid_grant")));
    let down = instead("/realm/token", json_answer(503, &json!({})));
    assert_eq!((down.code, &down.values["status"]), (failure::UPSTREAM_FAILING, &json!(503)));
}

#[test]
fn an_upstream_that_cannot_be_reached_at_any_fetch_is_told_as_such() {
    let (_, whole) = play(|_| {});
    let fetches = whole.iter().enumerate().filter(|(_, word)| word.starts_with('/'));
    for (at, _) in fetches {
        let (result, _) = play(|play| play.interruption = Some((at, unreachable)));
        assert_eq!(result.unwrap_err().code, failure::UPSTREAM_UNREACHABLE);
    }
}

#[test]
fn an_intercepted_connection_is_named() {
    let (result, _) = play(|play| {
        play.interruption = Some((1, || {
            Event::FetchFailed(FetchFault::Untrusted {
                issuer: "Proxy du site".into(),
                because: crate::fetch::Distrust::Authority,
            })
        }));
    });
    let failure = result.unwrap_err();
    assert_eq!(
        (failure.code, &failure.values["issuer"]),
        (failure::UPSTREAM_UNTRUSTED, &json!("Proxy du site"))
    );
}

#[test]
fn a_server_that_does_not_want_the_card_is_told_as_such() {
    let (result, _) = play(|play| {
        play.interruption =
            Some((5, || Event::FetchFailed(FetchFault::CertificateRefused("certificate revoked".into()))));
    });
    assert_eq!(result.unwrap_err().code, failure::UPSTREAM_CARD_REFUSED);
}

#[test]
fn a_card_pulled_at_any_await_is_told_as_such() {
    let (_, whole) = play(|_| {});
    for at in 0..whole.len() {
        let (result, trace) =
            play(|play| play.interruption = Some((at, || Event::TokenFailed(TokenFault::Removed))));
        assert_eq!(result.unwrap_err().code, failure::CARD_REMOVED);
        assert_eq!(trace, whole[..=at]);
    }
}

#[test]
fn a_wrong_clock_is_told_from_a_wrong_token() {
    // The upstream's clock is ten minutes ahead: so are its tokens.
    let ahead = |play: &mut Play<'_>| {
        play.provider.date = Some("Mon, 23 Nov 2026 00:10:00 GMT");
        play.provider.claims = vec![("iat", json!(NOW.0 + 600)), ("exp", json!(NOW.0 + 720))];
    };
    let failure = play(ahead).0.unwrap_err();
    assert_eq!((failure.code, &failure.values["seconds"]), (failure::CLOCK_SKEW, &json!(600)));
    // Where the token can still be taken, the person is told all the same.
    let (result, _) = play(|play| play.provider.date = Some("Mon, 23 Nov 2026 00:01:30 GMT"));
    let warned: Vec<Code> = result.unwrap().warnings.iter().map(|w| w.code).collect();
    assert_eq!(warned, [failure::CLOCK_SKEW]);
}

#[test]
fn a_wrong_pin_in_the_handshake_asks_the_person_again() {
    let wrong = |left| TokenFault::Pin(PinFault::Wrong { left: Some(left) });
    let (result, trace) = play(|play| play.pins = [wrong(2), wrong(1)].into());
    assert!(result.is_ok());
    assert_eq!(
        trace[4..10],
        [
            "pin",
            "/card with the card",
            "pin after Wrong { left: Some(2) }",
            "/card with the card",
            "pin after Wrong { left: Some(1) }",
            "/card with the card",
        ]
    );
    let (result, _) = play(|play| play.pins = [TokenFault::Pin(PinFault::Blocked)].into());
    assert_eq!(result.unwrap_err().code, failure::PIN_BLOCKED);
}

#[test]
fn an_unknown_card_costs_no_fetch() {
    let (pki, other) = (Pki::default(), Pki::default());
    let card = Plan::default().issued_by(&other.persons);
    let mut play = Play::new(&card);
    let failure = play.run(purpose(Way::Card), &Arc::new(with_upstream(&pki))).unwrap_err();
    assert_eq!((failure.code, play.trace), (failure::UNKNOWN_ISSUER, vec!["token".to_owned()]));
}

#[test]
fn an_upstream_without_card_login_is_no_way_for_a_soft_token() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let mut without = profile();
    without.card_login = false;
    let settings = Settings { upstream: Some(Arc::new(without)), ..alone(&pki) };
    let mut play = Play::new(&card);
    assert_eq!(play.run(purpose(Way::Token), &Arc::new(settings)).unwrap_err().code, failure::NO_WAY);
    assert!(play.trace.is_empty());
}

#[test]
fn what_the_upstream_did_wrong_is_in_the_audit_trail() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let mut play = Play::new(&card);
    play.provider.claims.push(("nonce", json!("other")));
    assert!(play.run(purpose(Way::Card), &Arc::new(with_upstream(&pki))).is_err());
    let what: Vec<&What> = play.notes.iter().map(|note| &note.what).collect();
    assert_eq!(what, [&What::Upstream("id_token"), &What::Login(Way::Card)]);
}

#[test]
fn a_card_login_ends_with_the_holder_and_the_upstreams_word() {
    let (result, trace) = play(|_| {});
    let outcome = result.unwrap();
    assert_eq!(trace[..9], ROAD);
    assert_eq!(trace[9..], ["/realm/userinfo"]);
    let assurance = outcome.assurance;
    assert_eq!((assurance.acr.as_str(), assurance.way), ("eidas1", Way::Card));
    assert_eq!(assurance.amr, ["sc", "pin", "mfa", "hwk"]);
    assert_eq!(assurance.auth_time, UnixTime(NOW.0 - 50));
    assert_eq!(assurance.idp.as_deref(), Some(ISSUER));
    assert_eq!(assurance.psc_auth_mode.as_deref(), Some("CARD"));
    assert_eq!(assurance.credential.unwrap().serial, "10000001");
    assert_eq!(outcome.person.id, NationalId(DOCTOR.into()));
    assert!(!outcome.person.claims.contains_key("sub"));
    assert!(outcome.warnings.is_empty());
    let upstream = outcome.upstream.unwrap();
    assert_eq!(upstream.tokens.access_expires, NOW.plus(120));
    assert_eq!(upstream.tokens.refresh_expires, Some(NOW.plus(1800)));
    assert!(!format!("{upstream:?}").contains("refresh-1"));
}

#[test]
fn a_soft_token_takes_the_same_road() {
    let pki = Pki::default();
    let card = Plan::soft().issued_by(&pki.persons);
    let mut play = Play::new(&card);
    let outcome = play.run(purpose(Way::Token), &Arc::new(with_upstream(&pki))).unwrap();
    assert_eq!((outcome.assurance.way, play.trace[5].as_str()), (Way::Token, "/card with the card"));
}
