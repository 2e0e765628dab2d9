//! When the upstream's session is refreshed: only for a person who was active since the last time.
//!
//! A refresh keeps the session at the upstream awake, so that one on a timer would defeat its idle rule. Two thirds into the
//! life of the refresh token it is due, if the person did anything since it came; else at the person's next act. What fails on
//! the way is tried again after a pause that grows; what the upstream refuses is not tried again before the next login.

use super::Table;
use crate::identity::{SessionId, UnixTime};
use crate::psc::UpstreamSession;

/// Life of a refresh token whose end the upstream did not say, seconds (Pro Santé Connect's).
const USUAL_LIFE: i64 = 30 * 60;
/// An access token that ends sooner than this, in seconds, is as good as over: it still has to travel.
const TRAVEL: i64 = 5;
/// Pauses after failures, seconds: the first, doubled up to the last.
const PAUSES: (i64, i64) = (5, 300);

/// What a refresh is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The upstream's session goes on.
    Session,
    /// Somebody needs an access token that is not over.
    AccessToken,
}

/// Which tokens a refresh replaces. When others took their place meanwhile, its answer is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    sid: SessionId,
    generation: u64,
}

impl Ticket {
    /// Whose tokens they are.
    #[must_use]
    pub fn session(&self) -> &SessionId {
        &self.sid
    }
}

/// The state of refreshing, beside the tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refresh {
    generation: u64,
    /// When the tokens came.
    since: UnixTime,
    /// Failures in a row, and when the next try may be.
    failures: u32,
    not_before: UnixTime,
    /// The upstream does not want us any more.
    refused: bool,
}

impl Refresh {
    pub(super) fn new(generation: u64, now: UnixTime) -> Self {
        Self { generation, since: now, failures: 0, not_before: now, refused: false }
    }
}

impl Table {
    /// When the upstream's session is to be refreshed; `None` while nobody's act asks for it.
    #[must_use]
    pub fn refresh_at(&self) -> Option<UnixTime> {
        let (live, upstream) = self.refreshable()?;
        let Refresh { since, not_before, .. } = live.refresh;
        let life = upstream.tokens.refresh_expires.map_or(USUAL_LIFE, |end| end.since(since).max(0));
        (self.input || live.active > since).then(|| since.plus(life / 3 * 2).max(not_before))
    }

    /// The tokens to be replaced now, if a refresh is due for this need.
    #[must_use]
    pub fn refresh(&self, need: Need, now: UnixTime) -> Option<Ticket> {
        let (live, upstream) = self.refreshable()?;
        let acted = self.input || live.active > live.refresh.since;
        let due = match need {
            Need::Session => self.refresh_at().is_some_and(|at| at <= now),
            // Whoever asks often while the upstream is out of order waits like everybody else.
            Need::AccessToken => {
                acted && live.refresh.not_before <= now && upstream.tokens.access_expires < now.plus(TRAVEL)
            }
        };
        due.then(|| Ticket { sid: live.sid.clone(), generation: live.refresh.generation })
    }

    /// The upstream's side of the live session, to make the request of a refresh or take its answer; `None` when other tokens
    /// took the place of the ticket's, or the session ended.
    pub fn upstream_behind(&mut self, ticket: &Ticket) -> Option<&mut UpstreamSession> {
        let live = self.live.as_mut()?;
        (live.sid == ticket.sid && live.refresh.generation == ticket.generation)
            .then_some(live.upstream.as_mut())
            .flatten()
    }

    /// New tokens took the place of the ticket's.
    pub fn refreshed(&mut self, ticket: &Ticket, now: UnixTime) {
        if self.upstream_behind(ticket).is_none() {
            return;
        }
        self.generation += 1;
        if let Some(live) = &mut self.live {
            live.refresh = Refresh::new(self.generation, now);
        }
    }

    /// There was no answer, or none that says anything: the session is as it was.
    pub fn refresh_failed(&mut self, ticket: &Ticket, now: UnixTime) {
        if self.upstream_behind(ticket).is_none() {
            return;
        }
        if let Some(Refresh { failures, not_before, .. }) = self.live.as_mut().map(|live| &mut live.refresh) {
            let (first, longest) = PAUSES;
            *not_before = now.plus(first.saturating_mul(1 << (*failures).min(16)).min(longest));
            *failures = failures.saturating_add(1);
        }
    }

    /// The upstream refused, or its answer was not to be believed: not tried again with these tokens.
    pub fn refresh_refused(&mut self, ticket: &Ticket) {
        if self.upstream_behind(ticket).is_some()
            && let Some(live) = &mut self.live
        {
            live.refresh.refused = true;
        }
    }

    /// The live session's side at the upstream, while it may be refreshed: not while the session is locked.
    fn refreshable(&self) -> Option<(&super::live::Live, &UpstreamSession)> {
        let live = self.live.as_ref().filter(|live| !live.locked && !live.refresh.refused)?;
        let upstream = live.upstream.as_ref()?;
        upstream.tokens.refresh.is_some().then_some((live, upstream))
    }
}
