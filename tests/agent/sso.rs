//! One login for applications with different needs: who is served by the session that is there, who makes the person log in
//! again, and what the others' tokens are worth then.

use crate::{
    application::{Application, Page, Tokens, claims, said},
    listener::Listener,
    scene::Scene,
};
use cps_agent_api::words::{Client, LoginRequest};
use cps_sandbox::{
    card::{CardHandle, cards},
    upstream::{Endpoint, Fault},
};
use url::Url;

const LOCAL: &str = "urn:cps-agent:acr:local";
const NO_PAGE: (&str, &str) = ("prompt", "none");

/// A workstation whose people may log in at the upstream or without it.
async fn scene(card: &CardHandle) -> Scene {
    Scene::with_upstream(&[("login.ways", "card,local"), ("local.allow", "always")], &[card]).await
}

/// An application registered for these ways, all of them where none is named.
async fn application(scene: &Scene, id: &str, ways: &[&str]) -> Application {
    let ways = ways.iter().map(|way| (*way).to_owned()).collect();
    told_at(scene, Client { ways, ..Application::usual(id) }).await
}

async fn told_at(scene: &Scene, client: Client) -> Application {
    scene.control().await.add_client(&client).await.expect("a registration");
    Application::at(&scene.issuer(), &client.client_id, "openid profile scope_all")
}

/// What the application is told without a page: `code`, or an error.
async fn at_once(application: &Application, needs: &[(&str, &str)]) -> String {
    let back = application.begin_with(needs).await;
    said(&back, "error").unwrap_or_else(|| said(&back, "code").map_or("a page", |_| "code").to_owned())
}

/// The tokens of a page that ended well.
async fn done(application: &Application, page: &Url) -> Tokens {
    let Page::Left(back) = application.end_of(page).await else { panic!("no login") };
    application.exchange(&back).await
}

fn pins(scene: &Scene) -> usize {
    scene.person.questions().len()
}

#[tokio::test]
async fn needs_that_the_session_does_not_meet_are_told_where_nobody_may_be_asked() {
    let card = cards::doctor_cps3();
    let scene = scene(&card).await;
    let held = application(&scene, "first", &["card"]).await.log_in().await;
    scene.pass(100);
    let (any, phone) =
        (application(&scene, "any", &[]).await, application(&scene, "local", &["local"]).await);
    for needs in [("max_age", "60"), ("max_age", "0"), ("acr_values", LOCAL)] {
        assert_eq!(at_once(&any, &[needs, NO_PAGE]).await, "login_required", "{needs:?}");
    }
    assert_eq!(at_once(&phone, &[NO_PAGE]).await, "login_required");
    assert_eq!(pins(&scene), 1, "nobody was asked");
    let first = Application::at(&scene.issuer(), "first", "openid");
    first.userinfo(&held).await.expect("the session goes on");
}

#[tokio::test]
async fn whoever_gives_a_new_login_up_takes_nothing_from_the_others() {
    let card = cards::doctor_cps3();
    let scene = scene(&card).await;
    let first = application(&scene, "first", &["card"]).await;
    let held = first.log_in().await;
    let second = application(&scene, "second", &[]).await;
    for needs in [("prompt", "login"), ("acr_values", LOCAL)] {
        let page = second.begin_with(&[needs]).await;
        assert!(said(&page, "code").is_none(), "{needs:?} is not answered silently");
        assert_eq!(at_once(&first, &[]).await, "code", "the others go on meanwhile");
        second.press(&page, "cancel=1").await;
        let Page::Left(back) = second.end_of(&page).await else { panic!("it is told") };
        assert_eq!(said(&back, "error").as_deref(), Some("access_denied"));
    }
    assert_eq!(pins(&scene), 1);
    first.refresh(&held).await.expect("alive");
}

#[tokio::test]
async fn a_session_that_meets_the_needs_answers_at_once() {
    let card = cards::doctor_cps3();
    let scene = scene(&card).await;
    let first = application(&scene, "first", &["card"]).await.log_in().await;
    let (own, other) =
        (application(&scene, "second", &["card"]).await, application(&scene, "third", &[]).await);
    for needs in [&[][..], &[("acr_values", "eidas1")], &[("max_age", "600")], &[NO_PAGE]] {
        for application in [&own, &other] {
            assert_eq!(at_once(application, needs).await, "code", "{needs:?}");
        }
    }
    // A level that no login here would bring is a wish.
    assert_eq!(at_once(&other, &[("acr_values", "eidas3 1 2")]).await, "code");
    let back = other.begin().await;
    let third = other.exchange(&back).await;
    assert_eq!(claims(&third.id)["sid"], claims(&first.id)["sid"]);
    assert_eq!(pins(&scene), 1);
}

#[tokio::test]
async fn a_session_too_old_for_one_is_renewed_for_all() {
    let card = cards::doctor_cps3();
    let scene = scene(&card).await;
    let first = application(&scene, "first", &["card"]).await;
    let held = first.log_in().await;
    scene.pass(100);
    let second = application(&scene, "second", &["card"]).await;
    let page = second.begin_with(&[("max_age", "60")]).await;
    let renewed = done(&second, &page).await;
    assert_eq!(pins(&scene), 2, "the person authenticated anew");
    let (before, after) = (claims(&held.id), claims(&renewed.id));
    assert_eq!(before["sid"], after["sid"]);
    let time = |claims: &serde_json::Value| claims["auth_time"].as_i64().expect("a time");
    assert!(time(&after) - time(&before) >= 100, "{before} {after}");
    // Whoever was there before works on, and needs no page for the same demand now.
    first.userinfo(&held).await.expect("alive");
    let refreshed = claims(&first.refresh(&held).await.expect("alive").id);
    assert_eq!(time(&refreshed), time(&before), "of its own login (OpenID Connect Core §12.2)");
    assert_eq!(at_once(&first, &[("max_age", "60"), NO_PAGE]).await, "code");
}

#[tokio::test]
async fn a_wish_for_the_upstream_ends_the_local_session_and_its_applications_are_told() {
    let card = cards::doctor_cps3();
    let scene = scene(&card).await;
    let mut listener = Listener::start().await;
    let usual = Application::usual("first");
    let told = Client { ways: Vec::new(), backchannel_logout_uri: Some(listener.uri()), ..usual };
    let first = told_at(&scene, told).await;
    let page = first.begin().await;
    first.press(&page, "way=local").await;
    let held = done(&first, &page).await;
    assert_eq!(claims(&held.id)["acr"], LOCAL);

    let second = application(&scene, "second", &[]).await;
    assert_eq!(at_once(&second, &[]).await, "code", "without a wish any session does");
    assert_eq!(at_once(&second, &[("acr_values", "eidas1"), NO_PAGE]).await, "login_required");
    let page = second.begin_with(&[("acr_values", "eidas1")]).await;
    second.press(&page, "way=card").await;
    let theirs = done(&second, &page).await;
    assert_eq!(claims(&theirs.id)["acr"], "eidas1");
    assert_ne!(claims(&theirs.id)["sid"], claims(&held.id)["sid"], "the two kinds are never mixed");

    assert_eq!(listener.next().await["sid"], claims(&held.id)["sid"]);
    assert_eq!(first.userinfo(&held).await, Err(401));
    assert_eq!(first.refresh(&held).await.err().as_deref(), Some("invalid_grant"));
    let again = first.exchange(&first.begin().await).await;
    assert_eq!(claims(&again.id)["acr"], "eidas1", "the new session serves it");
    assert_eq!(pins(&scene), 2);
}

#[tokio::test]
async fn an_application_of_other_ways_makes_the_person_log_in_by_one_of_them() {
    let card = cards::doctor_cps3();
    let scene = scene(&card).await;
    let first = application(&scene, "first", &["local"]).await;
    let held = first.log_in().await;
    let second = application(&scene, "second", &["card"]).await;
    let theirs = second.log_in().await;
    assert_eq!((&claims(&held.id)["acr"], &claims(&theirs.id)["acr"]), (&LOCAL.into(), &"eidas1".into()));
    assert_eq!(first.userinfo(&held).await, Err(401));
    second.userinfo(&theirs).await.expect("alive");
    assert_eq!(at_once(&first, &[NO_PAGE]).await, "login_required", "it is registered for local sessions");
}

#[tokio::test]
async fn nobody_is_sent_to_an_upstream_that_is_out_of_order() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[("local.allow", "upstream-down")], &[&card]).await;
    scene.upstream().set(Fault::Unavailable { at: Endpoint::Discovery });
    scene.login().await.expect_err("it is out of order");
    let local = LoginRequest { way: Some("local".to_owned()), ..LoginRequest::default() };
    scene.login_with(&local).await.expect("the card alone");
    let first = application(&scene, "first", &[]).await;
    let back = first.begin_with(&[("acr_values", "eidas1")]).await;
    assert_eq!(claims(&first.exchange(&back).await.id)["acr"], LOCAL);
}
