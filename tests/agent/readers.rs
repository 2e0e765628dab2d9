//! Readers, the smart-card service and other programs come and go; the agent goes on.

use crate::scene::Scene;
use cps_sandbox::card::cards;

#[tokio::test]
async fn the_service_stops_and_starts_again() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    scene.readers.stop();
    scene.until_nobody().await;
    scene.until_empty().await;
    assert_eq!(scene.login().await.expect_err("no service"), "no_card_service");
    assert!(!scene.control().await.status().await.expect("a status").card_service);
    scene.readers.start();
    scene.until_seen(&card).await;
    scene.login().await.expect("the agent goes on");
}

#[tokio::test]
async fn a_card_that_another_program_holds_is_used_when_it_is_free() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[]).await;
    let held = scene.readers.used_exclusively(0);
    scene.insert(0, &card);
    let busy = async |_: &mut _| scene.login().await.err().filter(|code| code == "card_busy");
    scene.until("a busy card", busy).await;
    drop(held);
    scene.until_seen(&card).await;
    scene.login().await.expect("it is free");
}

#[tokio::test]
async fn an_ignored_reader_is_left_alone() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("readers.ignore", "test reader")], &[]).await;
    scene.insert(0, &card);
    assert_eq!(scene.login().await.expect_err("no reader"), "no_reader");
    assert_eq!(card.counters().commands(), 0);
}

#[tokio::test]
async fn a_mute_card_is_named() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[]).await;
    scene.readers.insert_mute(0, &card);
    let mute = async |_: &mut _| scene.login().await.err().filter(|code| code == "card_mute");
    scene.until("a mute card", mute).await;
}

#[tokio::test]
async fn a_card_that_is_no_cps_is_named() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[]).await;
    card.faults().short_serial();
    scene.insert(0, &card);
    let read = async |_: &mut _| scene.login().await.err().filter(|code| code != "no_card");
    assert_eq!(scene.until("a foreign card", read).await, "card_not_cps");
}
