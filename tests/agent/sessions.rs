//! A session belongs to one person and rests on that person's card; what cannot log in is refused before any PIN.

use crate::{
    application::{Application, Page},
    desk::{Desk, UNTOUCHED, challenge, code, counts, login_by, refused, until, verifications},
};
use cps_agent_api::{
    events::{Events, News},
    words::ChallengeRequest,
};
use cps_sandbox::card::{CardHandle, cards};
use std::sync::mpsc;

/// What a card tells that nobody touched: no PIN, no try, no question.
fn unasked(desk: &Desk, card: &CardHandle) {
    assert_eq!(desk.questions_after(0), []);
    assert_eq!((verifications(card), counts(card)), (0, UNTOUCHED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_card_is_refused_in_production_before_its_pin_is_asked() {
    let card = cards::doctor_cps3();
    let production = [("trust", "environment", "production".into())];
    let desk = Desk::configured(&production, &[&card]).await;
    for way in ["local", "card"] {
        let refusal = desk.login(way).await.expect_err("a test card");
        assert_eq!((refusal.code.as_str(), refusal.status), ("test_card_in_production", 403));
        assert_eq!(refusal.title, "C’est une carte de test, et ce poste est en production.");
    }
    unasked(&desk, &card);
    assert!(desk.workstation.upstream.handle().hits().is_empty(), "nothing was sent anywhere");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_names_nobody_is_refused_unless_the_site_allows_it() {
    let card = cards::employee_cps3();
    let desk = Desk::with(&[&card]).await;
    let refusal = desk.login("local").await.expect_err("nobody's name");
    assert_eq!(refusal.code, "non_nominative");
    assert_eq!(refusal.title, "Cette carte ne porte pas le nom d’une personne.");
    unasked(&desk, &card);
    desk.end().await;

    let allowed = [("login", "non_nominative", true.into())];
    let desk = Desk::configured(&allowed, &[&card]).await;
    let session = desk.login("local").await.expect("allowed");
    assert_eq!(session.sub, card.holder().identifier);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contactless_card_proves_presence_and_logs_nobody_in() {
    let card = cards::doctor_cps3_contactless();
    let desk = Desk::with(&[&card]).await;
    for way in ["local", "card"] {
        assert_eq!(code(desk.login(way).await), "contactless_card");
    }
    for purpose in ["login", "test"] {
        let answer = refused(desk.control().await.challenge(&challenge(purpose)).await);
        assert_eq!(code(answer), "card_unsupported", "{purpose}");
    }
    let answer = desk.control().await.challenge(&challenge("presence")).await.expect("presence");
    assert_eq!(answer.card, card.serial());
    assert_eq!(answer.jws.split('.').count(), 3);
    assert_eq!(desk.questions_after(0), []);
    assert!(desk.control().await.session().await.expect("an answer").is_none());
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_cards_none_is_chosen_unless_it_is_named() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let desk = Desk::with(&[&doctor, &nurse]).await;
    let refusal = desk.login("local").await.expect_err("two cards");
    assert_eq!((refusal.code.as_str(), refusal.status), ("several_cards", 409));
    assert_eq!(refusal.title, "Plusieurs cartes sont présentes.");
    let answer = refused(desk.control().await.challenge(&challenge("test")).await);
    assert_eq!(code(answer), "several_cards");
    unasked(&desk, &doctor);
    unasked(&desk, &nurse);

    let named = ChallengeRequest { card: Some(nurse.serial().to_owned()), ..challenge("test") };
    assert_eq!(desk.control().await.challenge(&named).await.expect("named").card, nurse.serial());
    let session = desk.control().await.login(&login_by("local", Some(&nurse))).await.expect("named");
    assert_eq!(session.sub, nurse.holder().identifier);
    assert_eq!((verifications(&doctor), verifications(&nurse)), (0, 2));
    let absent = cards::pharmacist_cps4();
    let answer = desk.control().await.login(&login_by("local", Some(&absent))).await;
    assert_eq!(code(refused(answer)), "card_unknown");
    desk.end().await;
}

/// Lets the next reading of a card stand still at its fifth command until the sender is dropped.
fn hold_back(card: &CardHandle) -> mpsc::Sender<()> {
    let (go_on, held) = mpsc::channel::<()>();
    card.faults().at(5, move || {
        // An error: the sender was dropped.
        let _ = held.recv();
    });
    go_on
}

async fn happens(events: &mut Events, topic: &str, what: &str) {
    loop {
        match events.next().await.expect("an event") {
            Some(News::Event(event)) if event.topic == topic && event.what == what => return,
            Some(_) => {}
            None => panic!("{topic} {what} never came"),
        }
    }
}

async fn login_starts(events: &mut Events) {
    happens(events, "login", "started").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_comes_while_the_card_is_read_waits_for_it() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[]).await;
    desk.person().knows(&card).expect("a script");
    let mut events = desk.control().await.events().await.expect("events");
    let go_on = hold_back(&card);
    desk.readers.insert(0, &card);
    until("reading", async || (card.counters().commands() == 4).then_some(())).await;
    let started = async {
        login_starts(&mut events).await;
        drop(go_on);
    };
    let (session, ()) = tokio::join!(desk.login("local"), started);
    assert_eq!(session.expect("a login").card.as_deref(), Some(card.serial()));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_card_that_is_still_being_read_is_one_of_two() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let desk = Desk::with(&[&doctor]).await;
    let mut events = desk.control().await.events().await.expect("events");
    let go_on = hold_back(&nurse);
    desk.readers.insert(1, &nurse);
    until("reading", async || (nurse.counters().commands() == 4).then_some(())).await;
    let started = async {
        login_starts(&mut events).await;
        drop(go_on);
    };
    let (session, ()) = tokio::join!(desk.login("local"), started);
    assert_eq!(code(session), "several_cards");
    unasked(&desk, &doctor);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_that_leaves_takes_the_tokens_of_every_application_along() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let (first, second) =
        (Application::register(&desk, "first").await, Application::register(&desk, "second").await);
    let (held, other) = (first.log_in().await, second.log_in().await);
    assert_eq!(desk.questions_after(0).len(), 1, "one PIN for both");
    let held = first.refresh(&held).await.expect("renewed");
    assert!(first.userinfo(&held).await.is_ok() && second.userinfo(&other).await.is_ok());

    desk.take(0).await;
    desk.wait_for("the end of the session", async |control| {
        control.session().await.expect("an answer").is_none().then_some(())
    })
    .await;
    for (application, held) in [(&first, &held), (&second, &other)] {
        assert_eq!(application.userinfo(held).await, Err(401));
        assert_eq!(application.refresh(held).await.err().as_deref(), Some("invalid_grant"));
    }
    desk.wait_for("a card that was reset", async |_| (!card.verified()).then_some(())).await;

    // The card's return alone logs nobody in.
    desk.insert(0, &card).await;
    assert!(desk.control().await.session().await.expect("an answer").is_none());
    assert_eq!(first.userinfo(&held).await, Err(401));
    first.log_in().await;
    assert_eq!(desk.questions_after(0).len(), 2, "the PIN was asked again");
    assert_eq!(first.userinfo(&held).await, Err(401), "dead tokens stay dead");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_joins_a_login_under_another_cards_name() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let desk = Desk::with(&[&doctor, &nurse]).await;
    let thinking = desk.person().thinks().expect("a script");
    let mut events = desk.control().await.events().await.expect("events");
    let (mut first, mut second) = (desk.control().await, desk.control().await);
    let login = login_by("local", Some(&doctor));
    let joining = async {
        happens(&mut events, "prompt", "shown").await;
        let joined = refused(second.login(&login_by("local", Some(&nurse))).await);
        drop(thinking);
        joined
    };
    let (session, joined) = tokio::join!(first.login(&login), joining);
    assert_eq!(code(joined), "login_busy");
    assert_eq!(session.expect("its own login").sub, doctor.holder().identifier);
    assert_eq!((verifications(&nurse), counts(&nurse)), (0, UNTOUCHED));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_was_joined_names_each_application_in_the_audit_trail() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let (first, second) =
        (Application::register(&desk, "first").await, Application::register(&desk, "second").await);
    let thinking = desk.person().thinks().expect("a script");
    let mut events = desk.control().await.events().await.expect("events");
    let (page, other) = (first.begin().await, second.begin().await);
    for (application, page) in [(&first, &page), (&second, &other)] {
        assert!(matches!(application.look(page).await, Page::Hint(_)), "the page waits for the one login");
    }
    happens(&mut events, "prompt", "shown").await;
    drop(thinking);
    for (application, page) in [(&first, &page), (&second, &other)] {
        let Page::Left(back) = application.end_of(page).await else { panic!("no login") };
        application.exchange(&back).await;
    }
    assert_eq!(desk.questions_after(0).len(), 1);
    let trail =
        std::fs::read_to_string(desk.workstation.folder().join("state/audit/00000000000000000001.jsonl"));
    let trail: Vec<serde_json::Value> =
        trail.expect("a trail").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for client in ["first", "second"] {
        let line = trail.iter().find(|line| line["event"] == "authorization" && line["client"] == client);
        let line = line.unwrap_or_else(|| panic!("{client} is not named: {trail:#?}"));
        assert_eq!((&line["result"], &line["person"]), (&"done".into(), &card.holder().identifier.into()));
    }
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_holders_card_ends_the_session_and_gets_one_of_its_own() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let desk = Desk::with(&[&doctor]).await;
    let application = Application::register(&desk, "dossier").await;
    let held = application.log_in().await;
    desk.insert(1, &nurse).await;
    desk.wait_for("the end of the session", async |control| {
        control.session().await.expect("an answer").is_none().then_some(())
    })
    .await;
    assert_eq!(application.userinfo(&held).await, Err(401));

    desk.take(0).await;
    let theirs = application.log_in().await;
    let info = application.userinfo(&theirs).await.expect("the nurse");
    assert_eq!(info["SubjectNameID"], nurse.holder().identifier);
    assert_eq!(application.userinfo(&held).await, Err(401));
    assert_eq!(application.refresh(&held).await.err().as_deref(), Some("invalid_grant"));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_holders_card_cannot_resume_a_locked_session() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let desk = Desk::configured(&[("session", "mode", "lock".into())], &[&doctor]).await;
    let application = Application::register(&desk, "dossier").await;
    let held = application.log_in().await;
    desk.take(0).await;
    desk.wait_for("the lock", async |control| {
        control.session().await.expect("an answer").is_some_and(|session| session.locked).then_some(())
    })
    .await;
    assert_eq!(application.userinfo(&held).await, Err(401));

    desk.insert(0, &nurse).await;
    let before = desk.person().questions().len();
    let page = application.begin().await;
    let refused_with = "L’identité obtenue n’est pas celle attendue.";
    assert_eq!(application.end_of(&page).await, Page::Refused(refused_with.to_owned()));
    assert_eq!(code(desk.login("local").await), "other_person");
    assert_eq!(desk.questions_after(before), []);
    assert_eq!((verifications(&nurse), counts(&nurse)), (0, UNTOUCHED));

    // The right card and its PIN resume it, tokens included.
    desk.take(0).await;
    desk.insert(0, &doctor).await;
    let session = desk.login("card").await.expect("resumed");
    assert!(!session.locked);
    assert_eq!(desk.questions_after(before).len(), 1);
    assert_eq!(
        application.userinfo(&held).await.expect("alive")["SubjectNameID"],
        doctor.holder().identifier
    );
    desk.end().await;
}
