//! The scripted desk, and a way to send raw requests to either door.

use crate::serve::{
    around::Around,
    bridge::Bridge,
    connection, control,
    desk::{Caller, Choice, Desk, Door, GatewayCall, LoginPage, Proof, Said, Stream},
    limits::{Refusals, Slots},
    oidc::desk::{LogoutAnswer, OidcDesk},
    problem::Fault,
    visitor::{Process, Searches, Visitor},
};
use cps_agent_api::{pkcs11, words};
use cps_agent_core::{
    failure::{CARD_UNKNOWN, CLIENT_LOCKED, Code, Failure, Language, PIN_WRONG},
    identity::UnixTime,
    oidc::{
        authorize::{Authorize, Parameters},
        pushed::Pushed,
        token::{BearerError, TokenRefusal, TokenRequest, TokenResponse},
    },
    secret::Secret,
};
use http_body_util::{BodyExt as _, Full};
use hyper::Response;
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    sync::broadcast,
};

/// Port of the fake bridge.
pub(crate) const PORT: u16 = 24788;
/// Registered origin.
pub(crate) const DPI: &str = "https://dpi.example";

/// What somebody hostile would be called.
pub(crate) const EVIL: &str = "\"><script>alert('x')</script>&";

/// The scripted desk. Every call that changes something is noted.
#[derive(Debug)]
pub(crate) struct FakeDesk {
    pub(crate) notes: Mutex<Vec<String>>,
    pub(crate) page: Mutex<LoginPage>,
    pub(crate) events: broadcast::Sender<words::Event>,
    pub(crate) revoked: AtomicBool,
    /// The person's page is over.
    pub(crate) over: AtomicBool,
}

/// Notes that a call was given up before it was answered.
struct Waiting<'a>(&'a FakeDesk);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.note("given up");
    }
}

impl Default for FakeDesk {
    fn default() -> Self {
        Self {
            notes: Mutex::default(),
            page: Mutex::new(LoginPage::Gone),
            events: broadcast::channel(4).0,
            revoked: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }
}

impl FakeDesk {
    pub(crate) fn note(&self, note: impl Into<String>) {
        self.notes.lock().unwrap().push(note.into());
    }

    pub(crate) fn noted(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }

    /// Codes of what the doors refused.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let noted = self.noted().into_iter();
        noted.filter_map(|note| Some(note.strip_prefix("refused at Bridge: ")?.to_owned())).collect()
    }

    pub(crate) fn turn_page(&self, page: LoginPage) {
        *self.page.lock().unwrap() = page;
    }
}

impl OidcDesk for FakeDesk {
    fn discovery(&self) -> Arc<str> {
        "{\"issuer\":\"http://127.0.0.1:24788\"}".into()
    }
    async fn jwks(&self) -> Arc<str> {
        "{\"keys\":[]}".into()
    }
    fn authorize(&self, _: &Caller, parameters: Parameters) -> Authorize {
        self.note(format!("authorize {:?}", parameters.0));
        match parameters.0.iter().find(|(name, _)| name == "client_id").map(|(_, value)| value.as_str()) {
            Some("known") => Authorize::Login("t1".to_owned()),
            Some("live") => Authorize::Redirect("https://dpi.example/cb?code=c&iss=i".to_owned()),
            Some("broken") => Authorize::Redirect("https://dpi.example/\r\nset-cookie: a".to_owned()),
            _ => Authorize::Refuse(cps_agent_core::failure::UNKNOWN_CLIENT),
        }
    }
    async fn token(&self, _: &Caller, request: TokenRequest) -> Result<TokenResponse, TokenRefusal> {
        let proof = request.authorization.is_some();
        self.note(format!("token {:?} proof {proof}", request.parameters.0));
        match request.parameters.0.first().map(|(_, value)| value.as_str()) {
            Some("authorization_code") => {
                Ok(TokenResponse(Secret::new("{\"access_token\":\"a\"}".to_owned())))
            }
            _ => Err(TokenRefusal { status: 400, error: "invalid_grant", description: "no" }),
        }
    }
    fn userinfo(&self, _: &Caller, bearer: &str) -> Result<serde_json::Value, BearerError> {
        if bearer == "good" { Ok(serde_json::json!({ "sub": "1" })) } else { Err(BearerError::Invalid) }
    }
    fn push(&self, _: &Caller, _: TokenRequest) -> Result<Pushed, TokenRefusal> {
        Ok(Pushed { request_uri: "urn:ietf:params:oauth:request_uri:r".to_owned(), expires_in: 60 })
    }
    fn backchannel(&self, _: &Caller, _: TokenRequest) -> Result<Secret, TokenRefusal> {
        Ok(Secret::new("{\"auth_req_id\":\"a\"}".to_owned()))
    }
    fn introspect(&self, _: &Caller, _: TokenRequest) -> Result<Map<String, Value>, TokenRefusal> {
        Ok(Map::from_iter([("active".to_owned(), false.into())]))
    }
    fn revoke(&self, _: &Caller, _: TokenRequest) -> Result<(), TokenRefusal> {
        Ok(())
    }
    fn logout(&self, _: &Caller, parameters: Parameters) -> LogoutAnswer {
        match parameters.0.iter().find(|(name, _)| name == "id_token_hint").map(|(_, value)| value.as_str()) {
            Some("good") => LogoutAnswer::Done(Some("https://dpi.example/bye?state=s".to_owned())),
            Some("over") => LogoutAnswer::Done(None),
            _ => LogoutAnswer::Ask("q1".to_owned()),
        }
    }
    fn logout_waits(&self, page: &str) -> bool {
        page == "q1"
    }
    fn answer_logout(&self, _: &Caller, page: &str, yes: bool) -> Option<LogoutAnswer> {
        self.note(format!("logout {page} {yes}"));
        (page == "q1").then_some(LogoutAnswer::Done(None))
    }
    fn page_language(&self, page: &str) -> Option<Language> {
        (page == "english").then_some(Language::English)
    }
}

impl Desk for FakeDesk {
    fn bearer(&self, bearer: &str, scope: &str) -> Result<String, BearerError> {
        if self.revoked.load(Ordering::Relaxed) {
            return Err(BearerError::Invalid);
        }
        match (bearer, scope) {
            ("cards", "cps:cards") | ("sign", "cps:sign") | ("good", "openid") => Ok("dpi".to_owned()),
            ("cards" | "sign" | "good", _) => Err(BearerError::Scope),
            _ => Err(BearerError::Invalid),
        }
    }
    fn approve(&self, _: &Caller, transaction: &str, said: Said) {
        self.note(format!("approve {transaction} {said:?}"));
    }
    fn login_page(&self, _: &Caller, transaction: &str) -> LoginPage {
        if transaction == "t1" { self.page.lock().unwrap().clone() } else { LoginPage::Gone }
    }
    fn login_state(&self, caller: &Caller, transaction: &str) -> LoginPage {
        self.login_page(caller, transaction)
    }
    fn start_login(&self, _: &Caller, transaction: &str, choice: Choice) -> Result<(), Failure> {
        let Choice { way, card, identifier } = choice;
        let identifier = identifier.map(|typed| format!(" {typed}")).unwrap_or_default();
        self.note(format!("start {transaction} {way:?} {card:?}{identifier}"));
        let application = "Dossier".to_owned();
        if card.as_deref() == Some("99999999") {
            return Err(CARD_UNKNOWN.into());
        }
        self.turn_page(LoginPage::Working {
            application,
            way,
            hint: crate::serve::desk::Hint::TypePin,
            around: Around::default(),
        });
        Ok(())
    }
    fn abandon_login(&self, _: &Caller, transaction: &str) {
        self.note(format!("abandon {transaction}"));
    }
    fn now(&self) -> UnixTime {
        UnixTime(1_000)
    }
    fn status(&self, caller: &Caller) -> words::Status {
        words::Status {
            version: "0.1.0".to_owned(),
            protocol: words::PROTOCOL,
            issuer: Some("http://127.0.0.1:24788".to_owned()),
            bridge_problem: None,
            environment: "test".to_owned(),
            profile: "none".to_owned(),
            card_service: true,
            readers: self.readers(),
            cards: self.cards(caller),
            session: self.session(caller),
            ways: vec!["local".to_owned()],
            prompt: Some(words::Prompt { application: "DPI".to_owned(), card: Some("12345678".to_owned()) }),
            problems: vec![words::Problem::of(&CARD_UNKNOWN.into(), caller.language)],
        }
    }
    fn waiting(&self) -> Vec<words::Waiting> {
        let address = "http://127.0.0.1:24788/login/x".to_owned();
        vec![words::Waiting { application: "DPI".to_owned(), what: "situation".to_owned(), address }]
    }
    fn services(&self, _: &Caller) -> Vec<words::Service> {
        vec![words::Service {
            id: "dmp".to_owned(),
            name: "DMP".to_owned(),
            address: "https://www.dmp.fr/".to_owned(),
            access: "psc".to_owned(),
        }]
    }
    fn readers(&self) -> Vec<words::Reader> {
        vec![words::Reader {
            name: "R".to_owned(),
            state: "card".to_owned(),
            serial: Some("12345678".to_owned()),
        }]
    }
    fn cards(&self, caller: &Caller) -> Vec<words::Card> {
        let code = || words::Code { code: "10".to_owned(), label: "Médecin".to_owned() };
        vec![words::Card {
            serial: "12345678".to_owned(),
            kind: "cps3".to_owned(),
            place: "R".to_owned(),
            label: "CPS".to_owned(),
            test: true,
            holder: Some(words::Holder {
                id: "899700000001".to_owned(),
                given_name: Some("ADA".to_owned()),
                family_name: Some("TESTCARTE".to_owned()),
                card_type: Some(code()),
                profession: Some(code()),
                specialities: vec![code()],
            }),
            unlocked: false,
            problem: None,
            warning: Some(words::Problem::of(&CARD_UNKNOWN.into(), caller.language)),
        }]
    }
    async fn certificates(&self, serial: &str) -> Result<Vec<words::CardCertificate>, Failure> {
        if serial == "12345678" { Ok(Vec::new()) } else { Err(CARD_UNKNOWN.into()) }
    }
    async fn pin_state(&self, _: &str) -> Result<words::PinState, Failure> {
        Ok(words::PinState {
            tries_left: Some(3),
            tries_max: Some(3),
            verified: false,
            blocked: false,
            min_length: 4,
            max_length: 4,
            pad: false,
        })
    }
    async fn change_pin(&self, _: &Caller, serial: &str, _: words::PinRequest) -> Result<(), Failure> {
        self.note(format!("change {serial}"));
        Err(Failure::new(PIN_WRONG).with("tries_left", 2))
    }
    async fn unblock_pin(&self, _: &Caller, serial: &str, _: words::PinRequest) -> Result<(), Failure> {
        self.note(format!("unblock {serial}"));
        Ok(())
    }
    async fn challenge(
        &self,
        caller: &Caller,
        request: words::ChallengeRequest,
    ) -> Result<words::ChallengeAnswer, Failure> {
        let places = request.screen.display.into_iter().chain(request.screen.tty).collect::<Vec<_>>();
        self.note(format!("challenge {} for {:?} at {places:?}", request.challenge, caller.client));
        Ok(words::ChallengeAnswer { jws: "a.b.c".to_owned(), card: "12345678".to_owned() })
    }
    fn session(&self, _: &Caller) -> Option<words::Session> {
        Some(words::Session {
            sid: "s".to_owned(),
            sub: "899700000001".to_owned(),
            name: "ADA TESTCARTE".to_owned(),
            way: "card".to_owned(),
            acr: "eidas1".to_owned(),
            amr: vec!["sc".to_owned()],
            psc_auth_mode: Some("CARD".to_owned()),
            idp: None,
            card: Some("12345678".to_owned()),
            auth_time: 1,
            expires: 2,
            locked: false,
            clients: Vec::new(),
        })
    }
    async fn end_session(&self, caller: &Caller) -> bool {
        self.note(format!("end for {:?}", caller.client));
        caller.door == Door::Bridge
    }
    async fn login(&self, caller: &Caller, request: words::LoginRequest) -> Result<words::Session, Failure> {
        self.note(format!("login by {:?}", caller.pid));
        if request.way.as_deref() == Some("slow") {
            let _waiting = Waiting(self);
            std::future::pending::<()>().await;
        }
        self.session(caller).ok_or_else(|| CARD_UNKNOWN.into())
    }
    fn login_progress(&self) -> Option<words::LoginProgress> {
        None
    }
    fn events(&self) -> broadcast::Receiver<words::Event> {
        self.events.subscribe()
    }
    fn clients(&self) -> Vec<words::Client> {
        Vec::new()
    }
    fn add_client(&self, _: &Caller, client: words::Client) -> Result<words::ClientRegistered, Failure> {
        Ok(words::ClientRegistered {
            client_id: client.client_id,
            client_secret: Some("once".to_owned()),
            issuer: None,
            gateways: Vec::new(),
        })
    }
    fn remove_client(&self, _: &Caller, id: &str) -> Result<(), Failure> {
        if id == "mine" { Ok(()) } else { Err(CLIENT_LOCKED.into()) }
    }
    fn tokens(&self) -> Vec<words::Card> {
        Vec::new()
    }
    async fn add_token(
        &self,
        _: &Caller,
        request: words::TokenRequest,
    ) -> Result<words::TokenAnswer, Failure> {
        Ok(words::TokenAnswer { serial: None, file: request.name, authority: None, csr: None })
    }
    fn module_tokens(&self) -> pkcs11::Tokens {
        pkcs11::Tokens { generation: 1, slots: Vec::new() }
    }
    async fn module_signs(
        &self,
        caller: &Caller,
        request: pkcs11::SignRequest,
    ) -> Result<pkcs11::SignAnswer, Failure> {
        self.note(format!("sign {} for {:?}", request.serial, caller.program));
        Ok(pkcs11::SignAnswer { signature: request.data })
    }
    async fn module_deciphers(
        &self,
        caller: &Caller,
        request: pkcs11::DecryptRequest,
    ) -> Result<pkcs11::DecryptAnswer, Failure> {
        self.note(format!("decipher {} for {:?}", request.serial, caller.program));
        Ok(pkcs11::DecryptAnswer { plaintext: request.data.0.into() })
    }
    async fn check_audit(&self) -> Result<words::AuditCheck, Failure> {
        Ok(words::AuditCheck { lines: 1, hash: "00".to_owned(), files: 1, aside: Vec::new() })
    }
    async fn diagnosis(&self, _: &Caller) -> words::Diagnosis {
        words::Diagnosis { checks: Vec::new() }
    }
    fn authority(&self) -> Option<words::Authority> {
        Some(words::Authority {
            sha256: "00".to_owned(),
            pem: "-----BEGIN CERTIFICATE-----".to_owned(),
            file: "/state/bridge-authority.pem".to_owned(),
            not_before: 1,
            not_after: 2,
            in_use: true,
        })
    }
    fn make_authority(&self, _: &Caller, request: words::TrustRequest) -> Result<words::Authority, Failure> {
        self.note(format!("authority, renewed: {}", request.renew));
        self.authority().ok_or_else(|| CARD_UNKNOWN.into())
    }
    fn remove_authority(&self, _: &Caller) -> Result<(), Failure> {
        self.note("no authority");
        Ok(())
    }
    async fn carry(&self, caller: &Caller, call: GatewayCall) -> Result<Response<Stream>, Fault> {
        let bytes = call.request.into_body().collect().await.map_or(0, |body| body.to_bytes().len());
        let proof = match call.proof {
            Proof::Token(Some(_)) => "token",
            Proof::Token(None) => return Err(Fault::Bearer(BearerError::Missing, "cps:gateway:x".into())),
            Proof::Secret(_) => "secret",
        };
        self.note(format!("carry {} {proof} {} {bytes} {:?}", call.name, call.rest, caller.client));
        Ok(Response::new(Full::new("carried".into()).map_err(|never| match never {}).boxed_unsync()))
    }
    fn origin_allowed(&self, origin: &str) -> bool {
        origin == DPI
    }
    fn refused_at_door(&self, door: Door, failure: Code, _: Option<&str>) {
        self.note(format!("refused at {door:?}: {failure}"));
    }
}

/// A bridge in front of a desk, without a socket.
pub(crate) fn bridge(desk: &Arc<FakeDesk>) -> Arc<Bridge<FakeDesk>> {
    Arc::new(Bridge {
        port: PORT,
        tls: None,
        desk: Arc::clone(desk),
        slots: Slots::new(8, 8),
        strangers: Slots::new(1, 1),
        searches: Searches::default(),
        refusals: Refusals::default(),
        followers: Slots::new(3, 2),
    })
}

/// A program of our own user.
pub(crate) fn neighbour() -> Visitor {
    Visitor::known(Process::called(4242, "/usr/bin/dpi"))
}

/// Opens a connection to a bridge of its own and leaves it open.
pub(crate) fn dial(desk: &Arc<FakeDesk>, visitor: Visitor) -> DuplexStream {
    dial_at(&bridge(desk), visitor)
}

/// Opens a connection to a bridge and leaves it open.
pub(crate) fn dial_at(bridge: &Arc<Bridge<FakeDesk>>, visitor: Visitor) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(1024);
    let bridge = Arc::clone(bridge);
    tokio::spawn(async move { connection::serve(theirs, |request| bridge.answer(&visitor, request)).await });
    ours
}

/// Opens a connection to the control door and leaves it open.
pub(crate) fn dial_control(desk: &Arc<FakeDesk>) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(1024);
    let desk = Arc::clone(desk);
    tokio::spawn(async move {
        connection::serve(theirs, |request| {
            let process = Process::called(4242, "/usr/bin/cps");
            let desk = Arc::clone(&desk);
            async move { control::answer(&desk, &process, request).await }
        })
        .await;
    });
    ours
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    /// A header, empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }
}

/// Sends bytes and reads everything until the door hangs up.
pub(crate) async fn say(mut stream: DuplexStream, bytes: &[u8]) -> String {
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    let mut answer = Vec::new();
    // The door may hang up before it has read everything: that is an answer too.
    let (_, read) = tokio::join!(writer.write_all(bytes), reader.read_to_end(&mut answer));
    read.unwrap();
    String::from_utf8(answer).unwrap()
}

/// Sends one request (lines without line ends, a blank line before the body) and takes the answer apart.
pub(crate) async fn ask(desk: &Arc<FakeDesk>, request: &str) -> Answer {
    ask_as(desk, neighbour(), request).await
}

/// The same for another visitor.
pub(crate) async fn ask_as(desk: &Arc<FakeDesk>, visitor: Visitor, request: &str) -> Answer {
    parse(&say(dial(desk, visitor), wire(request, &format!("Host: 127.0.0.1:{PORT}")).as_bytes()).await)
}

/// The same at the control door.
pub(crate) async fn ask_control(desk: &Arc<FakeDesk>, request: &str) -> Answer {
    parse(&say(dial_control(desk), wire(request, "cps-agent-protocol: 1").as_bytes()).await)
}

/// Completes a request: the method and path line first, `extra` unless the test brings its own, and a length.
fn wire(request: &str, extra: &str) -> String {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let mut lines: Vec<String> = head.lines().map(str::to_owned).collect();
    lines[0].push_str(" HTTP/1.1");
    let name = extra.split(':').next().unwrap().to_ascii_lowercase();
    if !lines.iter().any(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:"))) {
        lines.push(extra.to_owned());
    }
    if !body.is_empty() && !head.contains("Transfer-Encoding") && !head.contains("Content-Length") {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    lines.push("Connection: close".to_owned());
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

pub(crate) fn parse(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HashMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let before = headers.insert(name.to_ascii_lowercase(), value.to_owned());
        assert!(before.is_none() || name.eq_ignore_ascii_case("vary"), "{name} twice in {head}");
    }
    Answer { status, headers, body: body.to_owned() }
}
