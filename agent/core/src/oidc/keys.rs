//! The provider's signing keys: one of each algorithm in use, earlier ones published until nothing refers to them.

use crate::identity::UnixTime;
use crate::jose::{Algorithm, JoseError, PublicKey, SigningKey, Unverified, encode};
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a replaced key stays published, seconds: longer than any ID token lives and any client caches a JWKS.
pub const OVERLAP: i64 = 24 * 3600;
/// Most earlier keys kept.
const MAX_RETIRED: usize = 8;

/// How long a key is in use before another takes its place, seconds: 90 days.
pub const MAX_AGE: i64 = 90 * 24 * 3600;
/// `typ` of ID tokens.
const ID_TOKEN: &str = "JWT";
/// `typ` of logout tokens (OpenID Connect Back-Channel Logout §2.4).
const LOGOUT_TOKEN: &str = "logout+jwt";

/// A key in use, with its encoded JWS header: nothing is parsed or encoded twice.
struct Active {
    key: SigningKey,
    algorithm: Algorithm,
    header: String,
}

/// A replaced key: its public half, for checking what it signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retired {
    /// As it was published.
    jwk: Map<String, Value>,
    /// Until when it stays so.
    until: UnixTime,
}

/// The signing keys and their published form.
pub struct Keys {
    es256: Active,
    rs256: Option<Active>,
    retired: Vec<Retired>,
    /// Since when each key is in use, by its identifier.
    since: BTreeMap<String, UnixTime>,
    jwks: Arc<str>,
}

impl Active {
    fn new(key: SigningKey, algorithm: Algorithm) -> Self {
        Self { header: header(&key, algorithm, ID_TOKEN), key, algorithm }
    }

    fn jwk(&self) -> Map<String, Value> {
        let mut jwk = self.key.public().to_jwk();
        jwk.insert("kid".into(), self.key.kid().into());
        jwk.insert("use".into(), "sig".into());
        jwk.insert("alg".into(), self.algorithm.name().into());
        jwk
    }
}

impl Keys {
    /// Begins with the P-256 key; the RSA key follows by [`Keys::set_rsa`] when it has been made.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn new(es256: SigningKey) -> Result<Self, JoseError> {
        if !es256.public().fits(Algorithm::Es256) {
            return Err(JoseError::Key);
        }
        let es256 = Active::new(es256, Algorithm::Es256);
        let mut keys =
            Self { es256, rs256: None, retired: Vec::new(), since: BTreeMap::new(), jwks: Arc::from("") };
        keys.publish();
        Ok(keys)
    }

    /// Puts the RSA key in use; an earlier one stays published for [`OVERLAP`].
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn set_rsa(&mut self, key: SigningKey, now: UnixTime) -> Result<(), JoseError> {
        if !key.public().fits(Algorithm::Rs256) {
            return Err(JoseError::Key);
        }
        let old = self.rs256.replace(Active::new(key, Algorithm::Rs256));
        self.retire(old, now);
        Ok(())
    }

    /// Replaces the P-256 key; the earlier one stays published for [`OVERLAP`].
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn rotate_es256(&mut self, key: SigningKey, now: UnixTime) -> Result<(), JoseError> {
        if !key.public().fits(Algorithm::Es256) {
            return Err(JoseError::Key);
        }
        let old = std::mem::replace(&mut self.es256, Active::new(key, Algorithm::Es256));
        self.retire(Some(old), now);
        Ok(())
    }

    /// Whether this algorithm can sign now: RS256 cannot until the RSA key has been made.
    #[must_use]
    pub fn ready(&self, algorithm: Algorithm) -> bool {
        self.active(algorithm).is_some()
    }

    /// The published keys, JSON text.
    #[must_use]
    pub fn jwks(&self) -> Arc<str> {
        Arc::clone(&self.jwks)
    }

    /// The thumbprint of the P-256 key, which is there from the first moment: what `bridge.json` names.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        self.es256.key.kid()
    }

    /// Which algorithms want a new key: theirs has been in use for [`MAX_AGE`]. A key whose age is not known begins now.
    pub(super) fn due(&mut self, now: UnixTime) -> Vec<Algorithm> {
        let in_use: Vec<(String, Algorithm)> =
            self.in_use().map(|active| (active.key.kid().to_owned(), active.algorithm)).collect();
        self.since.retain(|kid, _| in_use.iter().any(|(used, _)| used == kid));
        let old = in_use.into_iter().filter(|(kid, _)| {
            let since = *self.since.entry(kid.clone()).or_insert(now);
            // A clock that was wrong when the key was made does not keep it for ever.
            now.since(since) >= MAX_AGE || now.since(since) < -MAX_AGE
        });
        old.map(|(_, algorithm)| algorithm).collect()
    }

    /// Signs the payload of an ID token as a compact JWS.
    ///
    /// # Errors
    /// [`JoseError::Key`] when there is no key of this algorithm yet.
    pub fn sign(
        &self,
        algorithm: Algorithm,
        payload: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<String, JoseError> {
        let active = self.active(algorithm).ok_or(JoseError::Key)?;
        active.key.compact(algorithm, &active.header, payload, random)
    }

    /// Signs the payload of a logout token, as [`Keys::sign`].
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub(super) fn sign_logout(
        &self,
        algorithm: Algorithm,
        payload: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<String, JoseError> {
        let active = self.active(algorithm).ok_or(JoseError::Key)?;
        active.key.compact(algorithm, &header(&active.key, algorithm, LOGOUT_TOKEN), payload, random)
    }

    /// Checks an ID token that one of these keys signed, the retired ones included. Nothing else that they sign passes.
    ///
    /// # Errors
    /// [`JoseError`].
    pub fn verify(&self, compact: &str) -> Result<Map<String, Value>, JoseError> {
        let parsed = Unverified::parse(compact, &[Algorithm::Es256, Algorithm::Rs256])?;
        if parsed.kind() != Some(ID_TOKEN) {
            return Err(JoseError::Header);
        }
        let kid = parsed.key_id().ok_or(JoseError::Key)?;
        let active = self.in_use().find(|active| active.key.kid() == kid);
        let key = match active {
            Some(active) => active.key.public().clone(),
            None => {
                let named = |old: &&Retired| old.jwk.get("kid").and_then(Value::as_str) == Some(kid);
                PublicKey::from_jwk(&self.retired.iter().find(named).ok_or(JoseError::Key)?.jwk)?
            }
        };
        parsed.verify(&key)
    }

    /// The replaced keys, for the store.
    #[must_use]
    pub fn retired(&self) -> &[Retired] {
        &self.retired
    }

    /// Since when the keys in use are so, for the store.
    pub(super) fn since(&self) -> &BTreeMap<String, UnixTime> {
        &self.since
    }

    /// Publishes keys that an earlier run replaced, and remembers since when the others are in use.
    pub(super) fn restore(
        &mut self,
        retired: Vec<Retired>,
        since: BTreeMap<String, UnixTime>,
        now: UnixTime,
    ) {
        self.since = since;
        self.retired = retired.into_iter().filter(|old| PublicKey::from_jwk(&old.jwk).is_ok()).collect();
        self.sweep(now);
        self.publish();
    }

    /// Stops publishing keys whose time is over.
    pub(super) fn sweep(&mut self, now: UnixTime) {
        let before = self.retired.len();
        self.retired.retain(|old| old.until > now);
        if self.retired.len() != before {
            self.publish();
        }
    }

    fn in_use(&self) -> impl Iterator<Item = &Active> {
        [Some(&self.es256), self.rs256.as_ref()].into_iter().flatten()
    }

    fn active(&self, algorithm: Algorithm) -> Option<&Active> {
        match algorithm {
            Algorithm::Es256 => Some(&self.es256),
            Algorithm::Rs256 => self.rs256.as_ref(),
            Algorithm::Ps256 => None,
        }
    }

    fn retire(&mut self, old: Option<Active>, now: UnixTime) {
        if let Some(old) = old {
            self.retired.insert(0, Retired { jwk: old.jwk(), until: now.plus(OVERLAP) });
            self.retired.truncate(MAX_RETIRED);
        }
        self.publish();
    }

    fn publish(&mut self) {
        let mut keys: Vec<Map<String, Value>> = Vec::new();
        // RSA first: some libraries take the first key that fits nothing better.
        keys.extend(self.rs256.as_ref().map(Active::jwk));
        keys.push(self.es256.jwk());
        keys.extend(self.retired.iter().map(|old| old.jwk.clone()));
        self.jwks = json!({ "keys": keys }).to_string().into();
    }
}

/// The encoded JWS header of what a key signs.
fn header(key: &SigningKey, algorithm: Algorithm, typ: &str) -> String {
    encode(json!({"alg": algorithm.name(), "typ": typ, "kid": key.kid()}).to_string().as_bytes())
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({}, {} retired)", self.thumbprint(), self.retired.len())
    }
}
