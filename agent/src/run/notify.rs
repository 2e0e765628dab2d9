//! Telling those who must know that a session ended: the clients, by back-channel logout, and the upstream.
//!
//! Nothing here keeps anybody waiting: the session is over before the first word is sent. What could not be told is written
//! down, and kept for the diagnosis until the next start.

use super::shared::Shared;
use crate::{
    host::{
        fetch::{Answer, Fetcher},
        notice,
    },
    serve::caller,
};
use cps_agent_core::{
    audit,
    failure::{self, Code},
    fetch::Fetch,
    identity::{SessionId, UnixTime},
    oidc::backchannel_logout::Notice,
    psc::{Fresh, UpstreamSession, logout::TakeBack},
};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;
use url::Url;

/// Pauses before each try to end the upstream's session, seconds.
const UPSTREAM_PAUSES: [u64; 4] = [0, 2, 10, 60];
/// Pauses before each try to tell a client, seconds: it is of this machine, and either listens or does not run.
const CLIENT_PAUSES: [u64; 3] = [0, 1, 5];
/// How long a stopping agent waits for those who can be told.
const STOPPING: Duration = Duration::from_secs(3);
/// Most things remembered that could not be told.
const REMEMBERED: usize = 32;

/// Something that could not be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Untold {
    /// A `client_id`, or `None` for the upstream.
    pub(super) client: Option<String>,
    /// The session that ended.
    pub(super) session: SessionId,
    /// When it was given up.
    pub(super) when: UnixTime,
}

/// What is being told, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    under_way: watch::Sender<usize>,
    untold: Mutex<VecDeque<Untold>>,
}

/// One telling under way, while it lives.
struct UnderWay(Arc<Shared>);

impl UnderWay {
    fn new(shared: &Shared) -> Option<Self> {
        let shared = shared.me.upgrade()?;
        shared.outbox.under_way.send_modify(|count| *count += 1);
        Some(Self(shared))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.outbox.under_way.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Outbox {
    /// Waits until everybody was told, but not for ever: the agent stops.
    pub(super) async fn settle(&self) {
        let mut under_way = self.under_way.subscribe();
        if tokio::time::timeout(STOPPING, under_way.wait_for(|count| *count == 0)).await.is_err() {
            tracing::warn!("not everybody could be told that the session ended before the agent stopped");
        }
    }

    /// What could not be told since the start, the oldest first.
    pub(super) fn untold(&self) -> Vec<Untold> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn give_up(&self, untold: Untold) {
        let mut all = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back(untold);
    }
}

impl Shared {
    /// Tells a client that a session ended (OpenID Connect Back-Channel Logout 1.0 §2.5).
    pub(super) fn tell_client(&self, notice: Notice, session: SessionId) {
        let Some(under_way) = UnderWay::new(self) else { return };
        self.runtime.spawn(async move {
            let shared = &under_way.0;
            let told = tell_client(shared, &notice).await;
            let by = audit::Application { client: Some(notice.client.clone()), ..Default::default() };
            shared.told(audit::What::Notice, told, Some(notice.client), session, &by);
        });
    }

    /// Ends the session at the upstream, as far as it can be reached: here it is over already.
    pub(super) fn end_upstream_session(&self, upstream: Box<UpstreamSession>, session: SessionId) {
        self.tell_upstream("logout", session, move |fresh| upstream.logout(fresh));
    }

    /// Takes back the upstream's session whose place another took; the person's other sessions there stay.
    pub(super) fn revoke_upstream_session(&self, upstream: Box<UpstreamSession>, session: SessionId) {
        self.tell_upstream("revocation", session, move |fresh| {
            upstream.revocation(fresh).into_iter().collect()
        });
    }

    /// Has the upstream take back an access token that a client has who was disconnected. What cannot be taken back ends by
    /// itself, and the person's page says when.
    pub(super) fn take_back(&self, token: TakeBack, session: SessionId) {
        let Some((fetcher, under_way)) = self.fetcher.clone().zip(UnderWay::new(self)) else { return };
        self.runtime.spawn(async move {
            let shared = &under_way.0;
            let requests = || shared.fresh(|fresh| token.request(fresh).into_iter().collect::<Vec<_>>());
            // Without a request, as where the client cannot show who it is, nothing is taken back.
            let told = match requests().is_empty() {
                true => Err(failure::UPSTREAM_NOT_TOLD),
                false => tell_upstream(&fetcher, requests).await,
            };
            if told.is_ok() {
                shared.decide(|quiet, _| quiet.provider.taken_back(&token.token()));
            }
            let event = audit::Event::ended(audit::What::Upstream("token_revocation"), told);
            shared.record([event.within(session)], &audit::Application::default());
            shared.announce("client", "disconnected", None);
        });
    }

    /// Sends what is to be told to the upstream; `requests` makes them anew for every try.
    fn tell_upstream(
        &self,
        what: &'static str,
        session: SessionId,
        requests: impl Fn(&mut Fresh<'_>) -> Vec<Fetch> + Send + Sync + 'static,
    ) {
        let Some((fetcher, under_way)) = self.fetcher.clone().zip(UnderWay::new(self)) else { return };
        self.runtime.spawn(async move {
            let shared = &under_way.0;
            let told = tell_upstream(&fetcher, || shared.fresh(|fresh| requests(fresh))).await;
            shared.told(audit::What::Upstream(what), told, None, session, &audit::Application::default());
        });
    }

    fn told(
        &self,
        what: audit::What,
        told: Result<(), Code>,
        client: Option<String>,
        session: SessionId,
        by: &audit::Application,
    ) {
        let event = match told {
            Ok(()) => audit::Event::done(what),
            Err(code) => {
                let when = self.clock.now();
                self.outbox.give_up(Untold { client, session: session.clone(), when });
                audit::Event::refused(what, code)
            }
        };
        self.record([event.within(session)], by);
    }
}

/// Whether whoever listens at an address is of our user, as far as the system tells: the notice names the person.
fn listener_is_ours(address: SocketAddr) -> bool {
    caller::listens(&caller::tables(), address, caller::own_user()) != Some(false)
}

async fn tell_client(shared: &Shared, notice: &Notice) -> Result<(), Code> {
    let url = Url::parse(&notice.uri).map_err(|_| failure::CLIENT_NOT_TOLD)?;
    for pause in CLIENT_PAUSES {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let form = [("logout_token", notice.logout_token.expose())];
        match notice::post(&url, &form, shared.clock.as_ref(), listener_is_ours).await {
            // §2.8: 200, and some frameworks answer 204.
            Ok(200..=299) => return Ok(()),
            // It understood and refused: the same token again changes nothing.
            Ok(status @ 400..=499) => {
                tracing::warn!(client = notice.client, status, "a client refused a logout notice");
                return Err(failure::CLIENT_NOT_TOLD);
            }
            Ok(status) => tracing::debug!(client = notice.client, status, "a logout notice failed"),
            Err(fault) => tracing::debug!(client = notice.client, %fault, "a logout notice failed"),
        }
    }
    tracing::warn!(client = notice.client, "a client could not be told that its session ended");
    Err(failure::CLIENT_NOT_TOLD)
}

/// What an answer of the upstream to a logout or a revocation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// It did it. A redirect is the answer of a logout that has a page to go on to.
    Done,
    /// It may do it later.
    Later,
    /// It will not: the same again changes nothing.
    Refused,
}

impl Heard {
    fn by(status: u16) -> Self {
        match status {
            200..=399 => Self::Done,
            408 | 429 | 500.. => Self::Later,
            _ => Self::Refused,
        }
    }
}

async fn tell_upstream(fetcher: &Fetcher, requests: impl Fn() -> Vec<Fetch>) -> Result<(), Code> {
    let mut told = Ok(());
    for index in 0..requests().len() {
        let mut done = false;
        for pause in UPSTREAM_PAUSES {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            // Each try needs a request of its own: it may be signed, and time went on.
            let Some(fetch) = requests().into_iter().nth(index) else { break };
            match fetcher.fetch(&fetch).await {
                Answer::Fetched(fetched) => {
                    let heard = Heard::by(fetched.status);
                    done = heard == Heard::Done;
                    if heard != Heard::Later {
                        break;
                    }
                    tracing::warn!(
                        status = fetched.status,
                        "the upstream did not take a logout or a revocation yet"
                    );
                }
                Answer::Failed(fault) => {
                    tracing::warn!(%fault, "the upstream did not hear of a logout or a revocation")
                }
                Answer::CertificateRequested { .. } => break,
            }
        }
        if !done {
            tracing::warn!("the upstream could not be brought to end a session or to take back a token");
            told = Err(failure::UPSTREAM_NOT_TOLD);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_that_refuses_was_not_told() {
        for status in [100, 400, 401, 403, 404, 410, 418] {
            assert_eq!(Heard::by(status), Heard::Refused, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504, 599] {
            assert_eq!(Heard::by(status), Heard::Later, "{status}");
        }
        for status in [200, 204, 302, 303] {
            assert_eq!(Heard::by(status), Heard::Done, "{status}");
        }
    }
}
