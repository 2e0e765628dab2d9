//! Who is at the token endpoint: client authentication (RFC 6749 §2.3, OpenID Connect Core §9).

use super::Provider;
use super::client::{Client, Credentials};
use super::parameters::{Parameters, decode};
use super::registration::ClientAuth;
use super::registry::Registry;
use super::token::{TokenRefusal, TokenRequest};
use crate::identity::UnixTime;
use crate::jose::{Algorithm, Unverified};
use crate::secret::SecretHash;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroizing;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest life of an assertion from now, seconds.
const ASSERTION_LIFETIME: i64 = 600;
/// How far a client's clock may be from ours, seconds.
const SKEW: i64 = 30;
/// Most assertions of one client that are remembered: beyond them it waits until its own expire.
const MAX_OF_CLIENT: usize = 1024;
/// Longest `jti`.
const MAX_JTI: usize = 256;

/// Identifiers of assertions that were used, until they expire: each is good once (RFC 7523 §3).
#[derive(Default)]
pub(super) struct Assertions(HashMap<String, HashMap<SecretHash, UnixTime>>);

impl Assertions {
    /// Notes a use. False when it is not the first, or when there is no room to remember it.
    fn first_use(&mut self, client: &str, jti: &str, expires: UnixTime, now: UnixTime) -> bool {
        let own = self.0.entry(client.to_owned()).or_default();
        if own.len() >= MAX_OF_CLIENT {
            own.retain(|_, until| now < *until);
        }
        own.len() < MAX_OF_CLIENT && own.insert(SecretHash::of(jti), expires.plus(SKEW)).is_none()
    }

    pub(super) fn sweep(&mut self, now: UnixTime) {
        self.0.retain(|_, own| {
            own.retain(|_, until| now < *until);
            !own.is_empty()
        });
    }
}

/// What a request brought to prove itself.
enum Presented<'a> {
    Nothing,
    Basic { id: String, secret: Zeroizing<String> },
    Post { secret: &'a str },
    Assertion { jws: Unverified<'a> },
}

/// A client that a request names, and that has yet to prove itself.
pub(super) struct Claimant<'a> {
    pub(super) client: Arc<Client>,
    presented: Presented<'a>,
}

/// Finds out which client a request names. Every refusal reads the same, so that nobody learns which identifiers exist.
pub(super) fn identify<'a>(
    registry: &Registry,
    request: &'a TokenRequest,
) -> Result<Claimant<'a>, TokenRefusal> {
    let presented = presented(request)?;
    let named = request.parameters.one("client_id").ok().flatten();
    let own = match &presented {
        Presented::Basic { id, .. } => Some(id.as_str()),
        Presented::Assertion { jws } => jws.claims_before_verification().get("sub").and_then(Value::as_str),
        Presented::Nothing | Presented::Post { .. } => named,
    };
    if named.is_some() && own != named {
        return Err(TokenRefusal::INVALID_CLIENT);
    }
    let client = own.and_then(|id| registry.client(id)).ok_or(TokenRefusal::INVALID_CLIENT)?;
    Ok(Claimant { client: Arc::clone(client), presented })
}

impl Claimant<'_> {
    /// Checks the proof, by exactly the method of the registration.
    pub(super) fn prove(
        self,
        assertions: &mut Assertions,
        audiences: &[&str],
        now: UnixTime,
    ) -> Result<Arc<Client>, TokenRefusal> {
        let client = self.client;
        let proved = match (self.presented, client.registration().client_auth(), client.credentials()) {
            (Presented::Nothing, ClientAuth::None, Credentials::None) => true,
            (
                Presented::Basic { secret, .. },
                ClientAuth::ClientSecretBasic | ClientAuth::ClientSecret,
                Credentials::Secret(hash),
            ) => SecretHash::of(&secret) == *hash,
            (
                Presented::Post { secret },
                ClientAuth::ClientSecretPost | ClientAuth::ClientSecret,
                Credentials::Secret(hash),
            ) => SecretHash::of(secret) == *hash,
            (Presented::Assertion { jws }, ClientAuth::PrivateKeyJwt, Credentials::Key(key)) => {
                let claims = jws.verify(key);
                claims.is_ok_and(|claims| accepts(&claims, client.id(), audiences, assertions, now))
            }
            _ => false,
        };
        if proved { Ok(client) } else { Err(TokenRefusal::INVALID_CLIENT) }
    }
}

impl Provider {
    /// The client that sends a request to one of the endpoints, proved by exactly the method of its registration.
    /// `endpoint` is the path, which an assertion may name as its audience.
    pub(super) fn authenticated(
        &mut self,
        request: &TokenRequest,
        endpoint: &str,
        now: UnixTime,
    ) -> Result<Arc<Client>, TokenRefusal> {
        strict(&request.parameters)?;
        self.proved(identify(&self.registry, request)?, endpoint, now)
    }

    /// The second half of [`Provider::authenticated`], which spends an assertion.
    pub(super) fn proved(
        &mut self,
        claimant: Claimant<'_>,
        endpoint: &str,
        now: UnixTime,
    ) -> Result<Arc<Client>, TokenRefusal> {
        let endpoint = format!("{}{endpoint}", self.issuer);
        let audiences = [self.issuer.as_str(), self.token_endpoint.as_str(), endpoint.as_str()];
        claimant.prove(&mut self.assertions, &audiences, now)
    }
}

/// What was presented: at most one proof (RFC 6749 §2.3).
fn presented(request: &TokenRequest) -> Result<Presented<'_>, TokenRefusal> {
    let get = |name: &str| request.parameters.one(name).ok().flatten();
    let assertion = (get("client_assertion_type"), get("client_assertion"));
    match (&request.authorization, get("client_secret"), assertion) {
        (None, None, (None, None)) => Ok(Presented::Nothing),
        (Some(header), None, (None, None)) => basic(header.expose()),
        (None, Some(secret), (None, None)) => Ok(Presented::Post { secret }),
        (None, None, (Some(ASSERTION_TYPE), Some(jws))) => {
            let allowed = [Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256];
            let jws = Unverified::parse(jws, &allowed).map_err(|_| TokenRefusal::INVALID_CLIENT)?;
            Ok(Presented::Assertion { jws })
        }
        (None, None, _) => Err(TokenRefusal::invalid_request("client_assertion is incomplete")),
        _ => Err(TokenRefusal::invalid_request("more than one client authentication")),
    }
}

/// The Basic scheme, with both parts form-encoded inside (RFC 6749 §2.3.1).
fn basic(header: &str) -> Result<Presented<'_>, TokenRefusal> {
    use base64::Engine as _;
    let refused = TokenRefusal::INVALID_CLIENT;
    let (scheme, credentials) = header.split_once(' ').ok_or(refused.clone())?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refused);
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(credentials.trim());
    let bytes = Zeroizing::new(bytes.map_err(|_| refused.clone())?);
    let text = std::str::from_utf8(&bytes).map_err(|_| refused.clone())?;
    let (id, secret) = text.split_once(':').ok_or(refused.clone())?;
    match (decode(id), decode(secret)) {
        (Ok(id), Ok(secret)) => Ok(Presented::Basic { id, secret: Zeroizing::new(secret) }),
        _ => Err(refused),
    }
}

/// The claims of an assertion whose signature was checked (RFC 7523 §3). The audience is one string: ours.
fn accepts(
    claims: &Map<String, Value>,
    client: &str,
    audiences: &[&str],
    assertions: &mut Assertions,
    now: UnixTime,
) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).map(Value::as_i64);
    // A list with one member is the same audience, written by other libraries.
    let audience = match claims.get("aud") {
        Some(Value::Array(list)) if list.len() == 1 => list.first().and_then(Value::as_str),
        other => other.and_then(Value::as_str),
    };
    let Some(Some(expires)) = time("exp") else { return false };
    let in_time = now.0 < expires.saturating_add(SKEW) && expires <= now.0.saturating_add(ASSERTION_LIFETIME);
    let not_early = |name: &str| match time(name) {
        None => true,
        Some(at) => at.is_some_and(|at| at <= now.0.saturating_add(SKEW)),
    };
    let Some(jti) = text("jti").filter(|jti| !jti.is_empty() && jti.len() <= MAX_JTI) else { return false };
    text("iss") == Some(client)
        && text("sub") == Some(client)
        && audience.is_some_and(|audience| audiences.contains(&audience))
        && in_time
        && not_early("nbf")
        && not_early("iat")
        && assertions.first_use(client, jti, UnixTime(expires), now)
}

/// Refuses a form in which any parameter comes twice.
pub(super) fn strict(parameters: &Parameters) -> Result<(), TokenRefusal> {
    if !parameters.within_limits() {
        Err(TokenRefusal::invalid_request("the request is too long"))
    } else if parameters.has_duplicates() {
        Err(TokenRefusal::invalid_request("a parameter appears twice"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_used_up_its_room_leaves_that_of_others() {
        let (mut assertions, now) = (Assertions::default(), UnixTime(1_000));
        let use_one = |assertions: &mut Assertions, client: &str, n: usize, now: UnixTime| {
            assertions.first_use(client, &format!("jti-{n}"), now.plus(60), now)
        };
        assert!((0..MAX_OF_CLIENT).all(|n| use_one(&mut assertions, "loud", n, now)));
        assert!(!use_one(&mut assertions, "loud", MAX_OF_CLIENT, now), "no room to remember it");
        assert!(use_one(&mut assertions, "quiet", 0, now));
        assert!(!use_one(&mut assertions, "quiet", 0, now), "each is good once");
        let later = now.plus(60 + SKEW);
        assert!(use_one(&mut assertions, "loud", MAX_OF_CLIENT, later), "its own have expired");
    }
}
