//! Vectors of the standards, and what is refused.

#![allow(clippy::disallowed_methods, reason = "tests play the noisy half")]

use super::*;
use ring::rand::SystemRandom;
use serde_json::json;

const A2_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const A2_PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const A2_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A3_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

fn jwk(value: serde_json::Value) -> Result<PublicKey, JoseError> {
    PublicKey::from_jwk(value.as_object().unwrap())
}
fn a2_key() -> PublicKey {
    jwk(json!({"kty": "RSA", "n": A2_N, "e": "AQAB"})).unwrap()
}
fn a3_key() -> PublicKey {
    jwk(json!({"kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}))
    .unwrap()
}
fn a2() -> String {
    format!("eyJhbGciOiJSUzI1NiJ9.{A2_PAYLOAD}.{A2_SIGNATURE}")
}
fn a3() -> String {
    format!("eyJhbGciOiJFUzI1NiJ9.{A2_PAYLOAD}.{A3_SIGNATURE}")
}
fn token(header: &serde_json::Value, payload: &str) -> String {
    format!("{}.{}.{}", encode(header.to_string().as_bytes()), encode(payload.as_bytes()), encode(b"x"))
}

#[test]
fn the_rsa_example_of_rfc_7515_appendix_a2_verifies() {
    let compact = a2();
    let claims = Unverified::parse(&compact, &[Algorithm::Rs256]).unwrap().verify(&a2_key()).unwrap();
    assert_eq!(claims["iss"], "joe");
}

#[test]
fn the_ecdsa_example_of_rfc_7515_appendix_a3_verifies() {
    let compact = a3();
    let claims = Unverified::parse(&compact, &[Algorithm::Es256]).unwrap().verify(&a3_key()).unwrap();
    assert_eq!(claims["exp"], 1_300_819_380);
}

#[test]
fn the_thumbprint_of_rfc_7638_section_3_1_is_ours() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let key = jwk(json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})).unwrap();
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn another_algorithm_than_the_listed_ones_is_refused_before_any_key_is_asked() {
    let (rsa, ec) = (a2(), a3());
    assert_eq!(Unverified::parse(&rsa, &[Algorithm::Es256]).err(), Some(JoseError::Algorithm));
    assert_eq!(
        Unverified::parse(&ec, &[Algorithm::Rs256, Algorithm::Ps256]).err(),
        Some(JoseError::Algorithm)
    );
}

#[test]
fn none_and_hmac_are_unknown_words() {
    for name in ["none", "None", "HS256", "RS512", ""] {
        let compact = token(&json!({"alg": name}), "{}");
        let all = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256];
        assert_eq!(Unverified::parse(&compact, &all).err(), Some(JoseError::Algorithm), "{name}");
    }
    let unsigned = format!("{}.{A2_PAYLOAD}.", encode(br#"{"alg":"none"}"#));
    assert_eq!(Unverified::parse(&unsigned, &[Algorithm::Rs256]).err(), Some(JoseError::Algorithm));
}

#[test]
fn a_key_of_another_kind_never_verifies() {
    let compact = a2();
    let parsed = Unverified::parse(&compact, &[Algorithm::Rs256]).unwrap();
    assert_eq!(parsed.verify(&a3_key()).err(), Some(JoseError::Signature));
}

#[test]
fn a_changed_payload_or_signature_does_not_verify() {
    let other = a3().replace(A2_PAYLOAD, &encode(br#"{"iss":"eve"}"#));
    let parsed = Unverified::parse(&other, &[Algorithm::Es256]).unwrap();
    assert_eq!(parsed.verify(&a3_key()).err(), Some(JoseError::Signature));
    let cut = a3().replace(A3_SIGNATURE, &encode(&decode(A3_SIGNATURE).unwrap()[..63]));
    let parsed = Unverified::parse(&cut, &[Algorithm::Es256]).unwrap();
    assert_eq!(parsed.verify(&a3_key()).err(), Some(JoseError::Signature));
}

#[test]
fn a_member_that_appears_twice_is_refused_in_header_and_payload() {
    let header = format!("{}.{A2_PAYLOAD}.eA", encode(br#"{"alg":"RS256","alg":"RS256"}"#));
    assert_eq!(Unverified::parse(&header, &[Algorithm::Rs256]).err(), Some(JoseError::Json));
    let payload = token(&json!({"alg": "RS256"}), r#"{"acr":"a","deep":[{"b":1,"b":2}]}"#);
    assert_eq!(Unverified::parse(&payload, &[Algorithm::Rs256]).err(), Some(JoseError::Json));
}

#[test]
fn critical_headers_and_wrong_shapes_are_refused() {
    let critical = token(&json!({"alg": "RS256", "crit": ["b64"], "b64": false}), "{}");
    assert_eq!(Unverified::parse(&critical, &[Algorithm::Rs256]).err(), Some(JoseError::Critical));
    let four = format!("{}.eA", a2());
    for text in ["", "a", "a.b", four.as_str(), "e30=.e30.eA", "e30.e30.e B"] {
        assert!(Unverified::parse(text, &[Algorithm::Rs256]).is_err(), "{text}");
    }
    let long = "a".repeat(jws::MAX_LENGTH + 1);
    assert_eq!(Unverified::parse(&long, &[Algorithm::Rs256]).err(), Some(JoseError::Shape));
}

#[test]
fn small_keys_private_keys_and_foreign_curves_are_no_public_keys() {
    let short = encode(&[0xFF; 128]);
    for bad in [
        json!({"kty": "RSA", "n": short, "e": "AQAB"}),
        json!({"kty": "RSA", "n": A2_N, "e": "AQAB", "d": "AQAB"}),
        json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"}),
        json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
        json!({"kty": "oct", "k": "AA"}),
        json!({"kty": "RSA"}),
    ] {
        assert_eq!(jwk(bad).err(), Some(JoseError::Key));
    }
}

#[test]
fn a_key_of_our_own_signs_what_its_public_half_verifies() {
    let random = SystemRandom::new();
    let pkcs8 = SigningKey::generate_p256(&random).unwrap();
    let key = SigningKey::p256(&pkcs8, &random).unwrap();
    let header = encode(br#"{"alg":"ES256"}"#);
    let compact = key.compact(Algorithm::Es256, &header, br#"{"a":1}"#, &random).unwrap();
    let read_again = PublicKey::from_jwk(&key.public().to_jwk()).unwrap();
    let claims = Unverified::parse(&compact, &[Algorithm::Es256]).unwrap().verify(&read_again).unwrap();
    assert_eq!(claims["a"], 1);
    assert_eq!(key.sign(Algorithm::Rs256, b"m", &random).err(), Some(JoseError::Key));
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", read_again.thumbprint()));
}
