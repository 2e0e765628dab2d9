//! Every page that the bridge shows a person, in every state, in real browsers: fit to be read by everybody, light and
//! dark, wide and narrow, in both languages. With `CPS_PICTURES` naming a folder, pictures are taken.

use crate::{
    application::Application,
    browser::Kind,
    desk::{Desk, program, written},
    window::{Window, pictures},
};
use cps_agent_api::words::Client;
use cps_agent_core::failure::{
    AGENT_SILENT, LOGIN_GONE, LOGOUT_GONE, NO_WAY_LEFT, NOT_FOUND, UNKNOWN_CLIENT,
};
use cps_sandbox::{
    agent::Agent,
    card::{CardHandle, cards},
    pinentry::Answer,
    reader::InProcessReaders,
    upstream::{Endpoint, Fault},
    workstation::{Transport, Workstation},
};
use serde_json::json;
use std::fs;

/// What stands where the application would be: the test takes no code.
const NOBODY: &str = "Nobody is there.";
const DOCTOR: &str = "899700990015";

/// A workstation with two readers, its person's browser, and somebody who has not decided yet.
struct Tour {
    desk: Desk,
    window: Window,
    doctor: CardHandle,
    nurse: CardHandle,
    /// Applications, by their ways.
    all: Application,
    card: Application,
    phone: Application,
}

async fn application(desk: &Desk, id: &str, ways: &[&str]) -> Application {
    let ways = ways.iter().map(|way| (*way).to_owned()).collect();
    Application::registered(desk, Client { ways, ..Application::usual(id) }).await
}

impl Tour {
    async fn begin(kind: Kind, dark: bool) -> Self {
        let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
        let ways = vec!["card", "ecps", "browser", "local"];
        let settings = [("login", "ways", ways.into()), ("upstream", "ciba", true.into())];
        let desk = Desk::configured(&settings, &[&doctor, &nurse]).await;
        desk.take(0).await;
        desk.take(1).await;
        desk.workstation.upstream.handle().interval(1);
        desk.person().always(Answer::Wait).expect("a script");
        let window = Window::open(kind, desk.workstation.folder(), dark).await;
        let all = application(&desk, "all", &["card", "ecps", "browser", "local"]).await;
        let card = application(&desk, "card", &["card"]).await;
        let phone = application(&desk, "phone", &["ecps"]).await;
        Self { desk, window, doctor, nurse, all, card, phone }
    }

    /// The person gives up: the browser is back at the application.
    async fn cancels(&mut self) {
        self.window.click("button[class=plain]").await;
        self.window.shows(NOBODY).await;
    }

    /// Before anything happened, and while a card comes and goes.
    async fn cards_come_and_go(&mut self) {
        let page = self.all.begin().await;
        self.window.visit(page.as_str()).await;
        self.window.sees("Choisissez comment vous connecter", "Choose how to sign in").await;
        self.window.is_fit("choose").await;
        self.desk.readers.stop();
        self.window
            .sees(
                "le service de cartes du poste ne répond pas",
                "the card service of the workstation does not",
            )
            .await;
        self.window.is_fit("choose-no-service").await;
        self.desk.readers.start();
        self.window.sees("vide", "empty").await;
        self.cancels().await;

        let page = self.card.begin().await;
        self.window.visit(page.as_str()).await;
        self.window.sees("Insérez votre carte CPS", "Insert your CPS card").await;
        self.window.is_fit("insert-card").await;
        self.desk.insert(0, &self.doctor).await;
        self.window.sees("Tapez votre code", "Type your PIN").await;
        self.window.sees("3 essais restants", "3 tries left").await;
        self.window.is_fit("type-pin").await;
        self.desk.take(0).await;
        self.window.sees("Réessayez", "Try again").await;
        self.window.is_fit("card-removed").await;
        self.desk.insert(0, &self.doctor).await;
        self.desk.insert(1, &self.nurse).await;
        self.window.click("#way-card button").await;
        self.window.sees("Plusieurs cartes sont présentes", "Several cards are present").await;
        self.window.is_fit("choose-card").await;
        self.desk.person().next(Answer::WrongPin).expect("a script");
        self.window.click(&format!("#card-{} button", self.doctor.serial())).await;
        self.window.sees("2 essais restants", "2 tries left").await;
        self.window.is_fit("wrong-pin").await;
        self.cancels().await;
        self.desk.take(0).await;
    }

    /// What a person cannot mend alone.
    async fn refusals(&mut self) {
        self.nurse.block_pin();
        let page = self.card.begin().await;
        self.window.visit(page.as_str()).await;
        self.window.sees("Le code de la carte est bloqué", "PIN is blocked").await;
        self.window.is_fit("pin-blocked").await;
        self.cancels().await;
        self.desk.take(1).await;

        self.desk.workstation.upstream.handle().set(Fault::Unavailable { at: Endpoint::Discovery });
        self.desk.insert(0, &self.doctor).await;
        let page = self.all.begin().await;
        self.window.visit(page.as_str()).await;
        self.window.click("#way-card button").await;
        self.window.sees("est injoignable ou en panne", "cannot be reached or is out of order").await;
        self.window.is_fit("upstream-down").await;
        self.cancels().await;
        self.desk.workstation.upstream.handle().heal();
        self.desk.take(0).await;

        let nothing = application(&self.desk, "nothing", &["token"]).await;
        let page = nothing.begin().await;
        self.window.visit(page.as_str()).await;
        self.window.says(NO_WAY_LEFT).await;
        self.window.is_fit("no-way").await;
        self.cancels().await;

        let issuer = self.desk.agent.issuer().to_owned();
        self.window.visit(&format!("{issuer}/authorize?client_id=nobody&response_type=code")).await;
        self.window.says(UNKNOWN_CLIENT).await;
        self.window.is_fit("refused").await;
        self.window.visit(&format!("{issuer}/login/an-id-of-nobody")).await;
        self.window.says(LOGIN_GONE).await;
        self.window.is_fit("gone").await;
        self.window.visit(&format!("{issuer}/logout/an-id-of-nobody")).await;
        self.window.says(LOGOUT_GONE).await;
        self.window.visit(&format!("{issuer}/an-address-of-nothing")).await;
        self.window.says(NOT_FOUND).await;
        self.window.is_fit("failed").await;
    }

    /// The login on a phone, and at the upstream's page.
    async fn elsewhere(&mut self) {
        let page = self.phone.begin_with(&[("login_hint", DOCTOR)]).await;
        self.window.visit(page.as_str()).await;
        self.window.sees("attend la personne", "expects the person").await;
        self.window.is_fit("phone").await;
        self.window.click("input[name=identifier]").await;
        self.window.order(json!({ "do": "types", "text": DOCTOR })).await;
        self.window.click("#way-ecps button").await;
        self.window.sees("La demande expire dans", "The request ends in").await;
        let left = "Number(document.querySelector('[role=timer]').textContent)";
        let first = self.window.evaluate(left).await.as_u64().expect("seconds");
        self.window.is_fit("number").await;
        let counted = format!("Number(document.querySelector('[role=timer]').textContent) < {first}");
        self.window.becomes(&counted).await;
        assert!(self.desk.workstation.upstream.handle().phone().deny(), "it rings");
        self.window.sees("Réessayez", "Try again").await;
        self.window.is_fit("phone-denied").await;
        self.cancels().await;

        let page = self.all.begin().await;
        self.window.visit(page.as_str()).await;
        self.window.click("#way-browser button").await;
        self.window.shows("Identifiant national").await;
        // Whoever goes back finds the way there again.
        self.window.visit(page.as_str()).await;
        self.window.sees("Ouvrir cette page", "Open that page").await;
        self.window.is_fit("browse").await;
        self.cancels().await;
    }

    /// What is asked after a login, and at its end.
    async fn sessions(&mut self) {
        self.desk.person().always(Answer::RightPin).expect("a script");
        self.desk.workstation.upstream.handle().set(Fault::Hang { at: Endpoint::Token });
        self.desk.insert(0, &self.doctor).await;
        let page = self.card.begin().await;
        self.window.visit(page.as_str()).await;
        self.window.sees("Connexion en cours", "Signing in").await;
        self.window.is_fit("wait").await;
        self.cancels().await;
        self.desk.workstation.upstream.handle().heal();

        let client = Client { consent: Some("first-use".to_owned()), ..Application::usual("shy") };
        let shy = Application::registered(&self.desk, client).await;
        self.window.visit(shy.begin().await.as_str()).await;
        self.window.sees("Ce logiciel connaîtra", "The application will know").await;
        self.window.is_fit("consent").await;
        self.cancels().await;
        let claims = vec!["SubjectRefPro".to_owned()];
        let client = Client { situation: Some("choose".to_owned()), claims, ..Application::usual("one") };
        let one = Application::registered(&self.desk, client).await;
        self.window.visit(one.begin().await.as_str()).await;
        self.window.sees("Dans quelle situation travaillez-vous", "In which situation do you work").await;
        self.window.is_fit("situation").await;
        self.cancels().await;

        let logout = format!("{}/logout", self.desk.agent.issuer());
        self.window.visit(&logout).await;
        self.window.sees("Voulez-vous vous déconnecter", "Do you want to sign out").await;
        self.window.is_fit("logout").await;
        self.window.click("button[class=plain]").await;
        self.window.sees("toujours connecté", "still signed in").await;
        self.window.is_fit("still-there").await;
        self.window.visit(&logout).await;
        self.window.click("button:not([class])").await;
        self.window.sees("Vous êtes déconnecté", "You are signed out").await;
        self.window.is_fit("logged-out").await;
    }

    /// The agent does not answer for a while.
    async fn silence(&mut self) {
        self.desk.take(0).await;
        let page = self.card.begin().await;
        self.window.visit(page.as_str()).await;
        self.window.sees("Insérez votre carte CPS", "Insert your CPS card").await;
        self.window.order(json!({ "do": "close_passage", "closed": true })).await;
        self.window.says(AGENT_SILENT).await;
        self.window.is_fit("lost").await;
        self.window.order(json!({ "do": "close_passage", "closed": false })).await;
        self.desk.insert(0, &self.doctor).await;
        // The page goes on by itself, to the application.
        self.window.shows(NOBODY).await;
    }
}

/// Every page, in the languages of a browser.
async fn shown(kind: Kind, languages: &[&'static str]) {
    for language in languages {
        let dark = *language == "en";
        let mut tour = Tour::begin(kind, dark).await;
        tour.window.reads(language).await;
        tour.cards_come_and_go().await;
        tour.refusals().await;
        tour.elsewhere().await;
        tour.sessions().await;
        tour.silence().await;
        // A judge that finds nothing has to be one that can: an image that nobody can hear, and words nobody can read.
        tour.window.visit(&format!("{}/login/an-id-of-nobody", tour.desk.agent.issuer())).await;
        let planted = "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"x\">'); \
                       document.querySelector('h1').style.color = 'rgb(128, 128, 128)'; \
                       document.querySelector('h1').style.backgroundColor = 'rgb(140, 140, 140)';";
        tour.window.evaluate(planted).await;
        let faults = tour.window.faults().await;
        assert!(faults.iter().any(|fault| fault.contains("image-alt")), "{faults:?}");
        assert!(faults.iter().any(|fault| fault.contains("color-contrast")), "{faults:?}");
        tour.desk.end().await;
        before_pro_sante_connect(kind, language, dark).await;
    }
}

/// The choice where Pro Santé Connect itself is the upstream. It is not asked: the page alone says who it is.
async fn before_pro_sante_connect(kind: Kind, language: &'static str, dark: bool) {
    let workstation = Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
    let ways = vec!["card", "ecps", "browser", "local"];
    let settings = [("login", "ways", ways.into()), ("upstream", "profile", "psc-bas".into())];
    let file = written(&workstation, &settings);
    let mut table: toml::Table = fs::read_to_string(&file).expect("a file").parse().expect("TOML");
    let upstream = table["upstream"].as_table_mut().expect("a section");
    upstream.retain(|key, _| ["profile", "client_id", "client_auth", "client_secret_file"].contains(&key));
    fs::write(&file, toml::to_string(&table).expect("TOML")).expect("a file");
    let readers = InProcessReaders::with_readers(1);
    let agent = Agent::start(&file, workstation.folder(), readers.clone()).await.expect("an agent");
    let desk = Desk { agent, readers, workstation };
    let all = application(&desk, "all", &["card", "ecps", "browser", "local"]).await;
    let mut window = Window::open(kind, desk.workstation.folder(), dark).await;
    window.reads(language).await;
    window.visit(all.begin().await.as_str()).await;
    window.shows("S’identifier avec Pro Santé Connect").await;
    window.is_fit("pro-sante-connect").await;
    desk.end().await;
}

/// Each browser in one language, or in both where somebody wants to look at all of it.
fn languages(usual: &'static str) -> Vec<&'static str> {
    if pictures().is_some() { vec!["fr", "en"] } else { vec![usual] }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_fit_to_be_shown_in_chromium() {
    shown(Kind::Chromium, &languages("fr")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_fit_to_be_shown_in_firefox() {
    shown(Kind::Firefox, &languages("en")).await;
}
