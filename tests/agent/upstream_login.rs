//! The card logs in at an upstream that asks for it in the TLS handshake.

use crate::scene::Scene;
use cps_agent_api::words::LoginRequest;
use cps_sandbox::{card::cards, pinentry::Answer, upstream::Endpoint};

#[tokio::test]
async fn one_upstream_login_by_card_serves_every_application() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let scene = Scene::with_upstream(&[], &[&card]).await;
        for id in ["first", "second"] {
            let accepted = scene.application(id).await.login().await.expect("accepted");
            assert_eq!(accepted.claims["sub"], card.holder().identifier);
            assert_eq!(
                (&accepted.claims["acr"], &accepted.claims["psc_auth_mode"]),
                (&"eidas1".into(), &"CARD".into())
            );
        }
        assert_eq!(scene.person.questions().len(), 1);
        assert_eq!(scene.upstream().cards().len(), 1);
        assert_eq!(scene.upstream().hits().get(&Endpoint::Token), Some(&1));
    }
}

#[tokio::test]
async fn the_pin_comes_last_and_a_wrong_one_is_asked_again() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    scene.person.next(Answer::WrongPin).expect("a script");
    scene.login().await.expect("the second PIN is right");
    let questions = scene.person.questions();
    assert_eq!(questions.len(), 2);
    assert_eq!(questions[1].error.as_deref(), Some("The PIN is wrong."));
    assert_eq!(scene.upstream().cards().len(), 1);
}

#[tokio::test]
async fn hold_by_operation_works_at_an_upstream_too() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[("pin.hold", "operation")], &[&card]).await;
    scene.login().await.expect("logged in");
    assert!(!card.verified());
    assert_eq!(scene.person.questions().len(), 1);
}

#[tokio::test]
async fn leaving_ends_the_session_at_the_upstream() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    scene.login().await.expect("logged in");
    assert_eq!(scene.upstream().sessions(), 1);
    scene.control().await.end_session().await.expect("an answer");
    scene.until("the end upstream", async |_| (scene.upstream().sessions() == 0).then_some(())).await;

    scene.login().await.expect("logged in");
    scene.readers.remove(0);
    scene.until("the end upstream", async |_| (scene.upstream().sessions() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_local_login_is_no_way_around_the_upstream() {
    let card = cards::doctor_cps3();
    let request = LoginRequest { way: Some("local".to_owned()), ..LoginRequest::default() };
    let scene = Scene::with_upstream(&[], &[&card]).await;
    assert_eq!(scene.login_with(&request).await.expect_err("not in the policy"), "way_not_allowed");

    let mut scene = Scene::with_upstream(&[("local.allow", "upstream-down")], &[&card]).await;
    assert_eq!(scene.login_with(&request).await.expect_err("it is up"), "local_only_when_down");
    scene.end_upstream();
    assert_eq!(scene.login().await.expect_err("it is down"), "upstream_down_local_offered");
    let session = scene.login_with(&request).await.expect("the card alone");
    assert_eq!(session.acr, "urn:cps-agent:acr:local");
    assert_eq!(scene.person.questions().len(), 1);
}
