//! An agent without card, reader or upstream: an unlocked e-CPS token logs its person in.

#![allow(dead_code, reason = "each test uses its part of it")]

use crate::real_agent::RealAgent;
use cps_agent_api::{client::Agent, words};
use cps_sandbox::pinentry::{Answer, Person};
use std::path::{Path, PathBuf};

/// Passphrase of the token.
pub const PASSPHRASE: &str = "une phrase de TEST";

/// A home with a token in it, and what an agent needs to use it. Dropping it removes it.
pub struct Home {
    folder: tempfile::TempDir,
    _person: Person,
    config: PathBuf,
    /// Serial of the token.
    pub serial: String,
    /// The token's file.
    pub token: PathBuf,
}

impl Home {
    /// Makes the home and its token.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = Path::new(env!("CARGO_BIN_EXE_cps-sandbox"));
        let person = Person::new(&folder.path().join("person"), program).expect("a person");
        person.always(Answer::Type(PASSPHRASE.to_owned())).expect("a script");
        let trust = folder.path().join("trust");
        std::fs::create_dir_all(&trust).expect("a folder");
        let config = folder.path().join("config.toml");
        let text = |path: &Path| path.to_string_lossy().into_owned();
        std::fs::write(
            &config,
            format!(
                "[bridge]\nlisten = \"127.0.0.1:0\"\n[login]\nways = [\"local\"]\n[local]\nallow = \"always\"\nrevocation = \"warn\"\n\
                 [pin]\nprompt = [\"pinentry\"]\npinentry = {:?}\n[trust]\nenvironment = \"test\"\nanchors = [{:?}]\n\
                 [state]\ndirectory = {:?}\n",
                text(&person.program()),
                text(&trust),
                text(&folder.path().join("state"))
            ),
        )
        .expect("settings");
        let mut home = Self { folder, _person: person, config, serial: String::new(), token: PathBuf::new() };
        let request = words::TokenRequest {
            name: "bench".to_owned(),
            authority: "test".to_owned(),
            id: "899700990015".to_owned(),
            given_name: Some("CAMILLE".to_owned()),
            family_name: Some("EXEMPLE".to_owned()),
            profession: Some(10),
            screen: words::Screen::default(),
        };
        let mut agent = home.agent().await;
        let made = agent.wait_for("a token", async |control| control.add_token(&request).await.ok()).await;
        std::fs::copy(made.authority.expect("a TEST authority"), trust.join("token.pem")).expect("an anchor");
        home.serial = made.serial.expect("a serial number");
        home.token = made.file.into();
        home
    }

    /// The folder that everything lies in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Starts an agent, which finds no PC/SC service and says no more than a released one.
    pub async fn agent(&self) -> RealAgent {
        let nobody = self.folder().join("no-pcscd");
        RealAgent::start_logging("info", self.folder(), &self.config, &[("PCSCLITE_CSOCK_NAME", &nobody)])
            .await
    }

    /// Waits until an agent has found the token, and logs its person in.
    pub async fn ready(&self, agent: &mut RealAgent) -> Agent {
        agent
            .wait_for("the token", async |control| {
                control.cards().await.ok()?.into_iter().find(|card| card.serial == self.serial)
            })
            .await;
        let mut control = agent.control().await.expect("the control door");
        self.login(&mut control).await;
        control
    }

    /// Logs the token's person in.
    pub async fn login(&self, control: &mut Agent) {
        let request = words::LoginRequest {
            way: Some("local".to_owned()),
            card: Some(self.serial.clone()),
            ..words::LoginRequest::default()
        };
        control.login(&request).await.expect("a local login");
    }
}

/// Resident memory of a process, MiB.
pub fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    kib / 1024.0
}

/// The median and the 99th percentile, in microseconds.
pub fn quantiles(mut times: Vec<std::time::Duration>) -> (f64, f64) {
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
    (at(0.5), at(0.99))
}
