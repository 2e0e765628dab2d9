//! Signing keys: RS256 waits for its key and spends nothing, and rotation has an overlap.

use super::*;
use crate::jose::Algorithm;
use crate::oidc::keys::{MAX_AGE, OVERLAP};

fn jwks(house: &House) -> Vec<Value> {
    let jwks: Value = serde_json::from_str(&house.provider.jwks()).unwrap();
    jwks["keys"].as_array().unwrap().clone()
}

#[test]
fn an_rs256_client_is_told_to_wait_while_the_key_is_made_and_loses_nothing() {
    let mut house = House::logged_in();
    house.add(json!({"id": "rsa", "id_token_alg": "RS256"}));
    let code = house.code(&[("client_id", "rsa")]);
    let refusal = house.redeem(&code, &[("client_id", "rsa")]).unwrap_err();
    assert_eq!(refusal, TokenRefusal::KEY_NOT_READY);
    let es256 = house.tokens();
    assert!(es256.contains_key("id_token"), "ES256 clients do not wait");

    house.provider.set_rsa(rsa_key(), house.now).unwrap();
    let tokens = house.redeem(&code, &[("client_id", "rsa")]).unwrap();
    assert_eq!(house.claims(&tokens["id_token"])["aud"], "rsa");
    let header = text(&tokens, "id_token").split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&crate::jose::decode(header).unwrap()).unwrap();
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": rsa_key().kid()}));
}

#[test]
fn an_assertion_is_not_spent_while_the_key_is_made() {
    let mut house = House::new();
    let key = p256_key();
    let jwk = Value::from(key.public().to_jwk()).to_string();
    house.add(json!({"id": "rsa", "id_token_alg": "RS256", "public_key": jwk}));
    let claims = json!({"iss": "rsa", "sub": "rsa", "aud": ISSUER, "jti": "once", "exp": START.0 + 60});
    let header = crate::jose::encode(br#"{"alg":"ES256"}"#);
    let assertion =
        key.compact(Algorithm::Es256, &header, claims.to_string().as_bytes(), &house.random).unwrap();
    let request = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "unknown"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    assert_eq!(house.token(&request).unwrap_err(), TokenRefusal::KEY_NOT_READY);
    house.provider.set_rsa(rsa_key(), START).unwrap();
    assert_eq!(house.token(&request).unwrap_err().error, "invalid_grant");
    assert_eq!(house.token(&request).unwrap_err().error, "invalid_client");
}

#[test]
fn published_keys_are_public_and_named_by_their_thumbprint() {
    let mut house = House::new();
    house.provider.set_rsa(rsa_key(), house.now).unwrap();
    let keys = jwks(&house);
    assert_eq!(keys.len(), 2);
    for jwk in &keys {
        let jwk = jwk.as_object().unwrap();
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!jwk.contains_key(private));
        }
        assert_eq!(jwk["kid"], PublicKey::from_jwk(jwk).unwrap().thumbprint());
        assert_eq!(jwk["use"], "sig");
    }
}

#[test]
fn a_replaced_key_stays_published_for_a_day_and_across_a_restart() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    house.provider.rotate_es256(p256_key(), house.now).unwrap();
    assert_eq!(house.claims(&tokens["id_token"])["aud"], "dpi", "an earlier token still verifies");
    let newer = house.tokens();
    assert_ne!(
        text(&tokens, "id_token").split('.').next(),
        text(&newer, "id_token").split('.').next(),
        "new tokens are signed by the new key"
    );
    let hint = [("id_token_hint", text(&tokens, "id_token"))];
    assert!(sent(&house.authorize(&hint).answer).contains_key("code"));

    let state = house.provider.state();
    house.provider = Provider::new(ISSUER.into(), Registry::default(), p256_key()).unwrap();
    house.provider.restore(state.as_bytes(), house.now).unwrap();
    assert_eq!(house.claims(&tokens["id_token"])["aud"], "dpi");
    house.now = house.now.plus(OVERLAP);
    house.provider.sweep(&house.sessions, house.now);
    assert_eq!(jwks(&house).len(), 1);
}

#[test]
fn a_key_of_the_wrong_kind_is_refused() {
    let mut house = House::new();
    assert!(house.provider.set_rsa(p256_key(), START).is_err());
    assert!(house.provider.rotate_es256(rsa_key(), START).is_err());
    assert!(Provider::new(ISSUER.into(), Registry::default(), rsa_key()).is_err());
    assert!(!house.provider.keys().ready(Algorithm::Rs256));
    assert!(house.provider.keys().ready(Algorithm::Es256));
}

#[test]
fn a_key_that_has_served_for_ninety_days_is_due_whatever_happened_meanwhile() {
    let mut house = House::new();
    assert!(house.provider.keys_due(START).is_empty(), "its age counts from now");
    assert!(house.provider.keys_due(START.plus(MAX_AGE - 1)).is_empty());
    assert_eq!(house.provider.keys_due(START.plus(MAX_AGE)), [Algorithm::Es256]);
    house.provider.rotate_es256(p256_key(), START.plus(MAX_AGE)).unwrap();
    assert!(house.provider.keys_due(START.plus(MAX_AGE)).is_empty(), "the new one begins anew");
}

#[test]
fn the_age_of_a_key_is_remembered_across_a_restart() {
    let random = SystemRandom::new();
    let pkcs8 = SigningKey::generate_p256(&random).unwrap();
    let provider = || {
        let key = SigningKey::p256(&pkcs8, &random).unwrap();
        Provider::new(ISSUER.into(), Registry::default(), key).unwrap()
    };
    let mut first = provider();
    first.keys_due(START);
    assert!(first.state_changed(), "the age is to be stored");
    let mut second = provider();
    second.restore(first.state().as_bytes(), START.plus(10)).unwrap();
    assert!(second.keys_due(START.plus(MAX_AGE - 1)).is_empty());
    assert_eq!(second.keys_due(START.plus(MAX_AGE)), [Algorithm::Es256]);
}
