//! A person logs in with a real browser: by top-level redirects, with buttons or without, on http and on https.

use crate::{
    browser::{BOTH, Browser, Kind, Wish},
    desk::Desk,
    real_agent::built,
};
use cps_agent_api::words::Client;
use cps_sandbox::{
    browser::Browser as Plain,
    card::cards,
    relying_party::{
        Accepted, Registration, RelyingParty,
        app::{App, Outcome, Place},
    },
};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};
use tokio::sync::mpsc;

/// What the application's page says when it accepted a login.
const WELCOME: &str = "899700990015";

/// An application with a page of its own.
struct Application {
    app: App,
    ended: mpsc::Receiver<Outcome>,
}

impl Application {
    /// Registered for these ways; `authority` is believed where the bridge speaks https.
    async fn open(desk: &Desk, ways: &[&str], authority: Option<&str>) -> Self {
        let place = Place::take().await.expect("a port");
        let client = Client {
            client_id: "dpi".to_owned(),
            name: Some("Dossier patient".to_owned()),
            redirect_uris: vec![place.redirect_uri()],
            ways: ways.iter().map(|way| (*way).to_owned()).collect(),
            ..Client::default()
        };
        desk.control().await.add_client(&client).await.expect("a registration");
        let registration = Registration {
            issuer: desk.agent.issuer().to_owned(),
            client_id: "dpi".to_owned(),
            client_secret: None,
            redirect_uri: place.redirect_uri(),
            scopes: vec!["profile".to_owned()],
            acr_values: None,
        };
        let browser = Plain::new(authority.as_slice()).expect("a client");
        let party = RelyingParty::discover(browser, registration).await.expect("discovered");
        let (outcomes, ended) = mpsc::channel(4);
        Self { app: App::start(place, party, outcomes), ended }
    }

    fn accepted(&mut self) -> Accepted {
        self.ended.try_recv().expect("a login ended").expect("accepted")
    }

    /// The order to a browser: go there by a link, press these, and wait for the welcome.
    fn order(&self, presses: &[&str]) -> Value {
        json!({
            "do": "login", "name": "evil.example", "address": self.app.login(), "presses": presses, "until": WELCOME,
        })
    }
}

async fn browser(desk: &Desk, kind: Kind, public: bool) -> Browser {
    Browser::start(Wish { kind, home: desk.workstation.folder().join("home"), public }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_one_way_a_link_and_a_pin_are_enough() {
    for kind in BOTH {
        let card = cards::doctor_cps3();
        let desk = Desk::with(&[&card]).await;
        let mut application = Application::open(&desk, &["card"], None).await;
        let mut browser = browser(&desk, kind, false).await;
        let end = browser.told(application.order(&[])).await;
        assert_eq!(application.accepted().claims["sub"], WELCOME, "{kind:?}: {end}");
        assert_eq!(desk.questions_after(0).len(), 1, "{kind:?}: one PIN");
        // The second time there is no page and no PIN: the session is there.
        browser.told(application.order(&[])).await;
        assert_eq!(application.accepted().claims["sub"], WELCOME);
        assert_eq!(desk.questions_after(0).len(), 1, "{kind:?}");
        desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_are_several_the_person_presses_one() {
    for kind in BOTH {
        let card = cards::doctor_cps3();
        let desk = Desk::with(&[&card]).await;
        let mut application = Application::open(&desk, &["card", "local"], None).await;
        let mut browser = browser(&desk, kind, false).await;
        let press = "form:has(input[name=way][value=card]) button";
        browser.told(application.order(&[press])).await;
        let accepted = application.accepted();
        assert_eq!((&accepted.claims["sub"], &accepted.claims["acr"]), (&json!(WELCOME), &json!("eidas1")));
        desk.end().await;
    }
}

/// Local Network Access: a page of the Internet needs the person's leave for a request to this machine, and none to send
/// the person here. To be looked at with each release of the browser.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_internet_can_send_the_person_to_the_login_and_nothing_else() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let mut application = Application::open(&desk, &["card"], None).await;
    let mut browser = browser(&desk, Kind::Chromium, true).await;
    browser.told(application.order(&[])).await;
    assert_eq!(application.accepted().claims["sub"], WELCOME);
    let target = format!("{}/v1/status", desk.agent.issuer());
    let read =
        browser.told(json!({ "do": "read", "name": "evil.example", "target": target, "headers": {} })).await;
    assert_eq!(read["status"], Value::Null, "{read}");
    assert!(crate::wire::refusals(&desk).is_empty(), "the browser did not even ask");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_https_a_browser_believes_the_bridge_once_its_store_is_filled() {
    for kind in BOTH {
        let card = cards::doctor_cps3();
        let desk = Desk::configured(&[("bridge", "tls", true.into())], &[&card]).await;
        let home = desk.workstation.folder().join("home");
        let database = home.join(match kind {
            Kind::Chromium => ".pki/nssdb",
            Kind::Firefox => ".mozilla/firefox/test.default-esr",
        });
        fs::create_dir_all(&database).expect("a folder");
        run(Command::new("certutil")
            .arg("-N")
            .arg("--empty-password")
            .arg("-d")
            .arg(format!("sql:{}", database.display())));
        let authority = desk.agent.trusted().await.expect("an authority");
        let status = format!("{}/v1/status", desk.agent.issuer());
        let mut before = browser(&desk, kind, false).await;
        let refused = before.told(json!({ "do": "open", "address": status })).await;
        assert_ne!(refused["status"], 200, "{kind:?} believes it unasked: {refused}");
        before.told(json!({ "do": "close" })).await;
        drop(before);

        install(&desk, &home);
        let mut application = Application::open(&desk, &["card"], Some(&authority)).await;
        let mut after = browser(&desk, kind, false).await;
        let served = after.told(json!({ "do": "open", "address": status })).await;
        assert_eq!(served["status"], 200, "{kind:?}: {served}");
        after.told(application.order(&[])).await;
        assert_eq!(application.accepted().claims["iss"], desk.agent.issuer());
        desk.end().await;
    }
}

/// `cps trust install`, by the person of this home.
fn install(desk: &Desk, home: &Path) {
    let mut cps = Command::new(built("cps"));
    cps.args(["trust", "install", "--no-system", "--socket"])
        .arg(desk.agent.control_socket())
        .env("HOME", home);
    run(&mut cps);
}

fn run(command: &mut Command) {
    let ran = command.stdin(Stdio::null()).output().expect("it runs: tests/run.sh says what is needed");
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
}
