//! The browser road: whom it may bring back, and from where.

use super::{alone, purpose};
use crate::failure::{self, Failure};
use crate::identity::{SessionId, Way};
use crate::psc::Profile;
use crate::psc::profile::Custom;
use crate::secret::Secret;
use crate::session::login::{Outcome, Settings};
use crate::session::step::{Demand, Event, Purpose, SamePerson};
use crate::tests::authority::{DOCTOR, NURSE, Pki, Plan};
use crate::tests::provider::{ISSUER, Play, client, custom, unreachable};
use serde_json::{Value, json};
use std::sync::Arc;

const ROAD: [&str; 6] = [
    "listen",
    "/realm/.well-known/wallet-openid-configuration",
    "browse",
    "/realm/token",
    "/realm/certs",
    "/realm/userinfo",
];

fn settings(pki: &Pki) -> Arc<Settings> {
    let profile = Profile::custom(Custom { card_login: false, ..custom() }, client()).unwrap();
    Arc::new(Settings { upstream: Some(Arc::new(profile)), ..alone(pki) })
}

/// Plays a login in the browser at a spoilt upstream.
fn play(purpose: Purpose, spoil: impl FnOnce(&mut Play<'_>)) -> (Result<Outcome, Failure>, Vec<String>) {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let mut play = Play::new(&card);
    spoil(&mut play);
    let result = play.run(purpose, &settings(&pki));
    (result, play.trace)
}

fn refused(spoil: impl FnOnce(&mut Play<'_>)) -> Failure {
    play(purpose(Way::Browser), spoil).0.unwrap_err()
}

fn nurse(play: &mut Play<'_>) {
    play.provider.claims = vec![("SubjectNameID", json!(NURSE))];
    play.provider.userinfo = vec![
        ("SubjectNameID", json!(NURSE)),
        ("otherIds", json!([{"identifiant": NURSE, "origine": "RPPS", "qualite": 1}])),
    ];
}

#[test]
fn a_return_of_another_login_or_issuer_is_refused() {
    for (name, value) in [
        ("state", Some("other")),
        ("state", None),
        ("iss", Some("https://other.test.invalid")),
        ("code", None),
    ] {
        let failure = refused(|play| play.provider.answer_query.push((name, value)));
        assert_eq!(failure.code, failure::UPSTREAM_STATE, "{name}");
    }
    // The wallet's page may drop `iss`: we speak to one issuer only.
    let (result, _) = play(purpose(Way::Browser), |play| play.provider.answer_query.push(("iss", None)));
    let warnings: Vec<_> = result.unwrap().warnings.iter().map(|told| told.code).collect();
    assert_eq!(warnings, [failure::UPSTREAM_UNNAMED]);
}

#[test]
fn a_refusal_at_the_upstream_is_told_as_what_it_is() {
    for (error, code) in [
        ("access_denied", failure::UPSTREAM_DENIED),
        ("temporarily_unavailable", failure::UPSTREAM_UNAVAILABLE),
        ("server_error", failure::UPSTREAM_UNAVAILABLE),
        ("login_required", failure::UPSTREAM_REFUSED),
        ("unauthorized_client", failure::UPSTREAM_REFUSED),
    ] {
        let failure =
            refused(|play| play.provider.answer_query = vec![("error", Some(error)), ("code", None)]);
        assert_eq!(failure.code, code, "{error}");
    }
}

#[test]
fn a_nonce_of_another_request_is_refused() {
    let failure = refused(|play| play.provider.claims.push(("nonce", json!("other"))));
    assert_eq!(failure.values["reason"], "nonce");
    let failure = refused(|play| play.provider.claims.push(("nonce", Value::Null)));
    assert_eq!(failure.values["reason"], "nonce");
}

#[test]
fn another_person_than_the_sessions_is_refused() {
    let (first, _) = play(purpose(Way::Browser), |_| {});
    let person = first.unwrap().person;
    let same = || Purpose {
        same_person_as: Some(SamePerson { sid: SessionId("s".into()), person: Arc::clone(&person) }),
        ..purpose(Way::Browser)
    };
    let (result, _) = play(same(), nurse);
    assert_eq!(result.unwrap_err().code, failure::OTHER_PERSON);
    assert!(play(same(), |_| {}).0.is_ok());
}

#[test]
fn with_the_card_in_hand_only_its_holder_may_come_back_and_by_the_card() {
    let (result, trace) = play(purpose(Way::Card), nurse);
    assert_eq!(result.unwrap_err().code, failure::OTHER_PERSON);
    assert_eq!((trace[0].as_str(), &trace[1..]), ("token", &ROAD.map(str::to_owned)[..]));
    let (result, _) =
        play(purpose(Way::Card), |play| play.provider.claims.push(("authMode", json!("MOBILE"))));
    let failure = result.unwrap_err();
    assert_eq!((failure.code, &failure.values["mode"]), (failure::UPSTREAM_MODE, &json!("MOBILE")));
    let (result, _) = play(purpose(Way::Card), |_| {});
    let assurance = result.unwrap().assurance;
    assert_eq!((assurance.way, assurance.credential.is_some()), (Way::Card, true));
}

#[test]
fn a_card_that_only_lies_in_the_reader_was_not_used() {
    for mode in [Value::Null, json!("DELEGATED"), json!("card"), json!("")] {
        let (result, _) = play(purpose(Way::Card), |play| {
            play.provider.claims.push(("authMode", mode.clone()));
            play.provider.userinfo.push(("authMode", mode.clone()));
        });
        assert_eq!(result.unwrap_err().code, failure::UPSTREAM_MODE_UNTOLD, "{mode}");
    }
    // What it was used for is the upstream's to say, too: our card signed nothing.
    let (result, _) =
        play(purpose(Way::Card), |play| play.provider.claims.push(("amr", json!(["sc", "pwd"]))));
    assert_eq!(result.unwrap().assurance.amr, ["sc", "pwd"]);
}

#[test]
fn an_upstream_that_cannot_be_reached_at_any_fetch_is_told_as_such() {
    for at in [1, 3, 4, 5] {
        let failure = refused(|play| play.interruption = Some((at, unreachable)));
        assert_eq!(failure.code, failure::UPSTREAM_UNREACHABLE, "{}", ROAD[at]);
    }
}

#[test]
fn what_the_loop_cannot_do_ends_the_login() {
    let failure = refused(|play| {
        play.interruption = Some((0, || Event::Impossible(failure::REDIRECT_PORT.into())));
    });
    assert_eq!(failure.code, failure::REDIRECT_PORT);
    let failure = refused(|play| {
        play.interruption = Some((2, || Event::Impossible(failure::BROWSER_LATE.into())));
    });
    assert_eq!(failure.code, failure::BROWSER_LATE);
    let failure = refused(|play| play.interruption = Some((2, || Event::Abandoned)));
    assert_eq!(failure.code, failure::LOGIN_ABANDONED);
}

#[test]
fn an_event_that_answers_nothing_is_our_own_fault() {
    for (at, step) in ROAD.iter().enumerate() {
        let failure = refused(|play| play.interruption = Some((at, || Event::Waited)));
        assert_eq!(failure.code, failure::INTERNAL, "{step}");
    }
    let failure = refused(|play| {
        play.interruption =
            Some((1, || Event::Returned { query: Secret::new("code=1".into()), signed: Vec::new() }));
    });
    assert_eq!(failure.code, failure::INTERNAL);
}

#[test]
fn without_an_upstream_there_is_no_browser_road() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let result = Play::new(&card).run(purpose(Way::Browser), &Arc::new(alone(&pki)));
    assert_eq!(result.unwrap_err().code, failure::NO_WAY);
}

#[test]
fn a_login_in_the_browser_says_whom_it_found_and_how() {
    let demand = Demand { login: true, max_age: Some(0) };
    let (result, trace) = play(Purpose { demand, ..purpose(Way::Browser) }, |_| {});
    assert_eq!(trace, ROAD);
    let outcome = result.unwrap();
    assert!(outcome.person.has(&crate::identity::NationalId(DOCTOR.into())));
    assert_eq!(outcome.assurance.way, Way::Browser);
    assert_eq!(outcome.assurance.idp.as_deref(), Some(ISSUER));
    assert_eq!(outcome.assurance.psc_auth_mode.as_deref(), Some("CARD"));
    assert_eq!(outcome.assurance.amr, ["sc", "pin", "mfa", "hwk"]);
    assert!(outcome.assurance.credential.is_none(), "no card of ours was used");
    assert!(outcome.upstream.is_some());
    // What the upstream itself says of the methods counts first.
    let (result, _) = play(purpose(Way::Browser), |play| {
        play.provider.claims = vec![("amr", json!(["swk", "mfa", 5])), ("authMode", json!("DELEGATED"))];
    });
    assert_eq!(result.unwrap().assurance.amr, ["swk", "mfa"]);
}

#[test]
fn an_authentication_serves_whoever_wants_none_that_is_newer() {
    let of = |login, max_age| Demand { login, max_age };
    let any = Demand::default();
    for (own, other) in
        [(any, of(true, None)), (any, of(false, Some(0))), (of(false, Some(60)), of(false, Some(59)))]
    {
        assert!(!own.covers(other), "{own:?} {other:?}");
    }
    assert!(!of(false, Some(0)).covers(of(true, None)));
    for (own, other) in
        [(any, any), (of(true, None), of(true, Some(0))), (of(false, Some(59)), of(false, Some(60)))]
    {
        assert!(own.covers(other), "{own:?} {other:?}");
    }
}
