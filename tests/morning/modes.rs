//! Card in, login from the patient-record program, two more applications without a PIN, card out and in: in each of the
//! four modes.

use crate::house::House;
use cps_sandbox::card::cards;

async fn morning(mode: &str) -> House {
    let settings = [("session", "mode", mode.into()), ("login", "ways", vec!["card"].into())];
    let mut house = House::open(mode, &settings).await;
    for (id, name) in [("dpi", "Dossier patient"), ("agenda", "Agenda"), ("messagerie", "Messagerie")] {
        house.application(id, name).await;
    }
    house.seen("1-applications-inscrites").await;

    let card = cards::doctor_cps3();
    house.insert(&card);
    house.seen("2-carte-inseree").await;

    let thinking = house.person().thinks().expect("a script");
    house.enter(0).await;
    house.until_menu("Un code est demandé").await;
    house.seen("3-connexion-demandee").await;
    drop(thinking);
    house.seen("4-code-saisi").await;

    house.enter_at_once(1).await;
    house.enter_at_once(2).await;
    house.seen("5-deux-autres-applications").await;

    house.take();
    house.seen("6-carte-retiree").await;
    house.renew(0).await;
    house.insert(&card);
    house.seen("7-carte-remise").await;

    house.enter_at_once(0).await;
    house.renew(1).await;
    house.seen("8-retour-au-dossier").await;
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn in_strict_mode_card_out_ends_everything_and_the_next_login_asks_for_the_pin() {
    morning("strict").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_lock_mode_card_out_locks_and_card_and_pin_resume() {
    morning("lock").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_relock_mode_the_workstation_lock_asks_for_the_pin_again() {
    let mut house = morning("relock").await;
    house.logind.locked(true).await;
    house.until_menu("verrouillée").await;
    house.logind.locked(false).await;
    house.seen("9-poste-verrouille-puis-ouvert").await;
    house.enter_at_once(0).await;
    house.seen("10-code-redemande").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_mobile_mode_the_card_may_leave() {
    morning("mobile").await;
}
