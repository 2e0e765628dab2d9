//! What the desktop is told, and that a desktop which cannot be told is no trouble.

use crate::{desktop::Notifications, private_bus::Bus, scene::Scene, tray::Tray};
use cps_agent_api::words;
use cps_sandbox::card::cards;

#[tokio::test]
async fn a_desktop_without_notifications_is_a_quiet_one() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let bus = Bus::start();
    let mut tray = Tray::start(&bus, &scene.socket()).await;
    for _ in 0..2 {
        tray.choose("Se connecter par carte").await;
        tray.choose("Se déconnecter").await;
    }
    tray.until_says("Se connecter par carte").await;
    assert!(!tray.ended());
}

#[tokio::test]
async fn a_card_that_ends_the_session_is_told_once() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    tray.choose("Se connecter par carte").await;
    tray.until_says("Se déconnecter").await;
    scene.readers.remove(0);
    let told = notes.titled("session terminée").await;
    assert!(told.body.starts_with("La carte a été retirée"), "{told:?}");
    tray.until_says("Aucune carte dans le lecteur").await;
    let about_cards = notes.all().into_iter().filter(|note| note.body.contains("carte a été retirée"));
    assert_eq!(about_cards.count(), 1);
}

#[tokio::test]
async fn a_card_that_leaves_a_session_open_is_told_too() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("session.mode", "mobile")], &[&card]).await;
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    tray.choose("Se connecter par carte").await;
    tray.until_says("Se déconnecter").await;
    scene.readers.remove(0);
    let told = notes.titled("Carte retirée").await;
    assert!(told.body.contains(" continue jusqu’à "), "{told:?}");
}

#[tokio::test]
async fn a_locked_session_says_how_it_goes_on() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("session.mode", "lock")], &[&card]).await;
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    tray.choose("Se connecter par carte").await;
    tray.until_says("Se déconnecter").await;
    scene.readers.remove(0);
    let told = notes.titled("session verrouillée").await;
    assert_eq!(told.body, "Remettez votre carte et saisissez votre code pour la reprendre.");
    scene.insert(0, &card);
    tray.choose("Reprendre la session par carte").await;
    notes.titled("session reprise").await;
}

#[tokio::test]
async fn what_somebody_else_started_and_what_failed_is_told_in_the_agents_words() {
    let scene = Scene::with(&[("session.mode", "lock")], &[]).await;
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    tray.until_says("Aucune carte dans le lecteur").await;
    let failed = scene.login().await.expect_err("there is no card");
    assert_eq!(failed, "no_card");
    let told = notes.titled("Aucune carte n’est dans le lecteur").await;
    assert_eq!(told.body, "Insérez votre carte CPS, puis réessayez.");
    tray.until_says("Insérez votre carte CPS, puis réessayez.").await;
}

#[tokio::test]
async fn an_application_that_is_registered_is_told_without_its_markup() {
    let scene = Scene::new(&[]).await;
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::marked_up(&bus).await);
    tray.until_says("Aucune carte").await;
    let client = words::Client {
        client_id: "dpi".to_owned(),
        redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
        ..words::Client::default()
    };
    scene.control().await.add_client(&client).await.expect("registered");
    let told = notes.titled("Application inscrite : dpi").await;
    assert!(told.body.contains("prévenez votre administrateur"), "{told:?}");
}

#[tokio::test]
async fn help_opens_the_page_that_says_what_is_wrong() {
    let scene = Scene::new(&[]).await;
    let bus = Bus::start();
    let tray = Tray::start(&bus, &scene.socket()).await;
    tray.choose("Aide et diagnostic").await;
    assert!(tray.opened().await.starts_with(&format!("{}/portal/open/", scene.issuer())));
}

#[tokio::test]
async fn help_tells_what_is_wrong_where_there_is_no_page() {
    let foreign = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = foreign.local_addr().expect("its address").to_string();
    let scene = Scene::with(&[("bridge.listen", &taken)], &[]).await;
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    tray.choose("Aide et diagnostic").await;
    let told = notes.titled("la passerelle reste fermée").await;
    assert!(told.body.ends_with("Pour tout voir : cps doctor"), "{told:?}");
    assert_eq!(tray.openings(), 0);
}
