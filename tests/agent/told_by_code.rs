//! Refusals that no other suite is about: each comes out of a door with its own code.

use crate::scene::{Scene, code};
use cps_agent_api::words::{Check, Client, LoginRequest};
use cps_sandbox::{
    card::{CardHandle, cards},
    upstream::{self, CLIENT, Upstream},
};
use std::{collections::BTreeSet, fs};

fn by(way: &str) -> LoginRequest {
    LoginRequest { way: Some(way.to_owned()), ..LoginRequest::default() }
}

fn client(id: &str) -> Client {
    Client {
        client_id: id.to_owned(),
        redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
        ..Client::default()
    }
}

#[tokio::test]
async fn registrations() {
    let scene = Scene::new(&[]).await;
    let mut control = scene.control().await;
    control.add_client(&client("dpi")).await.expect("registered");
    assert_eq!(code(control.add_client(&client("dpi")).await).expect_err("twice"), "client_exists");
    let nowhere = Client { redirect_uris: vec!["nowhere".to_owned()], ..client("other") };
    assert_eq!(code(control.add_client(&nowhere).await).expect_err("no address"), "client_malformed");
    let scene = Scene::with(&[("clients.registration", "never")], &[]).await;
    let refused = code(scene.control().await.add_client(&client("dpi")).await);
    assert_eq!(refused.expect_err("the administrator's"), "clients_locked");
}

#[tokio::test]
async fn ways_of_login() {
    let scene = Scene::with(&[("login.ways", "card,token,local")], &[]).await;
    assert_eq!(scene.login_with(&by("browser")).await.expect_err("not set up"), "way_not_allowed");
    assert_eq!(scene.login_with(&by("token")).await.expect_err("none is installed"), "no_token");
}

#[tokio::test]
async fn cards_that_are_none() {
    let scene = Scene::new(&[]).await;
    let refused = scene.login_with(&LoginRequest { card: Some("1".to_owned()), ..by("local") }).await;
    assert_eq!(refused.expect_err("nobody's"), "card_unknown");
}

/// What a login by a card says whose content is not as it should be.
async fn with(card: &CardHandle) -> String {
    let scene = Scene::new(&[]).await;
    scene.insert(0, card);
    // Until the card was read there is none.
    let read = async |_: &mut _| scene.login().await.err().filter(|code| code != "no_card");
    scene.until("a useless card", read).await
}

#[tokio::test]
async fn cards_that_are_incomplete_or_refuse() {
    let card = cards::doctor_cps3();
    card.update_interrupted();
    assert_eq!(with(&card).await, "card_update_interrupted");
    let card = cards::doctor_cps3();
    card.faults().hide_file("3F00/0001/A002");
    assert_eq!(with(&card).await, "certificate_garbled");
    let card = cards::doctor_cps3();
    card.faults().hide_file("3F00/0001");
    assert_eq!(with(&card).await, "card_refused");
}

#[tokio::test]
async fn cards_that_answer_too_little() {
    let mut told = BTreeSet::new();
    for command in 1..=8 {
        let card = cards::doctor_cps3();
        let scene = Scene::new(&[&card]).await;
        card.faults().answer_at(command, &[0x90, 0x00]);
        told.extend(scene.login().await.err());
    }
    assert!(told.contains("card_garbled"), "{told:?}");
}

#[tokio::test]
async fn a_second_challenge_while_the_first_is_asked_for() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let signed = scene.sign_while("test", async {
        assert_eq!(scene.sign("test").await.expect_err("the screen is taken"), "pin_prompt_busy");
    });
    signed.await.expect("the first one goes on");
}

#[tokio::test]
async fn files_of_the_state_that_are_damaged() {
    let mut scene = Scene::new(&[]).await;
    let state = scene.state();
    scene.stop().await;
    fs::write(state.join("tokens/mine.token"), "not a token").expect("damaged");
    scene.edit_audit("\"event\"", "\"Event\"");
    scene.start().await;
    let mut control = scene.control().await;
    let tokens = control.tokens().await.expect("tokens");
    assert_eq!(tokens[0].problem.as_deref(), Some("token_file_damaged"));
    let told = |checks: &[Check]| checks.iter().filter_map(|check| check.code.clone()).collect::<Vec<_>>();
    let checks = control.diagnosis().await.expect("a diagnosis").checks;
    assert!(told(&checks).contains(&"state_aside".to_owned()), "{checks:?}");

    fs::create_dir_all(state.join("diagnosis/in-the-way")).expect("a folder");
    let checks = control.diagnosis().await.expect("a diagnosis").checks;
    assert!(told(&checks).contains(&"state_unwritable".to_owned()), "{checks:?}");

    fs::remove_dir_all(state.join("audit")).expect("removed");
    fs::write(state.join("audit"), "no folder").expect("written");
    assert_eq!(code(control.check_audit().await).expect_err("unreadable"), "trail_unreadable");
}

#[tokio::test]
async fn a_certificate_that_names_another_client() {
    let upstream = Upstream::start(upstream::Settings::default()).await.expect("an upstream");
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = upstream.organisation("somebody-else", 90).expect("a certificate");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("client.pem"), certificate).expect("written");
    fs::write(path("client.key"), key).expect("written");
    let settings = [
        ("upstream.profile", "psc-bas"),
        ("upstream.client_id", CLIENT),
        // Nobody of the world outside is asked.
        ("upstream.proxy", "http://127.0.0.1:9"),
        ("upstream.client_auth", "tls_client_auth"),
        ("upstream.client_certificate", &path("client.pem")),
        ("upstream.client_key", &path("client.key")),
    ];
    let scene = Scene::with(&settings, &[]).await;
    let checks = scene.control().await.diagnosis().await.expect("a diagnosis").checks;
    let told: Vec<_> = checks.iter().filter_map(|check| check.code.as_deref()).collect();
    assert!(told.contains(&"client_certificate_name"), "{checks:?}");
}
