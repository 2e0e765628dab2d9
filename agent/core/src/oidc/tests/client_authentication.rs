//! A client proves itself by exactly the method of its registration.

use super::*;
use crate::jose::{Algorithm, encode};

const REFRESH: [(&str, &str); 2] = [("grant_type", "refresh_token"), ("refresh_token", "unknown")];

/// What a refresh with an unknown token says: `invalid_grant` means that the client was believed.
fn answer(house: &mut House, more: &[(&str, &str)], authorization: Option<Secret>) -> (u16, &'static str) {
    let request = TokenRequest { parameters: changed(&REFRESH, more), authorization };
    let refusal = house.token_request(&request).unwrap_err().refusal;
    (refusal.status, refusal.error)
}

const BELIEVED: (u16, &str) = (400, "invalid_grant");
const REFUSED: (u16, &str) = (401, "invalid_client");
const CONFUSED: (u16, &str) = (400, "invalid_request");

#[test]
fn no_client_an_unknown_one_and_a_wrong_secret_are_refused_alike() {
    let mut house = House::new();
    assert_eq!(answer(&mut house, &[], None), REFUSED);
    assert_eq!(answer(&mut house, &[("client_id", "nobody")], None), REFUSED);
    assert_eq!(answer(&mut house, &[], Some(basic("basic", "wrong"))), REFUSED);
    assert_eq!(answer(&mut house, &[], Some(basic("nobody", "wrong"))), REFUSED);
    assert_eq!(answer(&mut house, &[("client_id", "post"), ("client_secret", "wrong")], None), REFUSED);
}

#[test]
fn the_registered_method_works_and_every_other_is_refused() {
    let mut house = House::new();
    let (of_basic, of_post) = (house.secrets["basic"].clone(), house.secrets["post"].clone());
    assert_eq!(answer(&mut house, &[], Some(basic("basic", &of_basic))), BELIEVED);
    assert_eq!(answer(&mut house, &[("client_id", "post"), ("client_secret", &of_post)], None), BELIEVED);
    assert_eq!(answer(&mut house, &[("client_id", "dpi")], None), BELIEVED);

    assert_eq!(answer(&mut house, &[("client_id", "basic"), ("client_secret", &of_basic)], None), REFUSED);
    assert_eq!(answer(&mut house, &[], Some(basic("post", &of_post))), REFUSED);
    assert_eq!(answer(&mut house, &[("client_id", "basic")], None), REFUSED);
    assert_eq!(answer(&mut house, &[], Some(basic("dpi", ""))), REFUSED);
}

#[test]
fn a_secret_client_without_a_chosen_method_is_believed_by_header_and_by_form_but_never_by_both_or_neither() {
    let mut house = House::new();
    house.add(json!({"id": "either", "client_auth": "client_secret"}));
    let secret = house.secrets["either"].clone();
    let form = [("client_id", "either"), ("client_secret", secret.as_str())];
    assert_eq!(answer(&mut house, &[("client_id", "either")], None), REFUSED);
    assert_eq!(answer(&mut house, &form, Some(basic("either", &secret))), CONFUSED);
    assert_eq!(answer(&mut house, &form, None), BELIEVED);
    assert_eq!(answer(&mut house, &[], Some(basic("either", &secret))), BELIEVED);
}

#[test]
fn two_methods_at_once_and_two_names_at_once_are_refused() {
    let mut house = House::new();
    let secret = house.secrets["basic"].clone();
    let both = [("client_id", "basic"), ("client_secret", secret.as_str())];
    assert_eq!(answer(&mut house, &both, Some(basic("basic", &secret))), CONFUSED);
    assert_eq!(answer(&mut house, &[("client_id", "dpi")], Some(basic("basic", &secret))), REFUSED);
}

#[test]
fn malformed_authorization_headers_are_refused() {
    let mut house = House::new();
    for header in ["Basic", "Basic ###", "Basic YWJj", "Bearer abc", "Basic /w==", ""] {
        let found = answer(&mut house, &[], Some(Secret::new(header.into())));
        assert_eq!(found, REFUSED, "{header}");
    }
}

/// A house with the client `key`, its private key, and a good assertion of it.
fn with_key() -> (House, SigningKey, Value) {
    let mut house = House::new();
    let key = p256_key();
    house.add(json!({"id": "key", "public_key": Value::from(key.public().to_jwk()).to_string()}));
    let claims = json!({"iss": "key", "sub": "key", "aud": ISSUER, "jti": "j1", "iat": START.0,
        "exp": START.0 + 60});
    (house, key, claims)
}

fn assertion(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let header = encode(header.to_string().as_bytes());
    key.compact(Algorithm::Es256, &header, claims.to_string().as_bytes(), &SystemRandom::new()).unwrap()
}

fn ask(house: &mut House, assertion: &str) -> (u16, &'static str) {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    answer(house, &[("client_assertion_type", kind), ("client_assertion", assertion)], None)
}

#[test]
fn an_assertion_is_believed_once() {
    let (mut house, key, mut claims) = with_key();
    let jws = assertion(&key, &json!({"alg": "ES256"}), &claims);
    assert_eq!(ask(&mut house, &jws), BELIEVED);
    assert_eq!(ask(&mut house, &jws), REFUSED);
    claims["jti"] = "j2".into();
    claims["aud"] = format!("{ISSUER}/token").into();
    assert_eq!(ask(&mut house, &assertion(&key, &json!({"alg": "ES256"}), &claims)), BELIEVED);
}

#[test]
fn an_assertion_with_any_wrong_claim_is_refused() {
    for (name, value) in [
        ("iss", json!("dpi")),
        ("sub", json!("dpi")),
        ("sub", Value::Null),
        ("aud", json!("https://elsewhere.example")),
        ("aud", json!([ISSUER, "https://elsewhere.example"])),
        ("aud", Value::Null),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!("j".repeat(300))),
        ("exp", Value::Null),
        ("exp", json!(START.0 - 30)),
        ("exp", json!(START.0 + 100_000)),
        ("exp", json!("soon")),
        ("nbf", json!(START.0 + 60)),
        ("iat", json!(START.0 + 3600)),
    ] {
        let (mut house, key, mut claims) = with_key();
        claims[name] = value.clone();
        let jws = assertion(&key, &json!({"alg": "ES256"}), &claims);
        assert_eq!(ask(&mut house, &jws), REFUSED, "{name} {value}");
    }
}

#[test]
fn an_assertion_without_signature_or_by_another_key_is_refused() {
    let (mut house, key, claims) = with_key();
    let payload = encode(claims.to_string().as_bytes());
    let none = format!("{}.{payload}.", encode(br#"{"alg":"none"}"#));
    assert_eq!(ask(&mut house, &none), REFUSED);
    assert_eq!(ask(&mut house, &assertion(&p256_key(), &json!({"alg": "ES256"}), &claims)), REFUSED);
    assert_eq!(ask(&mut house, &assertion(&key, &json!({"alg": "HS256"}), &claims)), REFUSED);
    let incomplete = answer(&mut house, &[("client_assertion", "x")], None);
    assert_eq!(incomplete, CONFUSED);
}

#[test]
fn assertions_by_ps256_rs256_and_es256_are_believed_and_none_by_a_key_or_padding_of_another_kind() {
    let mut house = House::new();
    let (rsa, p256) = (rsa_key(), p256_key());
    for (id, key) in [("rsa", &rsa), ("p256", &p256)] {
        house.add(json!({"id": id, "public_key": Value::from(key.public().to_jwk()).to_string()}));
    }
    let mut used = 0;
    let mut asks = |house: &mut House, id: &str, key: &SigningKey, said: &str, algorithm: Algorithm| {
        used += 1;
        let claims = json!({"iss": id, "sub": id, "aud": ISSUER, "jti": used.to_string(),
            "iat": START.0, "exp": START.0 + 60});
        let header = encode(json!({"alg": said}).to_string().as_bytes());
        let jws = key.compact(algorithm, &header, claims.to_string().as_bytes(), &SystemRandom::new());
        ask(house, &jws.unwrap())
    };
    assert_eq!(asks(&mut house, "rsa", &rsa, "RS256", Algorithm::Ps256), REFUSED, "another padding");
    assert_eq!(asks(&mut house, "rsa", &rsa, "PS256", Algorithm::Rs256), REFUSED, "another padding");
    assert_eq!(asks(&mut house, "p256", &p256, "PS256", Algorithm::Es256), REFUSED, "another kind of key");
    assert_eq!(asks(&mut house, "rsa", &p256, "ES256", Algorithm::Es256), REFUSED, "another key");
    assert_eq!(asks(&mut house, "rsa", &rsa, "PS256", Algorithm::Ps256), BELIEVED);
    assert_eq!(asks(&mut house, "rsa", &rsa, "RS256", Algorithm::Rs256), BELIEVED);
    assert_eq!(asks(&mut house, "p256", &p256, "ES256", Algorithm::Es256), BELIEVED);
}
