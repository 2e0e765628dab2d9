//! The person's page in both browsers: fit to be read by everybody, followed as things happen, and of use without scripts.

use crate::{
    application::{Application, Page},
    browser::Kind,
    desk::Desk,
    window::{Window, pictures},
};
use cps_agent_api::words::PortalRequest;
use cps_agent_core::failure::PAGE_GONE;
use cps_sandbox::card::{CardHandle, cards};

struct Scene {
    desk: Desk,
    doctor: CardHandle,
    application: Application,
}

/// A doctor who logged in, after a try that failed, and an application that is connected.
async fn scene() -> Scene {
    let doctor = cards::doctor_cps3();
    let desk = Desk::with(&[&doctor]).await;
    desk.person().next(cps_sandbox::pinentry::Answer::Cancel).expect("a script");
    assert!(desk.login("card").await.is_err(), "the person closed the prompt");
    desk.login("card").await.expect("a session");
    let application = Application::register(&desk, "dossier").await;
    let page = application.begin().await;
    let Page::Left(back) = application.look(&page).await else { panic!("the session answers at once") };
    application.exchange(&back).await;
    Scene { desk, doctor, application }
}

async fn link(desk: &Desk) -> String {
    desk.control().await.portal(&PortalRequest::default()).await.expect("a link").url
}

/// Opens everything that is folded.
const UNFOLD: &str = "void document.querySelectorAll('details').forEach((part) => { part.open = true; })";

async fn shown(kind: Kind, language: &'static str, dark: bool) {
    let Scene { desk, doctor, application } = scene().await;
    let mut window = Window::open(kind, desk.workstation.folder(), dark).await;
    window.reads(language).await;
    let first = link(&desk).await;
    window.visit(&first).await;
    window.sees("Votre session est ouverte", "Your session is open").await;
    window.is_fit("portal-state").await;
    let page = window.evaluate("location.href").await.as_str().expect("an address").to_owned();
    for (view, french, english) in [
        ("activity", "Connexions par jour", "Logins by day"),
        ("diagnosis", "Vérifié à", "Checked at"),
        ("about", "Conditions d’emploi", "Terms of use"),
    ] {
        window.click(&format!("nav a[href$=\"/{view}\"]")).await;
        window.sees(french, english).await;
        window.evaluate(UNFOLD).await;
        window.is_fit(&format!("portal-{view}")).await;
    }
    // The application is let go by keyboard; the page is there again without it.
    window.visit(&page).await;
    window.sees("Applications connectées", "Connected applications").await;
    window.reaches(if language == "fr" { "Déconnecter" } else { "Disconnect" }).await;
    window.key("Enter").await;
    window.sees("Aucune application n’est connectée", "No application is connected").await;
    assert!(matches!(application.look(&application.begin().await).await, Page::Asked(_)), "by a click alone");
    // The session ends with its card, and the page with the session; without one it follows what happens.
    desk.take(0).await;
    window.says(PAGE_GONE).await;
    window.is_fit("portal-gone").await;
    desk.insert(0, &doctor).await;
    let second = link(&desk).await;
    window.visit(&second).await;
    window.sees("Une carte est présente", "A card is present").await;
    window.evaluate("void (window.kept = true)").await;
    desk.take(0).await;
    window.sees("Personne n’est connecté", "Nobody is logged in").await;
    window.sees("vide", "empty").await;
    assert_eq!(window.evaluate("window.kept").await, true, "{kind:?}: what changes is exchanged, not loaded");
    window.is_fit("portal-nobody").await;
    window.visit(&first).await;
    window.sees("Page fermée", "Page closed").await;
    window.visit(&format!("{}/", desk.agent.issuer())).await;
    window.sees("fonctionne", "is running").await;
    window.is_fit("portal-home").await;
    desk.end().await;
}

/// Each browser in one language, or in both where somebody wants to look at all of it.
async fn in_languages(kind: Kind, usual: &'static str) {
    let all = ["fr", "en"];
    for language in all.into_iter().filter(|language| pictures().is_some() || *language == usual) {
        shown(kind, language, language == "en").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_persons_page_is_fit_to_be_shown_in_chromium() {
    in_languages(Kind::Chromium, "fr").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_persons_page_is_fit_to_be_shown_in_firefox() {
    in_languages(Kind::Firefox, "en").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_persons_page_needs_no_script() {
    let Scene { desk, .. } = scene().await;
    let mut window = Window::without_scripts(Kind::Chromium, desk.workstation.folder()).await;
    window.visit(&link(&desk).await).await;
    window.gets("CAMILLE EXEMPLE0099001").await;
    window.click("#applications button").await;
    window.gets("Aucune application n’est connectée").await;
    window.click("#session button").await;
    window.gets("Vous êtes déconnecté").await;
    assert!(desk.control().await.session().await.expect("an answer").is_none());
    desk.end().await;
}
