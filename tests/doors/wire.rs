//! Raw requests to the bridge of a running agent, and a workstation whose bridge they go to.

use crate::{
    application::{Application, Tokens},
    desk::Desk,
};
use cps_agent_api::words;
use cps_sandbox::card::{CardHandle, cards};
use serde_json::Value;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};
use url::Url;

/// How long the agent may take to answer on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The origin of a registered web application.
pub const REGISTERED: &str = "http://localhost:4998";
/// A web page nobody registered.
pub const FOREIGN: &str = "https://evil.example";

/// A workstation with a doctor's card, a registered application that may do everything, and somebody logged in.
pub struct House {
    pub desk: Desk,
    pub application: Application,
    pub tokens: Tokens,
    pub card: CardHandle,
    pub address: SocketAddr,
}

impl House {
    /// Somebody is logged in.
    pub async fn with_session() -> Self {
        let card = cards::doctor_cps3();
        let desk = Desk::with(&[&card]).await;
        let client = words::Client {
            client_id: "page".to_owned(),
            redirect_uris: vec![format!("{REGISTERED}/callback")],
            origins: vec![REGISTERED.to_owned()],
            ..words::Client::default()
        };
        desk.control().await.add_client(&client).await.expect("a registration");
        let application = Application::register(&desk, "dossier").await;
        let tokens = application.log_in().await;
        let address = address(desk.agent.issuer());
        Self { desk, application, tokens, card, address }
    }

    /// Sends one request and takes the answer apart. The first line lacks its version; `Host` and the length of the body
    /// are added when they are missing, and the connection is to be closed.
    pub async fn ask(&self, request: &str) -> Answer {
        Answer::parse(&self.say(&complete(request, self.address)).await)
    }

    /// Sends bytes and reads everything until the door hangs up.
    pub async fn say(&self, bytes: &str) -> String {
        say(self.address, bytes.to_owned()).await
    }

    /// The path of a login page that waits: an application wants the person to log in again.
    pub async fn waiting_page(&self) -> String {
        let challenge = "A".repeat(43);
        let request = format!(
            "GET /authorize?response_type=code&client_id=dossier&redirect_uri=http://127.0.0.1:4999/callback\
             &scope=openid&state=TEST-state&nonce=TEST-nonce&code_challenge={challenge}\
             &code_challenge_method=S256&prompt=login"
        );
        let answer = self.ask(&request).await;
        let path = answer.header("location").to_owned();
        assert!(path.starts_with("/login/"), "{}: {path}", answer.status);
        path
    }

    /// Nothing that was tried had any effect: the person is still logged in, the application's tokens live, and the card
    /// signed nothing more.
    pub async fn is_untouched(&self, signatures: usize) {
        let session = self.desk.control().await.session().await.expect("an answer");
        assert!(session.is_some_and(|session| !session.locked), "the session was touched");
        assert!(self.application.userinfo(&self.tokens).await.is_ok(), "the tokens were touched");
        assert_eq!(self.signatures(), signatures, "the card signed something");
    }

    /// Signatures the card has made.
    pub fn signatures(&self) -> usize {
        self.card.counters().log().iter().filter(|seen| seen.header[1] == 0x88).count()
    }

    /// Codes of the refusals of the doors in the audit trail, in order.
    pub fn refusals(&self) -> Vec<String> {
        refusals(&self.desk)
    }
}

/// Codes of the refusals of the doors in the audit trail of an agent, in order.
pub fn refusals(desk: &Desk) -> Vec<String> {
    let machines = fs::read_dir(desk.workstation.folder().join("state/audit")).expect("a trail");
    let mut files: Vec<_> = machines.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let text: String = files.iter().map(|file| fs::read_to_string(file).expect("a trail")).collect();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let refused = lines.filter(|line| line["event"] == "door_refused");
    refused.map(|line| line["code"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Where an issuer listens.
pub fn address(issuer: &str) -> SocketAddr {
    let port = Url::parse(issuer).expect("an address").port().expect("a port");
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Sends bytes and reads everything until the door hangs up.
pub async fn say(address: SocketAddr, bytes: String) -> String {
    let said = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        // The door may hang up before it has read everything: that is an answer too.
        let _ = stream.write_all(bytes.as_bytes());
        let mut answer = Vec::new();
        let mut part = [0; 4096];
        loop {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => return String::from_utf8_lossy(&answer).into_owned(),
                Ok(length) => answer.extend_from_slice(&part[..length]),
            }
        }
    });
    said.await.expect("no panic")
}

/// Completes a request, see [`House::ask`].
pub fn complete(request: &str, address: SocketAddr) -> String {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    lines[0].push_str(" HTTP/1.1");
    let has = |lines: &[String], name: &str| {
        lines.iter().skip(1).any(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))
    };
    if !has(&lines, "host") {
        lines.insert(1, format!("Host: {address}"));
    }
    if !body.is_empty() && !has(&lines, "content-length") && !has(&lines, "transfer-encoding") {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    if !has(&lines, "connection") {
        lines.push("Connection: close".to_owned());
    }
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// The first answer in what the door said.
    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status: status.expect("a status"), headers, body: body.to_owned() }
    }

    /// A header, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    /// The page learns nothing: a standard status and its standard word, and no permission to read even that.
    pub fn tells_nothing(&self, what: &str) {
        assert_eq!(self.header("access-control-allow-origin"), "", "{what}");
        assert_eq!(self.header("access-control-allow-private-network"), "", "{what}");
        let body = self.json();
        let members: Vec<_> = body.as_object().expect("a problem").keys().map(String::as_str).collect();
        assert_eq!(members, ["code", "status", "title", "type"], "{what}: {body}");
        assert_eq!(body["type"], "about:blank", "{what}");
    }
}
