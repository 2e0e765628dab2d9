//! Cards that do not log in are refused before any PIN is asked.

use crate::scene::Scene;
use cps_agent_api::words::LoginRequest;
use cps_sandbox::{
    card::{CardBuilder, Family, cards},
    pki::{Pki, Purpose, Range, Variant, holder},
};

async fn refusal(scene: &Scene) -> String {
    let code = scene.login().await.expect_err("refused");
    assert_eq!(scene.person.questions().len(), 0, "no PIN is asked for a card that is refused");
    assert!(scene.session().await.is_none());
    code
}

#[tokio::test]
async fn no_card_is_no_login() {
    assert_eq!(refusal(&Scene::new(&[]).await).await, "no_card");
}

#[tokio::test]
async fn a_test_card_is_refused_in_production() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("trust.environment", "production")], &[&card]).await;
    let code = refusal(&scene).await;
    // The TEST authorities are no anchors in production either.
    assert!(["test_card_in_production", "no_anchors"].contains(&code.as_str()), "{code}");
}

#[tokio::test]
async fn an_expired_card_is_refused() {
    let card = CardBuilder::new(Family::Cps3, &holder::DOCTOR).certificates(Variant::Expired).build();
    assert_eq!(refusal(&Scene::new(&[&card]).await).await, "certificate_expired");
}

#[tokio::test]
async fn a_card_of_a_stranger_is_refused() {
    let card = CardBuilder::new(Family::Cps3, &holder::DOCTOR).certificates(Variant::WrongIssuer).build();
    assert_eq!(refusal(&Scene::new(&[&card]).await).await, "unknown_issuer");
}

#[tokio::test]
async fn a_contactless_card_is_refused() {
    let card = cards::doctor_cps3_contactless();
    assert_eq!(refusal(&Scene::new(&[&card]).await).await, "contactless_card");
}

#[tokio::test]
async fn a_card_without_a_name_is_refused_unless_the_site_wants_it() {
    let card = cards::employee_cps3();
    assert_eq!(refusal(&Scene::new(&[&card]).await).await, "non_nominative");
    let scene = Scene::with(&[("login.non_nominative", "true")], &[&card]).await;
    scene.login().await.expect("allowed");
}

#[tokio::test]
async fn two_cards_are_never_chosen_between_silently() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::new(&[&doctor, &nurse]).await;
    assert_eq!(refusal(&scene).await, "several_cards");
    let request = LoginRequest { card: Some(nurse.serial().to_owned()), ..LoginRequest::default() };
    let session = scene.login_with(&request).await.expect("the named one");
    assert_eq!(session.sub, nurse.holder().identifier);
}

#[tokio::test]
async fn a_revoked_card_is_refused_and_an_unknown_status_where_an_answer_is_required() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::with(&[("local.revocation", "require")], &[&card]).await;
    assert_eq!(refusal(&scene).await, "revocation_unknown");

    let certificate = card.certificate(Purpose::Authentication).to_vec();
    let range = Range::of(card.holder());
    for (revoked, expected) in [(Vec::new(), None), (vec![certificate], Some("revoked"))] {
        scene.stop().await;
        scene.trust("list.crl", &Pki::test().crl(range, &revoked));
        scene.start().await;
        scene.until_seen(&card).await;
        assert_eq!(scene.login().await.err().as_deref(), expected);
    }
}
