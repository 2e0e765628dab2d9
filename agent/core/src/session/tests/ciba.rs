//! The road by phone or card tool (`fapi-ciba-id1-client-test-plan`, behaviours): refusals, patience, and the person asked.

use super::{alone, purpose};
use crate::failure::{self, Failure};
use crate::identity::{NationalId, Way};
use crate::psc::Profile;
use crate::psc::ciba::Channel;
use crate::psc::profile::Custom;
use crate::session::login::{Outcome, Settings, Shows};
use crate::session::step::{Event, Fetched, Purpose};
use crate::tests::NOW;
use crate::tests::authority::{DOCTOR, NURSE, Pki, Plan};
use crate::tests::provider::{Play, client, custom, json_answer, unreachable};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;

fn settings(pki: &Pki) -> Arc<Settings> {
    let profile = Profile::custom(Custom { card_login: false, ciba: true, ..custom() }, client()).unwrap();
    Arc::new(Settings { upstream: Some(Arc::new(profile)), ..alone(pki) })
}

struct Played {
    result: Result<Outcome, Failure>,
    trace: Vec<String>,
    shown: Vec<Shows>,
    waited: i64,
}

fn play(purpose: Purpose, spoil: impl FnOnce(&mut Play<'_>)) -> Played {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let mut play = Play::new(&card);
    spoil(&mut play);
    let result = play.run(purpose, &settings(&pki));
    Played { result, trace: play.trace, shown: play.shown, waited: play.waited }
}

fn by_phone(identifier: &str) -> Purpose {
    Purpose { identifier: Some(NationalId(identifier.into())), ..purpose(Way::Ecps) }
}

/// The doctor's phone at a spoilt upstream.
fn doctor(spoil: impl FnOnce(&mut Play<'_>)) -> Played {
    play(by_phone(DOCTOR), spoil)
}

fn code(spoil: impl FnOnce(&mut Play<'_>)) -> failure::Code {
    doctor(spoil).result.unwrap_err().code
}

fn error(status: u16, word: &str) -> Fetched {
    json_answer(status, &json!({"error": word}))
}

/// The request is answered with this.
fn request(answer: Fetched) -> failure::Code {
    code(|play| {
        play.provider.instead.insert("/realm/ciba", VecDeque::from([Event::Fetched(answer)]));
    })
}

/// The first poll is answered with this.
fn poll(answer: Fetched) -> Played {
    doctor(|play| play.provider.polls = VecDeque::from([Event::Fetched(answer)]))
}

#[test]
fn invalid_missing_authreqid() {
    assert_eq!(
        code(|p| p.provider.acknowledgement.push(("auth_req_id", Value::Null))),
        failure::UPSTREAM_GARBLED
    );
    assert_eq!(
        code(|p| p.provider.acknowledgement.push(("auth_req_id", json!("")))),
        failure::UPSTREAM_GARBLED
    );
    let long = json!("x".repeat(8 * 1024 + 1));
    assert_eq!(code(|p| p.provider.acknowledgement.push(("auth_req_id", long))), failure::UPSTREAM_GARBLED);
}

#[test]
fn invalid_missing_expiresin() {
    for value in [Value::Null, json!(0), json!(-1), json!("soon")] {
        let value = value.clone();
        assert_eq!(
            code(|p| p.provider.acknowledgement.push(("expires_in", value))),
            failure::UPSTREAM_GARBLED
        );
    }
}

#[test]
fn invalid_unknown_user_id_and_invalid_request() {
    assert_eq!(request(error(400, "unknown_user_id")), failure::ECPS_UNKNOWN);
    let keycloak = json!({"error": "invalid_request", "error_description": "invalid user"});
    assert_eq!(request(json_answer(400, &keycloak)), failure::ECPS_UNKNOWN);
    assert_eq!(request(error(400, "invalid_request")), failure::UPSTREAM_REFUSED);
    assert_eq!(request(error(400, "invalid_binding_message")), failure::UPSTREAM_REFUSED);
    assert_eq!(request(error(401, "invalid_client")), failure::UPSTREAM_REFUSED);
    assert_eq!(request(error(503, "server_error")), failure::UPSTREAM_FAILING);
}

#[test]
fn invalid_access_denied_and_invalid_expired_token() {
    assert_eq!(request(error(403, "access_denied")), failure::ECPS_DENIED);
    assert_eq!(poll(error(400, "access_denied")).result.unwrap_err().code, failure::ECPS_DENIED);
    assert_eq!(poll(error(400, "expired_token")).result.unwrap_err().code, failure::ECPS_EXPIRED);
    for word in ["invalid_grant", "invalid_client", "unauthorized_client"] {
        assert_eq!(poll(error(400, word)).result.unwrap_err().code, failure::UPSTREAM_REFUSED, "{word}");
    }
}

#[test]
fn respects_interval() {
    let pending = || Event::Fetched(error(400, "authorization_pending"));
    let played = doctor(|play| {
        play.provider.acknowledgement.push(("interval", json!(7)));
        play.provider.polls = VecDeque::from([pending(), pending()]);
    });
    assert!(played.result.is_ok());
    assert_eq!(
        played.trace[1..8],
        [
            &format!("ring {DOCTOR}"),
            "wait 7",
            "/realm/token",
            "wait 7",
            "/realm/token",
            "wait 7",
            "/realm/token"
        ]
        .map(str::to_owned)
    );
    let absent = doctor(|play| play.provider.acknowledgement.push(("interval", Value::Null)));
    assert!(absent.result.is_ok() && absent.trace[2] == "wait 5");
    let absurd = doctor(|play| play.provider.acknowledgement.push(("interval", json!(1_000_000))));
    assert!(absurd.result.is_ok() && absurd.trace[2] == "wait 60");
    let none = doctor(|play| play.provider.acknowledgement.push(("interval", json!(0))));
    assert!(none.result.is_ok() && none.trace[2] == "wait 1");
}

#[test]
fn slow_down() {
    let played = doctor(|play| {
        let answers = ["slow_down", "authorization_pending", "slow_down"];
        play.provider.polls = answers.map(|word| Event::Fetched(error(400, word))).into();
    });
    assert!(played.result.is_ok());
    let waits: Vec<&String> = played.trace.iter().filter(|word| word.starts_with("wait")).collect();
    assert_eq!(waits, ["wait 5", "wait 10", "wait 10", "wait 15"]);
}

#[test]
fn a_network_that_fails_for_a_moment_ends_nothing() {
    let played = doctor(|play| {
        let garbled = Event::FetchFailed(crate::fetch::FetchFault::Garbled("cut".into()));
        let busy = Event::Fetched(error(503, "server_error"));
        play.provider.polls = VecDeque::from([unreachable(), garbled, busy]);
    });
    assert!(played.result.is_ok());
    let intercepted = doctor(|play| {
        let fault = crate::fetch::FetchFault::Untrusted {
            issuer: "Proxy".into(),
            because: crate::fetch::Distrust::Authority,
        };
        play.provider.polls = VecDeque::from([Event::FetchFailed(fault)]);
    });
    assert_eq!(intercepted.result.unwrap_err().code, failure::UPSTREAM_UNTRUSTED);
}

#[test]
fn nobody_is_waited_for_longer_than_the_request_lives() {
    let played = doctor(|play| {
        play.provider.polls = (0..90).map(|_| unreachable()).collect();
    });
    assert_eq!(played.result.unwrap_err().code, failure::ECPS_EXPIRED);
    assert_eq!(played.waited, 120);
}

#[test]
fn the_answer_names_the_person_who_was_asked() {
    let other = play(by_phone(NURSE), |_| {});
    assert_eq!(other.result.unwrap_err().code, failure::OTHER_PERSON);
    // After a merge of accounts the one who was asked may stand among the other identifiers.
    let merged = doctor(|play| {
        let uuid = json!("0d0b2f0e-6f4b-4e0e-8b57-0f0c7f5a9c01");
        play.provider.claims.push(("SubjectNameID", uuid.clone()));
        play.provider.userinfo.push(("SubjectNameID", uuid));
    });
    assert!(merged.result.is_ok());
}

#[test]
fn the_means_is_the_one_that_was_asked_for() {
    let played = doctor(|play| play.provider.claims.push(("authMode", json!("CARD"))));
    assert_eq!(played.result.unwrap_err().code, failure::UPSTREAM_MODE);
    let silent = |play: &mut Play<'_>| {
        play.provider.claims.push(("authMode", Value::Null));
        play.provider.userinfo.push(("authMode", Value::Null));
    };
    assert!(doctor(silent).result.is_ok());
    // That a card was used is not to be assumed.
    let played = play(purpose(Way::Card), silent);
    assert_eq!(played.result.unwrap_err().code, failure::UPSTREAM_MODE_UNTOLD);
}

#[test]
fn a_phone_that_may_not_ring_is_not_asked() {
    let played = doctor(|play| {
        play.interruption =
            Some((1, || Event::Impossible(Failure::new(failure::ECPS_TOO_MANY).with("seconds", 60))));
    });
    assert_eq!(played.result.unwrap_err().code, failure::ECPS_TOO_MANY);
    assert_eq!(played.trace.len(), 2);
}

#[test]
fn nobody_in_particular_is_never_asked() {
    let played = play(purpose(Way::Ecps), |_| {});
    assert_eq!(played.result.unwrap_err().code, failure::ECPS_NO_IDENTIFIER);
    assert!(played.trace.is_empty());
}

#[test]
fn an_upstream_without_ciba_is_not_asked() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let settings = Arc::new(super::with_upstream(&pki));
    let mut play = Play::new(&card);
    assert_eq!(play.run(by_phone(DOCTOR), &settings).unwrap_err().code, failure::NO_WAY);
    let played =
        doctor(|play| play.provider.discovery.push(("backchannel_authentication_endpoint", Value::Null)));
    assert_eq!(played.result.unwrap_err().code, failure::NO_WAY);
}

#[test]
fn the_number_is_shown_before_the_phone_rings_and_stays() {
    let played = doctor(|play| {
        play.provider.polls = VecDeque::from([Event::Fetched(error(400, "authorization_pending"))]);
    });
    let [before, after] = &played.shown[..] else { panic!("shown {} times", played.shown.len()) };
    assert_eq!(before.question, after.question);
    assert_eq!((before.expires, after.expires), (None, Some(NOW.plus(120))));
    let digits = before.question.number.digits();
    assert!(digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(before.question.identifier.0, DOCTOR);
    assert_eq!(before.question.channel, Channel::Mobile);
    let outcome = played.result.unwrap();
    assert_eq!(outcome.assurance.way, Way::Ecps);
    assert_eq!(outcome.assurance.amr, ["hwk", "user", "mfa"]);
    assert_eq!(outcome.assurance.psc_auth_mode.as_deref(), Some("MOBILE"));
    assert!(outcome.assurance.credential.is_none());
}

#[test]
fn the_card_tool_is_asked_for_the_holder_of_the_card_in_hand() {
    let played = play(purpose(Way::Card), |_| {});
    assert_eq!(
        played.trace[..4],
        ["token", "/realm/.well-known/wallet-openid-configuration", "/realm/ciba", "wait 5"]
            .map(str::to_owned)
    );
    let question = &played.shown[0].question;
    assert_eq!((question.identifier.0.as_str(), question.channel), (DOCTOR, Channel::Card));
    let outcome = played.result.unwrap();
    assert_eq!(outcome.assurance.way, Way::Card);
    assert!(outcome.assurance.credential.is_some());
}
