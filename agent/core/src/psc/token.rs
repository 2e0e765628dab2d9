//! The token endpoint (OpenID Connect Core §3.1.3, RFC 6749 §2.3, §5), and what it gave.

use super::answer::{garbled, json_object};
use super::authorize::Granted;
use super::keys::Keys;
use super::metadata::Metadata;
use super::profile::{Client, ClientAuth, Profile};
use crate::failure::Failure;
use crate::fetch::{Fetch, Fetched};
use crate::identity::UnixTime;
use crate::secret::Secret;
use serde_json::{Map, Value};
use std::sync::Arc;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

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
}

/// The request that redeems a code.
#[must_use]
pub fn redeem(profile: &Profile, metadata: &Metadata, granted: &Granted) -> Fetch {
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", granted.code.expose()),
        ("redirect_uri", profile.client.redirect_uri.as_str()),
        ("code_verifier", granted.verifier.expose()),
    ];
    authenticated(&profile.client, metadata.token_endpoint.clone(), &parameters)
}

/// A form post with client authentication.
#[must_use]
pub(super) fn authenticated(client: &Client, url: url::Url, parameters: &[(&str, &str)]) -> Fetch {
    let mut all = parameters.to_vec();
    match &client.auth {
        ClientAuth::None => {
            all.push(("client_id", &client.id));
            Fetch::post_form(url, &all)
        }
        ClientAuth::SecretPost(secret) => {
            all.push(("client_id", &client.id));
            all.push(("client_secret", secret.expose()));
            Fetch::post_form(url, &all)
        }
        ClientAuth::SecretBasic(secret) => {
            Fetch::post_form(url, &all).with_header("authorization", basic(&client.id, secret))
        }
    }
}

/// `Basic` with both halves form-encoded first (RFC 6749 §2.3.1).
fn basic(id: &str, secret: &Secret) -> String {
    use base64::Engine as _;
    let mut pair = Zeroizing::new(String::new());
    pair.extend(byte_serialize(id.as_bytes()));
    pair.push(':');
    pair.extend(byte_serialize(secret.expose().as_bytes()));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair.as_bytes()))
}

/// Reads the answer.
///
/// # Errors
/// [`crate::failure::UPSTREAM_REFUSED`] for an error answer, [`crate::failure::UPSTREAM_GARBLED`] for one without the tokens of
/// OpenID Connect.
pub fn read(answer: &Fetched) -> Result<Tokens, Failure> {
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
    Ok(Tokens {
        access: secret("access_token").ok_or_else(|| garbled("access_token"))?,
        access_expires,
        refresh: secret("refresh_token"),
        refresh_expires,
        id_token: secret("id_token").ok_or_else(|| garbled("id_token"))?,
    })
}
