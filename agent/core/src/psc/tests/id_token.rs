//! The ID token, checked as `oidcc-client-basic-certification-test-plan`, `oidcc-client-config-certification-test-plan` and
//! `fapi-ciba-id1-client-test-plan` do: each test has the name of its module.

use crate::failure::{self, Failure};
use crate::jose::{self, Algorithm, SigningKey};
use crate::psc::Profile;
use crate::psc::keys::Keys;
use crate::psc::verify::{self, Expected, IdToken, Refused};
use crate::tests::NOW;
use crate::tests::authority::random;
use crate::tests::provider::{CLIENT, ISSUER, edit, json_answer, jwk_of, profile, signing_key};
use serde_json::{Value, json};

const ACCESS: &str = "access-1";

/// The claims of a good token.
fn claims() -> Value {
    let hash = ring::digest::digest(&ring::digest::SHA256, ACCESS.as_bytes());
    json!({
        "iss": ISSUER, "aud": CLIENT, "azp": CLIENT, "sub": "f:1:899700990015", "typ": "ID",
        "iat": NOW.0, "exp": NOW.0 + 120, "auth_time": NOW.0 - 356, "nonce": "n",
        "at_hash": jose::encode(&hash.as_ref()[..16]), "acr": "eidas1", "authMode": "CARD",
        "SubjectNameID": "899700990015",
    })
}

fn signed(header: &str, payload: &str) -> String {
    signing_key(0)
        .compact(Algorithm::Rs256, &jose::encode(header.as_bytes()), payload.as_bytes(), &random())
        .unwrap()
}

fn keys(all: &[(usize, &str)]) -> Keys {
    let all: Vec<Value> = all.iter().map(|(which, kid)| jwk_of(&signing_key(*which), kid)).collect();
    Keys::read(&json_answer(200, &json!({"keys": all}))).unwrap()
}

fn verified(token: &str, keys: &Keys, profile: &Profile) -> Result<IdToken, Refused> {
    let expected =
        Expected { profile, nonce: Some("n"), level: true, access_token: ACCESS, now: NOW, skew: None };
    verify::id_token(token, keys, expected)
}

fn check(token: &str) -> Result<IdToken, Failure> {
    verified(token, &keys(&[(0, "one")]), &profile()).map_err(Failure::from)
}

const HEADER: &str = r#"{"alg":"RS256","typ":"JWT","kid":"one"}"#;

/// The outcome of a token with these claims changed.
fn with(edits: &[(&str, Value)]) -> Result<IdToken, Failure> {
    let mut claims = claims();
    edit(claims.as_object_mut().unwrap(), edits);
    check(&signed(HEADER, &claims.to_string()))
}

/// What a token is refused for.
fn reason(result: Result<IdToken, Failure>) -> String {
    let failure = result.unwrap_err();
    assert_eq!(failure.code, failure::ID_TOKEN_REFUSED);
    failure.values["reason"].as_str().unwrap().to_owned()
}

#[test]
fn oidcc_client_test_invalid_iss() {
    for issuer in [json!("https://other.test.invalid"), json!(format!("{ISSUER}/")), json!(7), Value::Null] {
        assert_eq!(reason(with(&[("iss", issuer)])), "iss");
    }
}

#[test]
fn oidcc_client_test_missing_sub() {
    for subject in [Value::Null, json!(""), json!(5), json!("x".repeat(256))] {
        assert_eq!(reason(with(&[("sub", subject)])), "sub");
    }
}

#[test]
fn oidcc_client_test_invalid_aud() {
    for audience in [json!("other"), json!([]), json!(["other"]), json!(5)] {
        assert_eq!(reason(with(&[("aud", audience)])), "aud");
    }
}

#[test]
fn fapi_ciba_id1_client_missing_aud_test() {
    assert_eq!(reason(with(&[("aud", Value::Null)])), "aud");
}

#[test]
fn fapi_ciba_id1_client_invalid_secondary_aud_test() {
    assert_eq!(reason(with(&[("aud", json!([CLIENT, "other"]))])), "aud");
}

#[test]
fn fapi_ciba_id1_client_valid_aud_as_array_test() {
    assert!(with(&[("aud", json!([CLIENT]))]).is_ok());
}

#[test]
fn another_authorized_party_is_refused() {
    assert_eq!(reason(with(&[("azp", json!("other"))])), "azp");
    assert!(with(&[("azp", Value::Null)]).is_ok());
}

#[test]
fn oidcc_client_test_missing_iat() {
    assert_eq!(reason(with(&[("iat", Value::Null)])), "iat");
    assert_eq!(reason(with(&[("iat", json!("now"))])), "iat");
}

#[test]
fn fapi_ciba_id1_client_old_iat_test() {
    let week = 7 * 24 * 3600;
    assert_eq!(reason(with(&[("iat", json!(NOW.0 - week)), ("exp", json!(NOW.0 + week))])), "iat");
    assert_eq!(reason(with(&[("iat", json!(NOW.0 + 61))])), "iat");
    assert!(with(&[("iat", json!(NOW.0 + 60))]).is_ok(), "a clock may be a minute off");
}

#[test]
fn fapi_ciba_id1_client_missing_exp_test() {
    assert_eq!(reason(with(&[("exp", Value::Null)])), "exp");
}

#[test]
fn fapi_ciba_id1_client_invalid_exp_test() {
    assert_eq!(reason(with(&[("exp", json!(NOW.0 - 61))])), "exp");
    assert_eq!(reason(with(&[("exp", json!(i64::MIN))])), "exp");
}

#[test]
fn oidcc_client_test_kid_absent_single_jwks() {
    let token = signed(r#"{"alg":"RS256"}"#, &claims().to_string());
    assert!(check(&token).is_ok());
}

#[test]
fn oidcc_client_test_kid_absent_multiple_jwks() {
    let token = signed(r#"{"alg":"RS256"}"#, &claims().to_string());
    let result = verified(&token, &keys(&[(0, "one"), (1, "two")]), &profile());
    assert_eq!(reason(result.map_err(Failure::from)), "kid");
}

#[test]
fn oidcc_client_test_idtoken_sig_rs256() {
    let token = check(&signed(HEADER, &claims().to_string())).unwrap();
    assert_eq!((token.subject.as_str(), token.acr.as_deref()), ("f:1:899700990015", Some("eidas1")));
    assert_eq!((token.auth_time, token.auth_mode.as_deref()), (NOW.plus(-356), Some("CARD")));
    assert_eq!(token.name_id.unwrap().0, "899700990015");
}

#[test]
fn oidcc_client_test_idtoken_sig_none() {
    let payload = jose::encode(claims().to_string().as_bytes());
    for algorithm in ["none", "None", "NONE", ""] {
        let header = jose::encode(json!({"alg": algorithm}).to_string().as_bytes());
        assert_eq!(reason(check(&format!("{header}.{payload}."))), "alg", "{algorithm}");
    }
    let header = jose::encode(b"{}");
    assert_eq!(reason(check(&format!("{header}.{payload}."))), "alg");
}

#[test]
fn oidcc_client_test_invalid_sig_rs256() {
    let token = signed(HEADER, &claims().to_string());
    let (input, _) = token.rsplit_once('.').unwrap();
    let other = signed(HEADER, "{}");
    let (_, stolen) = other.rsplit_once('.').unwrap();
    assert_eq!(reason(check(&format!("{input}.{stolen}"))), "signature");
    // A stranger's key under the right name.
    let payload = claims().to_string();
    let stranger = signing_key(1)
        .compact(Algorithm::Rs256, &jose::encode(HEADER.as_bytes()), payload.as_bytes(), &random())
        .unwrap();
    assert_eq!(reason(check(&stranger)), "signature");
    assert_eq!(reason(check(&format!("{input}."))), "signature");
}

#[test]
fn fapi_ciba_id1_client_invalid_alternate_alg_test() {
    let random = random();
    let p256 = SigningKey::p256(&SigningKey::generate_p256(&random).unwrap(), &random).unwrap();
    let keys = json!({"keys": [jwk_of(&signing_key(0), "one"), jwk_of(&p256, "p256")]});
    let keys = Keys::read(&json_answer(200, &keys)).unwrap();
    let header = jose::encode(br#"{"alg":"ES256","kid":"p256"}"#);
    let token = p256.compact(Algorithm::Es256, &header, claims().to_string().as_bytes(), &random).unwrap();
    assert_eq!(reason(verified(&token, &keys, &profile()).map_err(Failure::from)), "alg");
    // Where the administrator allows it, it is taken.
    let mut allowing = profile();
    allowing.algorithms = vec![Algorithm::Rs256, Algorithm::Es256];
    assert!(verified(&token, &keys, &allowing).is_ok());
    // The key of one algorithm never serves another.
    let confused = signed(r#"{"alg":"RS256","kid":"p256"}"#, &claims().to_string());
    assert!(matches!(verified(&confused, &keys, &allowing), Err(Refused::UnknownKey)));
}

#[test]
fn a_token_signed_with_the_clients_secret_is_refused() {
    let payload = jose::encode(claims().to_string().as_bytes());
    let input = format!("{}.{payload}", jose::encode(br#"{"alg":"HS256","kid":"one"}"#));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"s3cret");
    let token = format!("{input}.{}", jose::encode(ring::hmac::sign(&key, input.as_bytes()).as_ref()));
    assert_eq!(reason(check(&token)), "alg");
}

#[test]
fn oidcc_client_test_nonce_invalid() {
    for nonce in [json!("other"), json!(""), json!(5), Value::Null] {
        assert_eq!(reason(with(&[("nonce", nonce)])), "nonce");
    }
}

#[test]
fn a_token_of_another_access_token_is_refused() {
    assert_eq!(reason(with(&[("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))])), "at_hash");
    assert_eq!(reason(with(&[("at_hash", json!(5))])), "at_hash");
    assert!(with(&[("at_hash", Value::Null)]).is_ok());
}

#[test]
fn a_member_twice_is_refused_and_named() {
    let twice = claims().to_string().replacen('{', r#"{"acr":"eidas3","#, 1);
    assert_eq!(reason(check(&signed(HEADER, &twice))), "json");
    let deep = claims().to_string().replacen('{', r#"{"x":{"a":1,"a":2},"#, 1);
    assert_eq!(reason(check(&signed(HEADER, &deep))), "json");
    let header = r#"{"alg":"RS256","alg":"none","kid":"one"}"#;
    assert_eq!(reason(check(&signed(header, &claims().to_string()))), "json");
}

#[test]
fn the_accepted_levels_are_a_set() {
    for level in ["eidas1", "eidas2"] {
        assert!(with(&[("acr", json!(level))]).is_ok(), "{level}");
    }
    for level in [json!("eidas3"), json!("0"), json!(1), Value::Null] {
        assert_eq!(with(&[("acr", level)]).unwrap_err().code, failure::UPSTREAM_ACR);
    }
    let mut any = profile();
    any.accepted_acr.clear();
    let mut claims = claims();
    edit(claims.as_object_mut().unwrap(), &[("acr", Value::Null)]);
    assert!(verified(&signed(HEADER, &claims.to_string()), &keys(&[(0, "one")]), &any).is_ok());
}

#[test]
fn a_clock_that_is_off_is_named_instead_of_the_token() {
    let token = signed(HEADER, &claims().to_string());
    let profile = profile();
    let expected = |skew| Expected {
        profile: &profile,
        nonce: Some("n"),
        level: true,
        access_token: ACCESS,
        now: NOW.plus(600),
        skew,
    };
    let keys = keys(&[(0, "one")]);
    let told = Failure::from(verify::id_token(&token, &keys, expected(Some(-600))).unwrap_err());
    assert_eq!((told.code, &told.values["seconds"]), (failure::CLOCK_SKEW, &json!(600)));
    let told = Failure::from(verify::id_token(&token, &keys, expected(None)).unwrap_err());
    assert_eq!(told.values["reason"], "exp");
}

#[test]
fn oidcc_client_test_signing_key_rotation() {
    let token = signed(HEADER, &claims().to_string());
    // The key of before the rotation is all that is known: not a refusal, but a reason to look once more.
    assert!(matches!(verified(&token, &keys(&[(1, "two")]), &profile()), Err(Refused::UnknownKey)));
    assert!(verified(&token, &keys(&[(0, "one"), (1, "two")]), &profile()).is_ok());
}
