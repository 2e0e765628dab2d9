//! `cps-sandbox up`: a workstation that stays until it is interrupted, for people who develop against the agent.

use crate::{
    agent::Agent,
    control,
    upstream::CLIENT,
    workstation::{CardWish, Readers, SlotState, Transport, Workstation},
};
use serde::Serialize;
use std::{io::Write, path::PathBuf, sync::Arc};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Flags of `up`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A reader with a card: cps3, cps3-contactless, cps4 or none; `cps4:nurse` says whose. Repeatable
    #[arg(long = "card", value_name = "CARD", default_value = "cps3")]
    cards: Vec<String>,

    /// Put the readers into a private real pcscd, for an agent of your own (Linux; pcscd and vsmartcard-vpcd installed)
    #[arg(long, conflicts_with = "in_process")]
    pcscd: bool,

    /// Run the agent inside the sandbox, without any smart-card service (the default)
    #[arg(long)]
    in_process: bool,

    /// Port of the agent's bridge; any free one in process, the agent's usual one with --pcscd
    #[arg(long)]
    port: Option<u16>,

    /// Print one line of JSON when everything is ready, and nothing else
    #[arg(long)]
    json: bool,
}

/// What an integrator needs to know. Members are added, never renamed.
#[derive(Debug, Serialize)]
struct Ready {
    /// Always true.
    test: bool,
    cards: Vec<SlotState>,
    upstream: UpstreamReady,
    /// For `cps-sandbox card`, `upstream` and `person`.
    sandbox_socket: PathBuf,
    /// Settings for `cps-agent --config`.
    config: PathBuf,
    /// For `PCSCLITE_CSOCK_NAME`; with --pcscd.
    #[serde(skip_serializing_if = "Option::is_none")]
    pcsc_socket: Option<PathBuf>,
    /// For `CPS_AGENT_SOCKET`; in process.
    #[serde(skip_serializing_if = "Option::is_none")]
    control_socket: Option<PathBuf>,
    /// Of the agent's bridge; in process.
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
}

#[derive(Debug, Serialize)]
struct UpstreamReady {
    issuer: String,
    ca_file: PathBuf,
    client_id: &'static str,
}

/// Starts everything, says so, and waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// A sentence for the person who started it.
pub async fn run(arguments: Arguments) -> Result<(), String> {
    let interruption = Interruption::new()?;
    let wishes: Vec<CardWish> = arguments.cards.iter().map(|card| card.parse()).collect::<Result<_, _>>()?;
    let program = std::env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let transport = if arguments.pcscd { Transport::Pcscd } else { Transport::InProcess };
    let workstation =
        Arc::new(Workstation::new(&wishes, transport, &program).await.map_err(|error| error.to_string())?);
    let port = if arguments.pcscd { arguments.port } else { Some(arguments.port.unwrap_or(0)) };
    let config = workstation.settings(port).map_err(|error| error.to_string())?;
    let sandbox_socket = workstation.folder().join("sandbox.sock");
    let control = control::serve(&sandbox_socket, workstation.clone()).map_err(|error| error.to_string())?;
    let (agent, pcsc_socket) = match &workstation.readers {
        Readers::InProcess(readers) => {
            let agent = Agent::start(&config, workstation.folder(), readers.clone()).await;
            (Some(agent.map_err(|error| error.to_string())?), None)
        }
        #[cfg(target_os = "linux")]
        Readers::Pcscd(daemon) => (None, Some(daemon.socket())),
    };
    let ready = Ready {
        test: true,
        cards: workstation.state(),
        upstream: UpstreamReady {
            issuer: workstation.upstream.issuer().to_owned(),
            ca_file: workstation.ca_file(),
            client_id: CLIENT,
        },
        sandbox_socket,
        config,
        pcsc_socket,
        control_socket: agent.as_ref().map(|agent| agent.control_socket().to_owned()),
        issuer: agent.as_ref().map(|agent| agent.issuer().to_owned()),
    };
    let said = if arguments.json { json(&ready) } else { words(&ready) };
    let mut output = std::io::stdout();
    output.write_all(said.as_bytes()).and_then(|()| output.flush()).map_err(|error| error.to_string())?;
    interruption.wait().await;
    if let Some(agent) = agent {
        agent.stop().await;
    }
    control.abort();
    Ok(())
}

/// The end of a run: Ctrl-C, or SIGTERM as a service manager sends it.
pub(crate) struct Interruption {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruption {
    /// Listens from now on: made before anybody is told that the sandbox is ready.
    pub(crate) fn new() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be received: {error}"));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for it.
    pub(crate) async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn json(ready: &Ready) -> String {
    serde_json::to_string(ready)
        .map_or_else(|error| format!("{{\"error\":\"{error}\"}}\n"), |text| text + "\n")
}

fn words(ready: &Ready) -> String {
    let mut text = "TEST sandbox, nothing here is real.\n\n".to_owned();
    for slot in &ready.cards {
        let card = match (&slot.family, &slot.serial, &slot.pin) {
            (Some(family), Some(serial), Some(pin)) => format!("{family} {serial}, PIN {pin}"),
            _ => "empty".to_owned(),
        };
        let holder = slot.holder.as_ref().map(|holder| {
            let name =
                [holder.given_name, holder.family_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
            format!(" ({}{}{name})", holder.identifier, if name.is_empty() { "" } else { ", " })
        });
        text += &format!("reader {}  {card}{}\n", slot.slot, holder.unwrap_or_default());
    }
    text += &format!("upstream  {}\n", ready.upstream.issuer);
    if let Some(issuer) = &ready.issuer {
        text += &format!("bridge    {issuer}\n");
    }
    text += &format!("\nexport {}={}\n", control::VARIABLE, ready.sandbox_socket.display());
    if let Some(socket) = &ready.control_socket {
        text += &format!("export CPS_AGENT_SOCKET={}\n", socket.display());
        text += "cps login --way card\n";
    }
    if let Some(socket) = &ready.pcsc_socket {
        text += &format!("export PCSCLITE_CSOCK_NAME={}\n", socket.display());
        text += &format!("cps-agent --config {}\n", ready.config.display());
    }
    text += "cps-sandbox card remove        # and insert, block, slow, break, heal\ncps-sandbox upstream refuse    # and delay, fail, wrong, rotate-keys, heal, …\n\nCtrl-C ends it.\n";
    text
}
