//! The card that a login in the browser rests on: of one that cannot be told nothing is said, and never by name.

use super::{alone, purpose};
use crate::audit::What;
use crate::audit::event::WithoutCard;
use crate::failure;
use crate::identity::Way;
use crate::psc::Profile;
use crate::psc::profile::Custom;
use crate::session::login::{Outcome, Settings};
use crate::session::step::TokenSeen;
use crate::session::table::{Effect, Happening, Mode, Rules, Table};
use crate::tests::authority::{Card, Pki, Plan};
use crate::tests::provider::{Play, client, custom};
use crate::tests::{Counted, NOW};
use serde_json::{Value, json};
use std::sync::Arc;

/// A browser login of the doctor, at a realm whose page is shown certificates by the browser.
struct Scene {
    settings: Settings,
    doctor: Card,
    /// Another card of the doctor.
    second: Card,
    nurse: Card,
    soft: Card,
    strange: Card,
}

impl Scene {
    fn new() -> Self {
        let (pki, elsewhere) = (Pki::default(), Pki::default());
        let profile = Profile::custom(Custom { card_login: false, ..custom() }, client()).unwrap();
        Self {
            settings: Settings { upstream: Some(Arc::new(profile)), ..alone(&pki) },
            doctor: Plan::default().issued_by(&pki.persons),
            second: Plan {
                serial: "10000009",
                card_number: Some("8025000001/0010000009"),
                ..Plan::default()
            }
            .issued_by(&pki.persons),
            nurse: Plan::nurse().issued_by(&pki.persons),
            soft: Plan::soft().issued_by(&pki.persons),
            strange: Plan::default().issued_by(&elsewhere.persons),
        }
    }

    /// These signed while the browser was away, and the upstream says this of the means.
    fn login(&self, signed: &[&Card], mode: &Value, amr: &Value) -> Outcome {
        let signed: Vec<TokenSeen> = signed.iter().map(|card| card.seen()).collect();
        let mut play = Play::new(&self.doctor);
        play.signed = signed;
        play.provider.claims = vec![("authMode", mode.clone()), ("amr", amr.clone())];
        play.provider.userinfo = vec![("authMode", mode.clone())];
        play.run(purpose(Way::Browser), &Arc::new(self.settings.clone())).unwrap()
    }

    fn by_card(&self, signed: &[&Card]) -> Outcome {
        self.login(signed, &json!("CARD"), &Value::Null)
    }
}

/// The card of a login, or why there is none.
fn carried(outcome: &Outcome) -> Result<&str, Option<WithoutCard>> {
    let credential = outcome.assurance.credential.as_ref();
    credential.map(|credential| credential.serial.as_str()).ok_or(outcome.without_card)
}

#[test]
fn nobody_is_said_to_have_used_a_card_that_the_upstream_did_not_see() {
    let scene = Scene::new();
    for (mode, amr) in [
        (json!("MOBILE"), Value::Null),
        (json!("MOBILE"), json!(["sc"])),
        (json!("DELEGATED"), json!(["pwd"])),
        (Value::Null, Value::Null),
    ] {
        assert_eq!(carried(&scene.login(&[&scene.doctor], &mode, &amr)), Err(None), "{mode} {amr}");
    }
}

#[test]
fn where_the_card_cannot_be_told_none_is() {
    let scene = Scene::new();
    let (doctor, nurse) = (&scene.doctor, &scene.nurse);
    for (signed, why) in [
        (vec![], WithoutCard::Unseen),
        (vec![&scene.soft], WithoutCard::Unseen),
        (vec![nurse], WithoutCard::Another),
        (vec![doctor, &scene.second], WithoutCard::Several),
        (vec![&scene.strange], WithoutCard::Refused(failure::UNKNOWN_ISSUER)),
    ] {
        assert_eq!(carried(&scene.by_card(&signed)), Err(Some(why)));
    }
}

#[test]
fn a_site_may_leave_it() {
    let mut scene = Scene::new();
    scene.settings.browser_card = false;
    assert_eq!(carried(&scene.by_card(&[&scene.doctor])), Err(None));
}

#[test]
fn the_one_card_of_the_person_that_signed_carries_the_session() {
    let scene = Scene::new();
    let doctor = &scene.doctor;
    for signed in [vec![doctor], vec![&scene.nurse, doctor], vec![doctor, &scene.soft]] {
        assert_eq!(carried(&scene.by_card(&signed)), Ok(doctor.plan.serial));
    }
    // A delegated login says it in the words of RFC 8176.
    for mode in [Value::Null, json!("DELEGATED")] {
        let outcome = scene.login(&[doctor], &mode, &json!(["sc", "pin"]));
        assert_eq!(carried(&outcome), Ok(doctor.plan.serial));
    }
}

#[test]
fn the_trail_says_that_no_card_carries_a_session() {
    let scene = Scene::new();
    let mut table = Table::new(Rules::default());
    let (opened, effects) = table.open(scene.by_card(&[]), NOW, &mut Counted::default());
    opened.unwrap();
    let told = |effect: &Effect| match effect {
        Effect::Audit(event) => event.what == What::SessionWithoutCard(WithoutCard::Unseen),
        _ => false,
    };
    assert!(effects.iter().any(told), "{effects:?}");
}

#[test]
fn a_browser_that_resumes_its_connection_takes_no_card_from_the_session() {
    let scene = Scene::new();
    let mut entropy = Counted::default();
    let mut table = Table::new(Rules { mode: Mode::Lock, ..Rules::default() });
    let (first, _) = table.open(scene.by_card(&[&scene.doctor]), NOW, &mut entropy);
    let (again, effects) = table.open(scene.by_card(&[]), NOW, &mut entropy);
    assert_eq!(first, again);
    let told = |effect: &Effect| matches!(effect, Effect::Audit(event) if matches!(event.what, What::SessionWithoutCard(_)));
    assert!(!effects.iter().any(told), "{effects:?}");
    table.on(Happening::CardRemoved { serial: scene.doctor.plan.serial.to_owned() }, NOW);
    assert!(table.current().unwrap().locked);
}

#[test]
fn where_others_signed_the_card_of_the_session_before_is_not_taken_for_the_one() {
    let scene = Scene::new();
    for (signed, why) in [
        (vec![&scene.nurse], WithoutCard::Another),
        (vec![&scene.doctor, &scene.second], WithoutCard::Several),
        (vec![&scene.strange], WithoutCard::Refused(failure::UNKNOWN_ISSUER)),
    ] {
        let mut entropy = Counted::default();
        let mut table = Table::new(Rules { mode: Mode::Lock, ..Rules::default() });
        table.open(scene.by_card(&[&scene.doctor]), NOW, &mut entropy).0.unwrap();
        let (again, effects) = table.open(scene.by_card(&signed), NOW, &mut entropy);
        again.unwrap();
        let told = |effect: &Effect| matches!(effect, Effect::Audit(event) if event.what == What::SessionWithoutCard(why));
        assert!(effects.iter().any(told), "{effects:?}");
        assert!(table.current().unwrap().assurance.credential.is_none(), "{why:?}");
    }
}

#[test]
fn a_tokens_file_is_no_card_that_goes_on_counting() {
    let scene = Scene::new();
    let mut entropy = Counted::default();
    let mut table = Table::new(Rules::default());
    let mut before = scene.by_card(&[&scene.doctor]);
    before.assurance.way = Way::Token;
    table.open(before, NOW, &mut entropy).0.unwrap();
    table.open(scene.by_card(&[]), NOW, &mut entropy).0.unwrap();
    assert!(table.current().unwrap().assurance.credential.is_none());
}

#[test]
fn a_login_by_phone_rests_on_no_card_of_the_session_before() {
    let scene = Scene::new();
    let mut entropy = Counted::default();
    let mut table = Table::new(Rules { mode: Mode::Lock, ..Rules::default() });
    table.open(scene.by_card(&[&scene.doctor]), NOW, &mut entropy).0.unwrap();
    let phone = scene.login(&[], &json!("MOBILE"), &Value::Null);
    table.open(phone, NOW, &mut entropy).0.unwrap();
    assert!(table.current().unwrap().assurance.credential.is_none());
}
