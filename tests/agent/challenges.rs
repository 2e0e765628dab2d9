//! Challenges: signed with the PIN, checked by anybody, and never a login.

use crate::scene::Scene;
use cps_agent_api::words::LoginRequest;
use cps_agent_core::{
    challenge::{Challenge, Purpose, verify},
    identity::UnixTime,
};
use cps_sandbox::card::cards;
use std::time::{SystemTime, UNIX_EPOCH};

fn now() -> UnixTime {
    UnixTime(
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).expect("now").as_secs()).expect("now"),
    )
}

fn expected(purpose: Purpose) -> Challenge {
    Challenge::new("00112233445566778899aabbccddeeff", "https://verifier.example", purpose)
        .expect("well formed")
}

#[tokio::test]
async fn a_signature_verifies_and_opens_no_session() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let scene = Scene::new(&[&card]).await;
        let answer = scene.sign("login").await.expect("signed");
        assert_eq!(answer.card, card.serial());
        verify(&answer.jws, &expected(Purpose::Login), now(), 60).expect("verifies");
        assert!(scene.session().await.is_none());
        assert!(!card.verified(), "without a session the PIN serves one operation");
        scene.sign("login").await.expect("signed again");
        assert_eq!(scene.person.questions().len(), 2);
    }
}

#[tokio::test]
async fn presence_needs_no_pin_and_only_the_contactless_key_shows_it() {
    let card = cards::doctor_cps3_contactless();
    let scene = Scene::new(&[&card]).await;
    let answer = scene.sign("presence").await.expect("signed");
    verify(&answer.jws, &expected(Purpose::Presence), now(), 60).expect("verifies");
    assert_eq!(scene.person.questions().len(), 0);
    assert_eq!(scene.sign("login").await.expect_err("no PIN there"), "card_unsupported");

    let card = cards::doctor_cps3();
    assert_eq!(
        Scene::new(&[&card]).await.sign("presence").await.expect_err("no such key"),
        "card_unsupported"
    );
}

#[tokio::test]
async fn a_signature_that_asks_nobody_keeps_no_session_awake() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    for _ in 0..2 {
        scene.clock.pass(14 * 60);
        scene.sign("test").await.expect("the verified card signs");
    }
    assert_eq!(scene.person.questions().len(), 1, "nobody was asked");
    scene.clock.pass(2 * 60);
    assert!(scene.session().await.is_none(), "nobody was there for thirty minutes");
}

#[tokio::test]
async fn an_unknown_purpose_is_refused() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    assert_eq!(scene.sign("payment").await.expect_err("refused"), "challenge_malformed");
    assert_eq!(scene.person.questions().len(), 0);
}

#[tokio::test]
async fn another_persons_card_signs_nothing_under_a_session() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::new(&[&doctor, &nurse]).await;
    let named = LoginRequest { card: Some(doctor.serial().to_owned()), ..LoginRequest::default() };
    scene.login_with(&named).await.expect("logged in");
    for purpose in ["login", "test"] {
        assert_eq!(scene.sign_with(&nurse, purpose).await.expect_err("refused"), "other_person", "{purpose}");
    }
    assert_eq!(scene.person.questions().len(), 1, "the other person is not even asked");
    scene.sign_with(&doctor, "login").await.expect("the session's own card");
    // Without a session the nurse signs as anybody does.
    assert!(scene.control().await.end_session().await.expect("an answer"));
    scene.sign_with(&nurse, "login").await.expect("signed");
}

#[tokio::test]
async fn presence_is_not_signed_while_the_session_is_locked() {
    let (card, contactless) = (cards::doctor_cps3(), cards::doctor_cps3_contactless());
    let scene = Scene::with(&[("session.mode", "lock")], &[&card]).await;
    scene.login().await.expect("logged in");
    scene.readers.remove(0);
    scene.until_locked().await;
    scene.until_empty().await;
    scene.insert(0, &contactless);
    scene.until_seen(&contactless).await;
    assert_eq!(scene.sign("presence").await.expect_err("locked"), "session_locked");
}
