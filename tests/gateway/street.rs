//! A workstation whose agent leads to a service behind mutual TLS, and a program that calls it.

use crate::{
    application::{Application, Tokens},
    desk::{Desk, until},
    wire::{self, Answer},
};
use bytes::Bytes;
use cps_agent_api::words;
use cps_sandbox::{
    browser::Browser,
    card::{CardHandle, cards},
    service::{Service, Settings},
};
use hyper::{Request, Response};
use serde_json::Value;
use std::{fs, net::SocketAddr};

/// Name of the gateway.
pub const NAME: &str = "service";

/// A desk, a service, and a gateway between them. Fields end in the order of their declaration.
pub struct Street {
    pub desk: Desk,
    pub service: Service,
    /// The secret address of the program `logiciel`.
    pub secret: String,
    program: Browser,
}

impl Street {
    /// With a doctor's CPS3 that is logged in.
    pub async fn open() -> Self {
        let street = Self::to(Settings::default(), &[&cards::doctor_cps3()], |_| {}).await;
        street.log_in().await;
        street
    }

    /// With these cards, and settings of the gateway that differ. Nobody is logged in.
    pub async fn to(
        settings: Settings,
        cards: &[&CardHandle],
        differ: impl FnOnce(&mut toml::Table),
    ) -> Self {
        Self::configured(settings, cards, &[], |gateway, _| differ(gateway)).await
    }

    /// The same with other settings of the agent; the service is there when the gateway is written.
    pub async fn configured(
        settings: Settings,
        cards: &[&CardHandle],
        others: &[(&str, &str, toml::Value)],
        differ: impl FnOnce(&mut toml::Table, &Service),
    ) -> Self {
        let service = Service::start(settings).await.expect("a service");
        let folder = tempfile::tempdir().expect("a folder").keep();
        let anchors = folder.join("service-ca.pem");
        fs::write(&anchors, service.ca_pem()).expect("written");
        let mut gateway = toml::toml! {
            credential = "card"
            path = "/base"
            timeout = "20s"
        };
        gateway.insert("origin".to_owned(), service.origin().into());
        gateway.insert("anchors".to_owned(), vec![anchors.display().to_string()].into());
        differ(&mut gateway, &service);
        let gateway = ("gateway", NAME, toml::Value::from(gateway));
        let all: Vec<_> = others.iter().cloned().chain([gateway]).collect();
        let desk = Desk::configured(&all, cards).await;
        let secret = registered(&desk, "logiciel").await;
        let program = Browser::new(&[]).expect("a program");
        Self { desk, service, secret, program }
    }

    /// Logs the card in, without the upstream.
    pub async fn log_in(&self) {
        self.desk.login("local").await.expect("a login");
    }

    /// Asks for a path of the service, by the program's secret address.
    pub async fn ask(&self, path: &str) -> Response<Bytes> {
        self.send(Request::get(self.address(path)).body(Bytes::new()).expect("a request")).await
    }

    /// The whole address of a path.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.secret)
    }

    /// Sends a request of a program: nothing is added that browsers add.
    pub async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.program.fetch(request).await.expect("an answer")
    }

    /// What the service saw of a request.
    pub async fn echo(&self, path: &str) -> Value {
        echoed(&self.ask(path).await)
    }

    /// The code of the refusal that a path has now.
    pub async fn refusal(&self, path: &str) -> (u16, String) {
        refused(&self.ask(path).await)
    }

    /// An application that asks for access tokens of this scope.
    pub async fn application(&self, id: &str, scope: &str) -> (Application, Tokens) {
        let mut client = Application::usual(id);
        client.scopes.push(scope.to_owned());
        client.scopes.dedup();
        self.desk.control().await.add_client(&client).await.expect("a registration");
        let application = Application::known(&self.desk, id, &format!("openid {scope}"));
        let tokens = application.log_in().await;
        (application, tokens)
    }

    /// A request with an access token.
    pub async fn with_token(&self, token: &str, path: &str) -> Response<Bytes> {
        let address = format!("{}/gateway/{NAME}/{path}", self.desk.agent.issuer());
        let request = Request::get(address).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Bytes::new()).expect("a request")).await
    }

    /// Sends a raw request and takes the answer apart, see [`wire::complete`].
    pub async fn raw(&self, request: &str) -> Answer {
        let address = self.socket();
        Answer::parse(&wire::say(address, wire::complete(request, address)).await)
    }

    /// Where the bridge listens.
    pub fn socket(&self) -> SocketAddr {
        wire::address(self.desk.agent.issuer())
    }

    /// The path of the program's secret address.
    pub fn path(&self) -> String {
        url::Url::parse(&self.secret).expect("an address").path().to_owned()
    }

    /// Waits until the service has no connection any more.
    pub async fn until_cut(&self) {
        let counts = self.service.counts();
        until("the connections are cut", async || (counts.open() == 0).then_some(())).await;
    }

    /// Lines of the audit trail about this gateway.
    pub fn trail(&self) -> Vec<Value> {
        let folder = self.desk.workstation.folder().join("state/audit");
        let mut files: Vec<_> =
            fs::read_dir(folder).expect("a trail").map(|entry| entry.expect("an entry").path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
        files.sort();
        let text: String = files.iter().map(|file| fs::read_to_string(file).expect("a trail")).collect();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.filter(|line| line.get("gateway").is_some()).collect()
    }
}

/// Registers a program without redirects, and returns its secret address.
pub async fn registered(desk: &Desk, id: &str) -> String {
    let client = words::Client {
        client_id: id.to_owned(),
        name: Some("Logiciel".to_owned()),
        gateways: vec![NAME.to_owned()],
        ..words::Client::default()
    };
    let registered = desk.control().await.add_client(&client).await.expect("a registration");
    registered.gateways.first().expect("a secret address").clone()
}

/// The service's own account of a request that it got.
pub fn echoed(answer: &Response<Bytes>) -> Value {
    let text = String::from_utf8_lossy(answer.body());
    assert_eq!(answer.status(), 200, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

/// Status and code of a refusal of the agent.
pub fn refused(answer: &Response<Bytes>) -> (u16, String) {
    let text = String::from_utf8_lossy(answer.body());
    let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no problem: {text}"));
    let kind = answer.headers()["content-type"].to_str().expect("text");
    assert_eq!(kind, "application/problem+json");
    (answer.status().as_u16(), problem["code"].as_str().expect("a code").to_owned())
}

/// Signatures that a card made: INTERNAL AUTHENTICATE of a CPS3, PSO COMPUTE DIGITAL SIGNATURE of a CPS4.
pub fn signatures(card: &CardHandle) -> usize {
    let signs = |header: &[u8]| header[1] == 0x88 || header[1..3] == [0x2A, 0x9E];
    card.counters().log().iter().filter(|seen| signs(&seen.header)).count()
}
