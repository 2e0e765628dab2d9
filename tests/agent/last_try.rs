//! The last try needs a second consent, and a blocked card asks for nothing.

use crate::scene::Scene;
use cps_sandbox::{
    card::{CardHandle, cards},
    pinentry::Answer,
};

/// A card whose holder mistyped until one try was left.
async fn with_one_try(card: &CardHandle) -> Scene {
    let scene = Scene::new(&[card]).await;
    for answer in [Answer::WrongPin, Answer::WrongPin, Answer::Cancel] {
        scene.person.next(answer).expect("a script");
    }
    assert_eq!(scene.login().await.expect_err("no login"), "pin_cancelled");
    assert_eq!(card.tries_left(), 1);
    scene
}

#[tokio::test]
async fn refusing_the_last_try_spends_nothing() {
    let card = cards::doctor_cps3();
    let scene = with_one_try(&card).await;
    // The third question was the consent already, and it was refused.
    let kinds: Vec<String> = scene.person.questions().into_iter().map(|question| question.kind).collect();
    assert_eq!(kinds, ["GETPIN", "GETPIN", "CONFIRM"]);
    assert_eq!(card.tries_left(), 1);
}

#[tokio::test]
async fn a_person_who_accepts_it_may_use_it() {
    let card = cards::doctor_cps3();
    let scene = with_one_try(&card).await;
    scene.login().await.expect("the right PIN");
    let kinds: Vec<String> =
        scene.person.questions().into_iter().skip(3).map(|question| question.kind).collect();
    assert_eq!(kinds, ["CONFIRM", "GETPIN"]);
    assert_eq!(card.tries_left(), 3);
}

#[tokio::test]
async fn a_wrong_last_try_blocks_and_no_prompt_comes_again() {
    let card = cards::doctor_cps3();
    let scene = with_one_try(&card).await;
    scene.person.next(Answer::RightPin).expect("a script");
    scene.person.next(Answer::WrongPin).expect("a script");
    assert_eq!(scene.login().await.expect_err("blocked"), "pin_blocked");
    let asked = scene.person.questions().len();
    assert_eq!(scene.login().await.expect_err("blocked"), "pin_blocked");
    assert_eq!(scene.person.questions().len(), asked);
    assert_eq!(card.tries_left(), 0);
}
