//! PINs: wrong twice and then right, and a blocked card that is unblocked.

use crate::house::House;
use cps_sandbox::{card::cards, pinentry::Answer};

async fn at_the_desk(story: &str) -> House {
    let mut house = House::open(story, &[("login", "ways", vec!["card"].into())]).await;
    house.application("dpi", "Dossier patient").await;
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_wrong_twice_is_warned_of_and_then_right() {
    let mut house = at_the_desk("code-faux").await;
    let card = cards::doctor_cps3();
    house.insert(&card);
    house.until_menu("essais restants").await;
    // The first wrong one, and the person looks for the right one.
    house.answers(&[Answer::WrongPin, Answer::Cancel]);
    house.enter(0).await;
    house.seen("1-un-code-faux-puis-abandon").await;
    // Wrong again; the warning before the last try is agreed to, and the PIN is right.
    house.answers(&[Answer::WrongPin, Answer::RightPin, Answer::RightPin]);
    house.window.press("Se connecter par carte CPS", &[]).await;
    house.seen("2-encore-faux-puis-juste").await;
    assert_eq!(card.tries_left(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_card_is_unblocked_from_the_icon_and_logs_in() {
    let mut house = at_the_desk("carte-bloquee").await;
    let card = cards::doctor_cps3();
    card.block_pin();
    house.insert(&card);
    house.until_menu("Code bloqué").await;
    house.seen("1-carte-bloquee-inseree").await;
    house.enter(0).await;
    house.seen("2-connexion-refusee").await;

    let new = || Answer::Type("4321".to_owned());
    house.answers(&[Answer::Type(card.puk()), new(), new()]);
    house.tray.choose("Débloquer le code…").await;
    house.seen("3-code-debloque").await;
    house.person().knows(&card).expect("a script");
    house.window.press("Se connecter par carte CPS", &[]).await;
    house.seen("4-connexion").await;
}
