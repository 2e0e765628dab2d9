//! The stand-in's signing keys: RS256, rotated on demand, the previous keys still published.

use crate::pki::TestKey;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
};
use serde_json::{Value, json};
use x509_parser::der_parser::{asn1_rs::FromDer, asn1_rs::Integer, asn1_rs::Sequence};

/// The TEST keys, in the order of their rotation. After the last one the first returns.
const RING: [&str; 3] = ["upstream-signing-1", "upstream-signing-2", "upstream-signing-3"];

/// One key with the names it goes by.
struct Key {
    key: TestKey,
    id: String,
    modulus: String,
    exponent: String,
}

impl Key {
    fn named(name: &str) -> Self {
        let key = TestKey::named(name);
        let (modulus, exponent) = components(key.public());
        // RFC 7638: the thumbprint of the three required members, in this order.
        let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()));
        Self { key, id, modulus, exponent }
    }

    fn jwk(&self) -> Value {
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": self.modulus, "e": self.exponent})
    }
}

/// Modulus and exponent of an `RSAPublicKey`, base64url without leading zeros (RFC 7518 §6.3.1).
fn components(public: &[u8]) -> (String, String) {
    let encode = |number: &Integer<'_>| {
        let bytes = number.as_ref();
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(bytes.get(start..).unwrap_or_default())
    };
    Sequence::from_der_and_then(public, |content| {
        let (rest, modulus) = Integer::from_der(content)?;
        let (rest, exponent) = Integer::from_der(rest)?;
        Ok((rest, (encode(&modulus), encode(&exponent))))
    })
    .map(|(_, pair)| pair)
    .unwrap_or_default()
}

/// The keys published now; the last one signs.
pub(super) struct Keys {
    published: Vec<Key>,
    turns: usize,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self { published: RING.first().map(|name| Key::named(name)).into_iter().collect(), turns: 0 }
    }

    /// Signs with a new key from now on. With `drop_old` the earlier keys are no longer published.
    pub(super) fn rotate(&mut self, drop_old: bool) {
        self.turns = (self.turns + 1) % RING.len();
        let Some(key) = RING.get(self.turns).map(|name| Key::named(name)) else { return };
        self.published.retain(|old| !drop_old && old.id != key.id);
        self.published.push(key);
    }

    pub(super) fn jwks(&self) -> Value {
        json!({"keys": self.published.iter().rev().map(Key::jwk).collect::<Vec<_>>()})
    }

    /// A compact JWS (RFC 7515 §3.1) over a JSON text.
    pub(super) fn sign(&self, claims: &str, how: How) -> String {
        let Some(key) = self.published.last() else { return String::new() };
        let algorithm = if how == How::Pss { "PS256" } else { "RS256" };
        let header = match how {
            How::WithoutKeyId => json!({"alg": algorithm, "typ": "JWT"}),
            How::UnknownKeyId => json!({"alg": algorithm, "typ": "JWT", "kid": "TEST-never-published"}),
            How::Rightly | How::ByAStranger | How::Pss => {
                json!({"alg": algorithm, "typ": "JWT", "kid": key.id})
            }
        };
        let input = input(&header, claims);
        let signature = match how {
            How::ByAStranger => TestKey::named("authority-stranger").sign(input.as_bytes()),
            How::Pss => key.key.sign_pss(input.as_bytes()),
            How::Rightly | How::WithoutKeyId | How::UnknownKeyId => key.key.sign(input.as_bytes()),
        };
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that one of the published keys signed; its age does not matter (an `id_token_hint`).
    pub(super) fn open(&self, token: &str) -> Option<Value> {
        let (input, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.published.iter().find(|key| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.key.public())
                .verify(input.as_bytes(), &signature)
                .is_ok()
        })?;
        let claims = URL_SAFE_NO_PAD.decode(input.split_once('.')?.1).ok()?;
        serde_json::from_slice(&claims).ok()
    }
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// RS256, with the newest key and its name.
    Rightly,
    /// Under the right name by somebody else's key.
    ByAStranger,
    /// PS256 instead of RS256.
    Pss,
    /// Without the name of the key.
    WithoutKeyId,
    /// Under a name that was never published.
    UnknownKeyId,
}

/// An unsecured JWS (`alg: none`, RFC 7515 appendix A.5), which no client may accept.
pub(super) fn unsigned(claims: &str) -> String {
    format!("{}.", input(&json!({"alg": "none", "typ": "JWT"}), claims))
}

/// A JWS by a shared secret (HS256), which no client may accept.
pub(super) fn symmetric(claims: &str, secret: &str) -> String {
    let input = input(&json!({"alg": "HS256", "typ": "JWT"}), claims);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = ring::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn input(header: &Value, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims))
}
