//! An e-CPS token is made, and logs in like a card.

use crate::scene::{Scene, code};
use cps_agent_api::words::{LoginRequest, TokenRequest};
use cps_sandbox::pinentry::Answer;

pub const PASSPHRASE: &str = "correct horse battery";

/// A token of the doctor, vouched for by an authority of its own.
pub fn request(name: &str) -> TokenRequest {
    TokenRequest {
        name: name.to_owned(),
        authority: "test".to_owned(),
        id: "899700990015".to_owned(),
        given_name: Some("CAMILLE".to_owned()),
        family_name: Some("EXEMPLE".to_owned()),
        profession: Some(10),
        screen: Default::default(),
    }
}

/// What the person types next.
pub fn types(scene: &Scene, texts: &[&str]) {
    for text in texts {
        scene.person.next(Answer::Type((*text).to_owned())).expect("a script");
    }
}

#[tokio::test]
async fn a_token_is_made_and_its_passphrase_logs_in() {
    let mut scene = Scene::new(&[]).await;
    types(&scene, &[PASSPHRASE, PASSPHRASE]);
    let made = scene.control().await.add_token(&request("mine")).await.expect("made");
    let serial = made.serial.expect("a serial number");
    assert_eq!(scene.login().await.expect_err("its authority is no anchor yet"), "unknown_issuer");

    scene.stop().await;
    scene.trust("token.pem", &std::fs::read(made.authority.expect("an authority")).expect("a file"));
    scene.start().await;
    let mut control = scene.control().await;
    scene
        .until("the token", async |control| control.tokens().await.ok().filter(|tokens| tokens.len() == 1))
        .await;
    types(&scene, &["wrong passphrase", PASSPHRASE]);
    let session = control.login(&LoginRequest::default()).await.expect("logged in");
    assert_eq!((session.sub.as_str(), session.card.as_deref()), ("899700990015", Some(serial.as_str())));
    assert_eq!(session.amr, ["swk", "pwd", "mfa"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_unlocked_token_does_not_stay_in_memory_behind_a_locked_screen() {
    use crate::{
        private_bus::Bus,
        stand_in_logind::{Known, Logind, for_agent},
    };
    let bus = Bus::start();
    let logind = Logind::start(&bus, Known::Identifier).await;
    let mut scene = Scene::new(&[]).await;
    types(&scene, &[PASSPHRASE, PASSPHRASE]);
    let made = scene.control().await.add_token(&request("mine")).await.expect("made");
    scene.trust("token.pem", &std::fs::read(made.authority.expect("an authority")).expect("a file"));
    scene.on_bus(for_agent(&bus, Some("1"))).await;
    scene.until("that logind is followed", async |_| (logind.delays() == 1).then_some(())).await;
    types(&scene, &[PASSPHRASE]);
    scene.login().await.expect("logged in");
    scene.sign("test").await.expect("the session holds the key");
    let asked = scene.person.questions().len();

    logind.locked(true).await;
    let heard = async |_: &mut _| {
        scene
            .audit()
            .iter()
            .any(|line| line["event"] == "workstation" && line["state"] == "locked")
            .then_some(())
    };
    scene.until("the lock", heard).await;
    assert!(!scene.session().await.expect("the session goes on").locked);
    types(&scene, &[PASSPHRASE]);
    scene.sign("test").await.expect("signed");
    assert_eq!(scene.person.questions().len(), asked + 1, "the passphrase was asked again");
}

#[tokio::test]
async fn short_passphrases_bad_names_and_taken_names_are_refused() {
    let scene = Scene::new(&[]).await;
    let mut control = scene.control().await;
    assert_eq!(code(control.add_token(&request("../x")).await).expect_err("refused"), "token_malformed");
    types(&scene, &["short"]);
    assert_eq!(code(control.add_token(&request("x")).await).expect_err("refused"), "passphrase_short");
    types(&scene, &[PASSPHRASE, PASSPHRASE, PASSPHRASE, PASSPHRASE]);
    control.add_token(&request("x")).await.expect("made");
    assert_eq!(code(control.add_token(&request("x")).await).expect_err("refused"), "token_exists");
}
