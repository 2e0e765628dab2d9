//! The whole road to a card: the real agent on a private pcscd, and programs that load the module.

use crate::{
    desk::{program, written},
    real_agent::{RealAgent, module},
};
use cps_sandbox::{
    card::CardHandle,
    pinentry::Answer,
    reader::PcscDaemon,
    workstation::{Transport, Workstation},
};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// An agent with one card, and a person who knows its PIN.
pub struct Stage {
    pub agent: RealAgent,
    pub card: CardHandle,
    pub workstation: Workstation,
    pub daemon: PcscDaemon,
}

impl Stage {
    /// With a card in the first reader, once the agent offers it to programs.
    pub async fn with(card: CardHandle, settings: &[(&str, &str, toml::Value)]) -> Self {
        let workstation =
            Workstation::new(&[], Transport::InProcess, program()).await.expect("a workstation");
        let daemon = PcscDaemon::start().expect("pcscd with vsmartcard-vpcd: tests/run.sh installs them");
        workstation.person.knows(&card).expect("a script");
        daemon.insert(0, &card).expect("a slot");
        let config = written(&workstation, settings);
        let socket = daemon.socket();
        let environment: [(&str, &Path); 1] = [("PCSCLITE_CSOCK_NAME", &socket)];
        let mut agent = RealAgent::start(workstation.folder(), &config, &environment).await;
        let both = settings.iter().any(|(section, key, _)| (*section, *key) == ("pkcs11", "signature_key"));
        // The signature key's certificate is read after the card was recognised.
        let keys = if both { 2 } else { 1 };
        agent
            .wait_for("the card's keys for programs", async |control| {
                let slots = control.pkcs11().await.ok()?.slots;
                slots
                    .iter()
                    .filter_map(|slot| slot.token.as_ref())
                    .any(|token| token.keys.len() == keys)
                    .then_some(())
            })
            .await;
        Self { agent, card, workstation, daemon }
    }

    /// The person types the right PIN whenever asked.
    pub fn person_agrees(&self) {
        self.workstation.person.always(Answer::RightPin).expect("a script");
    }

    /// A program that finds the agent.
    pub fn command(&self, program: &str) -> Command {
        finding_the_agent(program, &self.socket())
    }

    /// The agent's control door.
    pub fn socket(&self) -> PathBuf {
        self.workstation.folder().join("run/cps-agent/control.sock")
    }

    /// pkcs11-tool with our module.
    pub fn tool(&self, arguments: &[&str]) -> Output {
        let mut tool = self.command("pkcs11-tool");
        run(tool.arg("--module").arg(module()).args(arguments))
    }

    /// The same, which has to succeed; what it printed.
    pub fn told(&self, arguments: &[&str]) -> String {
        succeeded(&format!("pkcs11-tool {arguments:?}\n{}", self.agent.log()), &self.tool(arguments))
    }
}

/// The identifier of the private key with this label, in a list of objects.
pub fn id_of(label: &str, objects: &str) -> String {
    let (_, keys) = objects.split_once("Private Key Object").expect("a private key");
    let (_, key) =
        keys.split_once(&format!("label:      {label}\n")).unwrap_or_else(|| panic!("no {label}: {objects}"));
    let (_, id) = key.split_once("ID:         ").expect("an identifier");
    id.lines().next().expect("a line").trim().to_owned()
}

/// A program that finds the agent at a socket.
pub fn finding_the_agent(program: &str, socket: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("CPS_AGENT_SOCKET", socket).env("LC_ALL", "C");
    command
}

/// Runs a program.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?} (tests/run.sh installs it): {error}"))
}

/// Everything a program printed, after it succeeded.
pub fn succeeded(what: &str, output: &Output) -> String {
    let text = printed(output);
    assert!(output.status.success(), "{what}: {}\n{text}", output.status);
    text
}

/// Everything a program printed.
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}
