//! A patient record with a page of its own, which the person's browser visits to log in.

use cps_agent_api::{client::Agent as Control, words::Client};
use cps_sandbox::{
    browser::Browser as Plain,
    relying_party::{
        Accepted, Registration, RelyingParty,
        app::{App, CALLBACK, Outcome, Place},
    },
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// What the application's page says when it accepted a login of the doctor.
pub const WELCOME: &str = "899700990015";

/// An application with a page of its own.
pub struct Application {
    app: App,
    ended: mpsc::Receiver<Outcome>,
}

impl Application {
    /// Registered for these ways; `authority` is believed where the bridge speaks https.
    pub async fn open(
        control: &mut Control,
        issuer: &str,
        id: &str,
        ways: &[&str],
        authority: Option<&str>,
    ) -> Self {
        let place = Place::take().await.expect("a port");
        let client = Client {
            client_id: id.to_owned(),
            name: Some("Dossier patient".to_owned()),
            redirect_uris: vec![place.redirect_uri()],
            ways: ways.iter().map(|way| (*way).to_owned()).collect(),
            ..Client::default()
        };
        control.add_client(&client).await.expect("a registration");
        let registration = Registration {
            issuer: issuer.to_owned(),
            client_id: id.to_owned(),
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

    /// Where a login begins.
    pub fn address(&self) -> String {
        self.app.login()
    }

    /// Where it ends.
    pub fn back(&self) -> String {
        format!("{}{}", self.app.address(), CALLBACK)
    }

    /// The login that ended.
    pub fn accepted(&mut self) -> Accepted {
        self.ended.try_recv().expect("a login ended").expect("accepted")
    }

    /// The order to a browser: go there by a link, press these, and wait for the welcome.
    pub fn order(&self, presses: &[&str]) -> Value {
        json!({
            "do": "login", "name": "evil.example", "address": self.app.login(), "presses": presses, "until": WELCOME,
        })
    }
}
