//! Two applications of other people share one login, and both learn of its end: by the logout of one of them, by the
//! person's word, and by the card that leaves.

use crate::{
    party::Party,
    scene::{Scene, application},
};
use cps_sandbox::card::cards;
use serde_json::Value;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The one logout token that came, which the application has verified.
fn logout_token(party: &mut Party, scene: &Scene) -> Value {
    let told = party.ask("told", scene);
    let [token] = told.as_array().expect("a list").as_slice() else { panic!("one logout token: {told}") };
    assert!(token["events"][EVENT].is_object(), "{token}\n{}", scene.agent.log());
    token.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_and_openid_client_share_a_login_and_the_logout_of_one_reaches_both() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    let mut apache = Party::apache(&mut scene).await;
    let mut native = Party::openid_client(&mut scene, application("native", false, "ES256")).await;
    let session = apache.ask("login", &scene);
    let login = native.ask("login", &scene);
    assert_eq!(session["id_token"]["sid"], login["claims"]["sid"]);
    assert_eq!(scene.person.questions().len(), 1);

    assert_eq!(native.logout(&scene)["state"], true);
    assert_eq!(logout_token(&mut native, &scene)["sid"], login["claims"]["sid"]);
    apache.ask("forgotten", &scene);
    for what in ["userinfo", "refresh"] {
        let refused = native.try_ask(what);
        assert!(refused.is_err(), "{what} after the logout: {refused:?}");
    }
    // The next login is a new one.
    apache.ask("login", &scene);
    assert_eq!(scene.person.questions().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_learns_of_the_logout_of_apache() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    let mut apache = Party::apache(&mut scene).await;
    let mut python = Party::authlib(&mut scene, application("python", true, "RS256")).await;
    python.ask("login", &scene);
    apache.ask("login", &scene);
    assert_eq!(scene.person.questions().len(), 1);
    assert_eq!(apache.logout(&scene)["over"], true);
    logout_token(&mut python, &scene);
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_learns_of_the_logout_of_authlib() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    let mut python = Party::authlib(&mut scene, application("python", false, "ES256")).await;
    let mut native = Party::openid_client(&mut scene, application("native", true, "RS256")).await;
    native.ask("login", &scene);
    python.ask("login", &scene);
    assert_eq!(python.logout(&scene)["state"], true);
    logout_token(&mut native, &scene);
    logout_token(&mut python, &scene);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_that_leaves_ends_every_application() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&card).await;
    let mut apache = Party::apache(&mut scene).await;
    let mut python = Party::authlib(&mut scene, application("python", true, "ES256")).await;
    let mut native = Party::openid_client(&mut scene, application("native", false, "RS256")).await;
    for party in [&mut apache, &mut python, &mut native] {
        party.ask("login", &scene);
    }
    assert_eq!(scene.person.questions().len(), 1);
    scene.daemon.remove(0);
    logout_token(&mut native, &scene);
    logout_token(&mut python, &scene);
    apache.ask("forgotten", &scene);
}
