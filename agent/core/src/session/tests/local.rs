//! The local road: refusals first.

use super::{alone, purpose, with_upstream};
use crate::audit::{self, What};
use crate::failure::{self, Code, Failure};
use crate::identity::{ACR_LOCAL, NationalId, Person, SessionId, Way};
use crate::psc::Fresh;
use crate::session::login::{Login, Settings, Step};
use crate::session::step::{Action, Event, PinFault, Purpose, SamePerson, TokenFault, TokenWanted};
use crate::tests::authority::{DOCTOR, Pki, Plan, random};
use crate::tests::provider::Play;
use crate::tests::{Counted, NOW};
use crate::trust::{Evidence, Revocation};
use std::sync::Arc;

/// Plays a plan's local login under a good PKI with a clean revocation list; also gives the trace.
fn play(plan: &Plan, prepare: impl FnOnce(&mut Play<'_>)) -> (Result<(), Code>, Vec<String>) {
    let pki = Pki::default();
    let card = plan.issued_by(&pki.persons);
    let mut play = Play::new(&card);
    play.lists = vec![pki.persons.list(&[1], (2026, 2027), None)];
    prepare(&mut play);
    let result = play.run(purpose(Way::Local), &Arc::new(alone(&pki)));
    (result.map(drop).map_err(|failure| failure.code), play.trace)
}

const WRONG: fn(u8) -> TokenFault = |left| TokenFault::Pin(PinFault::Wrong { left: Some(left) });

#[test]
fn a_card_that_cannot_log_in_costs_no_pin_and_no_fetch() {
    for (plan, code) in [
        (Plan { years: (2020, 2021), ..Plan::default() }, failure::CERTIFICATE_EXPIRED),
        (Plan { category: Some(0), ..Plan::default() }, failure::REAL_CARD_IN_TEST),
        (Plan { serial: "1", ..Plan::default() }, failure::WRONG_CARD_NUMBER),
        (Plan { names: None, ..Plan::default() }, failure::NON_NOMINATIVE),
        (Plan { needs_pin: false, ..Plan::default() }, failure::CONTACTLESS_CARD),
    ] {
        let (result, trace) = play(&plan, |_| {});
        assert_eq!((result, trace), (Err(code), vec!["token".to_owned()]));
    }
}

#[test]
fn a_revoked_card_costs_no_pin() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let mut play = Play::new(&card);
    play.lists = vec![pki.persons.list(&[4711], (2026, 2027), None)];
    let failed = play.run(purpose(Way::Local), &Arc::new(alone(&pki))).unwrap_err();
    assert_eq!(failed.code, failure::REVOKED);
    assert_eq!(play.trace, ["token", "revocation"]);
    let refused = play.notes.last().unwrap();
    assert_eq!(refused.what, What::Login(Way::Local));
    assert_eq!(refused.outcome, audit::Outcome::Refused(failure::REVOKED));
    assert_eq!(refused.person, Some(NationalId(DOCTOR.into())));
}

#[test]
fn an_unknown_status_refuses_or_is_told_and_recorded() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let mut play = Play::new(&card);
    let failed = play.run(purpose(Way::Local), &Arc::new(alone(&pki))).unwrap_err();
    assert_eq!(failed.code, failure::REVOCATION_UNKNOWN);
    let mut play = Play::new(&card);
    let settings = Settings { revocation: Revocation::Warn, ..alone(&pki) };
    let outcome = play.run(purpose(Way::Local), &Arc::new(settings)).unwrap();
    assert_eq!(outcome.warnings, [Failure::new(failure::REVOCATION_UNCHECKED)]);
    assert!(play.notes.iter().any(|note| note.what == What::RevocationUnknown));
}

#[test]
fn after_a_wrong_pin_the_person_decides_each_time() {
    let (result, trace) = play(&Plan::default(), |play| play.pins = [WRONG(2), WRONG(1)].into());
    assert_eq!(result, Ok(()));
    let again = |left| format!("pin after Wrong {{ left: Some({left}) }}");
    assert_eq!(
        trace,
        ["token", "revocation", "pin", "sign", &again(2), "sign", &again(1), "sign"].map(str::to_owned)
    );
}

#[test]
fn a_blocked_pin_ends_the_login() {
    for fault in [TokenFault::Pin(PinFault::Blocked), WRONG(0)] {
        let (result, trace) = play(&Plan::default(), |play| play.pins = [fault].into());
        assert_eq!(result, Err(failure::PIN_BLOCKED));
        assert_eq!(trace.last().unwrap(), "sign");
    }
}

#[test]
fn what_stops_a_prompt_has_its_own_code() {
    for (fault, code) in [
        (TokenFault::Pin(PinFault::Cancelled), failure::PIN_CANCELLED),
        (TokenFault::Pin(PinFault::Withdrawn), failure::CARD_REMOVED),
        (TokenFault::Pin(PinFault::NoPrompter("none".into())), failure::PIN_NO_PROMPTER),
        (TokenFault::Other(Failure::new(failure::CARD_MUTE)), failure::CARD_MUTE),
    ] {
        let (result, _) = play(&Plan::default(), |play| play.prompts = [Event::TokenFailed(fault)].into());
        assert_eq!(result, Err(code));
    }
}

#[test]
fn a_pin_of_the_wrong_length_and_a_lost_state_ask_again() {
    let format = PinFault::Format { min: 4, max: 4 };
    let (result, trace) = play(&Plan::default(), |play| {
        play.prompts = [Event::TokenFailed(TokenFault::Pin(format))].into();
        play.pins = [TokenFault::Pin(PinFault::Required)].into();
    });
    assert_eq!(result, Ok(()));
    assert_eq!(
        trace[2..],
        ["pin", "pin after Format { min: 4, max: 4 }", "sign", "pin after Required", "sign"]
    );
}

#[test]
fn a_card_pulled_at_any_await_is_told_as_such() {
    let (_, whole) = play(&Plan::default(), |_| {});
    for at in 0..whole.len() {
        let (result, trace) = play(&Plan::default(), |play| {
            play.interruption = Some((at, || Event::TokenFailed(TokenFault::Removed)));
        });
        assert_eq!(result, Err(failure::CARD_REMOVED));
        assert_eq!(trace, whole[..=at]);
    }
}

#[test]
fn a_login_can_be_given_up_at_any_await() {
    let (_, whole) = play(&Plan::default(), |_| {});
    for at in 0..whole.len() {
        let (result, _) = play(&Plan::default(), |play| play.interruption = Some((at, || Event::Abandoned)));
        assert_eq!(result, Err(failure::LOGIN_ABANDONED));
    }
}

#[test]
fn a_signature_of_another_key_proves_nothing() {
    let (result, _) = play(&Plan::default(), |play| {
        play.interruption = Some((3, || Event::Signed(vec![1; 256])));
    });
    assert_eq!(result, Err(failure::PROOF_REFUSED));
}

#[test]
fn an_answer_to_another_question_is_our_own_fault() {
    let (result, _) = play(&Plan::default(), |play| play.interruption = Some((3, || Event::PinGiven)));
    assert_eq!(result, Err(failure::INTERNAL));
}

#[test]
fn several_cards_are_never_chosen_from() {
    for (way, code) in [(Way::Card, failure::SEVERAL_CARDS), (Way::Token, failure::SEVERAL_TOKENS)] {
        let pki = Pki::default();
        let card = Plan::default().issued_by(&pki.persons);
        let mut play = Play::new(&card);
        play.interruption = Some((0, || Event::SeveralTokens(vec!["1".into(), "2".into()])));
        assert_eq!(play.run(purpose(way), &Arc::new(alone(&pki))).unwrap_err().code, code);
    }
}

#[test]
fn why_there_is_no_card_is_told_as_the_loop_saw_it() {
    let (result, _) = play(&Plan::default(), |play| {
        play.interruption = Some((0, || Event::NoToken(failure::NO_CARD_SERVICE.into())));
    });
    assert_eq!(result, Err(failure::NO_CARD_SERVICE));
}

#[test]
fn a_login_for_one_persons_session_takes_no_other_persons_card() {
    let pki = Pki::default();
    let (doctor, nurse) = (Plan::default().issued_by(&pki.persons), Plan::nurse().issued_by(&pki.persons));
    let mut play = Play::new(&doctor);
    play.lists = vec![pki.persons.list(&[1], (2026, 2027), None)];
    let person = play.run(purpose(Way::Local), &Arc::new(alone(&pki))).unwrap().person;
    let resume = |person: &Arc<Person>| Purpose {
        same_person_as: Some(SamePerson { sid: SessionId("s".into()), person: Arc::clone(person) }),
        ..purpose(Way::Local)
    };
    let mut other = Play::new(&nurse);
    let failed = other.run(resume(&person), &Arc::new(alone(&pki))).unwrap_err();
    assert_eq!((failed.code, other.trace), (failure::OTHER_PERSON, vec!["token".to_owned()]));
    let mut same = Play::new(&doctor);
    same.lists = vec![pki.persons.list(&[1], (2026, 2027), None)];
    assert!(same.run(resume(&person), &Arc::new(alone(&pki))).is_ok());
}

#[test]
fn a_local_login_says_what_it_is_and_whom_it_found() {
    let pki = Pki::default();
    for (plan, amr) in
        [(Plan::default(), vec!["sc", "pin", "mfa", "hwk"]), (Plan::soft(), vec!["swk", "pwd", "mfa"])]
    {
        let card = plan.issued_by(&pki.persons);
        let mut play = Play::new(&card);
        play.lists = vec![pki.persons.list(&[1], (2026, 2027), None)];
        let outcome = play.run(purpose(Way::Local), &Arc::new(alone(&pki))).unwrap();
        assert_eq!(outcome.assurance.acr, ACR_LOCAL);
        assert_eq!(outcome.assurance.way, Way::Local);
        assert_eq!(outcome.assurance.amr, amr);
        assert_eq!((outcome.assurance.auth_time, outcome.assurance.idp), (NOW, None));
        let credential = outcome.assurance.credential.unwrap();
        assert_eq!((credential.serial.as_str(), credential.certificate.len()), (plan.serial, 64));
        assert!(outcome.upstream.is_none());
        let person = outcome.person;
        assert_eq!(person.id, NationalId(DOCTOR.into()));
        assert_eq!(person.display_name(), "CAMILLE EXEMPLE0099001");
        assert_eq!(person.claims["SubjectNameID"], DOCTOR);
        assert_eq!(person.claims["SubjectRole"][0], "10^1.2.250.1.213.1.1.5.5");
        assert_eq!(person.claims["SubjectRefPro"]["exercices"][0]["codeSavoirFaire"], "SM26");
    }
}

#[test]
fn a_card_without_a_name_logs_in_where_the_site_allows_it() {
    let pki = Pki::default();
    let card = Plan { names: None, ..Plan::default() }.issued_by(&pki.persons);
    let mut play = Play::new(&card);
    play.lists = vec![pki.persons.list(&[1], (2026, 2027), None)];
    let settings = Settings { non_nominative: true, ..alone(&pki) };
    let outcome = play.run(purpose(Way::Local), &Arc::new(settings)).unwrap();
    assert_eq!(outcome.person.display_name(), DOCTOR);
}

#[test]
fn each_way_looks_for_its_own_kind_of_token_and_takes_its_own_road() {
    let pki = Pki::default();
    let (alone, upstream) = (Arc::new(alone(&pki)), Arc::new(with_upstream(&pki)));
    let none = || None;
    for (way, settings, wanted) in [
        (Way::Card, &alone, TokenWanted::Card { serial: none() }),
        (Way::Card, &upstream, TokenWanted::Card { serial: none() }),
        (Way::Token, &upstream, TokenWanted::Soft { serial: none() }),
        (Way::Local, &upstream, TokenWanted::Any { serial: none() }),
    ] {
        match Login::start(purpose(way), Arc::clone(settings), &mut Vec::new()) {
            Step::Next(_, Action::FindToken(found)) => assert_eq!(found, wanted),
            other => panic!("{other:?}"),
        }
    }
    let started = Login::start(purpose(Way::Browser), Arc::clone(&upstream), &mut Vec::new());
    assert!(matches!(started, Step::Next(_, Action::Listen)));
    for (way, settings) in [(Way::Browser, &alone), (Way::Ecps, &alone), (Way::Ecps, &upstream)] {
        let Step::Failed(failure) = Login::start(purpose(way), Arc::clone(settings), &mut Vec::new()) else {
            panic!("{way:?} leads nowhere")
        };
        assert_eq!(failure.code, failure::NO_WAY);
    }
}

#[test]
fn two_logins_never_sign_the_same_challenge() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let settings = Arc::new(Settings { revocation: Revocation::Warn, ..alone(&pki) });
    let mut entropy = Counted::default();
    let mut message = || {
        let Step::Next(login, _) = Login::start(purpose(Way::Local), Arc::clone(&settings), &mut Vec::new())
        else {
            panic!()
        };
        let random = random();
        let mut on = |login: Box<Login>, event| {
            login.on(event, Fresh { now: NOW, entropy: &mut entropy, random: &random }, &mut Vec::new())
        };
        let mut next = |login: Box<Login>, event| match on(login, event) {
            Step::Next(login, _) => login,
            other => panic!("{other:?}"),
        };
        let login = next(login, Event::Token(card.seen()));
        let login = next(login, Event::Revocation(Evidence::default()));
        match on(login, Event::PinGiven) {
            Step::Next(_, Action::Sign { message, .. }) => message,
            other => panic!("{other:?}"),
        }
    };
    assert_ne!(message(), message());
}
