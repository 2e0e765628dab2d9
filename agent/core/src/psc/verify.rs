//! The ID token (OpenID Connect Core §3.1.3.7): signature, then every claim that binds it to this request.

use super::keys::{Found, Keys};
use super::profile::{MAX_SKEW, Profile};
use crate::failure::{self, Failure};
use crate::identity::{NationalId, UnixTime};
use crate::jose::{self, Unverified};
use serde_json::{Map, Value};

/// Oldest ID token taken, seconds since `iat`: it was made for this request a moment ago, however long it says it lives.
const MAX_AGE: i64 = 5 * 60;

/// What the token must agree with.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Issuer, client, algorithms and accepted `acr`.
    pub profile: &'a Profile,
    /// The nonce of the request; `None` where the flow has none (CIBA, refresh).
    pub nonce: Option<&'a str>,
    /// It opens a session: its `acr` must be one that is accepted.
    pub level: bool,
    /// The access token that came with it.
    pub access_token: &'a str,
    /// Our time.
    pub now: UnixTime,
    /// How far the upstream's clock is ahead of ours, where it said.
    pub skew: Option<i64>,
}

/// A verified ID token.
#[derive(Debug, Clone)]
pub struct IdToken {
    /// `sub`: only to be compared with UserInfo.
    pub subject: String,
    /// `SubjectNameID`, where present.
    pub name_id: Option<NationalId>,
    /// `acr`, where present.
    pub acr: Option<String>,
    /// `auth_time`, or `iat` where the upstream does not say.
    pub auth_time: UnixTime,
    /// `authMode`.
    pub auth_mode: Option<String>,
    /// All claims.
    pub claims: Map<String, Value>,
}

/// Why a token was not verified.
#[derive(Debug)]
pub enum Refused {
    /// Its key is not among those known: fetch the keys again, if that is allowed, and try once more.
    UnknownKey,
    /// It is not to be believed.
    Failed(Failure),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::UnknownKey => wrong("kid"),
            Refused::Failed(failure) => failure,
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Verifies.
///
/// # Errors
/// [`Refused::UnknownKey`], or a failure with the claim that is wrong: [`failure::ID_TOKEN_REFUSED`], [`failure::CLOCK_SKEW`],
/// [`failure::UPSTREAM_ACR`].
pub fn id_token(compact: &str, keys: &Keys, expected: Expected<'_>) -> Result<IdToken, Refused> {
    let claims = signed(compact, keys, expected.profile)?;
    Ok(check(claims, expected)?)
}

/// Verifies a signed UserInfo answer (OpenID Connect Core §5.3.2): it names its issuer and our client.
///
/// # Errors
/// [`failure::ID_TOKEN_REFUSED`] with what is wrong.
pub fn user_info(compact: &str, profile: &Profile, keys: &Keys) -> Result<Map<String, Value>, Failure> {
    let claims = signed(compact, keys, profile)?;
    if claims.get("iss").and_then(Value::as_str) != Some(&profile.issuer) {
        return Err(wrong("iss"));
    }
    audience(&claims, &profile.client.id)?;
    Ok(claims)
}

/// The claims of a JWT signed by one of the upstream's keys.
fn signed(compact: &str, keys: &Keys, profile: &Profile) -> Result<Map<String, Value>, Refused> {
    let parsed = Unverified::parse(compact, &profile.algorithms).map_err(|error| match error {
        jose::JoseError::Algorithm => wrong("alg"),
        // Two readers of a member that appears twice may differ: nobody is right.
        jose::JoseError::Json => wrong("json"),
        _ => wrong("format"),
    })?;
    let key = match keys.find(parsed.key_id(), parsed.algorithm()) {
        Found::Key(key) => key,
        Found::Unknown => return Err(Refused::UnknownKey),
        Found::Ambiguous => return Err(wrong("kid").into()),
    };
    Ok(parsed.verify(key).map_err(|_| wrong("signature"))?)
}

fn check(claims: Map<String, Value>, expected: Expected<'_>) -> Result<IdToken, Failure> {
    let profile = expected.profile;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &'static str| claims.get(name).and_then(Value::as_i64).ok_or_else(|| wrong(name));
    if text("iss") != Some(&profile.issuer) {
        return Err(wrong("iss"));
    }
    audience(&claims, &profile.client.id)?;
    let subject = text("sub").filter(|s| !s.is_empty() && s.len() <= 255).ok_or_else(|| wrong("sub"))?;
    let (issued, expires) = (time("iat")?, time("exp")?);
    let now = expected.now.0;
    if now > expires.saturating_add(MAX_SKEW) {
        return Err(untimely("exp", expected.skew));
    }
    let age = now.saturating_sub(issued);
    if !(-MAX_SKEW..=MAX_AGE + MAX_SKEW).contains(&age) || expires <= issued {
        return Err(untimely("iat", expected.skew));
    }
    if claims.contains_key("nbf") && time("nbf")? > now.saturating_add(MAX_SKEW) {
        return Err(untimely("nbf", expected.skew));
    }
    if expected.nonce.is_some_and(|nonce| text("nonce") != Some(nonce)) {
        return Err(wrong("nonce"));
    }
    if let Some(hash) = claims.get("at_hash")
        && hash.as_str() != Some(&at_hash(expected.access_token))
    {
        return Err(wrong("at_hash"));
    }
    let acr = text("acr");
    let accepted = &profile.accepted_acr;
    if expected.level && !accepted.is_empty() && !acr.is_some_and(|acr| accepted.iter().any(|a| a == acr)) {
        let shown = super::answer::shown(acr.unwrap_or("-"));
        return Err(Failure::new(failure::UPSTREAM_ACR).with("acr", shown));
    }
    let auth_time = match claims.get("auth_time") {
        Some(_) => time("auth_time")?,
        None => issued,
    };
    if auth_time > now.saturating_add(MAX_SKEW) {
        return Err(untimely("auth_time", expected.skew));
    }
    Ok(IdToken {
        subject: subject.to_owned(),
        name_id: text("SubjectNameID").filter(|id| !id.is_empty()).map(|id| NationalId(id.to_owned())),
        acr: acr.map(str::to_owned),
        auth_time: UnixTime(auth_time),
        auth_mode: text("authMode").map(str::to_owned),
        claims,
    })
}

/// `aud` is our client, as a text or alone in an array, for we know no other audience that could be trusted; `azp` is our
/// client where it stands (OpenID Connect Core §3.1.3.7, points 3 to 5).
fn audience(claims: &Map<String, Value>, client: &str) -> Result<(), Failure> {
    let ours = match claims.get("aud") {
        Some(Value::String(one)) => one == client,
        Some(Value::Array(all)) => !all.is_empty() && all.iter().all(|a| a.as_str() == Some(client)),
        _ => false,
    };
    if !ours {
        return Err(wrong("aud"));
    }
    match claims.get("azp") {
        Some(party) if party.as_str() != Some(client) => Err(wrong("azp")),
        _ => Ok(()),
    }
}

/// Left half of the SHA-256 of the access token (OpenID Connect Core §3.1.3.6). All algorithms on our lists use SHA-256.
fn at_hash(access_token: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, access_token.as_bytes());
    jose::encode(digest.as_ref().get(..16).unwrap_or_default())
}

fn wrong(reason: &'static str) -> Failure {
    Failure::new(failure::ID_TOKEN_REFUSED).with("reason", reason)
}

/// A time that does not fit: the clock's fault when the upstream's clock is known to be elsewhere, else the token's.
fn untimely(reason: &'static str, skew: Option<i64>) -> Failure {
    match skew {
        Some(seconds) if seconds.saturating_abs() > MAX_SKEW => {
            Failure::new(failure::CLOCK_SKEW).with("seconds", seconds.saturating_abs())
        }
        _ => wrong(reason),
    }
}
