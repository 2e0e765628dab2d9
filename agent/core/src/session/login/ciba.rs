//! The road by phone or card tool: one request, then polls until the person answered there.

use super::identify::{self, Proof};
use super::upstream::{Trip, Whom, judged};
use super::{Case, Moment, Shows, State, Turn, unexpected};
use crate::failure::{self, Failure};
use crate::fetch::FetchFault;
use crate::psc::Metadata;
use crate::psc::ciba::{self, Acknowledged, Channel, Number, Polled, Question};
use crate::session::step::{Action, Event};

/// Asks the person: on the phone, or at the card tool for the card in hand.
pub(super) fn ask(
    trip: Trip,
    metadata: Metadata,
    channel: Channel,
    moment: &mut Moment<'_>,
) -> Result<Turn, Failure> {
    let identifier = match &trip.whom {
        Whom::Holder(holding) => holding.national_id(),
        Whom::Named(identifier) => identifier.clone(),
        Whom::Anybody(_) => return Err(unexpected()),
    };
    let question = Question { identifier, channel, number: Number::draw(moment.entropy) };
    let fetch = ciba::request(&trip.profile, &metadata, &question, &mut moment.fresh());
    let fetch = judged(fetch, "ciba", moment)?;
    // A card that is here shows that its holder is; a phone may ring anywhere.
    let action = match channel {
        Channel::Mobile => Action::Ring { fetch, identifier: question.identifier.clone() },
        Channel::Card => Action::Fetch(fetch),
    };
    Ok(Turn::on(State::Acknowledgement(AwaitAcknowledgement { trip, metadata, question }), action))
}

/// The acknowledgement of the request is awaited.
#[derive(Debug)]
pub(super) struct AwaitAcknowledgement {
    pub(super) trip: Trip,
    metadata: Metadata,
    question: Question,
}

impl AwaitAcknowledgement {
    pub(super) fn shows(&self) -> Shows {
        Shows { question: self.question.clone(), expires: None }
    }

    pub(super) fn on(mut self, event: Event, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let answer = self.trip.answer(event, "ciba", moment)?;
        let acknowledged = judged(Acknowledged::read(&answer), "ciba", moment)?;
        let asked = Asked { trip: self.trip, metadata: self.metadata, question: self.question, acknowledged };
        Ok(asked.pause())
    }
}

/// The person is asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) trip: Trip,
    metadata: Metadata,
    question: Question,
    acknowledged: Acknowledged,
}

impl Asked {
    pub(super) fn shows(&self) -> Shows {
        Shows { question: self.question.clone(), expires: Some(self.acknowledged.expires()) }
    }

    fn pause(self) -> Turn {
        let action = Action::Wait(self.acknowledged.interval());
        Turn::on(State::Pause(AwaitPause(self)), action)
    }
}

/// The end of the interval is awaited.
#[derive(Debug)]
pub(super) struct AwaitPause(pub(super) Asked);

impl AwaitPause {
    pub(super) fn on(self, event: Event, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let Event::Waited = event else { return Err(unexpected()) };
        let asked = self.0;
        let poll = asked.acknowledged.poll(&asked.trip.profile, &asked.metadata, &mut moment.fresh())?;
        Ok(Turn::on(State::Poll(AwaitPoll(asked)), Action::Fetch(poll)))
    }
}

/// The answer to a poll is awaited.
#[derive(Debug)]
pub(super) struct AwaitPoll(pub(super) Asked);

impl AwaitPoll {
    pub(super) fn on(self, event: Event, case: &Case, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let mut asked = self.0;
        // A network that fails for a moment ends nothing: the request on the phone is still there.
        if let Event::FetchFailed(
            FetchFault::Unreachable(_) | FetchFault::Incompatible(_) | FetchFault::Garbled(_),
        ) = event
        {
            return Ok(asked.pause());
        }
        let answer = asked.trip.answer(event, "token", moment)?;
        let polled = asked.acknowledged.polled(&answer);
        // Minding one's own business on the phone is no fault of the upstream.
        let polled = match polled {
            Err(said) if [failure::ECPS_DENIED, failure::ECPS_EXPIRED].contains(&said.code) => {
                return Err(said);
            }
            other => judged(other, "token", moment)?,
        };
        match polled {
            Polled::Pending => Ok(asked.pause()),
            Polled::Tokens(tokens) => {
                let proof = Proof { trip: asked.trip, metadata: asked.metadata, tokens, nonce: None };
                identify::begin(proof, case, moment)
            }
        }
    }
}
