//! Keeping the upstream's session alive for a person who is active, and getting a fresh access token for an exchange.
//!
//! When a refresh is due is the session table's to know. Here it is sent, one at a time, and its answer taken: only
//! `invalid_grant` ends the session, and whatever the network does is tried again later.

use super::{offline::is_outage, shared::Shared};
use crate::host::fetch::{Answer, Fetcher};
use cps_agent_core::{
    audit,
    failure::{self, Failure},
    fetch::{Fetch, FetchFault, Fetched},
    identity::UnixTime,
    psc::refresh::{RefreshFault, Refreshed, Unproven},
    session::table::{Happening, Need, Ticket},
};
use std::{sync::Arc, time::Duration};

/// A wait that is longer is cut into pieces: clocks may be moved and machines may sleep meanwhile.
const LONGEST_SLEEP: i64 = 60;

/// Refreshes the upstream's session whenever that is due, for ever.
pub(super) async fn keep(shared: &Arc<Shared>) {
    let mut due = shared.due.subscribe();
    loop {
        let at = due.borrow_and_update().refresh;
        let wait = async {
            match at {
                Some(at) => {
                    let seconds = at.since(shared.clock.now()).clamp(0, LONGEST_SLEEP);
                    tokio::time::sleep(Duration::from_secs(u64::try_from(seconds).unwrap_or(0))).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => shared.refresh_upstream(Need::Session).await,
            changed = due.wait_for(|due| due.refresh != at) => drop(changed),
        }
    }
}

impl Shared {
    /// Sees to it that the upstream's access token is not over, where it can be had: before a token exchange. A person who did
    /// nothing since the last time keeps what there is.
    pub(super) async fn fresh_upstream(&self) {
        self.refresh_upstream(Need::AccessToken).await;
    }

    /// Refreshes, if that is due for this need.
    async fn refresh_upstream(&self, need: Need) {
        let _one_at_a_time = self.refreshing.lock().await;
        let Some(fetcher) = &self.fetcher else { return };
        let Some((ticket, fetch)) = self.decide(|quiet, now| {
            let ticket = quiet.sessions.refresh(need, now)?;
            let fetch = quiet
                .sessions
                .upstream_behind(&ticket)
                .map(|upstream| self.fresh(|fresh| upstream.refresh(fresh)));
            match fetch.flatten() {
                Some(fetch) => Some((ticket, fetch)),
                None => {
                    // No request can be made with these tokens: not now, and not later.
                    quiet.sessions.refresh_refused(&ticket);
                    None
                }
            }
        }) else {
            return;
        };
        let result = self.exchange(fetcher, &ticket, &fetch).await;
        self.decide(|quiet, now| {
            let event = match &result {
                Ok(()) => {
                    quiet.sessions.refreshed(&ticket, now);
                    quiet.upstream_down = false;
                    audit::Event::done(audit::What::Upstream("refresh"))
                }
                Err(RefreshFault::Ended) => {
                    audit::Event::protocol(audit::What::Upstream("refresh"), "invalid_grant")
                }
                Err(RefreshFault::Transport(why)) => {
                    tracing::warn!(code = %why.code, "the upstream's session was not refreshed; it is tried again");
                    quiet.sessions.refresh_failed(&ticket, now);
                    quiet.upstream_down |= is_outage(why.code);
                    audit::Event::refused(audit::What::Upstream("refresh"), why.code)
                }
                Err(RefreshFault::Refused(why)) => {
                    tracing::error!(code = %why.code, "the upstream refuses to refresh its session");
                    quiet.sessions.refresh_refused(&ticket);
                    self.announce("session", "not_refreshed", None);
                    audit::Event::refused(audit::What::Upstream("refresh"), why.code)
                }
            };
            self.journal.write(&event.within(ticket.session().clone()));
            // Tokens that others replaced meanwhile, or a session that ended, say nothing about the one that lives.
            if matches!(result, Err(RefreshFault::Ended)) && quiet.sessions.upstream_behind(&ticket).is_some() {
                self.happened(quiet, Happening::UpstreamEnded, now);
            }
        });
    }

    /// Sends the request, and the one for new keys where the new ID token names one that is not known.
    async fn exchange(&self, fetcher: &Fetcher, ticket: &Ticket, fetch: &Fetch) -> Result<(), RefreshFault> {
        let answer = fetched(fetcher, fetch).await?;
        let taken = self.with_upstream(ticket, |upstream, now| upstream.refreshed(&answer, now))?;
        let Refreshed::NeedsKeys(unproven, request) = taken else { return Ok(()) };
        let answer = fetched(fetcher, &request).await?;
        let prove = |unproven: Box<Unproven>| {
            self.with_upstream(ticket, |upstream, now| unproven.prove(upstream, &answer, now))
        };
        prove(unproven)
    }

    /// Does something with the session behind a ticket, if it is still there.
    fn with_upstream<R>(
        &self,
        ticket: &Ticket,
        take: impl FnOnce(&mut cps_agent_core::psc::UpstreamSession, UnixTime) -> Result<R, RefreshFault>,
    ) -> Result<R, RefreshFault> {
        self.decide(|quiet, now| match quiet.sessions.upstream_behind(ticket) {
            Some(upstream) => take(upstream, now),
            None => Err(RefreshFault::Transport(Failure::from(failure::SESSION_OVER))),
        })
    }
}

async fn fetched(fetcher: &Fetcher, fetch: &Fetch) -> Result<Fetched, RefreshFault> {
    match fetcher.fetch(fetch).await {
        Answer::Fetched(fetched) => Ok(fetched),
        Answer::Failed(fault) => Err((&fault).into()),
        Answer::CertificateRequested { host } => {
            Err((&FetchFault::CertificateRefused(format!("{host} asks for a certificate"))).into())
        }
    }
}
