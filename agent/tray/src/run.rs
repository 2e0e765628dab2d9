//! The loop: what the agent, the bus and the person say, joined into what is shown.

use crate::{
    bus, desktop,
    link::{self, Heard},
    memory::Memory,
    panel::Order,
    state::{self, Command, Facts, Key, Look, Notice, Telling},
    tasks::{self, Done, Question},
    text::{Language, Texts},
};
use cps_agent_api::words::{Card, Event, Problem};
use cps_agent_failure::{self as failure, Failure};
use jiff::{Timestamp, tz::TimeZone};
use std::sync::mpsc::Sender;
use tokio::{
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        watch,
    },
    task::AbortHandle,
};
use zbus::Connection;

/// Everything the loop holds.
struct Tray {
    facts: Facts,
    texts: Texts,
    memory: Memory,
    notifier: crate::notify::Notifier,
    bus: Option<Connection>,
    panel: Sender<Order>,
    language: watch::Sender<Language>,
    done: UnboundedSender<Done>,
    /// The login that was started here.
    login: Option<AbortHandle>,
    /// The failure that was told last, which may come a second time: as an event, and as the answer to our own call.
    told: Option<String>,
}

/// Runs until the person leaves.
pub(crate) async fn run(memory: Memory, panel: Sender<Order>, mut commands: UnboundedReceiver<Command>) {
    let environment = |name: &str| std::env::var(name).ok();
    let chosen = memory.language().unwrap_or_else(|| Language::of_environment(environment));
    let (language, spoken) = watch::channel(chosen);
    let (tell_bus, mut bus_news) = mpsc::unbounded_channel();
    let (tell_agent, mut agent_news) = mpsc::unbounded_channel();
    let (done, mut finished) = mpsc::unbounded_channel();
    tokio::spawn(bus::follow(tell_bus));
    tokio::spawn(link::keep(spoken, tell_agent));
    let mut tray = Tray {
        facts: Facts::default(),
        texts: Texts::of(chosen),
        memory,
        notifier: crate::notify::Notifier::default(),
        bus: None,
        panel,
        language,
        done,
        login: None,
        told: None,
    };
    tray.show();
    loop {
        tokio::select! {
            Some(bus) = bus_news.recv() => tray.meet(bus).await,
            Some(heard) = agent_news.recv() => tray.hear(heard).await,
            Some(done) = finished.recv() => tray.finish(done).await,
            Some(command) = commands.recv() => match command {
                Command::Quit => return,
                command => tray.obey(command).await,
            },
            else => return,
        }
    }
}

/// The time of day of a moment, here.
fn time_of_day(moment: i64) -> String {
    let Ok(moment) = Timestamp::from_second(moment) else { return "?".to_owned() };
    let there = moment.to_zoned(TimeZone::system());
    format!("{:02}:{:02}", there.hour(), there.minute())
}

impl Tray {
    /// Shows the facts as they are.
    fn show(&mut self) {
        self.facts.ours = self.login.is_some();
        let view = self.facts.view(&self.texts, &time_of_day);
        let _ended = self.panel.send(Order::Show(view));
    }

    async fn meet(&mut self, bus: Option<Connection>) {
        let _ended = self.panel.send(Order::Bus(bus.is_some()));
        self.notifier.forget();
        self.bus = bus;
        self.warn_of_ends().await;
    }

    async fn hear(&mut self, heard: Heard) {
        self.take(heard).await;
        self.warn_of_ends().await;
    }

    async fn take(&mut self, heard: Heard) {
        match heard {
            Heard::Link(link) => {
                self.facts.take(link);
                self.show();
            }
            Heard::Pin(serial, pin) => {
                self.facts.pins.insert(serial, pin);
                self.show();
            }
            Heard::Event(event, known) => {
                let before = self.facts.clone();
                self.facts.take(state::Link::Up(known));
                self.facts.heard(&event);
                self.show();
                if self.is_news(&event) {
                    for telling in state::tellings(&event, &before, &self.facts, &self.texts, &time_of_day) {
                        self.tell(telling).await;
                    }
                }
            }
        }
    }

    /// Tells that the certificate of a card is about to end: at each milestone once, not each time it is put in.
    async fn warn_of_ends(&mut self) {
        let warned = |card: &Card| Some((card.serial.clone(), card.warning.clone()?));
        let warnings: Vec<(String, Problem)> = self.facts.cards().filter_map(warned).collect();
        for (serial, problem) in warnings {
            let days = problem.values.get("days").and_then(serde_json::Value::as_i64).unwrap_or(0);
            if self.bus.is_some() && self.memory.is_news_of(&serial, days) {
                self.fail(Key::Card, &problem).await;
            }
        }
    }

    /// Whether an event is to be told: not twice the same failure.
    fn is_news(&mut self, event: &Event) -> bool {
        match (event.topic.as_str(), event.what.as_str(), &event.problem) {
            ("login", "started", _) => {
                self.told = None;
                true
            }
            ("login", "failed", Some(problem)) => self.is_first(problem),
            _ => true,
        }
    }

    fn is_first(&mut self, problem: &Problem) -> bool {
        let again = self.told.as_deref() == Some(&problem.code);
        self.told = Some(problem.code.clone());
        !again
    }

    async fn tell(&mut self, telling: Telling) {
        if let Some(bus) = &self.bus {
            self.notifier.tell(bus, telling).await;
        }
    }

    async fn say(&mut self, key: Key, title: &str, body: String) {
        let look = self.facts.look();
        let notice = Notice { key, title: self.texts.get(title), body, look, urgent: false };
        self.tell(Telling::Show(notice)).await;
    }

    async fn fail(&mut self, key: Key, problem: &Problem) {
        if let Some(notice) = state::failure(key, problem) {
            self.tell(Telling::Show(notice)).await;
        }
    }

    /// The same for what this program found by itself.
    async fn fail_here(&mut self, failure: &Failure) {
        let (language, look) = (self.texts.language.of_table(), Look::Attention);
        let (title, body) = (failure.what(language).into_owned(), failure.next(language).into_owned());
        self.tell(Telling::Show(Notice { key: Key::Agent, title, body, look, urgent: false })).await;
    }

    /// Does what the person chose. What takes its time is a task, and comes back as [`Done`].
    async fn obey(&mut self, command: Command) {
        if self.facts.known().is_none() && !matches!(command, Command::Language(_) | Command::StartAgent) {
            let code = match self.facts.link {
                state::Link::Foreign => failure::AGENT_VERSION,
                _ => failure::AGENT_ABSENT,
            };
            return self.fail_here(&code.into()).await;
        }
        match command {
            Command::LoginByCard(card) => self.log_in(tasks::by_card(&self.facts, card)),
            Command::LoginByEcps => self.log_in(tasks::by("ecps")),
            Command::LoginByBrowser => self.log_in(tasks::by("browser")),
            Command::GiveUp => {
                if let Some(login) = self.login.take() {
                    login.abort();
                }
                self.show();
            }
            Command::Logout => self.ask(Question::LogOut),
            Command::ChangePin(serial) => self.ask(Question::ChangePin(serial)),
            Command::UnblockPin(serial) => self.ask(Question::UnblockPin(serial)),
            Command::Service(id) => {
                let services = self.facts.known().map(|known| known.services.as_slice()).unwrap_or_default();
                let address = services.iter().find(|service| service.id == id).map(|s| s.address.clone());
                if let Some(address) = address {
                    self.open(&address).await;
                }
            }
            Command::Waiting(at) => {
                let waiting = self.facts.known().and_then(|known| known.waiting.get(at));
                if let Some(address) = waiting.map(|page| page.address.clone()) {
                    self.open_unseen(&address).await;
                }
            }
            Command::Page => self.ask(Question::Page),
            Command::Help => self.ask(Question::Help),
            Command::StartAgent => {
                if !desktop::start_agent().await {
                    self.fail_here(&failure::AGENT_NOT_STARTED.into()).await;
                }
            }
            Command::Language(language) => {
                self.memory.choose(language);
                self.texts = Texts::of(language);
                self.language.send_replace(language);
                self.show();
            }
            Command::Quit => {}
        }
    }

    fn ask(&self, question: Question) {
        tasks::ask(question, self.texts.language, self.done.clone());
    }

    fn log_in(&mut self, request: cps_agent_api::words::LoginRequest) {
        self.told = None;
        self.facts.trouble = None;
        self.login = Some(tasks::log_in(request, self.texts.language, self.done.clone()));
        self.show();
    }

    async fn open(&mut self, address: &str) {
        if desktop::open(address).is_err() {
            self.fail_here(&Failure::new(failure::BROWSER_NOT_OPENED).with("address", address)).await;
        }
    }

    /// Opens a page whose address is not for reading.
    async fn open_unseen(&mut self, address: &str) {
        if desktop::open(address).is_err() {
            self.fail_here(&failure::NO_BROWSER.into()).await;
        }
    }

    async fn finish(&mut self, done: Done) {
        match done {
            Done::Login(failed) => {
                self.login = None;
                if let Some(problem) = failed {
                    if self.is_first(&problem) {
                        self.fail(Key::Login, &problem).await;
                    }
                    self.facts.trouble = Some(problem).filter(|problem| problem.code != "pin_cancelled");
                }
                self.show();
            }
            Done::PinChanged => {
                self.over();
                let body = self.texts.get("pin-changed-body");
                self.say(Key::Card, "pin-changed-title", body).await;
            }
            Done::PinUnblocked => {
                self.over();
                let body = self.texts.get("pin-unblocked-body");
                self.say(Key::Card, "pin-unblocked-title", body).await;
            }
            Done::Page(address) => self.open_unseen(&address).await,
            Done::Checked(checks) => self.diagnose(&checks).await,
            Done::Failed(problem) => self.fail(Key::Card, &problem).await,
        }
    }

    /// What was wrong with the PIN is mended.
    fn over(&mut self) {
        self.facts.trouble = None;
        self.show();
    }

    /// The first thing that is wrong, since one thing needs another; or that all is well.
    async fn diagnose(&mut self, checks: &[cps_agent_api::words::Check]) {
        let wrong = checks.iter().find(|check| check.state == "failed");
        let wrong = wrong.or_else(|| checks.iter().find(|check| check.state == "warning"));
        let more = self.texts.get("more");
        let (title, body) = match wrong {
            Some(check) => (check.title.clone(), check.detail.clone().unwrap_or_default()),
            None => (self.texts.get("well-title"), self.texts.get("well-body")),
        };
        let body = format!("{body}\n{more}");
        let notice = Notice { key: Key::Agent, title, body, look: self.facts.look(), urgent: false };
        self.tell(Telling::Show(notice)).await;
    }
}
