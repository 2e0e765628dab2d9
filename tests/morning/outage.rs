//! Pro Santé Connect is out of order, the card alone does for a while, and Pro Santé Connect comes back.

use crate::house::House;
use cps_sandbox::{
    card::cards,
    upstream::{Endpoint, Fault},
};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_upstream_the_card_alone_does_until_it_is_back() {
    let settings = [("local", "allow", "upstream-down".into())];
    let mut house = House::open("panne", &settings).await;
    house.application("dpi", "Dossier patient").await;
    house.application("agenda", "Agenda").await;
    house.insert(&cards::doctor_cps3());
    house.until_menu("essais restants").await;
    house.upstream().set(Fault::Unavailable { at: Endpoint::Discovery });
    house.enter(0).await;
    house.seen("1-service-en-panne").await;

    house.window.press("Se connecter par carte, sur ce poste seul", &[]).await;
    house.seen("2-connexion-sur-ce-poste").await;

    house.upstream().heal();
    house.until_told("de nouveau joignable").await;
    house.seen("3-service-de-retour").await;

    house.enter(1).await;
    house.seen("4-nouvelle-connexion").await;
    house.window.press("Se connecter par carte CPS", &[]).await;
    house.seen("5-connexion-aupres-du-service").await;
}
