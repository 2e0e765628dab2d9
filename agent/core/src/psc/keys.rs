//! The provider's signing keys (RFC 7517), and how often they may be fetched again.

use super::answer::{garbled, json_object};
use super::metadata::Metadata;
use crate::failure::Failure;
use crate::fetch::{Fetch, Fetched};
use crate::identity::UnixTime;
use crate::jose::{Algorithm, PublicKey};
use serde_json::{Map, Value};

/// Most keys read.
const MAX_KEYS: usize = 50;
/// A `kid` that is not known may cause a fetch this often, seconds: a stranger's tokens must not drive our requests.
pub const REFETCH: i64 = 60;

/// Keys of an earlier login serve this long, seconds: a key that the provider withdrew is forgotten here as well.
const KEEP: i64 = 3600;

/// The keys of an upstream.
#[derive(Debug, Clone)]
pub struct Keys {
    fetched: UnixTime,
    /// They were fetched because a token named a key that was not known.
    after_miss: bool,
    keys: Vec<Key>,
}

#[derive(Debug, Clone)]
struct Key {
    kid: Option<String>,
    algorithm: Option<String>,
    public: PublicKey,
}

/// What is known of the key that a token asks for.
#[derive(Debug)]
pub enum Found<'a> {
    /// This one.
    Key(&'a PublicKey),
    /// None has that `kid`: the provider may have rotated its keys.
    Unknown,
    /// The token names no key and several fit: not to be guessed.
    Ambiguous,
}

impl Keys {
    /// The request for the keys.
    #[must_use]
    pub fn request(metadata: &Metadata) -> Fetch {
        Fetch::get_json(metadata.jwks_uri.clone())
    }

    /// Reads a JWK set. Keys for encryption, of other kinds, or that cannot be read are passed over: a provider may
    /// publish more than we understand.
    ///
    /// # Errors
    /// [`crate::failure::UPSTREAM_GARBLED`] when it is not a JWK set.
    pub fn read(answer: &Fetched) -> Result<Self, Failure> {
        let document = json_object(answer, "jwks")?;
        let list = document
            .get("keys")
            .and_then(Value::as_array)
            .filter(|list| list.len() <= MAX_KEYS)
            .ok_or_else(|| garbled("jwks"))?;
        let keys = list.iter().filter_map(Value::as_object).filter_map(Key::read).collect();
        Ok(Self { fetched: answer.received, after_miss: false, keys })
    }

    /// The key for a token (OpenID Connect Core §10.1): by `kid`, or the only fitting one when the token names none.
    #[must_use]
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        let mut fitting = self.keys.iter().filter(|key| {
            key.public.fits(algorithm)
                && key.algorithm.as_ref().is_none_or(|name| name == algorithm.name())
                && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Found::Key(&key.public),
            (Some(_), Some(_)) => Found::Ambiguous,
            (None, _) => Found::Unknown,
        }
    }

    /// Marks keys that were fetched because of an unknown `kid`: the next miss must wait.
    #[must_use]
    pub fn after_miss(self) -> Self {
        Self { after_miss: true, ..self }
    }

    /// Whether they may serve without being fetched again.
    #[must_use]
    pub fn serves(&self, now: UnixTime) -> bool {
        (0..KEEP).contains(&now.since(self.fetched))
    }

    /// Whether an unknown `kid` may cause another fetch now: once at any time, then every [`REFETCH`] seconds.
    #[must_use]
    pub fn may_refetch(&self, now: UnixTime) -> bool {
        !self.after_miss || now.since(self.fetched) >= REFETCH
    }
}

impl Key {
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|word| word != "sig") {
            return None;
        }
        Some(Self {
            kid: text("kid").map(str::to_owned),
            algorithm: text("alg").map(str::to_owned),
            public: PublicKey::from_jwk(jwk).ok()?,
        })
    }
}
