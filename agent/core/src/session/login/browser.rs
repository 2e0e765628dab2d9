//! The browser road: the system's browser shows the upstream's own pages, and comes back to a listener of ours (RFC 8252).

use super::identify::AwaitTokens;
use super::upstream::{self, After, Trip, Whom, judged, unnamed};
use super::{Case, Moment, State, Turn, unexpected};
use crate::failure::Failure;
use crate::psc::authorize::{Ask, Pending};
use crate::psc::profile::Name;
use crate::psc::{Metadata, Profile, token};
use crate::session::step::{Action, Event};
use std::sync::Arc;
use url::Url;

/// Begins: somebody must listen before anybody is sent away.
pub(super) fn begin(whom: Whom, profile: Arc<Profile>) -> Turn {
    Turn::on(State::Listening(AwaitListener { whom, profile }), Action::Listen)
}

/// The listener is awaited.
#[derive(Debug)]
pub(super) struct AwaitListener {
    pub(super) whom: Whom,
    profile: Arc<Profile>,
}

impl AwaitListener {
    pub(super) fn on(self, event: Event) -> Result<Turn, Failure> {
        let Event::Listening(address) = event else { return Err(unexpected()) };
        Ok(upstream::begin(self.whom, self.profile, After::Browse(address)))
    }
}

/// Sends the browser to the authorization endpoint.
pub(super) fn browse(
    trip: Trip,
    metadata: Metadata,
    listening: Url,
    case: &Case,
    moment: &mut Moment<'_>,
) -> Turn {
    let demand = case.purpose.demand;
    // The browser may still be logged in there as whoever sat here before: where somebody in particular is wanted, now,
    // that counts for nothing.
    let somebody = trip.whom.holding().is_some() || case.purpose.same_person_as.is_some();
    // Whether the wallet's page of Pro Santé Connect takes a hint is not documented.
    let known = case.purpose.same_person_as.as_ref().filter(|_| trip.profile.name == Name::Custom);
    let ask = Ask {
        redirect_uri: listening,
        login: demand.login || somebody,
        max_age: demand.max_age,
        login_hint: known.map(|same| same.person.id.0.clone()),
    };
    let (pending, address) = Pending::request(&trip.profile, &metadata, ask, moment.entropy);
    let state = pending.state();
    Turn::on(State::Return(AwaitReturn { trip, metadata, pending }), Action::Browse { address, state })
}

/// The browser's return is awaited.
#[derive(Debug)]
pub(super) struct AwaitReturn {
    pub(super) trip: Trip,
    metadata: Metadata,
    pending: Pending,
}

impl AwaitReturn {
    pub(super) fn on(
        mut self,
        event: Event,
        case: &mut Case,
        moment: &mut Moment<'_>,
    ) -> Result<Turn, Failure> {
        let Event::Returned { query, signed } = event else { return Err(unexpected()) };
        if let Whom::Anybody(nobody) = &mut self.trip.whom {
            *nobody = signed;
        }
        let granted = judged(self.pending.returned(&query), "authorization", moment)?;
        case.warnings.extend(unnamed(&granted));
        let redeem = token::redeem(&self.trip.profile, &self.metadata, &granted, &mut moment.fresh())?;
        let state = AwaitTokens { trip: self.trip, metadata: self.metadata, nonce: granted.nonce };
        Ok(Turn::on(State::Tokens(state), Action::Fetch(redeem)))
    }
}
