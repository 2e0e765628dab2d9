//! The e-CPS: refused on the phone, too soon again, and accepted.

use crate::house::House;
use cps_sandbox::{pki::holder::DOCTOR, upstream::Habit};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_refused_on_the_phone_waits_a_minute_and_is_then_accepted() {
    let settings = [
        ("login", "ways", vec!["ecps"].into()),
        ("upstream", "ciba", true.into()),
        ("upstream", "card_login", false.into()),
    ];
    let mut house = House::open("e-cps", &settings).await;
    house.upstream().interval(1);
    house.application("dpi", "Dossier patient").await;
    house.enter(0).await;
    house.seen("1-connexion-demandee").await;

    house.upstream().phone().habit(Habit::Wait);
    let person = [("identifier", DOCTOR.identifier)];
    house.window.press("Se connecter par e-CPS", &person).await;
    house.until_menu("Nombre à comparer").await;
    house.seen("2-nombre-a-comparer").await;

    assert!(house.upstream().phone().deny(), "a request was waiting");
    house.seen("3-refus-sur-le-telephone").await;

    house.window.press("Se connecter par e-CPS", &person).await;
    house.seen("4-trop-tot").await;

    house.pass(90);
    house.window.press("Se connecter par e-CPS", &person).await;
    house.until_menu("Nombre à comparer").await;
    house.seen("5-nouveau-nombre").await;
    assert!(house.upstream().phone().approve(), "a request was waiting");
    house.seen("6-accepte-sur-le-telephone").await;
}
