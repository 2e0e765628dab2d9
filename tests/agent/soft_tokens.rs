//! An e-CPS token is made, and logs in like a card.

use crate::scene::{Scene, code};
use cps_agent_api::words::{LoginRequest, TokenRequest};
use cps_sandbox::pinentry::Answer;

const PASSPHRASE: &str = "correct horse battery";

fn request(name: &str) -> TokenRequest {
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

fn types(scene: &Scene, texts: &[&str]) {
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
