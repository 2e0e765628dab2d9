//! ID tokens (OpenID Connect Core §2).

use super::claims;
use super::client::Client;
use super::keys::Keys;
use super::situation::Situation;
use crate::identity::{SessionView, UnixTime};
use crate::jose::{JoseError, encode};
use ring::rand::SecureRandom;
use serde_json::{Map, Value};

/// Lifetime of an ID token, seconds: it is read at once and kept by nobody.
pub const LIFETIME: i64 = 300;

/// What an ID token is made from.
pub(super) struct IdToken<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a Client,
    pub(super) session: &'a SessionView,
    pub(super) scope: &'a str,
    pub(super) situation: Option<Situation>,
    pub(super) auth_time: UnixTime,
    pub(super) nonce: Option<&'a str>,
    pub(super) access_token: &'a str,
}

impl IdToken<'_> {
    /// The signed token, by the algorithm of the registration.
    pub(super) fn sign(
        &self,
        keys: &Keys,
        now: UnixTime,
        random: &dyn SecureRandom,
    ) -> Result<String, JoseError> {
        let payload = Value::Object(self.claims(now)).to_string();
        keys.sign(self.client.registration().id_token_alg.algorithm(), payload.as_bytes(), random)
    }

    fn claims(&self, now: UnixTime) -> Map<String, Value> {
        let mut all = claims::of_person(self.client, self.scope, &self.session.person, self.situation);
        claims::of_login(self.session, &mut all);
        let mut put = |name: &str, value: Value| {
            all.insert(name.to_owned(), value);
        };
        put("iss", self.issuer.into());
        put("aud", self.client.id().into());
        put("azp", self.client.id().into());
        put("auth_time", self.auth_time.0.into());
        put("iat", now.0.into());
        put("exp", now.plus(LIFETIME).min(self.session.expires).0.into());
        put("at_hash", at_hash(self.access_token).into());
        if let Some(nonce) = self.nonce {
            put("nonce", nonce.into());
        }
        all
    }
}

/// `at_hash` (OpenID Connect Core §3.1.3.6): the left half of the SHA-256, which both our algorithms use.
fn at_hash(access_token: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, access_token.as_bytes());
    encode(digest.as_ref().get(..16).unwrap_or_default())
}
