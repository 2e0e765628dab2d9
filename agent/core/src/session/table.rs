//! The live session of this workstation: one person's, or none.
//!
//! The table decides and does nothing itself: every call gives the effects the loop carries out. A session belongs to one
//! person from its first moment to its last; what could mix two persons ends it or locks it.
//!
//! | what happens | strict | lock | relock | mobile |
//! | --- | --- | --- | --- | --- |
//! | its card leaves | ends | locks | locks | – |
//! | another person's card comes | ends | locks | locks | locks |
//! | the workstation is locked, sleeps, or another user takes the screen | – | – | locks | – |
//! | its reader is left to another user of the machine | locks | locks | locks | – |
//!
//! A reader that is left alone says nothing of its card, so that even `strict` only locks; a card that is not there any more
//! when the reader is watched again has left. What keeps a session awake is human activity: single acts
//! ([`Happening::Activity`]), or input as long as the desktop reports it ([`Happening::InputSeen`]).

mod held;
mod live;
mod refresh;

pub use held::Keeper;
pub use refresh::{Need, Ticket};

use super::login::Outcome;
use super::step::SamePerson;
use crate::audit::{
    self, What,
    event::{SessionEnd, WithoutCard},
};
use crate::failure::{self, Code};
use crate::identity::{NationalId, SessionId, SessionView, Sessions, UnixTime};
use crate::oidc::exchange::UpstreamTokens;
use crate::psc::UpstreamSession;
use crate::secret::{Entropy, Secret, random_string};
use held::HeldCards;
use live::Live;
use std::sync::Arc;

/// Longest life of any session, seconds (Pro Santé Connect's own limit).
pub const MAX_LIFE: i64 = 4 * 3600;
/// Longest idle time, seconds.
pub const MAX_IDLE: i64 = 30 * 60;
/// Longest time between two calls of the table, seconds, during which input that was seen at its start is taken to have
/// lasted. Whoever drives it ticks at least twice as often; a longer gap is a machine that stood still: nobody was there.
pub const LONGEST_GAP: i64 = 120;
/// Random bytes of a session identifier: 128 bits.
const SID: usize = 16;

/// What the card's absence does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Card out ends the session everywhere.
    #[default]
    Strict,
    /// Card out locks it; the same card and PIN resume it.
    Lock,
    /// As `Lock`, and the PIN is needed again after the workstation was locked.
    Relock,
    /// The card may leave; timers rule.
    Mobile,
}

/// The rules sessions live by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// `[session] mode`.
    pub mode: Mode,
    /// `[session] max`, seconds; never more than [`MAX_LIFE`].
    pub max: i64,
    /// `[session] idle`, seconds; never more than [`MAX_IDLE`].
    pub idle: i64,
    /// Longest life of a local session, seconds.
    pub local_max: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self { mode: Mode::Strict, max: MAX_LIFE, idle: MAX_IDLE, local_max: 3600 }
    }
}

/// What happened outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A card left, or a soft token's file.
    CardRemoved {
        /// Its serial number.
        serial: String,
    },
    /// A card came and was read.
    CardInserted {
        /// Its serial number.
        serial: String,
        /// Its holder; `None` for a card that names nobody.
        holder: Option<NationalId>,
    },
    /// The session's reader is left to another user of this machine: the card may be there or not, and its verified
    /// state is over.
    CardUnseen {
        /// Its serial number.
        serial: String,
    },
    /// The workstation was locked, is about to sleep, or another user took its screen.
    WorkstationLocked,
    /// The system reports input, and goes on until [`Happening::InputStopped`]: the person is active all the time.
    InputSeen,
    /// It does not any more.
    InputStopped,
    /// The person did something: input reported by the system, or a click, prompt or card act with the agent.
    /// Never a call of an application.
    Activity,
    /// Time passed. To be told at [`Table::deadline`] at the latest, and while input is seen at least every
    /// [`LONGEST_GAP`] seconds.
    Tick,
    /// The person ended the session.
    Logout,
    /// The upstream ended it (`invalid_grant`); never a network error.
    UpstreamEnded,
    /// The agent stops.
    Stopping,
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Everything the provider issued in this session is void, and its clients are told (back-channel logout).
    EndProviderSession(SessionId),
    /// The card's verified state is over, and TLS connections and tickets made with it are dropped.
    ReleaseToken {
        /// Serial number.
        serial: String,
    },
    /// The person left explicitly: the upstream's session ends too ([`UpstreamSession::logout`], retried).
    UpstreamLogout {
        /// Its side there.
        upstream: Box<UpstreamSession>,
        /// The session that ended here.
        sid: SessionId,
    },
    /// A new login's session at the upstream took the place of this one: it is taken back
    /// ([`UpstreamSession::revocation`], retried).
    UpstreamReplaced {
        /// Its side there.
        upstream: Box<UpstreamSession>,
        /// The session that goes on here.
        sid: SessionId,
    },
    /// Tell whoever listens (`/v1/events`).
    Announce {
        /// `session`.
        topic: &'static str,
        /// `started`, `renewed`, `locked`, `resumed`, `ended`.
        what: &'static str,
        /// The session.
        sid: SessionId,
        /// Why it ended, for an end.
        reason: Option<SessionEnd>,
    },
    /// Write this into the audit trail.
    Audit(audit::Event),
}

/// The table.
#[derive(Debug)]
pub struct Table {
    rules: Rules,
    live: Option<Live>,
    held: HeldCards,
    /// The system reports input now.
    input: bool,
    /// When the table was last told of the time.
    told: UnixTime,
    /// Counts what the upstream gave: tells tokens from those that took their place.
    generation: u64,
}

impl Table {
    /// An empty table. Limits beyond [`MAX_LIFE`] and [`MAX_IDLE`] are cut to these.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let within = |seconds: i64, most: i64| seconds.clamp(1, most);
        let max = within(rules.max, MAX_LIFE);
        let rules = Rules {
            max,
            idle: within(rules.idle, MAX_IDLE),
            local_max: within(rules.local_max, max),
            ..rules
        };
        Self { rules, live: None, held: HeldCards::default(), input: false, told: UnixTime(0), generation: 0 }
    }

    /// The live session, locked or not.
    #[must_use]
    pub fn current(&self) -> Option<SessionView> {
        self.live.as_ref().map(|live| SessionView {
            sid: live.sid.clone(),
            person: Arc::clone(&live.person),
            assurance: live.assurance.clone(),
            locked: live.locked,
            expires: live.expires,
        })
    }

    /// The upstream's side of the live session.
    #[must_use]
    pub fn upstream(&self) -> Option<&UpstreamSession> {
        self.live.as_ref().and_then(|live| live.upstream.as_ref())
    }

    /// The same for the session of this identifier, to have a token of it taken back.
    pub fn upstream_mut(&mut self, sid: &SessionId) -> Option<&mut UpstreamSession> {
        self.live.as_mut().filter(|live| live.sid == *sid)?.upstream.as_mut()
    }

    /// The same for the session of this identifier, unless it is locked.
    fn upstream_of(&self, sid: &SessionId) -> Option<&UpstreamSession> {
        let live = self.live.as_ref().filter(|live| live.sid == *sid && !live.locked)?;
        live.upstream.as_ref()
    }

    /// When the table wants to be told of the time ([`Happening::Tick`]) at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<UnixTime> {
        let awake = self.input;
        let session = self.live.as_ref().map(|live| match awake && !live.locked {
            true => live.expires,
            false => live.expires.min(live.active.plus(self.rules.idle)),
        });
        session.into_iter().chain(self.held.deadline(&self.rules, awake)).min()
    }

    /// Takes a finished login: opens a session, or renews or resumes the one that is there.
    ///
    /// Another person's login ends the session before. The same person's login of the same kind renews it under its
    /// identifier. Local and upstream sessions are never mixed: one ends, the other begins.
    ///
    /// A login that was to resume a session (`purpose.same_person_as`) may do only that, with that session's own
    /// credential: nobody asked the policy whether a new session may begin. A local one unlocks the session without
    /// touching what the upstream said.
    ///
    /// Where the upstream says that a card was used and none signed here, as when a browser resumes its connection, the card
    /// of the same person's session before goes on counting; a card, never a token's file. Where others signed, or several,
    /// it does not: which one it was cannot be told.
    ///
    /// The effects are to be carried out in either case.
    ///
    /// # Errors
    /// Why the session cannot be resumed: [`failure::SESSION_OVER`], [`failure::OTHER_PERSON`] or
    /// [`failure::SESSION_OTHER_CARD`]. The login's card or token is then released.
    pub fn open(
        &mut self,
        outcome: Outcome,
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> (Result<SessionId, Code>, Vec<Effect>) {
        let mut effects = self.expire(now);
        let outcome = self.with_the_card_before(outcome);
        let without_card = outcome.without_card;
        // The card of the new session may be the one of the old: its verified state is the new login's to keep.
        let kept = outcome.assurance.credential.as_ref().map(|c| c.serial.clone());
        let refusal =
            outcome.purpose.same_person_as.as_ref().and_then(|same| self.may_not_resume(same, &outcome));
        let opened = match refusal {
            None => Ok(self.take(outcome, now, entropy, &mut effects)),
            Some(code) => {
                let way = outcome.assurance.way;
                let refused = audit::Event::refused(What::Login(way), code).of(outcome.person.id.clone());
                effects.push(Effect::Audit(refused.with(outcome.assurance.credential)));
                Err(code)
            }
        };
        effects.retain(
            |effect| !matches!(effect, Effect::ReleaseToken { serial } if Some(serial) == kept.as_ref()),
        );
        match &mut self.live {
            Some(live) if opened.is_ok() => {
                effects.extend(without_card.map(|why| live.event(What::SessionWithoutCard(why))));
                effects.extend(self.held.yield_to(live));
            }
            _ => {
                // The login verified the card again: what programs had of it is over too.
                effects.extend(self.held.end(|held| Some(&held.serial) == kept.as_ref()));
                effects.extend(kept.map(|serial| Effect::ReleaseToken { serial }));
            }
        }
        (opened, effects)
    }

    /// Fills in the card that a login by card could not name.
    fn with_the_card_before(&self, mut outcome: Outcome) -> Outcome {
        let before = self.live.as_ref().filter(|live| live.person.is(&outcome.person));
        if let (Some(live), Some(WithoutCard::Unseen)) = (before, outcome.without_card)
            && live.rests_on_card()
        {
            outcome.assurance.credential.clone_from(&live.assurance.credential);
            outcome.without_card = None;
        }
        outcome
    }

    /// Why a login that was to resume a session does not: the session ended while the person was asked, or this is not
    /// the credential it rests on.
    fn may_not_resume(&self, same: &SamePerson, outcome: &Outcome) -> Option<Code> {
        match self.live.as_ref().filter(|live| live.sid == same.sid) {
            None => Some(failure::SESSION_OVER),
            Some(live) if !live.person.is(&outcome.person) => Some(failure::OTHER_PERSON),
            Some(live) if !live.takes_credential_of(outcome) => Some(failure::SESSION_OTHER_CARD),
            Some(_) => None,
        }
    }

    fn take(
        &mut self,
        outcome: Outcome,
        now: UnixTime,
        entropy: &mut dyn Entropy,
        effects: &mut Vec<Effect>,
    ) -> SessionId {
        if let Some(live) = self.live.as_mut()
            && live.person.is(&outcome.person)
        {
            let local = outcome.upstream.is_none();
            if outcome.purpose.same_person_as.is_some() && local {
                effects.extend(live.resume(now));
                return live.sid.clone();
            }
            if live.upstream.is_some() != local {
                self.generation += 1;
                let expires = expiry(&self.rules, &outcome, now);
                effects.extend(live.renew(outcome, expires, self.generation, now));
                return live.sid.clone();
            }
        }
        let reason = match &self.live {
            Some(live) if !live.person.is(&outcome.person) => SessionEnd::OtherPerson,
            _ => SessionEnd::Replaced,
        };
        effects.extend(self.end(reason));
        self.generation += 1;
        let sid = SessionId(random_string(entropy, SID));
        let expires = expiry(&self.rules, &outcome, now);
        let live = Live::new(sid, outcome, expires, self.generation, now);
        effects.push(live.event(What::Login(live.assurance.way)));
        effects.push(live.announce("started"));
        let sid = live.sid.clone();
        self.live = Some(live);
        sid
    }

    /// Takes what happened outside.
    pub fn on(&mut self, happening: Happening, now: UnixTime) -> Vec<Effect> {
        let mut effects = self.expire(now);
        match happening {
            Happening::InputSeen => self.input = true,
            Happening::InputStopped => self.input = false,
            _ => {}
        }
        effects.extend(self.held.on(&happening));
        if let Happening::Activity | Happening::InputSeen = happening {
            self.held.active(now);
        }
        let Some(live) = self.live.as_mut() else { return effects };
        let (mode, locked) = (self.rules.mode, live.locked);
        match happening {
            Happening::CardRemoved { serial } if live.serial() == Some(&serial) => match mode {
                Mode::Strict => effects.extend(self.end(SessionEnd::CardRemoved)),
                Mode::Lock | Mode::Relock => effects.extend(live.lock()),
                Mode::Mobile => {}
            },
            Happening::CardUnseen { serial } if live.serial() == Some(&serial) && mode != Mode::Mobile => {
                effects.extend(live.lock());
            }
            Happening::CardInserted { holder: Some(holder), .. } if !live.is_of(&holder) => match mode {
                Mode::Strict => effects.extend(self.end(SessionEnd::OtherPerson)),
                Mode::Lock | Mode::Relock | Mode::Mobile => effects.extend(live.lock()),
            },
            Happening::WorkstationLocked if mode == Mode::Relock => effects.extend(live.lock()),
            // Whoever moves the mouse while the session is locked need not be its person.
            Happening::Activity | Happening::InputSeen if !live.locked => live.active = live.active.max(now),
            Happening::Logout => effects.extend(self.end(SessionEnd::Logout)),
            Happening::UpstreamEnded => effects.extend(self.end(SessionEnd::Upstream)),
            Happening::Stopping => effects.extend(self.end(SessionEnd::Stopped)),
            _ => {}
        }
        if !locked && self.live.as_ref().is_some_and(|live| live.locked) {
            effects.extend(self.held.end(|_| true));
        }
        effects
    }

    /// Ends the session when its time is over.
    fn expire(&mut self, now: UnixTime) -> Vec<Effect> {
        let gap = now.since(std::mem::replace(&mut self.told, now));
        let present = self.input && gap <= LONGEST_GAP;
        if present {
            self.held.active(now);
        }
        if let Some(live) = self.live.as_mut().filter(|live| present && !live.locked) {
            live.active = live.active.max(now);
        }
        let mut effects = self.held.expire(&self.rules, now);
        effects.extend(match &self.live {
            Some(live) if now >= live.expires => self.end(SessionEnd::Expired),
            Some(live) if now.since(live.active) >= self.rules.idle => self.end(SessionEnd::Idle),
            _ => Vec::new(),
        });
        effects
    }

    fn end(&mut self, why: SessionEnd) -> Vec<Effect> {
        let Some(mut live) = self.live.take() else { return Vec::new() };
        let mut effects = vec![Effect::EndProviderSession(live.sid.clone())];
        effects.extend(live.release());
        // An automatic end leaves the upstream's session alone; one that a person caused does not. Where the upstream
        // ended it, there is nothing left to end.
        let explicit = match why {
            SessionEnd::Logout | SessionEnd::CardRemoved | SessionEnd::OtherPerson | SessionEnd::Replaced => {
                true
            }
            SessionEnd::Expired | SessionEnd::Idle | SessionEnd::Upstream | SessionEnd::Stopped => false,
        };
        if let Some(upstream) = live.upstream.take().filter(|_| explicit) {
            effects.push(Effect::UpstreamLogout { upstream: Box::new(upstream), sid: live.sid.clone() });
        }
        effects.push(live.event(What::SessionEnded(why)));
        effects.push(live.announce_end(why));
        effects
    }
}

impl Sessions for Table {
    fn session(&self, sid: &SessionId) -> Option<SessionView> {
        self.current().filter(|view| view.sid == *sid)
    }
}

impl UpstreamTokens for Table {
    fn access_token(&self, sid: &SessionId, now: UnixTime) -> Option<(&Secret, UnixTime)> {
        let tokens = &self.upstream_of(sid)?.tokens;
        (now < tokens.access_expires).then_some((&tokens.access, tokens.access_expires))
    }

    fn id_token(&self, sid: &SessionId) -> Option<&Secret> {
        self.upstream_of(sid).map(|upstream| &upstream.tokens.id_token)
    }
}

/// When a new session ends: counted from the authentication, which at an upstream may be older than the login.
fn expiry(rules: &Rules, outcome: &Outcome, now: UnixTime) -> UnixTime {
    let (from, life) = match outcome.upstream {
        Some(_) => (outcome.assurance.auth_time.min(now), rules.max),
        None => (now, rules.local_max),
    };
    from.plus(life)
}
