//! "PIN once" is the card's own verified state, and it ends with the session.

use crate::scene::Scene;
use cps_sandbox::card::cards;

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
    assert_eq!(questions[1].error.as_deref(), Some("Another program reset the card."));
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
