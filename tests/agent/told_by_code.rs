//! Refusals that no other suite is about: each comes out of a door with its own code.

use crate::scene::{Scene, code};
use cps_agent_api::words::{Client, LoginRequest};

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
