//! The end of every road to an upstream: tokens, keys, user info, and the person that they name.

use super::upstream::{Trip, Whom, judged};
use super::{Case, Moment, Outcome, Road, State, Turn, carrier};
use crate::failure::{self, Failure};
use crate::identity::{Assurance, Person, Way};
use crate::psc::ciba::Channel;
use crate::psc::keys::Keys;
use crate::psc::token::{self, Tokens};
use crate::psc::verify::{self, Expected, IdToken, Refused};
use crate::psc::{Metadata, UpstreamSession, userinfo};
use crate::secret::Secret;
use crate::session::step::{Action, Event};
use serde_json::Value;
use std::sync::Arc;

/// `acr` of an upstream that states none, where the configuration accepts that (OpenID Connect Core §2).
const ACR_NONE: &str = "0";
/// Most authentication methods taken over from an upstream.
const MAX_METHODS: usize = 16;

/// The tokens are awaited.
#[derive(Debug)]
pub(super) struct AwaitTokens {
    pub(super) trip: Trip,
    pub(super) metadata: Metadata,
    pub(super) nonce: Secret,
}

impl AwaitTokens {
    pub(super) fn on(mut self, event: Event, case: &Case, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let answer = self.trip.answer(event, "token", moment)?;
        let tokens = judged(token::read(&answer), "token", moment)?;
        let Self { trip, metadata, nonce } = self;
        begin(Proof { trip, metadata, tokens, nonce: Some(nonce) }, case, moment)
    }
}

/// Tokens whose ID token is to be verified.
#[derive(Debug)]
pub(super) struct Proof {
    pub(super) trip: Trip,
    pub(super) metadata: Metadata,
    pub(super) tokens: Tokens,
    /// The nonce of the request; there is none where no browser was sent.
    pub(super) nonce: Option<Secret>,
}

/// Begins with the keys of an earlier login, or fetches them.
pub(super) fn begin(proof: Proof, case: &Case, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
    let waiting = AwaitKeys {
        trip: proof.trip,
        metadata: proof.metadata,
        tokens: proof.tokens,
        nonce: proof.nonce,
        missed: false,
    };
    match case.settings.keys.clone().filter(|keys| keys.serves(moment.now)) {
        Some(keys) => waiting.verify(keys, moment),
        None => Ok(waiting.fetch()),
    }
}

/// The provider's keys are awaited.
#[derive(Debug)]
pub(super) struct AwaitKeys {
    pub(super) trip: Trip,
    metadata: Metadata,
    tokens: Tokens,
    nonce: Option<Secret>,
    /// The keys known so far lack the one that the token names.
    missed: bool,
}

impl AwaitKeys {
    fn fetch(self) -> Turn {
        let action = Action::Fetch(Keys::request(&self.metadata));
        Turn::on(State::Keys(self), action)
    }

    pub(super) fn on(mut self, event: Event, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let answer = self.trip.answer(event, "jwks", moment)?;
        let keys = judged(Keys::read(&answer), "jwks", moment)?;
        let keys = if self.missed { keys.after_miss() } else { keys };
        self.verify(keys, moment)
    }

    fn verify(self, keys: Keys, moment: &mut Moment<'_>) -> Result<Turn, Failure> {
        let expected = Expected {
            profile: &self.trip.profile,
            nonce: self.nonce.as_ref().map(Secret::expose),
            level: true,
            access_token: self.tokens.access.expose(),
            now: moment.now,
            skew: self.trip.skew,
        };
        match verify::id_token(self.tokens.id_token.expose(), &keys, expected) {
            Ok(id_token) => {
                let request = userinfo::request(&self.trip.profile, &self.metadata, &self.tokens);
                let state = AwaitUserInfo {
                    trip: self.trip,
                    metadata: self.metadata,
                    tokens: self.tokens,
                    id_token,
                    keys,
                };
                Ok(Turn::on(State::UserInfo(state), Action::Fetch(request)))
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
        let read = userinfo::read(&answer, &self.trip.profile, &self.id_token, &self.keys);
        let person = judged(read, "userinfo", moment)?;
        // Whoever the upstream names must be the holder of the card in hand, or the person who was asked.
        if !self.trip.whom.admits(&person) {
            return judged(Err(failure::OTHER_PERSON.into()), "userinfo", moment);
        }
        if case.purpose.same_person_as.as_ref().is_some_and(|same| !same.person.is(&person)) {
            return Err(failure::OTHER_PERSON.into());
        }
        let mode = self.mode(&person);
        judged(of_the_kind(case, mode.as_deref()), "id_token", moment)?;
        let amr = methods(case, &self.trip.whom, mode.as_deref(), &self.id_token);
        let (credential, without_card) = match &self.trip.whom {
            Whom::Holder(holding) => (Some(holding.credential()), None),
            Whom::Anybody(signed) if carrier::asked(case, mode.as_deref(), &amr) => {
                match carrier::of(signed, &person, case, moment.now) {
                    Ok(credential) => (Some(credential), None),
                    Err(why) => (None, Some(why)),
                }
            }
            Whom::Named(_) | Whom::Anybody(_) => (None, None),
        };
        case.warnings.extend(self.trip.clock());
        Ok(Turn::Done(Box::new(Outcome {
            assurance: Assurance {
                way: case.purpose.way,
                amr,
                acr: self.id_token.acr.unwrap_or_else(|| ACR_NONE.to_owned()),
                auth_time: self.id_token.auth_time,
                idp: Some(self.trip.profile.issuer.clone()),
                psc_auth_mode: mode,
                credential,
            },
            person: Arc::new(person),
            purpose: case.purpose.clone(),
            without_card,
            upstream: Some(UpstreamSession {
                profile: self.trip.profile,
                metadata: self.metadata,
                tokens: self.tokens,
                keys: self.keys,
                session: self.id_token.claims.get("sid").and_then(Value::as_str).map(str::to_owned),
                subject: self.id_token.subject,
            }),
            warnings: std::mem::take(&mut case.warnings),
        })))
    }

    /// `authMode`, as the ID token or UserInfo says.
    fn mode(&self, person: &Person) -> Option<String> {
        let told = || person.claims.get("authMode").and_then(Value::as_str).map(str::to_owned);
        self.id_token.auth_mode.clone().or_else(told)
    }
}

/// Whether the means is the one that was asked for. By browser or card tool the agent found a card, but it is the upstream
/// that saw it used: unless it says so, nobody did. A delegated login by phone may name no means, or one that we do not know.
fn of_the_kind(case: &Case, mode: Option<&str>) -> Result<(), Failure> {
    let expected = match (&case.road, case.purpose.way) {
        (Road::Ciba(_, channel), _) => *channel,
        (Road::Browser(_), Way::Card) => Channel::Card,
        _ => return Ok(()),
    };
    let known = [Channel::Card, Channel::Mobile].into_iter().find(|channel| mode == Some(channel.name()));
    match (expected, known) {
        (_, Some(known)) if known == expected => Ok(()),
        (_, Some(other)) => Err(Failure::new(failure::UPSTREAM_MODE).with("mode", other.name())),
        (Channel::Card, None) => Err(failure::UPSTREAM_MODE_UNTOLD.into()),
        (Channel::Mobile, None) => Ok(()),
    }
}

/// Authentication methods (RFC 8176): those of the card whose key was used here, else what the upstream says, else what its
/// mode means.
fn methods(case: &Case, whom: &Whom, mode: Option<&str>, id_token: &IdToken) -> Vec<String> {
    if let (Road::Walk(_), Some(holding)) = (&case.road, whom.holding()) {
        return holding.amr();
    }
    if let Some(told) = id_token.claims.get("amr").and_then(Value::as_array) {
        return told.iter().filter_map(Value::as_str).take(MAX_METHODS).map(str::to_owned).collect();
    }
    let meant: &[&str] = match mode {
        Some("CARD") => &["sc", "pin", "mfa", "hwk"],
        Some("MOBILE") => &["hwk", "user", "mfa"],
        _ => &[],
    };
    meant.iter().map(|method| (*method).to_owned()).collect()
}
