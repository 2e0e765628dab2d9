//! A workstation with an upstream, and an agent inside this process that uses it.

#[path = "../support/until.rs"]
mod until;

#[allow(unused_imports, reason = "each suite uses its part of it")]
pub use until::{PATIENCE, until};

use cps_agent_api::{
    client::{Agent as Control, ClientError},
    words,
};
use cps_sandbox::{
    agent::Agent,
    card::CardHandle,
    pinentry::{Answer, Person, Question},
    reader::InProcessReaders,
    workstation::{Transport, Workstation},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, Once, PoisonError},
};

/// A workstation and an agent inside this process.
pub struct Desk {
    pub agent: Agent,
    pub readers: InProcessReaders,
    pub workstation: Workstation,
}

impl Desk {
    /// With these cards in the readers, one each.
    pub async fn with(cards: &[&CardHandle]) -> Self {
        Self::configured(&[], cards).await
    }

    /// The same with other settings: section, key and value.
    pub async fn configured(settings: &[(&str, &str, toml::Value)], cards: &[&CardHandle]) -> Self {
        watch_for_panics();
        let workstation =
            Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
        let config = written(&workstation, settings);
        let readers = InProcessReaders::with_readers(cards.len().max(1));
        let agent = Agent::start(&config, workstation.folder(), readers.clone()).await.expect("an agent");
        let desk = Self { agent, readers, workstation };
        for (slot, card) in cards.iter().enumerate() {
            desk.insert(slot, card).await;
        }
        desk
    }

    pub fn person(&self) -> &Person {
        &self.workstation.person
    }

    /// Puts a card in, known to the person, and waits until the agent has read it.
    pub async fn insert(&self, slot: usize, card: &CardHandle) {
        self.person().knows(card).expect("a script");
        self.readers.insert(slot, card);
        let place = self.readers.name(slot);
        self.wait_for("the card", async |control| {
            let cards = control.cards().await.expect("cards");
            cards.into_iter().find(|seen| seen.serial == card.serial() && seen.place == place)
        })
        .await;
    }

    /// Takes the card of a reader out and waits until the agent knows.
    pub async fn take(&self, slot: usize) {
        self.readers.remove(slot);
        let place = self.readers.name(slot);
        self.wait_for("an empty reader", async |control| {
            let readers = control.readers().await.expect("readers");
            readers.iter().any(|reader| reader.name == place && reader.state == "empty").then_some(())
        })
        .await;
    }

    pub async fn control(&self) -> Control {
        self.control_in("fr").await
    }

    pub async fn control_in(&self, language: &str) -> Control {
        Control::connect_to(self.agent.control_socket(), language).await.expect("the control door")
    }

    /// Asks the control door again and again until there is an answer.
    pub async fn wait_for<T>(&self, what: &str, ask: impl AsyncFn(&mut Control) -> Option<T>) -> T {
        let mut control = self.control().await;
        until(what, async || ask(&mut control).await).await
    }

    /// Logs in over the control door.
    pub async fn login(&self, way: &str) -> Result<words::Session, Refusal> {
        refused(self.control().await.login(&login_by(way, None)).await)
    }

    /// The questions since the last call of this kind: how many there were before is the caller's to remember.
    pub fn questions_after(&self, before: usize) -> Vec<Question> {
        self.person().questions().split_off(before)
    }

    /// Stops the agent. Nothing in it may have panicked.
    pub async fn end(self) {
        self.agent.stop().await;
        assert_no_panic();
    }
}

/// The sandbox's program, which is the PIN prompt too.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cps-sandbox"))
}

/// Writes the settings of a workstation with changes, and returns the file.
pub fn written(workstation: &Workstation, settings: &[(&str, &str, toml::Value)]) -> PathBuf {
    let file = workstation.settings(Some(0)).expect("settings");
    let text = fs::read_to_string(&file).expect("a file");
    let mut table: toml::Table = text.parse().expect("TOML");
    let ways = toml::Value::from(vec!["card", "local"]);
    let usual = [("login", "ways", ways), ("local", "allow", "always".into())];
    for (section, key, value) in usual.iter().chain(settings) {
        let section = table.entry(*section).or_insert_with(|| toml::Table::new().into());
        section.as_table_mut().expect("a section").insert((*key).to_owned(), value.clone());
    }
    fs::write(&file, toml::to_string(&table).expect("TOML")).expect("a file");
    file
}

pub fn login_by(way: &str, card: Option<&CardHandle>) -> words::LoginRequest {
    words::LoginRequest {
        way: Some(way.to_owned()),
        card: card.map(|card| card.serial().to_owned()),
        ..Default::default()
    }
}

/// A challenge of a purpose, to whoever is named.
pub fn challenge(purpose: &str) -> words::ChallengeRequest {
    words::ChallengeRequest {
        challenge: "00112233445566778899aabbccddeeff".to_owned(),
        audience: Some("https://verifier.example".to_owned()),
        purpose: Some(purpose.to_owned()),
        card: None,
        screen: words::Screen::default(),
    }
}

/// What the agent says when it refuses.
pub type Refusal = Box<words::Problem>;

/// The problem of a refusal. Anything else than an answer or a refusal is a broken agent.
pub fn refused<T>(answer: Result<T, ClientError>) -> Result<T, Refusal> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(ClientError::Refused(problem)) => {
            assert!(problem.status != 500 && problem.code != "internal", "{problem:?}");
            Err(problem)
        }
        Err(error) => panic!("the agent broke: {error}"),
    }
}

/// The code of a refusal.
pub fn code<T>(answer: Result<T, Refusal>) -> String {
    answer.err().map_or_else(|| "no refusal".to_owned(), |problem| problem.code)
}

/// VERIFY commands that carried something: the others only ask.
pub fn verifications(card: &CardHandle) -> usize {
    card.counters().log().iter().filter(|seen| seen.header[1] == 0x20 && seen.body_length > 1).count()
}

/// What the card counts: tries left of the PIN and of the PUK, and wrong PINs of its life.
pub fn counts(card: &CardHandle) -> (u8, u8, u64) {
    (card.tries_left(), card.puk_tries_left(), card.pin_tries_spent())
}

/// What a card counts that nobody gave a wrong PIN.
pub const UNTOUCHED: (u8, u8, u64) = (3, 3, 0);

/// Answers to the next questions, in this order.
pub fn script(person: &Person, answers: &[Answer]) {
    for answer in answers {
        person.next(answer.clone()).expect("a script");
    }
}

/// Panics of the agent's own threads, which no caller sees.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub fn watch_for_panics() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let ours = ["agent", "readers", "card", "handshake", "soft token", "rsa key"];
            if thread.name().is_some_and(|name| ours.contains(&name)) {
                PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
            }
            before(panic);
        }));
    });
}

pub fn assert_no_panic() {
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(panics.is_empty(), "{panics:#?}");
}
