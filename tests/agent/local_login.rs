//! A card becomes an OpenID Connect login without any upstream.

use crate::scene::Scene;
use cps_sandbox::card::cards;
use serde_json::{Value, json};

#[tokio::test]
async fn a_card_and_its_pin_become_a_login_that_an_application_accepts() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let mut application = scene.application("dpi").await;
    let accepted = application.login().await.expect("accepted");
    let holder = card.holder();
    assert_eq!(accepted.claims["sub"], holder.identifier);
    assert_eq!(accepted.claims["acr"], "urn:cps-agent:acr:local");
    assert_eq!(accepted.claims["amr"], json!(["sc", "pin", "mfa", "hwk"]));
    assert_eq!(accepted.userinfo["SubjectNameID"], holder.identifier);
    let (family, given) = holder.name.expect("a name");
    assert_eq!(
        (&accepted.userinfo["family_name"], &accepted.userinfo["given_name"]),
        (&family.into(), &given.into())
    );
}

#[tokio::test]
async fn a_cps4_logs_in_just_the_same() {
    let card = cards::doctor_cps4();
    let scene = Scene::new(&[&card]).await;
    let session = scene.login().await.expect("logged in");
    assert_eq!(
        (session.sub.as_str(), session.card.as_deref()),
        (card.holder().identifier, Some(card.serial()))
    );
}

#[tokio::test]
async fn the_prompt_names_application_card_and_tries() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.application("dpi").await.login().await.expect("accepted");
    let [question] = &scene.person.questions()[..] else { panic!("one question") };
    for part in ["Application dpi", card.serial(), "(TEST)", "3 essais"] {
        assert!(question.description.contains(part), "{part} is missing in: {}", question.description);
    }
}

#[tokio::test]
async fn one_pin_serves_every_application() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    for id in ["first", "second", "third"] {
        scene.application(id).await.login().await.expect("accepted");
    }
    assert_eq!(scene.person.questions().len(), 1);
    let session = scene.session().await.expect("a session");
    assert_eq!(session.clients.len(), 3);
}

#[tokio::test]
async fn the_audit_trail_tells_the_story_and_no_secret() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.application("dpi").await.login().await.expect("accepted");
    scene.control().await.end_session().await.expect("logged out");
    let trail = scene.audit();
    let words: Vec<&str> = trail.iter().filter_map(|line| line["event"].as_str()).collect();
    let mut rest = words.iter();
    for expected in [
        "started",
        "card_inserted",
        "client_added",
        "pin",
        "login",
        "authorization",
        "token",
        "session_ended",
    ] {
        assert!(rest.any(|word| *word == expected), "{expected} is missing or out of order in {words:?}");
    }
    let login = trail.iter().find(|line| line["event"] == "login").expect("a login");
    assert_eq!((&login["client"], &login["card"]), (&"dpi".into(), &card.serial().into()));
    let text = Value::from(trail).to_string();
    assert!(!text.contains(&card.pin()) && !text.contains("EXEMPLE"), "{text}");
}
