//! One agent inside the test, with virtual readers, a scripted person and settings of its own.

pub use crate::desk::PATIENCE;

use crate::{
    desk::{challenge, until},
    moved_clock::MovedClock,
};
use cps_agent::{
    config::{Config, Sources},
    host::{logind::SystemBus, paths::Paths},
    run::{Agent, Services, StartError},
};
use cps_agent_api::{
    client::{Agent as Control, ClientError},
    events::News,
    words,
};
use cps_agent_core::audit::{Head, verify};
use cps_sandbox::{
    browser::{Browser, Choice, program},
    card::CardHandle,
    pinentry::Person,
    pki::Pki,
    reader::InProcessReaders,
    relying_party::{
        Accepted, Registration, RelyingParty,
        app::{App, Outcome, Place},
    },
    upstream::{self, Fault, Upstream},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::mpsc;

/// A workstation, without an upstream unless one is asked for. Fields end in the order of their declaration.
pub struct Scene {
    agent: Option<Agent>,
    upstream: Option<Upstream>,
    pub readers: InProcessReaders,
    pub person: Person,
    settings: Vec<(String, String)>,
    /// The agent's clock.
    pub clock: MovedClock,
    /// The bus of a logind; takes effect at the next start.
    system_bus: Option<SystemBus>,
    folder: tempfile::TempDir,
}

impl Scene {
    /// With these cards, one in each reader.
    pub async fn new(cards: &[&CardHandle]) -> Self {
        Self::with(&[], cards).await
    }

    /// With an upstream that asks for a card.
    pub async fn with_upstream(settings: &[(&str, &str)], cards: &[&CardHandle]) -> Self {
        let upstream = Upstream::start(upstream::Settings::default()).await.expect("an upstream");
        Self::build(Some(upstream), settings, cards).await
    }

    /// At an upstream that was prepared.
    pub async fn at(upstream: Upstream, settings: &[(&str, &str)], cards: &[&CardHandle]) -> Self {
        Self::build(Some(upstream), settings, cards).await
    }

    /// With settings that differ from the usual ones.
    pub async fn with(settings: &[(&str, &str)], cards: &[&CardHandle]) -> Self {
        Self::build(None, settings, cards).await
    }

    async fn build(upstream: Option<Upstream>, settings: &[(&str, &str)], cards: &[&CardHandle]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let person = Person::new(&folder.path().join("person"), Path::new(env!("CARGO_BIN_EXE_cps-sandbox")));
        let trust = folder.path().join("trust");
        fs::create_dir(&trust).expect("a folder");
        for (name, pem) in Pki::test().anchors_pem() {
            fs::write(trust.join(name), pem).expect("an anchor");
        }
        let person = person.expect("a person");
        let path = |path: &Path| path.display().to_string();
        let usual = [
            ("bridge.listen", "127.0.0.1:0".to_owned()),
            ("trust.environment", "test".to_owned()),
            ("trust.anchors", path(&trust)),
            ("local.revocation", "warn".to_owned()),
            ("pin.pinentry", path(&person.program())),
            ("clients.directory", path(&folder.path().join("clients.d"))),
            (
                "login.browser",
                format!(
                    "{},browse,--profile,{}",
                    env!("CARGO_BIN_EXE_cps-sandbox"),
                    path(&folder.path().join("browser"))
                ),
            ),
        ];
        let mut usual = usual.map(|(name, value)| (name.to_owned(), value)).to_vec();
        if let Some(upstream) = &upstream {
            let (ca_file, secret) = (folder.path().join("upstream-ca.pem"), folder.path().join("secret"));
            fs::write(&ca_file, upstream.ca_pem()).expect("an anchor");
            fs::write(&secret, upstream::SECRET).expect("a secret");
            let more = [
                ("upstream.profile", "custom".to_owned()),
                ("upstream.issuer", upstream.issuer().to_owned()),
                ("upstream.client_id", upstream::CLIENT.to_owned()),
                ("upstream.client_auth", "client_secret_basic".to_owned()),
                ("upstream.client_secret_file", path(&secret)),
                ("upstream.ca_file", path(&ca_file)),
                ("upstream.card_login", "true".to_owned()),
            ];
            usual.extend(more.map(|(name, value)| (name.to_owned(), value)));
        }
        let differing = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let readers = InProcessReaders::with_readers(cards.len().max(1));
        let settings = usual.into_iter().chain(differing).collect();
        let mut scene = Self {
            agent: None,
            upstream,
            readers,
            person,
            settings,
            clock: MovedClock::default(),
            system_bus: None,
            folder,
        };
        for (slot, card) in cards.iter().enumerate() {
            scene.insert(slot, card);
        }
        scene.start().await;
        for card in cards {
            scene.until_seen(card).await;
        }
        scene
    }

    /// Starts the agent, again after [`Scene::stop`]. A process that another test is just starting holds a copy of every
    /// open file until it is its own program, the lock of the state too: then a moment later.
    pub async fn start(&mut self) {
        let started = until("the lock of the state", async || match self.started().await {
            Err(StartError::Running(_)) => None,
            other => Some(other),
        });
        self.agent = Some(started.await.expect("the agent starts"));
    }

    async fn started(&self) -> Result<Agent, StartError> {
        let sources = Sources { flags: self.settings.clone(), ..Sources::default() };
        let config = Config::load(&sources).expect("valid settings");
        let services = Services {
            readers: Arc::new(self.readers.clone()),
            clock: Arc::new(self.clock.clone()),
            paths: Paths {
                state: self.folder.path().join("state"),
                runtime: self.folder.path().join("run"),
                control_socket: self.socket(),
                system_bus: self.system_bus.clone(),
                system_journal: None,
            },
        };
        tokio::task::spawn_blocking(|| Agent::start(config, services)).await.expect("no panic")
    }

    /// Starts the agent anew, on this bus.
    pub async fn on_bus(&mut self, bus: SystemBus) {
        self.stop().await;
        self.system_bus = Some(bus);
        self.start().await;
    }

    /// Stops the agent and waits for its end.
    pub async fn stop(&mut self) {
        let agent = self.agent.take();
        tokio::task::spawn_blocking(|| drop(agent)).await.expect("no panic");
    }

    /// Puts a card into a reader; the person knows its PIN.
    pub fn insert(&self, slot: usize, card: &CardHandle) {
        self.person.knows(card).expect("a script");
        self.readers.insert(slot, card);
    }

    /// A file among the trust anchors. Read at the next start.
    pub fn trust(&self, name: &str, content: &[u8]) {
        fs::write(self.folder.path().join("trust").join(name), content).expect("written");
    }

    /// A registration by the administrator. Read at the next start.
    pub fn administers(&self, id: &str, registration: &str) {
        let folder = self.folder.path().join("clients.d");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(format!("{id}.toml")), registration).expect("written");
    }

    /// The upstream's switches and counters.
    pub fn upstream(&self) -> upstream::Handle {
        self.upstream.as_ref().expect("an upstream").handle()
    }

    /// Time passes, here and at the upstream. Its faults are healed.
    pub fn pass(&self, seconds: i64) {
        self.clock.pass(seconds);
        self.upstream().heal();
        self.upstream().set(Fault::Clock { seconds: self.clock.ahead() });
    }

    /// The upstream's ports close.
    pub fn end_upstream(&mut self) {
        self.upstream = None;
    }

    /// The control door.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("run/control.sock")
    }

    pub fn issuer(&self) -> String {
        let agent = self.agent.as_ref().expect("the agent runs");
        agent.listening().issuer.clone().expect("the bridge is open")
    }

    /// The control door, as `cps` uses it.
    pub async fn control(&self) -> Control {
        Control::connect_to(&self.socket(), "en").await.expect("the agent answers")
    }

    /// Asks again and again until there is an answer.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFn(&mut Control) -> Option<T>) -> T {
        let mut control = self.control().await;
        until(what, async || ask(&mut control).await).await
    }

    /// Waits until the agent has read a card.
    pub async fn until_seen(&self, card: &CardHandle) {
        let seen = async |control: &mut Control| {
            control.cards().await.expect("cards").into_iter().find(|seen| seen.serial == card.serial())
        };
        self.until("the card", seen).await;
    }

    /// Waits until no card is there.
    pub async fn until_empty(&self) {
        let empty =
            async |control: &mut Control| control.cards().await.expect("cards").is_empty().then_some(());
        self.until("an empty reader", empty).await;
    }

    /// Waits until the session is locked.
    pub async fn until_locked(&self) {
        let locked = async |control: &mut Control| {
            control.session().await.expect("an answer").filter(|session| session.locked)
        };
        self.until("a locked session", locked).await;
    }

    /// Waits until nobody is logged in.
    pub async fn until_nobody(&self) {
        let nobody =
            async |control: &mut Control| control.session().await.expect("an answer").is_none().then_some(());
        self.until("the end of the session", nobody).await;
    }

    /// Waits until the person sees a question.
    pub async fn until_asked(&self, count: usize) {
        let asked = async |_: &mut Control| (self.person.questions().len() >= count).then_some(());
        self.until("the prompt", asked).await;
    }

    /// Logs in as `cps login` does.
    pub async fn login(&self) -> Result<words::Session, String> {
        self.login_with(&words::LoginRequest::default()).await
    }

    /// Logs in with wishes.
    pub async fn login_with(&self, request: &words::LoginRequest) -> Result<words::Session, String> {
        code(self.control().await.login(request).await)
    }

    /// The live session.
    pub async fn session(&self) -> Option<words::Session> {
        self.control().await.session().await.expect("an answer")
    }

    /// Has a challenge signed as `cps sign` does.
    pub async fn sign(&self, purpose: &str) -> Result<words::ChallengeAnswer, String> {
        code(self.control().await.challenge(&challenge(purpose)).await)
    }

    /// Has a challenge signed by the card that is named.
    pub async fn sign_with(
        &self,
        card: &CardHandle,
        purpose: &str,
    ) -> Result<words::ChallengeAnswer, String> {
        let named = words::ChallengeRequest { card: Some(card.serial().to_owned()), ..challenge(purpose) };
        code(self.control().await.challenge(&named).await)
    }

    /// Lets something happen between the moment a signature's prompt is shown and the person's answer.
    pub async fn sign_while(
        &self,
        purpose: &str,
        meanwhile: impl Future<Output = ()>,
    ) -> Result<words::ChallengeAnswer, String> {
        let mut events = self.control().await.events().await.expect("events");
        let thinking = self.person.thinks().expect("a script");
        let prompted = async {
            loop {
                match events.next().await.expect("an event") {
                    Some(News::Event(event)) if event.topic == "prompt" && event.what == "shown" => break,
                    Some(_) => {}
                    None => panic!("no prompt was shown"),
                }
            }
            meanwhile.await;
            drop(thinking);
        };
        let (signed, ()) = tokio::join!(self.sign(purpose), prompted);
        signed
    }

    /// A browser of a person who makes this choice on the upstream's page.
    pub fn browser(&self, choice: Choice) -> Browser {
        let upstream = self.upstream.as_ref().expect("an upstream");
        Browser::new(&[upstream.ca_pem()]).expect("a browser").choosing(choice)
    }

    /// Says what the person does at the upstream's page, in the browser that the agent opens.
    pub fn browses(&self, choice: &str) {
        let upstream = self.upstream.as_ref().expect("an upstream");
        program::profile(&self.profile(), upstream.ca_pem(), choice).expect("a profile");
    }

    /// The addresses that browser was started with.
    pub fn browser_starts(&self) -> Vec<String> {
        let noted = fs::read_to_string(self.profile().join("starts")).unwrap_or_default();
        noted.lines().map(str::to_owned).collect()
    }

    /// The profile of that browser.
    pub fn profile(&self) -> PathBuf {
        self.folder.path().join("browser")
    }

    /// Registers a public application and opens it.
    pub async fn application(&self, id: &str) -> Application {
        self.application_with(id, |_| {}).await
    }

    /// The same with a registration that differs from the usual one.
    pub async fn application_with(&self, id: &str, differ: impl FnOnce(&mut words::Client)) -> Application {
        self.open(id, Browser::new(&[]).expect("a browser"), differ).await
    }

    /// The same in a browser of its own.
    pub async fn application_in(&self, id: &str, browser: Browser) -> Application {
        self.open(id, browser, |_| {}).await
    }

    async fn open(&self, id: &str, browser: Browser, differ: impl FnOnce(&mut words::Client)) -> Application {
        let place = Place::take().await.expect("a port");
        let mut client = words::Client {
            client_id: id.to_owned(),
            name: Some(format!("Application {id}")),
            redirect_uris: vec![place.redirect_uri()],
            id_token_alg: Some("ES256".to_owned()),
            ..words::Client::default()
        };
        differ(&mut client);
        self.control().await.add_client(&client).await.expect("registered");
        let registration = Registration {
            issuer: self.issuer(),
            client_id: id.to_owned(),
            client_secret: None,
            redirect_uri: place.redirect_uri(),
            scopes: vec!["profile".to_owned()],
            acr_values: None,
        };
        let discover = || RelyingParty::discover(browser.clone(), registration.clone());
        let (pages, party) = (discover().await.expect("discovered"), discover().await.expect("discovered"));
        let (outcomes, ended) = mpsc::channel(1);
        Application { app: App::start(place, pages, outcomes), party, browser, ended }
    }

    /// The folder of the agent's state.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Somebody edits the audit trail.
    pub fn edit_audit(&self, from: &str, to: &str) {
        let path = self.folder.path().join("state/audit/00000000000000000001.jsonl");
        let text = fs::read_to_string(&path).expect("a trail");
        assert!(text.contains(from), "nothing to edit");
        fs::write(path, text.replacen(from, to, 1)).expect("edited");
    }

    /// The audit trail, whose chain must verify.
    pub fn audit(&self) -> Vec<Value> {
        let text =
            fs::read(self.folder.path().join("state/audit/00000000000000000001.jsonl")).expect("a trail");
        let verified = verify(&Head::default(), &text)
            .unwrap_or_else(|broken| panic!("{broken:?}:\n{}", String::from_utf8_lossy(&text)));
        let complete = std::str::from_utf8(&text[..verified.length]).expect("text");
        complete.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// An application of this workstation, and the browser it opens.
pub struct Application {
    app: App,
    /// The same application, for what it does without a browser.
    pub party: RelyingParty,
    browser: Browser,
    ended: mpsc::Receiver<Outcome>,
}

impl Application {
    /// Logs in: the browser goes to the agent and comes back. What the person reads when it does not is the error.
    pub async fn login(&mut self) -> Result<Accepted, String> {
        self.login_wishing("").await
    }

    /// The same with more parameters in the request: a query.
    pub async fn login_wishing(&mut self, wishes: &str) -> Result<Accepted, String> {
        let address = format!("{}?{wishes}", self.app.login());
        let visit = self.browser.open(&address, PATIENCE).await.map_err(|error| error.to_string())?;
        match self.ended.try_recv() {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err(visit.body),
        }
    }

    /// Asks for renewed tokens.
    pub async fn refresh(&self, accepted: &Accepted) -> Result<Accepted, String> {
        self.party.refresh(accepted).await.map_err(|error| error.to_string())
    }
}

/// The failure code of a refusal.
pub fn code<T>(result: Result<T, ClientError>) -> Result<T, String> {
    result.map_err(|error| match error {
        ClientError::Refused(problem) => problem.code,
        other => other.to_string(),
    })
}
