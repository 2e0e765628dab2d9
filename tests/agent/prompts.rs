//! The PIN prompt: wrong PINs, second thoughts, and commands that go away.

use crate::scene::Scene;
use cps_sandbox::{card::cards, pinentry::Answer};

#[tokio::test]
async fn a_wrong_pin_is_said_and_the_person_decides() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.next(Answer::WrongPin).expect("a script");
    scene.person.next(Answer::Cancel).expect("a script");
    assert_eq!(scene.login().await.expect_err("no login"), "pin_cancelled");
    let questions = scene.person.questions();
    assert_eq!(questions.len(), 2);
    assert_eq!(questions[1].error.as_deref(), Some("The PIN was wrong."));
    assert!(questions[1].description.contains("2 tries"), "{}", questions[1].description);
    assert_eq!(card.pin_tries_spent(), 1);
    scene.login().await.expect("the right PIN");
    assert_eq!(card.tries_left(), 3);
}

#[tokio::test]
async fn a_pin_of_impossible_length_never_reaches_the_card() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.next(Answer::Type("12".to_owned())).expect("a script");
    scene.login().await.expect("the next one is right");
    assert_eq!(card.pin_tries_spent(), 0);
    assert_eq!(scene.person.questions().len(), 2);
}

#[tokio::test]
async fn a_command_that_goes_away_closes_its_prompt() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.person.next(Answer::Wait).expect("a script");
    tokio::select! {
        login = scene.login() => panic!("nobody typed anything: {login:?}"),
        () = scene.until_asked(1) => {}
    }
    scene.login().await.expect("the screen is free");
    assert_eq!(scene.person.questions().len(), 2);
}

#[tokio::test]
async fn a_missing_prompt_program_is_named() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("pin.pinentry", "/nonexistent/pinentry")], &[&card]).await;
    assert_eq!(scene.login().await.expect_err("no prompt"), "pin_no_prompter");
}

#[tokio::test]
async fn pins_are_changed_and_unblocked_by_the_persons_hand_alone() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let mut control = scene.control().await;
    let new = "9753";
    for answer in [Answer::RightPin, Answer::Type(new.to_owned()), Answer::Type(new.to_owned())] {
        scene.person.next(answer).expect("a script");
    }
    control.change_pin(card.serial(), &Default::default()).await.expect("changed");
    assert_eq!(card.pin(), new);

    card.block_pin();
    let state = control.pin_state(card.serial()).await.expect("a state");
    assert!(state.blocked);
    assert_eq!(scene.login().await.expect_err("blocked"), "pin_blocked");
    let asked = scene.person.questions().len();
    for text in [card.puk(), "1357".to_owned(), "1357".to_owned()] {
        scene.person.next(Answer::Type(text)).expect("a script");
    }
    control.unblock_pin(card.serial(), &Default::default()).await.expect("unblocked");
    assert_eq!((card.pin().as_str(), card.tries_left()), ("1357", 3));
    assert_eq!(scene.person.questions().len(), asked + 3);
}
