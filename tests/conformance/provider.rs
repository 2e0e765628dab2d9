//! The provider under test: a whole agent in this process that speaks https, with a card in its reader and a person.

pub use crate::until::PATIENCE;

use crate::until::until;
use bytes::Bytes;
use cps_agent::{
    config::{Config, Sources},
    host::{clock::SystemClock, paths::Paths},
    run::{Agent, Services},
};
use cps_agent_api::{client::Agent as Control, words};
use cps_sandbox::{
    browser::Browser,
    card::{CardHandle, cards},
    pinentry::Person,
    pki::Pki,
    reader::InProcessReaders,
};
use hyper::{Method, Request, Response, header};
use serde_json::Value;
use std::{fs, path::Path, sync::Arc};
use url::{Url, form_urlencoded};

/// The provider. Fields end in the order of their declaration.
pub struct Provider {
    agent: Agent,
    pub person: Person,
    pub readers: InProcessReaders,
    _card: CardHandle,
    /// What the discovery document says.
    pub metadata: Value,
    pub issuer: String,
    browser: Browser,
    _folder: tempfile::TempDir,
}

impl Provider {
    /// Starts it. Nobody is logged in.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let person = Person::new(&folder.path().join("person"), Path::new(env!("CARGO_BIN_EXE_cps-sandbox")));
        let person = person.expect("a person");
        let trust = folder.path().join("trust");
        fs::create_dir(&trust).expect("a folder");
        for (name, pem) in Pki::test().anchors_pem() {
            fs::write(trust.join(name), pem).expect("an anchor");
        }
        let text = |path: &Path| path.display().to_string();
        let settings = [
            ("bridge.listen", "127.0.0.1:0".to_owned()),
            ("bridge.tls", "true".to_owned()),
            ("trust.environment", "test".to_owned()),
            ("trust.anchors", text(&trust)),
            ("local.revocation", "warn".to_owned()),
            ("pin.pinentry", text(&person.program())),
            ("clients.directory", text(&folder.path().join("clients.d"))),
        ];
        let flags = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let config = Config::load(&Sources { flags, ..Sources::default() }).expect("valid settings");
        let readers = InProcessReaders::with_readers(1);
        let services = Services {
            readers: Arc::new(readers.clone()),
            clock: Arc::new(SystemClock),
            paths: Paths {
                state: folder.path().join("state"),
                runtime: folder.path().join("run"),
                control_socket: folder.path().join("run/control.sock"),
                system_bus: None,
                system_journal: None,
            },
        };
        let started = tokio::task::spawn_blocking(|| Agent::start(config, services)).await.expect("no panic");
        let agent = started.expect("the agent starts");
        let issuer = agent.listening().issuer.clone().expect("the bridge is open");
        let mut control = connect(&agent).await;
        let authority =
            control.make_authority(words::TrustRequest { renew: false }).await.expect("a certificate");
        let browser = Browser::new(&[&authority.pem]).expect("a browser");

        let card = cards::doctor_cps3();
        person.knows(&card).expect("a script");
        readers.insert(0, &card);
        let metadata = Value::Null;
        let mut provider =
            Self { agent, person, readers, _card: card, metadata, issuer, browser, _folder: folder };
        provider
            .until("the card", async |control| {
                control.cards().await.expect("cards").into_iter().find(|seen| seen.holder.is_some())
            })
            .await;
        let answer = provider.get(&format!("{}/.well-known/openid-configuration", provider.issuer)).await;
        provider.metadata = json(&answer);
        provider
    }

    /// The address of an endpoint, by its member of the discovery document.
    pub fn endpoint(&self, member: &str) -> String {
        self.metadata[member].as_str().unwrap_or_else(|| panic!("no {member}")).to_owned()
    }

    /// The control door.
    pub async fn control(&self) -> Control {
        connect(&self.agent).await
    }

    /// The person logs in without any application.
    pub async fn log_in(&self) -> words::Session {
        self.control().await.login(&words::LoginRequest::default()).await.expect("logged in")
    }

    /// The live session.
    pub async fn session(&self) -> Option<words::Session> {
        self.control().await.session().await.expect("an answer")
    }

    /// Asks again and again until there is an answer.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFn(&mut Control) -> Option<T>) -> T {
        let mut control = self.control().await;
        until(what, async || ask(&mut control).await).await
    }

    /// Opens an address as a browser's navigation does, following nothing.
    pub async fn get(&self, address: &str) -> Response<Bytes> {
        self.fetch(navigation(Request::get(address)).body(Bytes::new())).await
    }

    /// Posts a form as a page of the bridge does.
    pub async fn submit(&self, address: &str, fields: &[(&str, &str)]) -> Response<Bytes> {
        let request = navigation(Request::post(address))
            .header(header::ORIGIN, &self.issuer)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.fetch(request.body(Bytes::from(form(fields)))).await
    }

    /// Posts a form as an application does.
    pub async fn post(&self, address: &str, proof: Option<&str>, fields: &[(&str, &str)]) -> Response<Bytes> {
        let mut request =
            Request::post(address).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(proof) = proof {
            request = request.header(header::AUTHORIZATION, proof);
        }
        self.fetch(request.body(Bytes::from(form(fields)))).await
    }

    /// Sends a request with a bearer token.
    pub async fn bearer(&self, method: Method, address: &str, token: &str) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(address);
        let request = request
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.fetch(request.body(Bytes::new())).await
    }

    async fn fetch(&self, request: Result<Request<Bytes>, hyper::http::Error>) -> Response<Bytes> {
        self.browser.fetch(request.expect("a request")).await.expect("an answer")
    }

    /// Where an answer sends the browser.
    pub fn moved(&self, answer: &Response<Bytes>) -> Option<Url> {
        let location = answer.headers().get(header::LOCATION)?.to_str().ok()?;
        let here = Url::parse(&self.issuer).expect("an issuer");
        Some(here.join(location).expect("an address"))
    }
}

async fn connect(agent: &Agent) -> Control {
    Control::connect_to(&agent.listening().control_socket, "en").await.expect("the agent answers")
}

fn navigation(request: hyper::http::request::Builder) -> hyper::http::request::Builder {
    request
        .header(header::ACCEPT, "text/html")
        .header(header::ACCEPT_LANGUAGE, "en")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document")
        .header("sec-fetch-site", "cross-site")
}

pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The JSON of an answer.
pub fn json(answer: &Response<Bytes>) -> Value {
    let text = String::from_utf8_lossy(answer.body());
    serde_json::from_slice(answer.body()).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The text of an answer.
pub fn body(answer: &Response<Bytes>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}
