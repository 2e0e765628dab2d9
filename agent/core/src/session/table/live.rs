//! The session that lives: whose it is, what it rests on, and what locks, resumes and renews it.

use super::refresh::Refresh;
use super::{Effect, Outcome};
use crate::audit::{self, What, event::SessionEnd};
use crate::identity::{Assurance, NationalId, Person, SessionId, UnixTime, Way};
use crate::policy::program::Answers;
use crate::psc::UpstreamSession;
use std::sync::Arc;

/// The live session.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) sid: SessionId,
    pub(super) person: Arc<Person>,
    pub(super) assurance: Assurance,
    pub(super) upstream: Option<UpstreamSession>,
    pub(super) expires: UnixTime,
    /// The person's last act.
    pub(super) active: UnixTime,
    pub(super) locked: bool,
    pub(super) refresh: Refresh,
    /// What the person said of programs in this session.
    pub(super) answers: Answers,
    /// Number of what was kept of its card for programs, and is the session's now.
    pub(super) taken_over: Option<u64>,
}

impl Live {
    /// The session of a finished login. `generation` numbers what the upstream gave.
    pub(super) fn new(
        sid: SessionId,
        outcome: Outcome,
        expires: UnixTime,
        generation: u64,
        now: UnixTime,
    ) -> Self {
        Self {
            sid,
            expires,
            person: outcome.person,
            assurance: outcome.assurance,
            upstream: outcome.upstream,
            active: now,
            locked: false,
            refresh: Refresh::new(generation, now),
            answers: Answers::default(),
            taken_over: None,
        }
    }

    /// The serial of the session's card or token.
    pub(super) fn serial(&self) -> Option<&str> {
        self.assurance.credential.as_ref().map(|c| c.serial.as_str())
    }

    /// Whether that is a card, not a token's file (`swk`, RFC 8176: a key kept by software).
    pub(super) fn rests_on_card(&self) -> bool {
        let Assurance { way, amr, credential, .. } = &self.assurance;
        credential.is_some() && *way != Way::Token && amr.iter().all(|method| method != "swk")
    }

    pub(super) fn event(&self, what: What) -> Effect {
        Effect::Audit(
            audit::Event::done(what)
                .of(self.person.id.clone())
                .with(self.assurance.credential.clone())
                .within(self.sid.clone()),
        )
    }

    pub(super) fn announce(&self, what: &'static str) -> Effect {
        Effect::Announce { topic: "session", what, sid: self.sid.clone(), reason: None }
    }

    pub(super) fn announce_end(&self, why: SessionEnd) -> Effect {
        Effect::Announce { topic: "session", what: "ended", sid: self.sid.clone(), reason: Some(why) }
    }

    pub(super) fn release(&self) -> Option<Effect> {
        self.serial().map(|serial| Effect::ReleaseToken { serial: serial.to_owned() })
    }

    pub(super) fn is_of(&self, holder: &NationalId) -> bool {
        self.person.has(holder)
    }

    /// Whether a login was made with the session's own card or token; a session made without one takes any of its
    /// person's.
    pub(super) fn takes_credential_of(&self, outcome: &Outcome) -> bool {
        let new = outcome.assurance.credential.as_ref().map(|c| c.serial.as_str());
        self.serial().is_none_or(|serial| new == Some(serial))
    }

    pub(super) fn lock(&mut self) -> Vec<Effect> {
        if self.locked {
            return Vec::new();
        }
        self.locked = true;
        let mut effects: Vec<Effect> = self.release().into_iter().collect();
        effects.push(self.event(What::Locked));
        effects.push(self.announce("locked"));
        effects
    }

    pub(super) fn resume(&mut self, now: UnixTime) -> Vec<Effect> {
        self.locked = false;
        self.active = now;
        vec![self.event(What::Resumed), self.announce("resumed")]
    }

    /// The same person logged in again: the session goes on with the new login's facts.
    pub(super) fn renew(
        &mut self,
        outcome: Outcome,
        expires: UnixTime,
        generation: u64,
        now: UnixTime,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        let changed = self.serial() != outcome.assurance.credential.as_ref().map(|c| c.serial.as_str());
        if changed {
            effects.extend(self.release());
        }
        self.person = outcome.person;
        self.assurance = outcome.assurance;
        let before = std::mem::replace(&mut self.upstream, outcome.upstream);
        // Where the upstream answered out of the session it had, or does not say, ending the old one may end the new.
        let apart = before.zip(self.upstream.as_ref()).filter(|(before, new)| before.is_apart_from(new));
        effects.extend(apart.map(|(before, _)| Effect::UpstreamReplaced {
            upstream: Box::new(before),
            sid: self.sid.clone(),
        }));
        self.expires = expires;
        self.active = now;
        self.locked = false;
        self.refresh = Refresh::new(generation, now);
        effects.push(self.event(What::Login(self.assurance.way)));
        effects.push(self.announce("renewed"));
        effects
    }
}
