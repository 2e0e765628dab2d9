//! A browser of this system, as a test orders it about.

use crate::program::Program;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Which browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Chromium,
    Firefox,
}

/// Both.
pub const BOTH: [Kind; 2] = [Kind::Chromium, Kind::Firefox];

/// How it is started.
pub struct Wish {
    pub kind: Kind,
    /// Its folder for everything, a home.
    pub home: PathBuf,
    /// The pages of the test's server count as pages of the Internet (Chromium).
    pub public: bool,
    /// More of its environment.
    pub environment: Vec<(String, PathBuf)>,
    /// Settings of Firefox.
    pub preferences: Value,
    /// Everything goes through a passage, and one window takes orders.
    pub passage: bool,
}

impl Wish {
    /// A browser as it comes.
    pub fn of(kind: Kind, home: PathBuf) -> Self {
        Self { kind, home, public: false, environment: Vec::new(), preferences: json!({}), passage: false }
    }
}

/// The NSS database of a browser that lives in this home.
pub fn database(kind: Kind, home: &Path) -> PathBuf {
    home.join(match kind {
        Kind::Chromium => ".pki/nssdb",
        Kind::Firefox => PROFILE,
    })
}

/// Firefox has its profile in the home, where a person's would be.
const PROFILE: &str = ".mozilla/firefox/test.default-esr";

/// A running browser. Dropping it ends it.
pub struct Browser {
    program: Option<Program>,
    port: u64,
}

impl Browser {
    /// Starts one.
    pub async fn start(wish: Wish) -> Self {
        let (name, executable) = match wish.kind {
            Kind::Chromium => ("chrome", "/usr/bin/chromium"),
            Kind::Firefox => ("firefox", "/usr/bin/firefox-esr"),
        };
        fs::create_dir_all(&wish.home).expect("a home");
        let environment: BTreeMap<_, _> = wish.environment.iter().cloned().collect();
        let mut order = json!({
            "browser": name, "executable": executable, "home": wish.home, "public": wish.public,
            "environment": environment, "preferences": wish.preferences, "passage": wish.passage,
        });
        if wish.kind == Kind::Firefox {
            let profile = wish.home.join(PROFILE);
            fs::create_dir_all(&profile).expect("a profile");
            order["profile"] = json!(profile);
        }
        let started = tokio::task::spawn_blocking(move || Program::node("browser.mjs", &order)).await;
        let (program, ready) = started.expect("the browser starts");
        Self { program: Some(program), port: ready["port"].as_u64().expect("a port") }
    }

    /// The port of the pages that are not the agent's.
    pub fn port(&self) -> u64 {
        self.port
    }

    /// Gives an order and waits for its answer.
    pub async fn told(&mut self, order: Value) -> Value {
        let mut program = self.program.take().expect("one order at a time");
        let done = tokio::task::spawn_blocking(move || {
            program.write(&order);
            let answer = program.read();
            assert!(answer["refused"].is_null(), "{order}: {}", answer["refused"]);
            (program, answer["answer"].clone())
        });
        let (program, answer) = done.await.expect("an answer");
        self.program = Some(program);
        answer
    }
}
