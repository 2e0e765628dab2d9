//! A workstation with a card in a real reader, the real agent, and other people's programs that were told of the module.

use crate::{
    browser::{self, Browser, Kind, Wish},
    chromium_policy::Policy,
    desk::{self, PATIENCE},
    real_agent::{RealAgent, built, module},
};
use cps_agent_api::client::Agent as Control;
use cps_sandbox::{
    card::CardHandle,
    pinentry::Question,
    reader::PcscDaemon,
    upstream::Fault,
    workstation::{Transport, Workstation},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The workstation. Fields end in the order of their declaration.
pub struct House {
    pub agent: RealAgent,
    pub daemon: PcscDaemon,
    pub card: CardHandle,
    pub workstation: Workstation,
}

impl House {
    /// With this card in the reader and the module registered in the person's home. A login by card goes through the
    /// browser, as at Pro Santé Connect. The card page speaks TLS 1.2 where the card cannot do better.
    pub async fn with(card: CardHandle, tls13: bool) -> Self {
        let workstation =
            Workstation::new(&[], Transport::InProcess, desk::program()).await.expect("a workstation");
        let daemon = PcscDaemon::start().expect("pcscd with vsmartcard-vpcd: tests/run.sh installs them");
        workstation.person.knows(&card).expect("a script");
        daemon.insert(0, &card).expect("a slot");
        if !tls13 {
            workstation.upstream.handle().set(Fault::Tls12);
        }
        let ways = toml::Value::from(vec!["card", "browser"]);
        let settings = [
            ("login", "ways", ways),
            ("upstream", "card_login", false.into()),
            ("local", "allow", "never".into()),
        ];
        let config = desk::written(&workstation, &settings);
        let socket = daemon.socket();
        let environment: [(&str, &Path); 1] = [("PCSCLITE_CSOCK_NAME", &socket)];
        let agent = RealAgent::start(workstation.folder(), &config, &environment).await;
        let mut house = Self { agent, daemon, card, workstation };
        house.sees_the_card().await;
        fs::create_dir_all(house.home()).expect("a home");
        house.register();
        house
    }

    async fn sees_the_card(&mut self) {
        let serial = self.card.serial().to_owned();
        let seen = async |control: &mut Control| {
            let cards = control.cards().await.ok()?;
            cards.iter().any(|card| card.serial == serial && card.holder.is_some()).then_some(())
        };
        self.agent.wait_for("the card", seen).await;
    }

    /// Takes the card out and waits until the agent knows.
    pub async fn loses_the_card(&mut self) {
        self.daemon.remove(0);
        let gone = async |control: &mut Control| control.cards().await.ok()?.is_empty().then_some(());
        self.agent.wait_for("an empty reader", gone).await;
    }

    /// `cps pkcs11 install`, by the person of this home.
    fn register(&self) {
        let done = run(self.told("cps").args(["pkcs11", "install", "--no-system"]));
        assert!(done.status.success(), "{}", said(&done));
    }

    pub async fn control(&self) -> Control {
        self.agent.control().await.expect("the control door")
    }

    pub async fn issuer(&self) -> String {
        let status = self.control().await.status().await.expect("a status");
        status.issuer.expect("an open bridge")
    }

    /// The person's home.
    pub fn home(&self) -> PathBuf {
        self.workstation.folder().join("home")
    }

    /// Where the control door of a person's agent is.
    fn socket(&self) -> PathBuf {
        self.workstation.folder().join("run/cps-agent/control.sock")
    }

    /// The module.
    pub fn module(&self) -> PathBuf {
        module()
    }

    /// Our files for programs that are given them by name.
    pub fn told_in(&self, name: &str) -> PathBuf {
        self.home().join(".local/state/cps-agent/pkcs11").join(name)
    }

    /// A program of the person: their home, the agent of their session, and no reader but the agent's.
    pub fn told(&self, program: &str) -> Command {
        let program = if program == "cps" { built("cps") } else { program.into() };
        let mut command = Command::new(program);
        command
            .env("HOME", self.home())
            .env("LC_ALL", "C.UTF-8")
            .env("CPS_AGENT_SOCKET", self.socket())
            .env("PCSCLITE_CSOCK_NAME", self.workstation.folder().join("no-pcscd"))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .current_dir(self.home());
        command
    }

    /// A program that must succeed; what it says on both streams.
    pub fn runs(&self, command: &mut Command) -> String {
        let done = run(command);
        let said = said(&done);
        assert!(
            done.status.success(),
            "{command:?} ended with {}: {said}\n{}",
            done.status,
            self.agent.log()
        );
        said
    }

    /// The home of a browser: each has its own, as if the person had only this one.
    pub fn home_of(&self, kind: Kind) -> PathBuf {
        self.home().join(format!("{kind:?}"))
    }

    /// A browser of the person, told of the module and of the upstream's authority.
    pub async fn browser(&self, kind: Kind) -> Browser {
        let home = self.home_of(kind);
        let database = browser::database(kind, &home);
        fs::create_dir_all(&database).expect("a folder");
        let certutil = |arguments: &[&str]| {
            let mut command = Command::new("certutil");
            command.arg("-d").arg(format!("sql:{}", database.display())).args(arguments);
            let done = run(&mut command);
            assert!(done.status.success(), "{}", said(&done));
        };
        certutil(&["-N", "--empty-password"]);
        let anchor = self.workstation.ca_file();
        certutil(&["-A", "-n", "TEST upstream", "-t", "C,,", "-i", &anchor.display().to_string()]);
        let mut install = self.told("cps");
        install.args(["pkcs11", "install", "--no-system"]).env("HOME", &home);
        self.runs(&mut install);
        self.browser_as_it_is(kind).await
    }

    /// The same browser, started again.
    pub async fn browser_as_it_is(&self, kind: Kind) -> Browser {
        Browser::start(Wish {
            environment: vec![("CPS_AGENT_SOCKET".to_owned(), self.socket())],
            // Which certificate to show is a window too.
            preferences: json!({ "security.default_personal_cert": "Select Automatically" }),
            ..Wish::of(kind, self.home_of(kind))
        })
        .await
    }

    /// The page that says whose certificate it was shown.
    pub fn mirror(&self) -> String {
        self.workstation.upstream.mirror()
    }

    /// Host and port of that page.
    pub fn mirror_address(&self) -> String {
        self.mirror().trim_start_matches("https://").trim_end_matches("/mirror").to_owned()
    }

    /// Times the person was asked for a PIN.
    pub fn pins(&self) -> Vec<Question> {
        let mut questions = self.workstation.person.questions();
        questions.retain(|question| question.kind == "GETPIN");
        questions
    }

    /// The order to a browser to look into the mirror.
    pub fn look(&self) -> Value {
        json!({ "do": "open", "address": self.mirror() })
    }
}

/// Chromium's policy. A test that cannot have it shows nothing, and so fails.
pub fn policy() -> Policy {
    Policy::set().expect("only root can tell Chromium which certificate to show: run these tests as root")
}

/// Runs a program that asks nobody anything. One that hangs is ended by `timeout`, and so fails.
pub fn run(command: &mut Command) -> Output {
    let mut patient = Command::new("timeout");
    patient.arg("--kill-after=5").arg(PATIENCE.as_secs().to_string());
    patient.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => patient.env(name, value),
            None => patient.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        patient.current_dir(folder);
    }
    patient.stdin(Stdio::null()).output().expect("it runs: tests/run.sh says what is needed")
}

/// What a program said on both streams.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
