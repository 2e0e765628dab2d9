//! What holders of tokens say: compact JWS, keys, and the claims of an ID token.

use crate::upstream::{NOW, PROFILE};
use cps_agent_core::{
    fetch::Fetched,
    jose::{Algorithm, PublicKey, SigningKey, Unverified, encode, json},
    psc::{
        keys::Keys,
        verify::{self, Expected},
    },
};
use ring::rand::SystemRandom;
use std::{hint::black_box, sync::LazyLock};

/// A key of this process, and the set that publishes it.
pub(crate) static KEY: LazyLock<Option<(SigningKey, Keys)>> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let key = SigningKey::p256(&SigningKey::generate_p256(&random).ok()?, &random).ok()?;
    let jwks = serde_json::json!({ "keys": [key.public().to_jwk()] }).to_string();
    let answer = Fetched { status: 200, headers: Vec::new(), body: jwks.into_bytes().into(), received: NOW };
    Some((key, Keys::read(&answer).ok()?))
});

/// A compact JWS, and the same bytes as a key: nothing that a stranger writes verifies with our key.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn jws(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let _ = black_box(json::value(data));
    let _ = black_box(PublicKey::from_text(text));
    let allowed = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256];
    let Ok(parsed) = Unverified::parse(text, &allowed) else { return false };
    black_box((
        parsed.algorithm(),
        parsed.key_id(),
        parsed.kind(),
        parsed.claims_before_verification().len(),
    ));
    for certificate in parsed.certificates().unwrap_or_default() {
        let _ = black_box(PublicKey::from_certificate(&certificate));
    }
    if let Some((key, _)) = KEY.as_ref() {
        assert!(parsed.verify(key.public()).is_err(), "a forged signature verifies");
    }
    true
}

/// The claims of an ID token that the upstream did sign: whatever they say, only a token for us at this moment passes.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn id_token(data: &[u8]) -> bool {
    let (Some(profile), Some((key, keys))) = (PROFILE.as_ref(), KEY.as_ref()) else { return false };
    let Ok(claims) = json::object(data) else { return false };
    let header = encode(br#"{"alg":"ES256","typ":"JWT"}"#);
    let Ok(compact) = key.compact(Algorithm::Es256, &header, data, &SystemRandom::new()) else {
        return false;
    };
    let expected = Expected {
        profile,
        nonce: Some("a nonce"),
        level: true,
        access_token: "an access token",
        now: NOW,
        skew: None,
    };
    let Ok(token) = verify::id_token(&compact, keys, expected) else { return false };
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
    assert_eq!((text("iss"), text("nonce")), (Some(profile.issuer.as_str()), Some("a nonce")));
    assert!(!token.subject.is_empty(), "nobody's token");
    true
}
