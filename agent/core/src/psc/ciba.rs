//! The login on the person's phone or at the card tool: Client-Initiated Backchannel Authentication, poll mode
//! (OpenID Connect CIBA Core 1.0 §7, §10, §11), with the `channel` of Pro Santé Connect.
//!
//! Whoever knows an identifier can make a phone ring, and identifiers are public. The two-digit number that the person sees
//! here and there tells our request from a stranger's; how often a phone may ring is counted in [`super::pushes`].

use super::answer::{error, garbled, json_object, refused};
use super::client::Fresh;
use super::metadata::Metadata;
use super::profile::Profile;
use super::token::{self, Tokens};
use crate::failure::{self, Failure};
use crate::fetch::{Fetch, Fetched};
use crate::identity::{NationalId, UnixTime};
use crate::secret::{Entropy, Secret};
use serde_json::Value;

/// `grant_type` of the polls.
const GRANT: &str = "urn:openid:params:grant-type:ciba";
/// Seconds between polls where the answer does not say (CIBA Core §7.3).
const INTERVAL: i64 = 5;
/// Longest interval obeyed: a longer one would outlive the request.
const MAX_INTERVAL: i64 = 60;
/// What `slow_down` adds to the interval, for the rest of the request (CIBA Core §11).
const SLOW_DOWN: i64 = 5;
/// Longest life of a request.
const MAX_LIFE: i64 = 600;
/// Longest `auth_req_id`: Keycloak's is an encrypted token.
const MAX_ID: usize = 8 * 1024;

/// Where the person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// The e-CPS application on the phone.
    Mobile,
    /// The card, through the national card tool on this workstation.
    Card,
}

impl Channel {
    /// Its name at Pro Santé Connect, in requests and as `authMode`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mobile => "MOBILE",
            Self::Card => "CARD",
        }
    }
}

/// The number shown here and there: `00` to `99`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// Draws one, each as likely as any other.
    #[must_use]
    pub fn draw(entropy: &mut dyn Entropy) -> Self {
        loop {
            let mut byte = [0_u8];
            entropy.fill(&mut byte);
            let [byte] = byte;
            if byte < 200 {
                return Self(format!("{:02}", byte % 100));
            }
        }
    }

    /// Its two digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// Whom to ask, where, and the number to show (`login_hint`, `channel`, `binding_message`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The person's national identifier.
    pub identifier: NationalId,
    /// Where.
    pub channel: Channel,
    /// The number.
    pub number: Number,
}

/// The authentication request (CIBA Core §7.1).
///
/// # Errors
/// [`failure::NO_WAY`] when the upstream has no such endpoint, [`failure::INTERNAL`] as for every post.
pub fn request(
    profile: &Profile,
    metadata: &Metadata,
    question: &Question,
    fresh: &mut Fresh<'_>,
) -> Result<Fetch, Failure> {
    let endpoint = metadata.ciba_endpoint.clone().ok_or(failure::NO_WAY)?;
    let mut parameters = vec![
        ("scope", profile.scope.as_str()),
        ("login_hint", question.identifier.0.as_str()),
        ("binding_message", question.number.digits()),
        ("channel", question.channel.name()),
    ];
    if !profile.acr_values.is_empty() {
        parameters.push(("acr_values", profile.acr_values.as_str()));
    }
    profile.post(endpoint, &parameters, fresh)
}

/// A request that the upstream took, and that waits for the person.
#[derive(Debug)]
pub struct Acknowledged {
    auth_req_id: Secret,
    expires: UnixTime,
    interval: i64,
}

/// What a poll brought.
#[derive(Debug)]
pub enum Polled {
    /// The person agreed.
    Tokens(Tokens),
    /// Not yet, or nothing that says anything: poll again after the interval.
    Pending,
}

impl Acknowledged {
    /// Reads the answer to the request (CIBA Core §7.3, §13).
    ///
    /// # Errors
    /// [`failure::ECPS_UNKNOWN`] when the upstream does not know the person, [`failure::ECPS_DENIED`], and as every answer:
    /// [`failure::UPSTREAM_REFUSED`], [`failure::UPSTREAM_FAILING`], [`failure::UPSTREAM_GARBLED`].
    pub fn read(answer: &Fetched) -> Result<Self, Failure> {
        if let (400 | 403 | 404, Some(word)) = (answer.status, error(answer)) {
            return Err(match word.as_str() {
                "unknown_user_id" => failure::ECPS_UNKNOWN.into(),
                "invalid_request" if names_the_user(answer) => failure::ECPS_UNKNOWN.into(),
                "access_denied" => failure::ECPS_DENIED.into(),
                _ => refused(answer),
            });
        }
        let mut body = json_object(answer, "ciba")?;
        let auth_req_id = match body.remove("auth_req_id") {
            Some(Value::String(id)) if (1..=MAX_ID).contains(&id.len()) => Secret::new(id),
            _ => return Err(garbled("auth_req_id")),
        };
        let life = body.get("expires_in").and_then(Value::as_i64).filter(|life| *life > 0);
        let life = life.ok_or_else(|| garbled("expires_in"))?.min(MAX_LIFE);
        let interval = match body.get("interval") {
            None => INTERVAL,
            Some(value) => value.as_i64().filter(|i| *i >= 0).ok_or_else(|| garbled("interval"))?,
        };
        Ok(Self {
            auth_req_id,
            expires: answer.received.plus(life),
            interval: interval.clamp(1, MAX_INTERVAL),
        })
    }

    /// When the request is over.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        self.expires
    }

    /// Seconds to wait before each poll, the first one too.
    #[must_use]
    pub fn interval(&self) -> i64 {
        self.interval
    }

    /// The poll (CIBA Core §10.1).
    ///
    /// # Errors
    /// [`failure::ECPS_EXPIRED`] when the request is over.
    pub fn poll(
        &self,
        profile: &Profile,
        metadata: &Metadata,
        fresh: &mut Fresh<'_>,
    ) -> Result<Fetch, Failure> {
        if fresh.now >= self.expires {
            return Err(failure::ECPS_EXPIRED.into());
        }
        let parameters = [("grant_type", GRANT), ("auth_req_id", self.auth_req_id.expose())];
        profile.post(metadata.token_endpoint.clone(), &parameters, fresh)
    }

    /// Reads the answer to a poll (CIBA Core §11). An upstream that is out of order for a moment ends nothing: the request
    /// on the phone is still there.
    ///
    /// # Errors
    /// [`failure::ECPS_DENIED`], [`failure::ECPS_EXPIRED`], [`failure::UPSTREAM_REFUSED`], [`failure::UPSTREAM_GARBLED`].
    pub fn polled(&mut self, answer: &Fetched) -> Result<Polled, Failure> {
        if answer.status == 200 {
            return token::read(answer).map(Polled::Tokens);
        }
        if answer.status >= 500 || matches!(answer.status, 408 | 429) {
            return Ok(Polled::Pending);
        }
        match error(answer).as_deref() {
            Some("authorization_pending") => Ok(Polled::Pending),
            Some("slow_down") => {
                self.interval = self.interval.saturating_add(SLOW_DOWN);
                Ok(Polled::Pending)
            }
            Some("access_denied") => Err(failure::ECPS_DENIED.into()),
            Some("expired_token") => Err(failure::ECPS_EXPIRED.into()),
            _ => Err(refused(answer)),
        }
    }
}

/// Keycloak says only in words that it is the user who is not known or not able.
fn names_the_user(answer: &Fetched) -> bool {
    super::answer::description(answer).is_some_and(|text| text.to_ascii_lowercase().contains("user"))
}
