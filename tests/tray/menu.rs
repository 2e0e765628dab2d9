//! The menu, chosen from as a panel does it.

use crate::{
    application::{Application, Page},
    desk::{Desk, script, until},
    desktop::Notifications,
    private_bus::Bus,
    scene::Scene,
    tray::{Tray, command},
};
use cps_agent_api::{client::Agent as Control, words};
use cps_agent_core::failure::{AGENT_NOT_STARTED, Failure, Language, NO_BROWSER};
use cps_sandbox::{card::cards, pinentry::Answer, pki::holder::DOCTOR, upstream::Habit};

/// What the table says to do next, as a notification is compared here.
fn plain(failure: &Failure) -> String {
    failure.next(Language::French).replace('\u{a0}', " ")
}

const ECPS: [(&str, &str); 3] =
    [("login.ways", "ecps"), ("upstream.ciba", "true"), ("upstream.card_login", "false")];

#[tokio::test]
async fn a_pin_that_is_wrong_is_told_with_the_tries_left_and_the_next_step() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let wrong = Answer::Type("9999".to_owned());
    script(&scene.person, &[wrong, Answer::Cancel]);
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    tray.choose("Se connecter par carte").await;
    // The second prompt says that the first PIN was wrong; the person gives up, which is no news to them.
    tray.until_says("Code : 2 essais restants").await;
    tray.until_says("Se connecter par carte").await;
    assert!(notes.all().is_empty(), "{:?}", notes.all());
    assert_eq!(card.tries_left(), 2);
}

#[tokio::test]
async fn a_blocked_card_says_so_and_offers_to_be_unblocked() {
    let card = cards::doctor_cps3();
    card.block_pin();
    let scene = Scene::new(&[&card]).await;
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    let shown = tray.until_says("Débloquer le code…").await;
    assert!(shown.contains("Code bloqué") && !shown.contains("Changer le code"), "{shown}");
    tray.choose("Se connecter par carte").await;
    let told = notes.titled("bloqué").await;
    assert!(!told.body.is_empty(), "{told:?}");
    let shown = tray.until_says(&told.title[..20]).await;
    assert!(shown.contains("Se connecter par carte"), "{shown}");
}

#[tokio::test]
async fn somebody_connects_by_card_and_leaves() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    let before = tray.until_says("Code : 3 essais restants").await;
    assert!(before.starts_with("TEST – ne pas utiliser pour de vrais patients\nCarte de "), "{before}");
    tray.choose("Se connecter par carte").await;
    let shown = tray.until_says("Se déconnecter").await;
    let session = scene.session().await.expect("a session");
    assert!(shown.contains(&format!("Session de {}\nCarte CPS", session.name)), "{shown}");
    let until = format!(", jusqu’à {}\n", in_paris(session.expires));
    assert!(shown.contains(&until) && !shown.contains("Se connecter"), "{shown} {until}");
    let told = notes.titled("session ouverte").await;
    assert!(told.title.starts_with(&session.name) && told.icon == "cps-tray-connected", "{told:?}");
    assert!(tray.tooltip().await.contains(&session.name));
    tray.choose("Se déconnecter").await;
    let told = notes.titled("session terminée").await;
    assert_eq!(told.body, "Vous êtes déconnecté de toutes les applications de ce poste.");
    tray.until_says("Se connecter par carte").await;
    assert!(scene.session().await.is_none());
}

/// The time of day of a moment where the tray is, as the system says it.
fn in_paris(moment: i64) -> String {
    let mut date = std::process::Command::new("date");
    let said = date.env("TZ", "Europe/Paris").args(["-d", &format!("@{moment}"), "+%H:%M"]).output();
    String::from_utf8(said.expect("a time").stdout).expect("text").trim().to_owned()
}

#[tokio::test]
async fn a_prompt_is_in_the_menu_and_a_login_can_be_given_up() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let _thinking = scene.person.thinks().expect("a script");
    let bus = Bus::start();
    let tray = Tray::start(&bus, &scene.socket()).await;
    tray.until_says("Code : 3 essais restants").await;
    tray.choose("Se connecter par carte").await;
    // The agent inside a test does not lie beside the icon, and an icon from elsewhere goes by the name of its file.
    tray.until_says("Un code est demandé pour cps-tray").await;
    tray.choose("Abandonner la connexion").await;
    tray.until_says("Se connecter par carte").await;
    let closed = async || Some(tray.text().await).filter(|menu| !menu.contains("Un code est demandé"));
    until("a menu without the prompt", closed).await;
}

#[tokio::test]
async fn the_number_of_an_ecps_login_is_in_the_menu_and_told_until_the_login_is_over() {
    let scene = Scene::with_upstream(&ECPS, &[]).await;
    scene.upstream().interval(1);
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    // Nobody has logged in here yet: whose phone should ring?
    tray.choose("Se connecter par e-CPS").await;
    let told = notes.titled("identifiant national").await;
    assert!(told.body.contains("RPPS"), "{told:?}");
    known_here(&scene).await;

    scene.upstream().phone().habit(Habit::Wait);
    tray.choose("Se connecter par e-CPS").await;
    let asked = async |control: &mut Control| {
        let progress = control.login_progress().await.expect("an answer")?;
        progress.number.filter(|_| progress.expires.is_some())
    };
    let number = scene.until("the number", asked).await;
    let told = notes.titled(&format!("Nombre à comparer : {number}")).await;
    assert!(told.urgent && told.body.contains("téléphone"), "{told:?}");
    let shown = tray.until_says(&told.title).await;
    assert!(shown.contains("Abandonner la connexion"), "{shown}");
    assert!(scene.upstream().phone().approve());
    notes.until_closed(told.id).await;
    let shown = tray.until_says("e-CPS, jusqu’à ").await;
    assert!(!shown.contains("Nombre"), "{shown}");
}

/// The doctor has logged in by e-CPS once, and out again.
async fn known_here(scene: &Scene) {
    scene.upstream().phone().habit(Habit::Approve);
    let wish = words::LoginRequest {
        way: Some("ecps".to_owned()),
        identifier: Some(DOCTOR.identifier.to_owned()),
        ..Default::default()
    };
    scene.login_with(&wish).await.expect("logged in");
    scene.control().await.end_session().await.expect("an answer");
}

#[tokio::test]
async fn a_page_that_asks_for_the_situation_is_opened_from_the_menu() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let client = words::Client { situation: Some("choose".to_owned()), ..Application::usual("one") };
    let application = Application::registered(&desk, client).await;
    let page = application.begin().await;
    let Page::Asked(labels) = application.end_of(&page).await else { panic!("a choice") };
    let bus = Bus::start();
    let tray = Tray::start(&bus, desk.agent.control_socket()).await;
    let notes = Notifications::on(&bus).await;
    let opener = tray.home().join("xdg-open");
    let works = std::fs::read(&opener).expect("a script");
    // A file that the system does not know how to run.
    std::fs::write(&opener, [0; 64]).expect("written");
    tray.choose("Choisir la situation professionnelle pour Dossier patient").await;
    let told = notes.titled("navigateur").await;
    assert_eq!(told.body, plain(&NO_BROWSER.into()));
    std::fs::write(&opener, works).expect("written");
    tray.choose("Choisir la situation professionnelle pour Dossier patient").await;
    assert_eq!(tray.opened().await, page.as_str());
    application.choose(&page, &labels[1]).await;
    assert!(matches!(application.end_of(&page).await, Page::Left(_)));
    let answered = async || Some(tray.text().await).filter(|menu| !menu.contains("situation"));
    until("a menu without it", answered).await;
}

#[tokio::test]
async fn a_pin_is_changed_by_the_agents_prompter() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let new = || Answer::Type("7391".to_owned());
    script(&scene.person, &[Answer::Type(card.pin()), new(), new()]);
    let bus = Bus::start();
    let (tray, notes) = (Tray::start(&bus, &scene.socket()).await, Notifications::on(&bus).await);
    tray.choose("Changer le code…").await;
    notes.titled("Votre code est changé").await;
    assert_eq!(card.pin(), "7391");
}

#[tokio::test]
async fn a_service_is_opened_in_the_browser() {
    let scene = Scene::new(&[]).await;
    let bus = Bus::start();
    let tray = Tray::start(&bus, &scene.socket()).await;
    tray.choose("Annuaire Santé").await;
    assert_eq!(tray.opened().await, "https://annuaire.sante.fr/");
}

#[tokio::test]
async fn the_language_is_changed_in_the_menu_and_remembered() {
    let scene = Scene::new(&[]).await;
    let bus = Bus::start();
    let mut tray = Tray::start(&bus, &scene.socket()).await;
    tray.until_says("Aucune carte dans le lecteur").await;
    tray.choose("English").await;
    let shown = tray.until_says("No card in the reader").await;
    assert!(shown.contains("x English"), "{shown}");
    // What the agent words is worded anew too.
    tray.until_says("Annuaire Santé (directory)").await;
    tray.again(&bus, &scene.socket()).await;
    tray.until_says("No card in the reader").await;
}

#[tokio::test]
async fn the_locale_decides_until_a_language_is_chosen() {
    let scene = Scene::new(&[]).await;
    let bus = Bus::start();
    let tray = Tray::speaking(&bus, &scene.socket(), "en_GB.UTF-8").await;
    tray.until_says("Log in by card").await;
}

#[tokio::test]
async fn the_first_button_and_whatever_is_there_to_be_read_open_the_page() {
    let scene = Scene::new(&[]).await;
    let bus = Bus::start();
    let tray = Tray::start(&bus, &scene.socket()).await;
    tray.until_says("Aucune carte dans le lecteur").await;
    tray.click().await;
    assert!(tray.opened().await.starts_with(&format!("{}/portal/open/", scene.issuer())));
    tray.choose("Aucune carte dans le lecteur").await;
    let twice = async || (tray.openings() == 2).then_some(());
    until("the page, again", twice).await;
}

#[tokio::test]
async fn each_state_has_a_picture_of_its_own() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("session.mode", "lock")], &[&card]).await;
    let bus = Bus::start();
    let tray = Tray::start(&bus, &scene.socket()).await;
    let mut pictures = Vec::new();
    tray.until_says("Code : 3 essais restants").await;
    pictures.push(tray.picture().await);
    tray.choose("Se connecter par carte").await;
    tray.until_says("Se déconnecter").await;
    pictures.push(tray.picture().await);
    scene.readers.remove(0);
    tray.until_says("verrouillée").await;
    pictures.push(tray.picture().await);
    tray.choose("Se déconnecter").await;
    tray.until_says("Aucune carte dans le lecteur").await;
    pictures.push(tray.picture().await);
    scene.readers.unplug_last();
    tray.until_says("Aucun lecteur de carte").await;
    pictures.push(tray.picture().await);
    scene.readers.stop();
    scene
        .until("that the service is lost", async |control: &mut Control| {
            (!control.status().await.ok()?.card_service).then_some(())
        })
        .await;
    tray.until_says("cartes à puce").await;
    pictures.push(tray.picture().await);
    for (at, picture) in pictures.iter().enumerate() {
        assert!(!pictures[at + 1..].contains(picture), "state {at} looks like a later one");
    }
}

#[tokio::test]
async fn a_second_icon_in_a_session_is_not_shown() {
    let scene = Scene::new(&[]).await;
    let bus = Bus::start();
    let mut tray = Tray::start(&bus, &scene.socket()).await;
    let second = command(&tray.home(), bus.address(), &scene.socket(), "fr_FR.UTF-8").output();
    assert!(second.expect("it ran").status.success());
    assert!(!tray.ended());
}

#[tokio::test]
async fn whoever_quits_the_icon_is_not_logged_out() {
    let card = cards::doctor_cps3();
    let scene = Scene::new(&[&card]).await;
    let bus = Bus::start();
    let mut tray = Tray::start(&bus, &scene.socket()).await;
    tray.choose("Se connecter par carte").await;
    tray.until_says("Se déconnecter").await;
    tray.choose("Quitter cette icône").await;
    until("the end of the tray", async || tray.ended().then_some(())).await;
    assert!(scene.session().await.is_some());
}

#[tokio::test]
async fn an_agent_that_does_not_start_is_told() {
    let bus = Bus::start();
    let nowhere = tempfile::tempdir().expect("a folder");
    let tray = Tray::start(&bus, &nowhere.path().join("control.sock")).await;
    let notes = Notifications::on(&bus).await;
    tray.until_says("L’agent CPS est arrêté.").await;
    tray.choose("Démarrer l’agent").await;
    let told = notes.titled("démarr").await;
    assert_eq!(told.body, plain(&AGENT_NOT_STARTED.into()));
}
