//! What keys do, and what they refuse.

use super::{CHALLENGE, ONCE, SESSION, Token, cps3, cps4, done, known_card, transcript, typed};
use cps_card::Error;
use cps_card::token::{Authorization, KeyRole, Payload, Scheme};

const MESSAGE: Payload<'_> = Payload::Message(CHALLENGE);

#[test]
fn a_scheme_the_card_lacks_is_refused_before_the_pin() {
    let (mut card, recording) = cps3(&[]);
    for (role, scheme) in [
        (KeyRole::Authentication, Scheme::RsaPssSha256),
        (KeyRole::Authentication, Scheme::EcdsaP256Sha256),
        (KeyRole::Signature, Scheme::RsaPkcs1Sha512),
        (KeyRole::Technical, Scheme::RsaPkcs1Sha256),
    ] {
        let refused = card.sign(role, scheme, MESSAGE, typed("1234"), ONCE);
        assert!(matches!(refused, Err(Error::Unsupported(_))), "{role:?} {scheme:?}");
    }
    done(card, &recording);
}

#[test]
fn a_digest_of_another_length_is_refused_before_the_pin() {
    let (mut card, recording) = cps3(&[]);
    let digest = Payload::Digest(&[0; 20]);
    let refused = card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, digest, typed("1234"), ONCE);
    assert!(matches!(refused, Err(Error::Unsupported(_))));
    done(card, &recording);
}

#[test]
fn the_signature_key_wants_the_pin_each_time() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-session", "cps3/release"]);
    card.pin_status().unwrap();
    card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, MESSAGE, typed("1234"), SESSION).unwrap();
    let held = card.sign(KeyRole::Signature, Scheme::RsaPkcs1Sha256, MESSAGE, Authorization::Held, SESSION);
    assert!(matches!(held, Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn a_signature_that_does_not_fit_the_certificate_is_not_given_and_the_card_is_read_again() {
    let (mut card, recording) =
        cps3(&["cps3/tries-3", "cps3/login-with-other-key", "cps3/directories", "cps3/release"]);
    card.pin_status().unwrap();
    let foreign = card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, MESSAGE, typed("1234"), SESSION);
    assert!(matches!(foreign, Err(Error::Content { what: "signature", .. })));
    card.describe().unwrap();
    done(card, &recording);
}

#[test]
fn a_signature_of_documents_ends_a_held_state() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-session", "cps3/signature"]);
    card.pin_status().unwrap();
    card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, MESSAGE, typed("1234"), SESSION).unwrap();
    card.sign(KeyRole::Signature, Scheme::RsaPkcs1Sha256, MESSAGE, typed("1234"), SESSION).unwrap();
    let held =
        card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, MESSAGE, Authorization::Held, SESSION);
    assert!(matches!(held, Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn the_authentication_key_signs_with_every_hash() {
    for (scheme, signs) in [
        (Scheme::RsaPkcs1Sha256, "cps3/login-session"),
        (Scheme::RsaPkcs1Sha384, "cps3/login-sha384"),
        (Scheme::RsaPkcs1Sha512, "cps3/login-sha512"),
    ] {
        let (mut card, recording) = cps3(&["cps3/tries-3", signs, "cps3/release"]);
        card.pin_status().unwrap();
        let signature = card.sign(KeyRole::Authentication, scheme, MESSAGE, typed("1234"), SESSION).unwrap();
        assert!(card.certificate(KeyRole::Authentication).unwrap().verifies(scheme, CHALLENGE, &signature));
        done(card, &recording);
    }
}

#[test]
fn a_digest_gives_the_same_signature_as_its_message() {
    let digest = [
        0xCA, 0xB0, 0x20, 0x9B, 0x7A, 0x00, 0x98, 0x8D, 0xB5, 0x2C, 0xD0, 0xBD, 0x23, 0x52, 0x81, 0x94, 0x16,
        0x6E, 0x37, 0x78, 0xE1, 0x29, 0x55, 0x62, 0x0E, 0xA4, 0x31, 0x14, 0x72, 0x62, 0x94, 0xAD,
    ];
    let payload = Payload::Digest(&digest);
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-session", "cps3/release"]);
    card.pin_status().unwrap();
    card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, payload, typed("1234"), SESSION).unwrap();
    done(card, &recording);

    let (mut card, recording) =
        cps3(&["cps3/signature-certificate", "cps3/tries-3", "cps3/signature-of-digest"]);
    let certificate = card.certificate(KeyRole::Signature).unwrap();
    card.pin_status().unwrap();
    let signature =
        card.sign(KeyRole::Signature, Scheme::RsaPkcs1Sha256, payload, typed("1234"), ONCE).unwrap();
    assert!(certificate.verifies(Scheme::RsaPkcs1Sha256, CHALLENGE, &signature));
    done(card, &recording);
}

#[test]
fn the_signature_key_of_a_cps3_hashes_the_last_block_itself() {
    let long: Vec<u8> = b"0123456789abcdef".iter().copied().cycle().take(140).collect();
    for (message, signs) in
        [(CHALLENGE, "cps3/signature"), (long.as_slice(), "cps3/signature-of-long-message")]
    {
        let (mut card, recording) = cps3(&["cps3/signature-certificate", "cps3/tries-3", signs]);
        let certificate = card.certificate(KeyRole::Signature).unwrap();
        card.pin_status().unwrap();
        let signature = card
            .sign(
                KeyRole::Signature,
                Scheme::RsaPkcs1Sha256,
                Payload::Message(message),
                typed("1234"),
                SESSION,
            )
            .unwrap();
        assert!(certificate.verifies(Scheme::RsaPkcs1Sha256, message, &signature));
        done(card, &recording);
    }
}

#[test]
fn cps4_signs_by_raw_rsa_and_by_digest() {
    for (role, scheme, hold, signs) in [
        (KeyRole::Authentication, Scheme::RsaPssSha256, ONCE, "cps4/login-pss"),
        (KeyRole::Signature, Scheme::RsaPkcs1Sha256, SESSION, "cps4/signature"),
    ] {
        let (mut card, recording) = cps4(&["cps4/tries-3", signs]);
        card.pin_status().unwrap();
        card.sign(role, scheme, MESSAGE, typed("1234"), hold).unwrap();
        done(card, &recording);
    }
}

#[test]
fn cps4_opens_its_channel_again_after_our_reset() {
    let (mut card, recording) =
        cps4(&["cps4/tries-3", "cps4/login-pss", "cps4/login-pss-after-reset", "cps3/release"]);
    card.pin_status().unwrap();
    for hold in [ONCE, SESSION] {
        card.sign(KeyRole::Authentication, Scheme::RsaPssSha256, MESSAGE, typed("1234"), hold).unwrap();
    }
    done(card, &recording);
}

#[test]
fn presence_is_signed_without_a_pin() {
    let first = "cps3-contactless/first-insertion";
    let (mut card, recording) = known_card(first, "cps3-contactless/presence", &[]);
    let scheme = Scheme::RsaPkcs1Sha256;
    let signature =
        card.sign(KeyRole::Technical, scheme, MESSAGE, Authorization::Held, Default::default()).unwrap();
    assert!(card.certificate(KeyRole::Technical).unwrap().verifies(scheme, CHALLENGE, &signature));
    let login = card.sign(KeyRole::Authentication, scheme, MESSAGE, typed("1234"), ONCE);
    assert!(matches!(login, Err(Error::Unsupported(_))));
    done(card, &recording);
}

fn cryptogram(name: &str) -> Vec<u8> {
    transcript(name).split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

#[test]
fn a_cryptogram_of_another_length_is_refused_before_the_pin() {
    let (mut card, recording) = cps3(&[]);
    assert!(matches!(card.decipher(&[0; 255], typed("1234"), ONCE), Err(Error::Unsupported(_))));
    done(card, &recording);
}

#[test]
fn both_families_decipher() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/decipher"]);
    card.pin_status().unwrap();
    let plain = card.decipher(&cryptogram("cryptogram-cps3.hex"), typed("1234"), ONCE).unwrap();
    assert_eq!(plain, b"a session key of 32 bytes, TEST ");
    done(card, &recording);

    let (mut card, recording) = cps4(&["cps4/tries-3", "cps4/decipher"]);
    card.pin_status().unwrap();
    let plain = card.decipher(&cryptogram("cryptogram-cps4.hex"), typed("1234"), ONCE).unwrap();
    assert_eq!(plain, b"a session key of 32 bytes, TEST ");
    done(card, &recording);
}
