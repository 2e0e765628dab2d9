//! "PIN once" is the card's own verified state, and it ends with the session.

use crate::scene::Scene;
use cps_agent_api::words::LoginRequest;
use cps_agent_core::failure;
use cps_sandbox::card::cards;
use std::time::Duration;

#[tokio::test]
async fn within_a_session_signatures_need_no_second_pin() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    assert!(card.verified());
    scene.sign("login").await.expect("signed");
    assert_eq!(scene.person.questions().len(), 1);
}

#[tokio::test]
async fn the_end_of_the_session_resets_the_card() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    assert!(scene.control().await.end_session().await.expect("an answer"));
    scene.until("a reset card", async |_| (!card.verified()).then_some(())).await;
    scene.sign("login").await.expect("signed");
    assert_eq!(scene.person.questions().len(), 2);
}

#[tokio::test]
async fn a_state_that_another_program_reset_is_asked_for_again() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    scene.readers.reset_by_another(0);
    scene.sign("login").await.expect("signed after a new prompt");
    let questions = scene.person.questions();
    assert_eq!(questions.len(), 2);
    assert_eq!(questions[1].error.as_deref(), Some(failure::PIN_REQUIRED.line().english.what));
}

#[tokio::test]
async fn hold_by_operation_leaves_no_verified_card() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("pin.hold", "operation")], &[&card]).await;
    scene.login().await.expect("logged in");
    assert!(!card.verified());
    scene.sign("login").await.expect("signed");
    assert_eq!(scene.person.questions().len(), 2);
}

#[tokio::test]
async fn a_stopping_agent_resets_the_card() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    scene.stop().await;
    assert!(!card.verified());
}

#[tokio::test]
async fn a_session_that_ends_under_an_open_prompt_leaves_no_verified_card() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    scene.readers.reset_by_another(0);
    let ends = async { assert!(scene.control().await.end_session().await.expect("an answer")) };
    scene.sign_while("login", ends).await.expect("the person agreed");
    assert!(!card.verified(), "the PIN served this one operation");
    scene.login().await.expect("logged in");
    assert_eq!(scene.person.questions().len(), 3, "the next login asks for its own PIN");
}

#[tokio::test]
async fn nothing_is_signed_when_the_session_locks_under_an_open_prompt() {
    let (card, other) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::with(&[("session.mode", "lock")], &[&card]).await;
    scene.login().await.expect("logged in");
    scene.readers.reset_by_another(0);
    let locks = async {
        scene.readers.insert(1, &other);
        scene.until_locked().await;
    };
    assert_eq!(scene.sign_while("login", locks).await.expect_err("locked"), "session_locked");
    scene.until("a card that was reset", async |_| (!card.verified()).then_some(())).await;
    assert_eq!(card.pin_tries_spent(), 0);
    assert_eq!(scene.person.questions().len(), 2);
}

#[tokio::test]
async fn another_login_asks_the_person_although_the_card_is_verified() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    assert!(card.verified());
    scene.login().await.expect("logged in again");
    assert_eq!(scene.person.questions().len(), 2);
}

#[tokio::test]
async fn a_login_given_up_while_the_card_signs_leaves_no_verified_card() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    card.faults().slow(Duration::from_millis(30));
    let mut control = scene.control().await;
    let wish = LoginRequest { way: Some("card".to_owned()), ..LoginRequest::default() };
    let command = tokio::spawn(async move { control.login(&wish).await });
    scene.until("a verified card", async |_| card.verified().then_some(())).await;
    command.abort();
    scene.until("a reset card", async |_| (!card.verified()).then_some(())).await;
    assert!(scene.session().await.is_none());
    assert_eq!(card.pin_tries_spent(), 0);
}
