//! The agent inside this process, on the sandbox's own readers.

use crate::reader::InProcessReaders;
use cps_agent::{
    config::{Config, ConfigError, Sources},
    host::{clock::SystemClock, paths::Paths},
    run::{self, Services, StartError},
};
use cps_agent_api::{
    client::{self, ClientError},
    words::TrustRequest,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why the agent did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// Its state, doors or upstream.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Another program has the port.
    #[error("the agent's bridge is closed: another program has its port")]
    Closed,
    /// The thread that started it.
    #[error("the agent's thread ended")]
    Thread(#[from] tokio::task::JoinError),
}

/// A running agent, on a thread of its own.
#[derive(Debug)]
pub struct Agent {
    running: run::Agent,
    issuer: String,
}

impl Agent {
    /// Starts an agent with a configuration file; what it writes lies in `folder`. Nothing of the machine's own policy,
    /// environment or readers is looked at.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn start(config: &Path, folder: &Path, readers: InProcessReaders) -> Result<Self, Error> {
        let user = Some(config.to_owned());
        let config = Config::load(&Sources { user, user_named: true, ..Sources::default() })?;
        let services = Services {
            readers: Arc::new(readers),
            clock: Arc::new(SystemClock),
            paths: Paths {
                state: folder.join("state"),
                runtime: folder.join("run"),
                control_socket: folder.join("run").join("control.sock"),
                system_bus: None,
                system_journal: None,
            },
        };
        let running = tokio::task::spawn_blocking(|| run::Agent::start(config, services)).await??;
        let issuer = running.listening().issuer.clone().ok_or(Error::Closed)?;
        Ok(Self { running, issuer })
    }

    /// Issuer of its bridge.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its control door.
    #[must_use]
    pub fn control_socket(&self) -> &PathBuf {
        &self.running.listening().control_socket
    }

    /// Has it make the certificate of its https bridge (`bridge.tls = true`), and returns the authority that a browser is
    /// to believe, PEM. The bridge answers from now on.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn trusted(&self) -> Result<String, ClientError> {
        let mut control = client::Agent::connect_to(self.control_socket(), "fr").await?;
        Ok(control.make_authority(TrustRequest::default()).await?.pem)
    }

    /// Stops it and waits until it has ended its sessions.
    pub async fn stop(self) {
        let running = self.running;
        // A panic of the agent was reported where it happened.
        let _ = tokio::task::spawn_blocking(move || drop(running)).await;
    }
}
