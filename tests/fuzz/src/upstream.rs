//! What an upstream says: its discovery document, its keys, its UserInfo.

use cps_agent_core::{
    fetch::Fetched,
    identity::UnixTime,
    jose::{self, Algorithm},
    psc::{
        ClientAuth, Metadata, Profile,
        client::Client,
        keys::{Found, Keys},
        profile::Custom,
        userinfo,
        verify::IdToken,
    },
};
use ring::rand::SystemRandom;
use serde_json::{Map, Value};
use std::{hint::black_box, sync::LazyLock};
use url::Url;

/// The moment at which everything happens.
pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);
/// Our client there.
pub(crate) const CLIENT: &str = "cps-agent-test";
/// Its issuer.
pub(crate) const ISSUER: &str = "https://sso.example.invalid/auth/realms/esante-wallet";

/// A custom upstream that takes every algorithm we know.
pub(crate) static PROFILE: LazyLock<Option<Profile>> = LazyLock::new(|| {
    let client = Client {
        id: CLIENT.to_owned(),
        auth: ClientAuth::None,
        redirect_uri: Url::parse("http://127.0.0.1/callback").ok()?,
    };
    let custom = Custom {
        issuer: ISSUER.to_owned(),
        discovery: "wallet-openid-configuration".to_owned(),
        hosts: vec!["wallet.example.invalid:443".to_owned()],
        scope: "openid scope_all".to_owned(),
        acr_values: "eidas1".to_owned(),
        accepted_acr: None,
        algorithms: Some(vec![Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256]),
        ciba: true,
        card_login: true,
        idp_hint: None,
    };
    Profile::custom(custom, client).ok()
});

fn answered(body: &[u8]) -> Fetched {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Fetched { status: 200, headers, body: body.to_vec().into(), received: NOW }
}

/// A discovery document: no endpoint of it leaves the profile.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn discovery(data: &[u8]) -> bool {
    let Some(profile) = PROFILE.as_ref() else { return false };
    let Ok(metadata) = Metadata::read(profile, &answered(data)) else { return false };
    let required = [
        &metadata.authorization_endpoint,
        &metadata.token_endpoint,
        &metadata.userinfo_endpoint,
        &metadata.jwks_uri,
    ];
    let optional = [&metadata.end_session_endpoint, &metadata.revocation_endpoint, &metadata.ciba_endpoint];
    for endpoint in required.into_iter().chain(optional.into_iter().flatten()) {
        assert!(profile.admits(endpoint).is_ok(), "an endpoint outside the profile: {endpoint}");
    }
    true
}

/// A JWK set, searched for every kind of key.
pub fn jwks(data: &[u8]) -> bool {
    let Ok(keys) = Keys::read(&answered(data)) else { return false };
    let mut found = false;
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256] {
        for kid in [None, Some("1"), Some("kid")] {
            if let Found::Key(key) = keys.find(kid, algorithm) {
                found = true;
                let _ = black_box((key.thumbprint(), key.verify(algorithm, b"message", &[0x5A; 256])));
            }
        }
    }
    found
}

/// A UserInfo answer: whoever comes out of it has an identifier, and it is the ID token's person.
#[allow(clippy::panic, reason = "libFuzzer takes a panic for a finding")]
pub fn userinfo(data: &[u8]) -> bool {
    let id_token = IdToken {
        subject: "f:uuid:899700990015".to_owned(),
        name_id: None,
        acr: Some("eidas1".to_owned()),
        auth_time: NOW,
        auth_mode: None,
        claims: Map::new(),
    };
    let (Some(profile), Some((key, keys))) = (PROFILE.as_ref(), crate::jose::KEY.as_ref()) else {
        return false;
    };
    // The same claims as a signed answer (OpenID Connect Core §5.3.2).
    let header = jose::encode(br#"{"alg":"ES256"}"#);
    if let Ok(compact) = key.compact(Algorithm::Es256, &header, data, &SystemRandom::new()) {
        let headers = vec![("content-type".to_owned(), "application/jwt".to_owned())];
        let answer = Fetched { headers, ..answered(compact.as_bytes()) };
        let _ = black_box(userinfo::read(&answer, profile, &id_token, keys));
    }
    let Ok(person) = userinfo::read(&answered(data), profile, &id_token, keys) else { return false };
    assert!(!person.id.0.is_empty() && person.has(&person.id), "a person without an identifier");
    assert!(person.claims.get("sub").is_none_or(Value::is_null), "the upstream's subject goes on");
    black_box(person.display_name());
    true
}
