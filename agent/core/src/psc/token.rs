//! The token endpoint (OpenID Connect Core §3.1.3, RFC 6749 §5), and what it gave.

use super::answer::{garbled, json_object};
use super::authorize::Granted;
use super::client::Fresh;
use super::keys::Keys;
use super::metadata::Metadata;
use super::profile::Profile;
use crate::failure::Failure;
use crate::fetch::{Fetch, Fetched};
use crate::identity::UnixTime;
use crate::secret::Secret;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Lifetime assumed of an access token whose answer names none: the shortest one observed.
const DEFAULT_LIFE: i64 = 60;
/// Longest lifetime believed.
const MAX_LIFE: i64 = 24 * 3600;

/// Tokens as they came, before the ID token is verified.
#[derive(Debug)]
pub struct Tokens {
    /// Access token, with its end.
    pub access: Secret,
    /// When the access token ends.
    pub access_expires: UnixTime,
    /// Refresh token, where one was given.
    pub refresh: Option<Secret>,
    /// When the refresh token ends, where the answer said.
    pub refresh_expires: Option<UnixTime>,
    /// ID token.
    pub id_token: Secret,
}

/// The upstream's side of a session: its tokens and where they are good. Never leaves the agent.
#[derive(Debug)]
pub struct UpstreamSession {
    /// Which upstream.
    pub profile: Arc<Profile>,
    /// Its endpoints.
    pub metadata: Metadata,
    /// Tokens; the ID token is kept for `id_token_hint`.
    pub tokens: Tokens,
    /// Its signing keys as last fetched, for the next login.
    pub keys: Keys,
    /// `sub` of the ID token: whose session it is at the upstream. A refreshed ID token must have the same.
    pub subject: String,
    /// `sid` of the ID token, where it says (OpenID Connect Back-Channel Logout §2.1): which session it is at the upstream.
    pub session: Option<String>,
}

impl UpstreamSession {
    /// Whether the upstream says that this is another session of its own than `other`: ending one leaves the other alone.
    #[must_use]
    pub fn is_apart_from(&self, other: &Self) -> bool {
        self.session.as_ref().zip(other.session.as_ref()).is_some_and(|(one, two)| one != two)
    }

    /// The access token. It is over at [`UpstreamSession::access_expires`].
    #[must_use]
    pub fn access_token(&self) -> &Secret {
        &self.tokens.access
    }

    /// The last ID token, which may be over: evidence, and the hint of a logout.
    #[must_use]
    pub fn id_token(&self) -> &Secret {
        &self.tokens.id_token
    }

    /// When the access token ends.
    #[must_use]
    pub fn access_expires(&self) -> UnixTime {
        self.tokens.access_expires
    }

    /// When the refresh token ends: `None` where there is none or the upstream did not say.
    #[must_use]
    pub fn refresh_expires(&self) -> Option<UnixTime> {
        self.tokens.refresh.as_ref().and(self.tokens.refresh_expires)
    }
}

/// The request that redeems a code.
///
/// # Errors
/// [`crate::failure::INTERNAL`] when client authentication cannot be made.
pub fn redeem(
    profile: &Profile,
    metadata: &Metadata,
    granted: &Granted,
    fresh: &mut Fresh<'_>,
) -> Result<Fetch, Failure> {
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", granted.code.expose()),
        ("redirect_uri", granted.redirect_uri.as_str()),
        ("code_verifier", granted.verifier.expose()),
    ];
    profile.post(metadata.token_endpoint.clone(), &parameters, fresh)
}

/// What a token answer holds. Only the first one of a session must bring an ID token.
pub(super) struct Answered {
    pub(super) access: Secret,
    pub(super) access_expires: UnixTime,
    pub(super) refresh: Option<Secret>,
    pub(super) refresh_expires: Option<UnixTime>,
    pub(super) id_token: Option<Secret>,
}

/// Reads the answer.
///
/// # Errors
/// [`crate::failure::UPSTREAM_REFUSED`] for an error answer, [`crate::failure::UPSTREAM_GARBLED`] for one without the tokens of
/// OpenID Connect.
pub fn read(answer: &Fetched) -> Result<Tokens, Failure> {
    let Answered { access, access_expires, refresh, refresh_expires, id_token } = parse(answer)?;
    let id_token = id_token.ok_or_else(|| garbled("id_token"))?;
    Ok(Tokens { access, access_expires, refresh, refresh_expires, id_token })
}

/// As [`read`], for an answer that may lack the ID token (OpenID Connect Core §12.2).
pub(super) fn parse(answer: &Fetched) -> Result<Answered, Failure> {
    let mut body = json_object(answer, "token")?;
    let bearer =
        body.get("token_type").and_then(Value::as_str).is_some_and(|t| t.eq_ignore_ascii_case("bearer"));
    if !bearer {
        return Err(garbled("token_type"));
    }
    let life = |body: &Map<String, Value>, name: &str| {
        body.get(name)
            .and_then(Value::as_i64)
            .filter(|s| (1..=MAX_LIFE).contains(s))
            .map(|s| answer.received.plus(s))
    };
    let access_expires = life(&body, "expires_in").unwrap_or_else(|| answer.received.plus(DEFAULT_LIFE));
    let refresh_expires = life(&body, "refresh_expires_in");
    let mut secret = |name: &str| match body.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
        _ => None,
    };
    Ok(Answered {
        access: secret("access_token").ok_or_else(|| garbled("access_token"))?,
        access_expires,
        refresh: secret("refresh_token"),
        refresh_expires,
        id_token: secret("id_token"),
    })
}
