//! What the policy refuses, and why.

use super::*;
use crate::identity::{Assurance, NationalId, Person, SessionId, UnixTime};

fn policy() -> Policy {
    Policy {
        environment: Environment::Production,
        ways: vec![Way::Card, Way::Browser, Way::Local],
        upstream: true,
        local: LocalLogin::Never,
        non_nominative: false,
        clients_by_person: true,
    }
}
fn login(policy: &Policy, way: Way, registered: &[Way], upstream_down: bool) -> Result<(), Reason> {
    policy.may(&Question::Login { way, registered, upstream_down })
}
fn session(acr: &str, locked: bool) -> SessionView {
    SessionView {
        sid: SessionId("s".into()),
        person: std::sync::Arc::new(Person {
            id: NationalId("899700000001".into()),
            aliases: Vec::new(),
            given_name: None,
            family_name: None,
            claims: serde_json::Map::new(),
        }),
        assurance: Assurance {
            way: Way::Card,
            acr: acr.into(),
            amr: Vec::new(),
            auth_time: UnixTime(0),
            idp: None,
            psc_auth_mode: None,
            credential: None,
        },
        locked,
        expires: UnixTime(1),
    }
}

#[test]
fn a_local_session_answers_no_new_request_once_the_upstream_is_back() {
    let down = Policy { local: LocalLogin::UpstreamDown, ..policy() };
    let (local, upstream) = (session(ACR_LOCAL, false), session("eidas1", false));
    assert!(!down.answers(&local, false));
    assert!(down.answers(&local, true));
    // Where local logins are allowed at any time, they are as good as others.
    assert!(Policy { local: LocalLogin::Always, ..policy() }.answers(&local, false));
    assert!(down.answers(&upstream, false) && down.answers(&upstream, true));
}

#[test]
fn what_is_out_of_order_not_registered_or_not_allowed_is_not_within_reach() {
    let upstream = ["eidas1".to_owned()];
    let both = Policy { local: LocalLogin::Always, ..policy() };
    let reaches = |acr, ways: &[Way], down| both.reaches(acr, ways, &upstream, down);
    assert!(reaches("eidas1", &[], false) && reaches(ACR_LOCAL, &[], false));
    assert!(!reaches("eidas2", &[], false));
    assert!(!reaches("eidas1", &[Way::Local], false));
    assert!(!reaches("eidas1", &[], true) && reaches(ACR_LOCAL, &[], true));
    assert!(!policy().reaches(ACR_LOCAL, &[], &upstream, false));
    assert!(!Policy { upstream: false, ..both.clone() }.reaches("eidas1", &[], &upstream, false));
}

#[test]
fn a_way_outside_the_policy_or_the_registration_is_refused() {
    assert_eq!(login(&policy(), Way::Ecps, &[], false), Err(Reason::WayNotInPolicy));
    let refused = login(&policy(), Way::Card, &[Way::Browser], false);
    assert_eq!(refused.map_err(Reason::code), Err(failure::WAY_NOT_REGISTERED));
    assert_eq!(login(&policy(), Way::Card, &[], false), Ok(()));
}

#[test]
fn a_local_login_follows_its_switch_and_the_state_of_the_upstream() {
    let with = |local| Policy { local, ..policy() };
    assert_eq!(login(&with(LocalLogin::Never), Way::Local, &[], true), Err(Reason::LocalNever));
    let down_only = with(LocalLogin::UpstreamDown);
    assert_eq!(login(&down_only, Way::Local, &[], false), Err(Reason::LocalOnlyWhenDown));
    assert_eq!(login(&down_only, Way::Local, &[], true), Ok(()));
    assert_eq!(login(&with(LocalLogin::Always), Way::Local, &[], false), Ok(()));
}

#[test]
fn without_an_upstream_only_the_local_way_is_offered() {
    let alone = Policy { upstream: false, local: LocalLogin::Always, ..policy() };
    assert_eq!(login(&alone, Way::Card, &[], false).map_err(Reason::code), Err(failure::NO_UPSTREAM));
    assert_eq!(alone.ways(&[], false), [Way::Local]);
    assert_eq!(policy().ways(&[Way::Browser, Way::Card], false), [Way::Card, Way::Browser]);
}

#[test]
fn test_cards_are_refused_in_production_and_real_cards_in_test() {
    let credential = |policy: &Policy, test, named| policy.may(&Question::Credential { test, named });
    let test = Policy { environment: Environment::Test, ..policy() };
    assert_eq!(credential(&policy(), true, true), Err(Reason::TestCard));
    assert_eq!(credential(&test, false, true), Err(Reason::RealCard));
    assert_eq!(credential(&policy(), false, false), Err(Reason::NotNominative));
    assert_eq!(credential(&Policy { non_nominative: true, ..policy() }, false, false), Ok(()));
}

#[test]
fn a_technical_key_signs_presence_and_nothing_else_does() {
    let sign = |key, purpose| policy().may(&Question::Challenge { key, purpose }).map_err(Reason::code);
    for purpose in [Purpose::Login, Purpose::Test] {
        assert_eq!(sign(KeyUse::Technical, purpose), Err(failure::KEY_PURPOSE));
        assert_eq!(sign(KeyUse::Authentication, purpose), Ok(()));
    }
    assert_eq!(sign(KeyUse::Technical, Purpose::Presence), Ok(()));
    assert_eq!(sign(KeyUse::Authentication, Purpose::Presence), Err(failure::KEY_PURPOSE));
}

#[test]
fn upstream_scopes_are_refused_in_a_local_session_and_every_scope_in_a_locked_one() {
    let registered = ["psc_token".to_owned(), "cps:sign".to_owned()];
    let ask = |scope, confidential, session: &SessionView| {
        let question = Question::Scope { scope, registered: &registered, confidential, session };
        policy().may(&question).map_err(Reason::code)
    };
    assert_eq!(ask("psc_token", true, &session(ACR_LOCAL, false)), Err(failure::SCOPE_NEEDS_UPSTREAM));
    assert_eq!(ask("psc_token", false, &session("eidas1", false)), Err(failure::SCOPE_CONFIDENTIAL));
    assert_eq!(ask("cps:dmp", true, &session("eidas1", false)), Err(failure::SCOPE_NOT_REGISTERED));
    assert_eq!(ask("cps:sign", true, &session("eidas1", true)), Err(failure::SESSION_LOCKED));
    assert_eq!(ask("psc_token", true, &session("eidas1", false)), Ok(()));
}

#[test]
fn a_custom_upstream_may_not_borrow_a_built_in_host() {
    let built_in = ["wallet.bas.psc.esante.gouv.fr"];
    let ask = |host| policy().may(&Question::CustomUpstream { hosts: &[host], built_in: &built_in });
    assert_eq!(ask("Wallet.BAS.psc.esante.gouv.fr."), Err(Reason::BuiltInHost));
    assert_eq!(ask("keycloak.chu.example"), Ok(()));
}

#[test]
fn registrations_can_be_locked() {
    let locked = Policy { clients_by_person: false, ..policy() };
    assert_eq!(locked.may(&Question::ChangeClients), Err(Reason::ClientsLocked));
    assert_eq!(policy().may(&Question::ChangeClients), Ok(()));
}
