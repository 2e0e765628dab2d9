//! The desktop's proxy settings, by the portal that every desktop of Linux offers (`org.freedesktop.portal.ProxyResolver`).
//! It also runs the site's automatic configuration (PAC), which nobody should do a second time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use url::Url;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.ProxyResolver";
/// Longest wait for the desktop's answer; a PAC file may have to be fetched.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an answer, or the absence of one, is remembered.
const MEMORY: Duration = Duration::from_secs(60);
/// Most addresses that are remembered, and most ways in one answer.
const MOST: usize = 32;

/// Which bus is asked.
#[derive(Debug)]
enum Bus {
    /// The session's own.
    Session,
    /// The one at this address.
    #[cfg(test)]
    At(String),
    /// None.
    #[cfg(test)]
    Absent,
}

/// What the desktop said of an address, and when.
type Answers = HashMap<String, (Instant, Option<Vec<String>>)>;

/// Asks the desktop.
#[derive(Debug)]
pub(super) struct Desktop {
    bus: Bus,
    answers: Mutex<Answers>,
}

impl Desktop {
    /// The desktop of this session.
    pub(super) fn session() -> Self {
        Self { bus: Bus::Session, answers: Mutex::default() }
    }

    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { bus: Bus::Absent, answers: Mutex::default() }
    }

    #[cfg(test)]
    pub(super) fn at(address: String) -> Self {
        Self { bus: Bus::At(address), answers: Mutex::default() }
    }

    /// The ways to an address as the desktop writes them (`direct://`, `http://proxy:3128`), best first; `None` when there
    /// is no desktop to ask, or it does not know. It is told scheme and host, and nothing of the path.
    pub(super) async fn lookup(&self, url: &Url) -> Option<Vec<String>> {
        let origin = url.origin().ascii_serialization();
        let remembered = |answers: &Answers| {
            answers.get(&origin).filter(|(at, _)| at.elapsed() < MEMORY).map(|(_, answer)| answer.clone())
        };
        if let Some(answer) = remembered(&self.answers.lock().unwrap_or_else(PoisonError::into_inner)) {
            return answer;
        }
        let asked = tokio::time::timeout(PATIENCE, self.ask(&origin)).await;
        let answer = match asked {
            Ok(Ok(answer)) => Some(answer.into_iter().take(MOST).collect::<Vec<_>>()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the desktop tells no proxy");
                None
            }
            Err(_) => {
                tracing::warn!("the desktop did not say in time which proxy to use");
                None
            }
        };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(origin, (Instant::now(), answer.clone()));
        answer
    }

    /// A connection for one question: it is asked seldom, and from more than one event loop.
    async fn ask(&self, origin: &str) -> zbus::Result<Vec<String>> {
        let connection = match &self.bus {
            Bus::Session => zbus::Connection::session().await?,
            #[cfg(test)]
            Bus::At(address) => zbus::connection::Builder::address(address.as_str())?.build().await?,
            #[cfg(test)]
            Bus::Absent => return Err(zbus::Error::Address("no bus".to_owned())),
        };
        let question = (format!("{origin}/"),);
        let answer = connection.call_method(Some(NAME), PATH, Some(INTERFACE), "Lookup", &question).await?;
        answer.body().deserialize()
    }
}

#[cfg(test)]
mod tests;
