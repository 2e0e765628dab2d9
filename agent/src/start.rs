//! Starting as a program: what `main` needs besides the loop.

use crate::{
    config::{Config, Flags},
    host::{clock::SystemClock, memory, paths::Paths},
    run::{self, Services},
};
use cps_card::transport::PcscService;
use std::{error::Error, io, process::ExitCode, sync::Arc};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Exit code of what the person can mend (a configuration, a second agent).
const MENDABLE: u8 = 1;

/// Sends logs to standard error, as the filter says. A filter that cannot be read means `info`.
pub fn logging(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false).init();
}

/// Runs the agent until a signal stops it.
///
/// # Errors
/// A wrong configuration, or anything that keeps the agent from starting.
pub fn program(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&flags.sources(std::env::vars()))?;
    let paths = Paths::of_system(config.state.as_deref(), |name| std::env::var(name).ok())?;
    if flags.check {
        return Ok(());
    }
    memory::harden();
    let services = Services { readers: Arc::new(PcscService::new()), clock: Arc::new(SystemClock), paths };
    run::runtime()?.block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let ready = |listening: &run::Listening| {
            tracing::info!(issuer = listening.issuer, socket = %listening.control_socket.display(), "listening");
        };
        run::run(config, services, ready, stop).await.map_err(Into::into)
    })
}

/// Says on standard error why the agent did not start, with every cause.
#[must_use]
pub fn report(error: &dyn Error) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    tracing::error!("{text}");
    ExitCode::from(MENDABLE)
}
