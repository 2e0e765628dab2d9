//! Without the upstream the card alone may do, where the policy says so: for a time, marked, and until the upstream is back.

use crate::scene::{Application, Scene};
use cps_agent_api::words::LoginRequest;
use cps_sandbox::{
    card::{CardHandle, cards},
    upstream::{Endpoint, Fault},
};
use serde_json::Value;

const LOCAL_ACR: &str = "urn:cps-agent:acr:local";

fn local() -> LoginRequest {
    LoginRequest { way: Some("local".to_owned()), ..LoginRequest::default() }
}

/// A workstation whose policy lets people work without the upstream.
async fn allowed(card: &CardHandle) -> Scene {
    Scene::with_upstream(&[("local.allow", "upstream-down")], &[card]).await
}

/// The upstream gives nothing but errors.
fn breaks(scene: &Scene) {
    scene.upstream().set(Fault::Unavailable { at: Endpoint::Discovery });
}

async fn works_without_upstream(card: &CardHandle) -> (Scene, Application, Value) {
    let scene = allowed(card).await;
    breaks(&scene);
    let mut application = scene.application("dpi").await;
    assert_eq!(scene.login().await.expect_err("it is out of order"), "upstream_down_local_offered");
    scene.login_with(&local()).await.expect("the card alone");
    let accepted = application.login().await.expect("the session serves it");
    let claims = accepted.claims.clone();
    (scene, application, claims)
}

#[tokio::test]
async fn a_policy_that_does_not_allow_it_offers_nothing() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    breaks(&scene);
    assert_eq!(scene.login().await.expect_err("out of order"), "upstream_failing");
    assert_eq!(scene.login_with(&local()).await.expect_err("not allowed"), "way_not_allowed");
    assert_eq!(scene.person.questions().len(), 0);
}

#[tokio::test]
async fn an_upstream_that_works_is_not_gone_around() {
    let card = cards::doctor_cps3();
    let scene = allowed(&card).await;
    assert_eq!(scene.login_with(&local()).await.expect_err("it is up"), "local_only_when_down");
    // A login that failed for another reason says nothing of the upstream.
    scene.upstream().set(Fault::Refuse);
    scene.login().await.expect_err("refused there");
    assert_eq!(scene.login_with(&local()).await.expect_err("it is up"), "local_only_when_down");
}

#[tokio::test]
async fn a_session_without_the_upstream_is_marked_audited_and_short() {
    let card = cards::doctor_cps3();
    let (scene, _application, claims) = works_without_upstream(&card).await;
    assert_eq!(claims["acr"], LOCAL_ACR);
    assert!(claims.get("idp").is_none(), "{claims}");
    assert_eq!(claims["sub"], card.holder().identifier);
    let expiry = claims["session_expiry"].as_i64().expect("a time");
    assert!(expiry - claims["iat"].as_i64().expect("a time") <= 3600);
    let trail = scene.audit();
    assert!(trail.iter().any(|line| line["event"] == "upstream_reach" && line["up"] == false));
    let login = |line: &&Value| line["event"] == "login" && line["result"] == "done";
    assert_eq!(trail.iter().find(login).expect("a login")["way"], "local");
    scene.clock.pass(3600);
    assert!(scene.session().await.is_none(), "its time is over");
}

#[tokio::test]
async fn the_page_offers_the_local_way_once_the_upstream_was_found_down() {
    let card = cards::doctor_cps3();
    let scene = allowed(&card).await;
    let mut application = scene.application("dpi").await;
    breaks(&scene);
    let page = application.login().await.err().expect("no login yet");
    assert!(page.contains("name=\"way\" value=\"local\""), "{page}");
    assert!(page.contains("role=\"alert\""), "it says why: {page}");
    assert_eq!(scene.person.questions().len(), 0);
}

#[tokio::test]
async fn when_the_upstream_is_back_the_person_is_asked_for_it_again() {
    let card = cards::doctor_cps3();
    let (scene, mut application, claims) = works_without_upstream(&card).await;
    let mut events = scene.control().await.events().await.expect("events");
    scene.upstream().heal();
    let wanted = async {
        loop {
            match events.next().await.expect("an event") {
                Some(cps_agent_api::events::News::Event(event)) if event.what == "upstream_wanted" => {
                    return event;
                }
                Some(_) => {}
                None => panic!("the agent ended"),
            }
        }
    };
    let event = tokio::time::timeout(crate::scene::PATIENCE, wanted).await.expect("it is noticed");
    assert_eq!((event.topic.as_str(), event.subject.as_deref()), ("session", claims["sid"].as_str()));
    assert_eq!(event.problem.map(|problem| problem.code).as_deref(), Some("upstream_back"));
    // The session lives on until its time, and serves no new request: the way to the upstream is what is left.
    assert_eq!(scene.session().await.expect("it lives").acr, LOCAL_ACR);
    assert_eq!(scene.login_with(&local()).await.expect_err("it is up"), "local_only_when_down");
    let accepted = application.login().await;
    let accepted = match accepted {
        Ok(accepted) => accepted,
        // The page says why the person is asked, and waits for a click.
        Err(page) => {
            assert!(page.contains("joignable") || page.contains("reached again"), "{page}");
            scene.login().await.expect("logged in at the upstream");
            application.login().await.expect("accepted")
        }
    };
    assert_eq!(accepted.claims["acr"], "eidas1");
    assert_ne!(accepted.claims["sid"], claims["sid"]);
    let trail = scene.audit();
    assert!(trail.iter().any(|line| line["event"] == "upstream_reach" && line["up"] == true));
}
