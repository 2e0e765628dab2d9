//! The card login: the walk at the upstream, from the first redirect to the code.

use super::credential::Holding;
use super::identify::AwaitTokens;
use super::upstream::{Trip, Whom, judged, unnamed};
use super::{Case, Moment, Spend, State, Turn, unexpected};
use crate::failure::{self, Failure};
use crate::psc::authorize::{Ask, Pending};
use crate::psc::{Metadata, Profile, Walk, Walked, token};
use crate::session::step::{Action, Event, PinFault, TokenFault};
use std::sync::Arc;

/// Begins at the authorization request.
pub(super) fn begin(trip: Trip, metadata: Metadata, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
    let Trip { whom: Whom::Holder(holding), profile, skew } = trip else { return Err(unexpected()) };
    let ask = Ask::at(profile.client.redirect_uri.clone());
    let (pending, url) = Pending::request(&profile, &metadata, ask, moment.entropy);
    let walk = judged(Walk::start(pending, url), "authorization", moment)?;
    Ok(Walking { walk, metadata, profile, skew, asked_by: Vec::new() }.step(*holding))
}

/// The walk, between two requests.
#[derive(Debug)]
pub(super) struct Walking {
    walk: Walk,
    metadata: Metadata,
    profile: Arc<Profile>,
    skew: Option<i64>,
    /// Servers (host and port) that asked for the card's certificate.
    asked_by: Vec<(String, u16)>,
}

impl Walking {
    /// Sends the next request, with the card where the server asked for it before.
    fn step(self, holding: Holding) -> Turn {
        if self.asked_by.contains(&self.walk.server()) {
            return self.shake_hands(holding);
        }
        let action = Action::Fetch(self.walk.fetch());
        Turn::on(self.awaited(holding, false), action)
    }

    /// Sends the request over TLS with the card's key.
    pub(super) fn shake_hands(self, holding: Holding) -> Turn {
        let action = Action::FetchWithToken { fetch: self.walk.fetch(), serial: holding.seen.serial.clone() };
        Turn::on(self.awaited(holding, true), action)
    }

    fn awaited(self, holding: Holding, with_card: bool) -> State {
        State::Walk(Box::new(AwaitWalk {
            holding,
            profile: self.profile,
            skew: self.skew,
            walk: self.walk,
            metadata: self.metadata,
            asked_by: self.asked_by,
            with_card,
        }))
    }
}

/// An answer of the walk is awaited.
#[derive(Debug)]
pub(super) struct AwaitWalk {
    pub(super) holding: Holding,
    profile: Arc<Profile>,
    skew: Option<i64>,
    walk: Walk,
    metadata: Metadata,
    asked_by: Vec<(String, u16)>,
    with_card: bool,
}

impl AwaitWalk {
    pub(super) fn on(
        mut self,
        event: Event,
        case: &mut Case,
        moment: &mut Moment<'_>,
    ) -> Result<Turn, Failure> {
        match event {
            Event::CertificateRequested { .. } if !self.with_card => {
                self.asked_by.push(self.walk.server());
                let (walking, holding) = self.between();
                return Ok(Spend::Handshake(Box::new(walking)).go(holding));
            }
            Event::TokenFailed(TokenFault::Pin(fault)) if self.with_card => {
                return self.pin_refused(fault, moment);
            }
            _ => {}
        }
        let mut trip =
            Trip { whom: Whom::Holder(Box::new(self.holding)), profile: self.profile, skew: self.skew };
        let answer = trip.answer(event, "authorization", moment)?;
        match judged(self.walk.read(&answer), "authorization", moment)? {
            Walked::On(walk) => {
                let Trip { whom: Whom::Holder(holding), profile, skew } = trip else {
                    return Err(unexpected());
                };
                let walking =
                    Walking { walk, metadata: self.metadata, profile, skew, asked_by: self.asked_by };
                Ok(walking.step(*holding))
            }
            // Without a handshake with the card nothing says who the upstream thinks this is.
            Walked::Arrived(_) if self.asked_by.is_empty() => {
                judged(Err(failure::UPSTREAM_NO_CARD.into()), "authorization", moment)
            }
            Walked::Arrived(granted) => {
                case.warnings.extend(unnamed(&granted));
                let redeem = token::redeem(&trip.profile, &self.metadata, &granted, &mut moment.fresh())?;
                let state = AwaitTokens { trip, metadata: self.metadata, nonce: granted.nonce };
                Ok(Turn::on(State::Tokens(state), Action::Fetch(redeem)))
            }
        }
    }

    fn pin_refused(self, fault: PinFault, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let (walking, holding) = self.between();
        Spend::Handshake(Box::new(walking)).refused(holding, fault, moment)
    }

    fn between(self) -> (Walking, Holding) {
        let walking = Walking {
            walk: self.walk,
            metadata: self.metadata,
            profile: self.profile,
            skew: self.skew,
            asked_by: self.asked_by,
        };
        (walking, self.holding)
    }
}
