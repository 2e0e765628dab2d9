//! The upstream road: the card login walked at the upstream, then tokens, keys and user info.

use super::credential::Holding;
use super::{Case, Moment, Outcome, Spend, State, Turn, unexpected};
use crate::audit;
use crate::failure::{self, Code, Failure};
use crate::fetch::Fetched;
use crate::identity::{Assurance, NationalId};
use crate::psc::authorize::{Granted, Pending};
use crate::psc::keys::Keys;
use crate::psc::profile::MAX_SKEW;
use crate::psc::token::{self, Tokens};
use crate::psc::verify::{self, Expected, IdToken, Refused};
use crate::psc::{Metadata, Profile, UpstreamSession, Walk, Walked, answer, userinfo};
use crate::session::step::{Action, Event, PinFault, TokenFault};
use std::sync::Arc;

/// `acr` of an upstream that states none, where the configuration accepts that (OpenID Connect Core §2).
const ACR_NONE: &str = "0";

/// What travels along.
#[derive(Debug)]
pub(super) struct Trip {
    pub(super) holding: Holding,
    profile: Arc<Profile>,
    /// How far the upstream's clock is ahead of ours, by its last answer that said.
    skew: Option<i64>,
}

impl Trip {
    /// Takes the answer out of an event; an answer that never came ends the login.
    fn answer(
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
}

fn note_upstream(moment: &mut Moment<'_>, endpoint: &'static str, code: Code) {
    moment.notes.push(audit::Event::refused(audit::What::Upstream(endpoint), code));
}

/// Notes what an answer was refused for.
fn judged<T>(
    result: Result<T, Failure>,
    endpoint: &'static str,
    moment: &mut Moment<'_>,
) -> Result<T, Failure> {
    if let Err(failure) = &result {
        note_upstream(moment, endpoint, failure.code);
    }
    result
}

/// Begins: the discovery document, which only confirms what the profile says.
pub(super) fn begin(holding: Holding, profile: Arc<Profile>) -> Turn {
    let action = Action::Fetch(Metadata::request(&profile));
    Turn::on(State::Discovery(AwaitDiscovery { trip: Trip { holding, profile, skew: None } }), action)
}

/// The discovery document is awaited.
#[derive(Debug)]
pub(super) struct AwaitDiscovery {
    pub(super) trip: Trip,
}

impl AwaitDiscovery {
    pub(super) fn on(
        mut self,
        event: Event,
        _case: &mut Case,
        moment: &mut Moment<'_>,
    ) -> Result<Turn, Failure> {
        let answer = self.trip.answer(event, "discovery", moment)?;
        let metadata = judged(Metadata::read(&self.trip.profile, &answer), "discovery", moment)?;
        let (pending, url) = Pending::request(&self.trip.profile, &metadata, moment.entropy);
        let walking = Walking {
            walk: judged(Walk::start(pending, url), "authorization", moment)?,
            metadata,
            profile: self.trip.profile,
            skew: self.trip.skew,
            asked_by: Vec::new(),
        };
        Ok(walking.step(self.trip.holding))
    }
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
        State::Walk(AwaitWalk {
            trip: Trip { holding, profile: self.profile, skew: self.skew },
            walk: self.walk,
            metadata: self.metadata,
            asked_by: self.asked_by,
            with_card,
        })
    }
}

/// An answer of the walk is awaited.
#[derive(Debug)]
pub(super) struct AwaitWalk {
    pub(super) trip: Trip,
    walk: Walk,
    metadata: Metadata,
    asked_by: Vec<(String, u16)>,
    with_card: bool,
}

impl AwaitWalk {
    pub(super) fn on(
        mut self,
        event: Event,
        _case: &mut Case,
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
        let answer = self.trip.answer(event, "authorization", moment)?;
        match judged(self.walk.read(&answer), "authorization", moment)? {
            Walked::On(walk) => {
                self.walk = walk;
                let (walking, holding) = self.between();
                Ok(walking.step(holding))
            }
            // Without a handshake with the card nothing says who the upstream thinks this is.
            Walked::Arrived(_) if self.asked_by.is_empty() => {
                judged(Err(failure::UPSTREAM_NO_CARD.into()), "authorization", moment)
            }
            Walked::Arrived(granted) => {
                let redeem =
                    token::redeem(&self.trip.profile, &self.metadata, &granted, &mut moment.fresh())?;
                let action = Action::Fetch(redeem);
                let state = AwaitTokens { trip: self.trip, metadata: self.metadata, granted };
                Ok(Turn::on(State::Tokens(state), action))
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
            profile: self.trip.profile,
            skew: self.trip.skew,
            asked_by: self.asked_by,
        };
        (walking, self.trip.holding)
    }
}

/// The tokens are awaited.
#[derive(Debug)]
pub(super) struct AwaitTokens {
    pub(super) trip: Trip,
    metadata: Metadata,
    granted: Granted,
}

impl AwaitTokens {
    pub(super) fn on(
        mut self,
        event: Event,
        case: &mut Case,
        moment: &mut Moment<'_>,
    ) -> Result<Turn, Failure> {
        let answer = self.trip.answer(event, "token", moment)?;
        let tokens = judged(token::read(&answer), "token", moment)?;
        let waiting = AwaitKeys {
            trip: self.trip,
            metadata: self.metadata,
            granted: self.granted,
            tokens,
            missed: false,
        };
        match case.settings.keys.clone() {
            Some(keys) => waiting.verify(keys, moment),
            None => Ok(waiting.fetch()),
        }
    }
}

/// The provider's keys are awaited.
#[derive(Debug)]
pub(super) struct AwaitKeys {
    pub(super) trip: Trip,
    metadata: Metadata,
    granted: Granted,
    tokens: Tokens,
    /// The keys known so far lack the one that the token names.
    missed: bool,
}

impl AwaitKeys {
    fn fetch(self) -> Turn {
        let action = Action::Fetch(Keys::request(&self.metadata));
        Turn::on(State::Keys(self), action)
    }

    pub(super) fn on(
        mut self,
        event: Event,
        _case: &mut Case,
        moment: &mut Moment<'_>,
    ) -> Result<Turn, Failure> {
        let answer = self.trip.answer(event, "jwks", moment)?;
        let keys = judged(Keys::read(&answer), "jwks", moment)?;
        let keys = if self.missed { keys.after_miss() } else { keys };
        self.verify(keys, moment)
    }

    fn verify(self, keys: Keys, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let expected = Expected {
            profile: &self.trip.profile,
            nonce: Some(self.granted.nonce.expose()),
            level: true,
            access_token: self.tokens.access.expose(),
            now: moment.now,
            skew: self.trip.skew,
        };
        match verify::id_token(self.tokens.id_token.expose(), &keys, expected) {
            Ok(id_token) => {
                let action =
                    Action::Fetch(userinfo::request(&self.trip.profile, &self.metadata, &self.tokens));
                let state = AwaitUserInfo {
                    trip: self.trip,
                    metadata: self.metadata,
                    tokens: self.tokens,
                    id_token,
                    keys,
                };
                Ok(Turn::on(State::UserInfo(state), action))
            }
            Err(Refused::UnknownKey) if keys.may_refetch(moment.now) => {
                Ok(Self { missed: true, ..self }.fetch())
            }
            Err(refused) => judged(Err(refused.into()), "id_token", moment),
        }
    }
}

/// The user info is awaited.
#[derive(Debug)]
pub(super) struct AwaitUserInfo {
    pub(super) trip: Trip,
    metadata: Metadata,
    tokens: Tokens,
    id_token: IdToken,
    keys: Keys,
}

impl AwaitUserInfo {
    pub(super) fn on(
        mut self,
        event: Event,
        case: &mut Case,
        moment: &mut Moment<'_>,
    ) -> Result<Turn, Failure> {
        let answer = self.trip.answer(event, "userinfo", moment)?;
        let person = judged(userinfo::read(&answer, &self.id_token), "userinfo", moment)?;
        let holding = &self.trip.holding;
        // Whoever the upstream names must be the holder of the card that shook hands.
        let is = |id: &NationalId| person.aliases.contains(id);
        if !is(&holding.national_id()) {
            return judged(Err(failure::OTHER_PERSON.into()), "userinfo", moment);
        }
        if case.purpose.same_person_as.as_ref().is_some_and(|same| !same.person.is(&person)) {
            return Err(failure::OTHER_PERSON.into());
        }
        if let Some(seconds) = self.trip.skew.filter(|s| s.saturating_abs() > MAX_SKEW) {
            let told = Failure::new(failure::CLOCK_SKEW).with("seconds", seconds.saturating_abs());
            case.warnings.push(told);
        }
        let auth_mode = self
            .id_token
            .auth_mode
            .clone()
            .or_else(|| person.claims.get("authMode").and_then(|mode| mode.as_str()).map(str::to_owned));
        Ok(Turn::Done(Box::new(Outcome {
            assurance: Assurance {
                way: case.purpose.way,
                acr: self.id_token.acr.unwrap_or_else(|| ACR_NONE.to_owned()),
                amr: holding.amr(),
                auth_time: self.id_token.auth_time,
                idp: Some(self.trip.profile.issuer.clone()),
                psc_auth_mode: auth_mode,
                credential: Some(holding.credential()),
            },
            person: Arc::new(person),
            purpose: case.purpose.clone(),
            upstream: Some(UpstreamSession {
                profile: self.trip.profile,
                metadata: self.metadata,
                tokens: self.tokens,
                keys: self.keys,
                subject: self.id_token.subject,
            }),
            warnings: std::mem::take(&mut case.warnings),
        })))
    }
}
