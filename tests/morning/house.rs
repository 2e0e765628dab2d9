//! The practice: pcscd, upstream, agent, icon, desktop and applications, and the person who looks at all of them.

use crate::{
    desk::{program, until, written},
    desktop::Notifications,
    private_bus::Bus,
    real_agent::RealAgent,
    seen,
    stand_in_logind::{Known, Logind},
    tray::Tray,
    window::Window,
};
use cps_agent_api::words;
use cps_sandbox::{
    browser::Browser,
    card::CardHandle,
    pinentry::{Answer, Person, Question},
    reader::PcscDaemon,
    relying_party::{
        Accepted, Registration, RelyingParty,
        app::{App, Outcome, Place},
    },
    upstream,
    workstation::{Transport, Workstation},
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;

/// Settings besides the sandbox's: section, key and value.
pub type Settings<'a> = &'a [(&'a str, &'a str, toml::Value)];

/// Everything that runs. Fields end in the order of their declaration.
pub struct House {
    story: String,
    pub tray: Tray,
    notes: Notifications,
    agent: RealAgent,
    pub logind: Logind,
    daemon: PcscDaemon,
    workstation: Workstation,
    applications: Vec<Application>,
    pub window: Window,
    /// What was seen at earlier steps: prompts, notifications.
    told: (usize, usize),
    /// What applications got since the last step.
    got: Vec<String>,
    /// How far the agent's clock is ahead of the system's.
    clock: PathBuf,
    _bus: Bus,
    _system: Bus,
}

/// An application of the workstation.
struct Application {
    name: String,
    app: App,
    party: RelyingParty,
    ended: mpsc::Receiver<Outcome>,
    accepted: Option<Accepted>,
}

impl House {
    /// Opens in the morning, readers empty. The story names the folder of its files.
    pub async fn open(story: &str, settings: Settings<'_>) -> Self {
        let workstation =
            Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
        let daemon = PcscDaemon::start().expect("pcscd with vsmartcard-vpcd: tests/run.sh installs them");
        let config = written(&workstation, settings);
        let (bus, system) = (Bus::start(), Bus::start());
        let logind = Logind::start(&system, Known::Identifier).await;
        let clock = workstation.folder().join("clock");
        fs::write(&clock, "+0").expect("written");
        let (socket, address) = (daemon.socket(), PathBuf::from(system.address()));
        let environment: [(&str, &Path); 9] = [
            ("PCSCLITE_CSOCK_NAME", &socket),
            ("DBUS_SYSTEM_BUS_ADDRESS", &address),
            ("XDG_SESSION_ID", Path::new("1")),
            ("LC_ALL", Path::new("fr_FR.UTF-8")),
            // The clock of the agent alone, which tests move; what measures durations stays as it is.
            ("LD_PRELOAD", &faketime()),
            ("FAKETIME_TIMESTAMP_FILE", &clock),
            ("FAKETIME_NO_CACHE", Path::new("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", Path::new("1")),
            ("DONT_FAKE_MONOTONIC", Path::new("1")),
        ];
        let agent = RealAgent::start(workstation.folder(), &config, &environment).await;
        let control = workstation.folder().join("run/cps-agent/control.sock");
        let notes = Notifications::on(&bus).await;
        let tray = Tray::start(&bus, &control).await;
        tray.until_says("Aide et diagnostic").await;
        let window = Window::new();
        let (applications, got, told) = (Vec::new(), Vec::new(), (0, 0));
        Self {
            story: story.to_owned(),
            tray,
            notes,
            agent,
            logind,
            daemon,
            workstation,
            applications,
            window,
            told,
            got,
            clock,
            _bus: bus,
            _system: system,
        }
    }

    pub fn person(&self) -> &Person {
        &self.workstation.person
    }

    pub fn upstream(&self) -> upstream::Handle {
        self.workstation.upstream.handle()
    }

    /// Answers to the next prompts.
    pub fn answers(&self, answers: &[Answer]) {
        for answer in answers {
            self.person().next(answer.clone()).expect("a script");
        }
    }

    /// Puts a card in; its person knows the PIN.
    pub fn insert(&self, card: &CardHandle) {
        self.person().knows(card).expect("a script");
        self.daemon.insert(0, card).expect("a slot");
    }

    pub fn take(&self) {
        self.daemon.remove(0);
    }

    /// Time passes for the agent and at the upstream.
    pub fn pass(&self, seconds: u64) {
        fs::write(&self.clock, format!("+{seconds}")).expect("written");
        let seconds = i64::try_from(seconds).expect("a few");
        self.upstream().set(upstream::Fault::Clock { seconds });
    }

    /// Registers an application, as the administrator did once.
    pub async fn application(&mut self, id: &str, name: &str) {
        let place = Place::take().await.expect("a port");
        let client = words::Client {
            client_id: id.to_owned(),
            name: Some(name.to_owned()),
            redirect_uris: vec![place.redirect_uri()],
            id_token_alg: Some("ES256".to_owned()),
            ..words::Client::default()
        };
        let mut control = self.agent.control().await.expect("the control door");
        let registered = control.add_client(&client).await.expect("registered");
        let registration = Registration {
            issuer: registered.issuer.expect("the bridge is open"),
            client_id: id.to_owned(),
            client_secret: None,
            redirect_uri: place.redirect_uri(),
            scopes: vec!["profile".to_owned()],
            acr_values: None,
        };
        let browser = Browser::new(&[]).expect("a browser");
        let discover = || RelyingParty::discover(browser.clone(), registration.clone());
        let (pages, party) = (discover().await.expect("discovered"), discover().await.expect("discovered"));
        let (outcomes, ended) = mpsc::channel(1);
        let app = App::start(place, pages, outcomes);
        self.applications.push(Application { name: name.to_owned(), app, party, ended, accepted: None });
    }

    /// The person opens an application, which sends the browser to the agent.
    pub async fn enter(&mut self, application: usize) {
        let address = self.applications[application].app.login();
        self.window.open(&address).await;
    }

    /// Opens an application and waits until it has somebody.
    pub async fn enter_at_once(&mut self, application: usize) {
        self.enter(application).await;
        until("the application's answer", async || {
            self.window.look().await;
            self.gather();
            self.applications[application].accepted.as_ref().map(drop)
        })
        .await;
    }

    /// An application renews what it got.
    pub async fn renew(&mut self, application: usize) {
        let one = &mut self.applications[application];
        let held = one.accepted.clone().expect("it has somebody");
        let line = match one.party.refresh(&held).await {
            Ok(accepted) => {
                one.accepted = Some(accepted);
                format!("{} : jetons renouvelés", one.name)
            }
            Err(error) => format!("{} : renouvellement refusé ({error})", one.name),
        };
        self.got.push(line);
    }

    /// Takes what applications got meanwhile.
    fn gather(&mut self) {
        for one in &mut self.applications {
            while let Ok(outcome) = one.ended.try_recv() {
                let line = match &outcome {
                    Ok(accepted) => {
                        let claim = |name: &str| match &accepted.claims[name] {
                            serde_json::Value::String(word) => word.clone(),
                            other => other.to_string(),
                        };
                        format!("{} : {} ({}), amr {}", one.name, claim("sub"), claim("acr"), claim("amr"))
                    }
                    Err(error) => format!("{} : refus ({error})", one.name),
                };
                self.got.push(line);
                one.accepted = outcome.ok();
            }
        }
    }

    /// Compares everything that is seen now, and what was told since the last step, with the file of this step.
    pub async fn seen(&mut self, step: &str) {
        let story = self.story.clone();
        seen::compare(&story, step, async || self.all().await).await;
        self.told = (self.person().questions().len(), self.notes.all().len());
        self.got.clear();
    }

    async fn all(&mut self) -> String {
        self.window.look().await;
        self.gather();
        let (prompts, notes) = self.told;
        let mut text = String::new();
        let mut part = |title: &str, lines: String| {
            if !lines.trim().is_empty() {
                text.push_str(&format!("== {title} ==\n{}\n\n", lines.trim_end()));
            }
        };
        part("Page", self.window.text());
        for question in self.person().questions().iter().skip(prompts) {
            part("Fenêtre de code", asked(question));
        }
        for note in self.notes.all().iter().skip(notes) {
            let urgent = if note.urgent { " (reste affichée)" } else { "" };
            part(&format!("Notification{urgent}"), format!("{}\n{}", note.title, note.body));
        }
        part("Applications", self.got.join("\n"));
        part("Infobulle de l’icône", self.tray.tooltip().await);
        part("Menu de l’icône", personal(&self.tray.text().await));
        text.trim_end().to_owned() + "\n"
    }

    /// Waits until a notification has these words.
    pub async fn until_told(&self, words: &str) {
        self.notes.titled(words).await;
    }

    /// Waits until the icon's menu says something.
    pub async fn until_menu(&self, words: &str) {
        self.tray.until_says(words).await;
    }
}

fn asked(question: &Question) -> String {
    let mut lines = vec![question.title.clone()];
    lines.extend(question.error.as_ref().map(|error| format!("! {error}")));
    lines.push(question.description.clone());
    if !question.prompt.is_empty() {
        lines.push(format!("{} [____]", question.prompt));
    }
    lines.join("\n")
}

/// The menu down to the services, which are the same all day.
fn personal(menu: &str) -> String {
    let mut kept = Vec::new();
    let mut below = false;
    for line in menu.lines() {
        let inner = line.starts_with(' ');
        below = if inner { below } else { line == "Services" || line.starts_with("Langue") };
        if !(below && inner) {
            kept.push(line);
        }
    }
    kept.join("\n")
}

/// The library that moves a program's clock.
fn faketime() -> PathBuf {
    let places = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/arm-linux-gnueabihf"];
    let file =
        places.iter().map(|place| Path::new(place).join("faketime/libfaketimeMT.so.1")).find(|f| f.exists());
    file.expect("libfaketime: tests/run.sh installs it")
}
