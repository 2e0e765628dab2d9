//! The upstream's session is refreshed for a person who is active, and for nobody else; the network ends no session.

use crate::scene::Scene;
use cps_sandbox::{
    card::{CardHandle, cards},
    upstream::{Endpoint, Fault},
};

/// Two thirds into the life of the upstream's refresh token.
const DUE: i64 = 20 * 60;

/// A session at the upstream, of a card whose every signature asks for the PIN: an act of the person.
async fn logged_in(card: &CardHandle) -> Scene {
    let scene = Scene::with_upstream(&[("pin.hold", "operation")], &[card]).await;
    scene.login().await.expect("logged in");
    assert_eq!(tokens(&scene), 1);
    scene
}

/// Requests that reached the token endpoint.
fn tokens(scene: &Scene) -> u64 {
    scene.upstream().hits().get(&Endpoint::Token).copied().unwrap_or(0)
}

async fn act(scene: &Scene) {
    scene.sign("test").await.expect("the person typed the PIN");
}

async fn until_told(scene: &Scene, result: &str) {
    let told = async |_: &mut _| {
        let trail = scene.audit();
        let mut refreshes =
            trail.iter().filter(|line| line["event"] == "upstream" && line["endpoint"] == "refresh");
        refreshes.next_back().filter(|line| line["result"] == result).map(|_| ())
    };
    scene.until("a refresh", told).await;
}

#[tokio::test]
async fn applications_that_call_all_day_refresh_nothing() {
    let card = cards::doctor_cps3();
    let scene = logged_in(&card).await;
    let mut application = scene.application("dpi").await;
    let mut accepted = application.login().await.expect("the session serves it");
    for _ in 0..5 {
        scene.pass(4 * 60);
        accepted = application.refresh(&accepted).await.expect("renewed here");
    }
    scene.pass(9 * 60);
    assert!(scene.session().await.is_some());
    assert_eq!(tokens(&scene), 1, "nothing was asked of the upstream");
    scene.pass(60);
    assert!(scene.session().await.is_none(), "nobody was active for thirty minutes");
    assert_eq!(tokens(&scene), 1);
}

#[tokio::test]
async fn an_act_before_time_refreshes_nothing() {
    let card = cards::doctor_cps3();
    let scene = logged_in(&card).await;
    scene.pass(60);
    act(&scene).await;
    assert_eq!(tokens(&scene), 1);
}

#[tokio::test]
async fn an_act_refreshes_before_the_refresh_token_lapses() {
    let card = cards::doctor_cps3();
    let scene = logged_in(&card).await;
    scene.pass(DUE + 60);
    act(&scene).await;
    until_told(&scene, "done").await;
    assert_eq!(tokens(&scene), 2);
    // The new tokens begin a new term, and nobody did anything since.
    scene.pass(DUE);
    assert!(scene.session().await.is_some());
    assert_eq!(tokens(&scene), 2);
}

#[tokio::test]
async fn a_network_fault_ends_nothing_and_is_tried_again() {
    let card = cards::doctor_cps3();
    let scene = logged_in(&card).await;
    scene.pass(DUE + 60);
    for fault in [Fault::Drop { at: Endpoint::Token }, Fault::Unavailable { at: Endpoint::Token }] {
        scene.upstream().set(fault);
        act(&scene).await;
        until_told(&scene, "refused").await;
        assert!(scene.session().await.is_some_and(|session| session.acr == "eidas1"));
        scene.pass(0);
    }
    scene.pass(60);
    act(&scene).await;
    until_told(&scene, "done").await;
}

#[tokio::test]
async fn only_invalid_grant_ends_the_session() {
    let card = cards::doctor_cps3();
    let scene = logged_in(&card).await;
    scene.upstream().end_sessions();
    assert!(scene.session().await.is_some(), "nobody told us");
    scene.pass(DUE + 60);
    act(&scene).await;
    scene.until_nobody().await;
    let trail = scene.audit();
    let ended = trail.iter().find(|line| line["event"] == "session_ended").expect("an end");
    assert_eq!(ended["why"], "upstream");
}

#[tokio::test]
async fn a_locked_session_is_not_refreshed() {
    let card = cards::doctor_cps3();
    let settings = [("pin.hold", "operation"), ("session.mode", "lock")];
    let scene = Scene::with_upstream(&settings, &[&card]).await;
    scene.login().await.expect("logged in");
    scene.pass(10);
    act(&scene).await;
    scene.readers.remove(0);
    scene.until_locked().await;
    scene.pass(DUE + 60);
    assert!(scene.session().await.expect("it waits").locked);
    assert_eq!(tokens(&scene), 1);
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("resumed");
    until_told(&scene, "done").await;
}
