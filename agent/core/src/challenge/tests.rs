//! What a challenge refuses, and that its signature is checked before it leaves.

#![allow(clippy::disallowed_methods, reason = "tests play the noisy half")]

use super::*;
use crate::jose::SigningKey;
use ring::rand::SystemRandom;

const NONCE: &str = "00112233445566778899AABBCCDDEEFF";
const NOW: UnixTime = UnixTime(1_800_000_000);
const RSA_PEM: &str = include_str!("../oidc/tests/rsa-for-tests.pem");

struct Card {
    key: SigningKey,
    certificate: Vec<u8>,
    algorithm: Algorithm,
}

fn rsa_card() -> Card {
    let (_, pem) = x509_parser::pem::parse_x509_pem(RSA_PEM.as_bytes()).unwrap();
    let pair = rcgen::KeyPair::from_pem(RSA_PEM).unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap().der().to_vec();
    Card { key: SigningKey::rsa(&pem.contents).unwrap(), certificate, algorithm: Algorithm::Rs256 }
}

fn soft_token() -> Card {
    let pair = rcgen::KeyPair::generate().unwrap();
    let key = SigningKey::p256(&pair.serialize_der(), &SystemRandom::new()).unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap().der().to_vec();
    Card { key, certificate, algorithm: Algorithm::Es256 }
}

fn challenge(purpose: Purpose) -> Challenge {
    Challenge::new(NONCE, "https://dpi.example", purpose).unwrap()
}

fn signed(card: &Card, challenge: &Challenge) -> String {
    let prepared = challenge.prepare(KeyUse::Authentication, &[&card.certificate], NOW).unwrap();
    assert_eq!(prepared.algorithm(), card.algorithm);
    let signature = card.key.sign(card.algorithm, prepared.message(), &SystemRandom::new()).unwrap();
    prepared.attach(&signature).unwrap()
}

#[test]
fn a_nonce_that_is_short_long_or_not_hexadecimal_is_refused() {
    let long = "ab".repeat(65);
    for nonce in ["", "00112233", "001122334455667788990011223344", "zz112233445566778899aabbccddeeff", &long]
    {
        let found = Challenge::new(nonce, "aud", Purpose::Test);
        assert_eq!(found.err(), Some(ChallengeError::Nonce), "{nonce}");
    }
    for audience in ["", "line\nbreak", &"x".repeat(513)] {
        assert_eq!(Challenge::new(NONCE, audience, Purpose::Test).err(), Some(ChallengeError::Audience));
    }
}

#[test]
fn a_technical_key_signs_presence_and_nothing_else() {
    let card = rsa_card();
    let prepare = |key, purpose| challenge(purpose).prepare(key, &[&card.certificate], NOW).err();
    for purpose in [Purpose::Login, Purpose::Test] {
        assert_eq!(prepare(KeyUse::Technical, purpose), Some(ChallengeError::Purpose));
    }
    assert_eq!(prepare(KeyUse::Technical, Purpose::Presence), None);
    assert_eq!(prepare(KeyUse::Authentication, Purpose::Presence), Some(ChallengeError::Purpose));
}

#[test]
fn a_signature_by_another_key_is_found_before_it_leaves() {
    let (card, other) = (soft_token(), soft_token());
    let prepared =
        challenge(Purpose::Login).prepare(KeyUse::Authentication, &[&card.certificate], NOW).unwrap();
    let signature = other.key.sign(Algorithm::Es256, prepared.message(), &SystemRandom::new()).unwrap();
    assert_eq!(prepared.attach(&signature).err(), Some(ChallengeError::Signature));
}

#[test]
fn without_a_readable_certificate_nothing_is_prepared() {
    let prepare =
        |chain: &[&[u8]]| challenge(Purpose::Login).prepare(KeyUse::Authentication, chain, NOW).err();
    assert_eq!(prepare(&[]), Some(ChallengeError::Certificate));
    assert_eq!(prepare(&[b"garbage"]), Some(ChallengeError::Certificate));
}

#[test]
fn a_card_signs_by_rs256_and_a_soft_token_by_es256_and_both_verify() {
    for card in [rsa_card(), soft_token()] {
        let expected = challenge(Purpose::Login);
        let jws = signed(&card, &expected);
        let found = verify(&jws, &expected, NOW.plus(30), 60).unwrap();
        assert_eq!(found, std::slice::from_ref(&card.certificate));
        let claims = jws.split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&crate::jose::decode(claims).unwrap()).unwrap();
        let made = json!({"aud": "https://dpi.example", "nonce": NONCE.to_lowercase(), "purpose": "login",
            "iat": NOW.0});
        assert_eq!(claims, made);
    }
}

#[test]
fn a_challenge_for_another_verifier_nonce_purpose_or_time_is_refused() {
    let card = soft_token();
    let jws = signed(&card, &challenge(Purpose::Login));
    let check = |nonce, audience, purpose, now| {
        verify(&jws, &Challenge::new(nonce, audience, purpose).unwrap(), now, 60).err()
    };
    let aud = "https://dpi.example";
    let other = "ff112233445566778899aabbccddeeff";
    let unexpected = |what| Some(ChallengeError::Unexpected(what));
    assert_eq!(check(NONCE, "https://evil.example", Purpose::Login, NOW), unexpected("audience"));
    assert_eq!(check(other, aud, Purpose::Login, NOW), unexpected("nonce"));
    assert_eq!(check(NONCE, aud, Purpose::Test, NOW), unexpected("purpose"));
    assert_eq!(check(NONCE, aud, Purpose::Login, NOW.plus(61)), unexpected("time"));
    assert_eq!(check(NONCE, aud, Purpose::Login, NOW.plus(-61)), unexpected("time"));
    assert_eq!(check(NONCE, aud, Purpose::Login, NOW), None);
}

#[test]
fn another_kind_of_jws_by_the_same_key_is_no_challenge() {
    let card = soft_token();
    let header = crate::jose::encode(br#"{"alg":"ES256","typ":"JWT"}"#);
    let jws = card.key.compact(Algorithm::Es256, &header, b"{}", &SystemRandom::new()).unwrap();
    let found = verify(&jws, &challenge(Purpose::Login), NOW, 60).err();
    assert_eq!(found, Some(ChallengeError::Unexpected("type")));
}
