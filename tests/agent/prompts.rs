//! The PIN prompt: wrong PINs, second thoughts, and commands that go away.

use crate::{
    module_door::{OtherProgram, other_program},
    scene::Scene,
};
use cps_agent_api::client::Agent as Control;
use cps_sandbox::{card::cards, pinentry::Answer};

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
    // A login that comes while the question is still there would join the first one, and wait with it.
    let gone = async |control: &mut Control| {
        control.status().await.expect("a status").prompt.is_none().then_some(())
    };
    scene.until("an empty screen", gone).await;
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
async fn a_program_that_is_called_like_the_icon_on_the_panel_is_not_named_like_it() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let executable = folder.path().join("cps-tray");
    std::fs::copy(other_program(), &executable).expect("copied");
    let other = OtherProgram { socket: scene.socket(), executable };
    other.posts("/v1/login", r#"{"way":"local"}"#).await.expect("logged in");
    let asked = scene.person.questions();
    assert!(asked[0].description.contains("requested by: cps-tray."), "{asked:?}");
}
