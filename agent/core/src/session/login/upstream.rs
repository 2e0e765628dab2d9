//! What the three roads to an upstream have in common: whom its answer must name, what travels along, and how they begin.

use super::credential::Holding;
use super::{Case, Moment, Road, State, Turn, browser, ciba, unexpected, walk};
use crate::audit;
use crate::failure::{self, Code, Failure};
use crate::fetch::Fetched;
use crate::identity::{NationalId, Person};
use crate::psc::authorize::Granted;
use crate::psc::ciba::Channel;
use crate::psc::profile::MAX_SKEW;
use crate::psc::{Metadata, Profile, answer};
use crate::session::step::{Action, Event, TokenSeen};
use std::sync::Arc;
use url::Url;

/// Whom the upstream's answer must name.
#[derive(Debug)]
pub(super) enum Whom {
    /// The holder of this card or token.
    Holder(Box<Holding>),
    /// The person who was asked on the phone.
    Named(NationalId),
    /// Whoever logged in on the upstream's own page; with what signed meanwhile, once they are back.
    Anybody(Vec<TokenSeen>),
}

impl Whom {
    /// The card or token in hand.
    pub(super) fn holding(&self) -> Option<&Holding> {
        match self {
            Self::Holder(holding) => Some(holding),
            Self::Named(_) | Self::Anybody(_) => None,
        }
    }

    /// Whether this person may come of it.
    pub(super) fn admits(&self, person: &Person) -> bool {
        match self {
            Self::Holder(holding) => person.has(&holding.national_id()),
            Self::Named(identifier) => person.has(identifier),
            Self::Anybody(_) => true,
        }
    }
}

/// What travels along.
#[derive(Debug)]
pub(super) struct Trip {
    pub(super) whom: Whom,
    pub(super) profile: Arc<Profile>,
    /// How far the upstream's clock is ahead of ours, by its last answer that said.
    pub(super) skew: Option<i64>,
}

impl Trip {
    /// Takes the answer out of an event; an answer that never came ends the login.
    pub(super) fn answer(
        &mut self,
        event: Event,
        endpoint: &'static str,
        moment: &mut Moment<'_>,
    ) -> Result<Fetched, Failure> {
        match event {
            Event::Fetched(answer) => {
                self.skew = answer::skew(&answer).or(self.skew);
                Ok(answer)
            }
            Event::FetchFailed(fault) => {
                let failure = answer::unanswered(&fault);
                note_upstream(moment, endpoint, failure.code);
                Err(failure)
            }
            _ => Err(unexpected()),
        }
    }

    /// What to tell of the clock, when it is off by more than is tolerated.
    pub(super) fn clock(&self) -> Option<Failure> {
        let seconds = self.skew.map(i64::saturating_abs).filter(|seconds| *seconds > MAX_SKEW)?;
        Some(Failure::new(failure::CLOCK_SKEW).with("seconds", seconds))
    }
}

fn note_upstream(moment: &mut Moment<'_>, endpoint: &'static str, code: Code) {
    moment.notes.push(audit::Event::refused(audit::What::Upstream(endpoint), code));
}

/// Notes what an answer was refused for.
pub(super) fn judged<T>(
    result: Result<T, Failure>,
    endpoint: &'static str,
    moment: &mut Moment<'_>,
) -> Result<T, Failure> {
    if let Err(failure) = &result {
        note_upstream(moment, endpoint, failure.code);
    }
    result
}

/// An answer that lacks `iss` although the upstream announces it is taken, since we speak to one issuer only, and told.
pub(super) fn unnamed(granted: &Granted) -> Option<Failure> {
    (!granted.issuer_named).then(|| failure::UPSTREAM_UNNAMED.into())
}

/// What follows the discovery document.
#[derive(Debug)]
pub(super) enum After {
    /// The walk with the card.
    Walk,
    /// The browser, which comes back to this address.
    Browse(Url),
    /// The request to the phone or the card tool.
    Ask,
}

/// Begins: the discovery document, which only confirms what the profile says.
pub(super) fn begin(whom: Whom, profile: Arc<Profile>, after: After) -> Turn {
    let action = Action::Fetch(Metadata::request(&profile));
    let trip = Trip { whom, profile, skew: None };
    Turn::on(State::Discovery(AwaitDiscovery { trip, after }), action)
}

/// The discovery document is awaited.
#[derive(Debug)]
pub(super) struct AwaitDiscovery {
    pub(super) trip: Trip,
    after: After,
}

impl AwaitDiscovery {
    pub(super) fn on(mut self, event: Event, case: &Case, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let answer = self.trip.answer(event, "discovery", moment)?;
        let metadata = judged(Metadata::read(&self.trip.profile, &answer), "discovery", moment)?;
        match self.after {
            After::Walk => walk::begin(self.trip, metadata, moment),
            After::Browse(listening) => Ok(browser::browse(self.trip, metadata, listening, case, moment)),
            After::Ask => {
                let channel = match case.road {
                    Road::Ciba(_, channel) => channel,
                    _ => Channel::Mobile,
                };
                ciba::ask(self.trip, metadata, channel, moment)
            }
        }
    }
}
