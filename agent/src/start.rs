//! Starting as a program: what `main` needs besides the loop.

use crate::{
    config::{Config, ConfigError, Flags},
    host::{clock::SystemClock, memory, paths::Paths},
    run::{self, Services, StartError, UpstreamError},
    serve::control::OpenError,
};
use cps_agent_core::failure::{self, Failure, Language};
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

/// Says on standard error why the agent did not start: by the failure table, in the language of the locale, where it has a
/// line for it, else with every cause.
#[must_use]
pub fn report(error: &(dyn Error + 'static)) -> ExitCode {
    let language = Language::of_environment(|name| std::env::var(name).ok());
    match told(error, language) {
        Some(failure) => {
            tracing::error!(
                code = failure.code.word(),
                error = whole(error),
                "{} {}",
                failure.what(language),
                failure.next(language)
            );
        }
        None => tracing::error!("{}", whole(error)),
    }
    ExitCode::from(MENDABLE)
}

/// The line of the table for what whoever starts the agent can mend.
fn told(error: &(dyn Error + 'static), language: Language) -> Option<Failure> {
    if let Some(error) = error.downcast_ref::<ConfigError>() {
        return Some(error.failure(language));
    }
    let file = |why: &(dyn Error + 'static)| Failure::new(failure::CONFIG_FILE).with("why", whole(why));
    match error.downcast_ref::<StartError>()? {
        StartError::Running(_) | StartError::Control(OpenError::Running(_)) => {
            Some(failure::AGENT_RUNNING.into())
        }
        StartError::State { .. } => Some(failure::STATE_UNWRITABLE.into()),
        StartError::Upstream(UpstreamError::Refused(refused)) => Some(refused.clone()),
        StartError::Upstream(why) => Some(file(why)),
        StartError::Anchors(why) => Some(file(why)),
        _ => None,
    }
}

/// An error with all its causes.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
