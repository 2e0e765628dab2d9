//! Cards that do not log in are refused before any PIN is asked.

use crate::scene::Scene;
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
