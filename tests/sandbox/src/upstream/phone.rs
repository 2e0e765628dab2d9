//! The phone with the e-CPS application, and CPS-Gestion for the channel `CARD`: what the person sees there, and does.

use super::realm::{Mode, Realm};
use crate::pki::Holder;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Instant};

/// What became of a request to the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushState {
    /// It rings.
    Waiting,
    /// The person agreed.
    Approved,
    /// The person refused.
    Denied,
    /// The client came for its tokens, or was told that there are none.
    Done,
}

/// What the person does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Habit {
    /// Nothing, until [`Phone::approve`] or [`Phone::deny`].
    #[default]
    Wait,
    /// Agrees at once.
    Approve,
    /// Refuses at once.
    Deny,
}

/// A request to the phone as a person sees it, and what a test wants to know of it.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// National identifier of the person.
    pub identifier: &'static str,
    /// `CARD` or `MOBILE`.
    pub channel: &'static str,
    /// The two-digit number to compare; none for a login on the wallet's page.
    pub number: Option<String>,
    /// `client_id`.
    pub client: String,
    /// What became of it.
    pub state: PushState,
    /// Times the client asked for the outcome.
    pub polls: u32,
    /// Times it asked before its interval had passed.
    pub early: u32,
}

/// A request to the phone.
#[derive(Clone)]
pub(super) struct Push {
    /// `auth_req_id`, or the identifier of the wallet's page.
    pub(super) id: String,
    pub(super) holder: &'static Holder,
    pub(super) mode: Mode,
    pub(super) number: Option<String>,
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) expires: u64,
    pub(super) state: PushState,
    /// Seconds between two polls; grows with every `slow_down`.
    pub(super) interval: u64,
    /// When the interval began.
    pub(super) since: Instant,
    pub(super) polls: u32,
    pub(super) early: u32,
    /// Times the client was told to slow down.
    pub(super) slowed: u32,
}

impl Push {
    fn shown(&self) -> Request {
        Request {
            identifier: self.holder.identifier,
            channel: self.mode.name(),
            number: self.number.clone(),
            client: self.client.clone(),
            state: self.state,
            polls: self.polls,
            early: self.early,
        }
    }
}

/// The scripted phone of everybody in the register.
#[derive(Clone)]
pub struct Phone {
    pub(super) realm: Arc<Realm>,
}

impl Phone {
    /// Every request so far, the newest last.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.realm.memory().pushes.iter().map(Push::shown).collect()
    }

    /// Agrees to the newest request that waits. False when none does.
    pub fn approve(&self) -> bool {
        self.decide(PushState::Approved)
    }

    /// Refuses the newest request that waits. False when none does.
    pub fn deny(&self) -> bool {
        self.decide(PushState::Denied)
    }

    /// What the person does with requests from now on.
    pub fn habit(&self, habit: Habit) {
        self.realm.memory().habit = habit;
    }

    fn decide(&self, state: PushState) -> bool {
        let mut memory = self.realm.memory();
        let now = memory.now();
        let waits = |push: &&mut Push| push.state == PushState::Waiting && now < push.expires;
        memory.pushes.iter_mut().rev().find(waits).map(|push| push.state = state).is_some()
    }
}

impl Habit {
    /// The state a request has as soon as it arrives.
    pub(super) fn first_state(self) -> PushState {
        match self {
            Self::Wait => PushState::Waiting,
            Self::Approve => PushState::Approved,
            Self::Deny => PushState::Denied,
        }
    }
}
