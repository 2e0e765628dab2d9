//! Key operations: what they need, what they refuse, and that their results are right (`cps-card.md` §8).

use super::script::{hex, play, text};
use cps_sandbox::card::{CardHandle, VirtualCard, cards};
use cps_sandbox::pki::Purpose;
use ring::digest::{SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::{BigUint, RsaPublicKey, pkcs1::DecodeRsaPublicKey};
use x509_parser::prelude::{FromDer, X509Certificate};

const PIN: &str = "> 00 20 00 01 04 31 32 33 34\n< 90 00\n";
const DIRECTORY: &str = "> 00 A4 09 0C 04 3F 00 00 01\n< 90 00\n";
const AUTHENTICATION: &str = "> 00 22 41 A4 06 80 01 02 84 01 82\n< 90 00\n";
const SIGNATURE: &str = "> 00 22 41 B6 06 80 01 42 84 01 81\n< 90 00\n";

fn public_key(card: &CardHandle, purpose: Purpose) -> Vec<u8> {
    let (_, certificate) = X509Certificate::from_der(card.certificate(purpose)).unwrap();
    certificate.public_key().subject_public_key.data.to_vec()
}

fn verifies(card: &CardHandle, purpose: Purpose, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key(card, purpose))
        .verify(message, signature)
        .is_ok()
}

#[test]
fn no_key_works_before_the_pin_and_the_technical_one_needs_none() {
    let card = cards::doctor_cps3();
    play(
        &card,
        &format!(
            "{DIRECTORY}{AUTHENTICATION}> 00 88 00 00 01 00\n< 69 82\n{SIGNATURE}> 00 2A 9E 9A 00\n< 69 82"
        ),
    );
    let card = cards::doctor_cps3_contactless();
    play(
        &card,
        "> 00 A4 09 0C 04 3F 00 00 02
         < 90 00
         > 00 22 41 A4 06 80 01 02 84 01 83
         < 90 00
         > 00 88 00 00 01 00 00
         < 256 bytes 90 00
         the keys of the person are not there
         > 00 22 41 A4 06 80 01 02 84 01 82
         < 6A 88",
    );
}

#[test]
fn a_key_is_named_from_its_own_directory_only() {
    play(
        &cards::doctor_cps3(),
        "> 00 22 41 A4 06 80 01 02 84 01 82
         < 6A 88
         > 00 A4 09 0C 04 3F 00 00 01
         < 90 00
         > 00 22 41 A4 06 84 01 82 80 01 02
         < 90 00
         leaving the directory drops the environment
         > 00 A4 09 0C 02 3F 00
         < 90 00
         > 00 88 00 00 01 00
         < 69 85",
    );
}

#[test]
fn algorithms_and_keys_that_do_not_belong_together_are_refused() {
    let card = cards::doctor_cps3();
    play(&card, DIRECTORY);
    for (template, objects) in [
        ("A4", "80 01 42 84 01 82"),
        ("A4", "80 01 02 84 01 81"),
        ("B6", "80 01 02 84 01 81"),
        ("B6", "80 01 42 84 01 82"),
        ("B8", "80 01 1A 84 01 81"),
        ("AA", "80 01 27 84 01 81"),
    ] {
        play(&card, &format!("> 00 22 41 {template} 06 {objects}\n< 6A 80"));
    }
    play(&card, "> 00 22 41 AA 03 80 01 27\n< 6A 80\n> 00 22 81 B6 06 80 01 42 84 01 81\n< 6A 86");
}

#[test]
fn internal_authenticate_takes_at_most_forty_percent_of_the_key() {
    let card = cards::doctor_cps3();
    play(&card, &format!("{PIN}{DIRECTORY}{AUTHENTICATION}"));
    play(&card, &format!("> 00 88 00 00 67 {}\n< 67 00", "AB".repeat(103)));
    play(&card, &format!("> 00 88 00 00 66 {}\n< 61 00", "AB".repeat(102)));
    play(&card, "> 00 88 00 00 00\n< 67 00");
}

#[test]
fn a_long_message_is_finished_from_an_intermediate_state() {
    // The state after the block of 64 zeros, from an independent implementation.
    let state = "DA5698BE17B9B46962335799779FBECA8CE5D491C0D26243BAFEF9EA1837A9D8";
    let card = cards::doctor_cps3();
    let message = [vec![0; 64], b"the rest".to_vec()].concat();
    let signature = play(
        &card,
        &format!(
            "{PIN}{DIRECTORY}> 00 22 41 AA 03 80 01 40
             < 90 00
             > 00 2A 90 A0 34 90 28 {state} 00 00 00 00 00 00 02 00 80 08 {}
             < 90 00
             {SIGNATURE}> 00 2A 9E 9A 00
             < 61 00
             > 00 C0 00 00 00
             < 256 bytes 90 00",
            text(b"the rest")
        ),
    );
    assert!(verifies(&card, Purpose::Signature, &message, &signature[0]));
}

#[test]
fn hash_refuses_wrong_states_and_too_much_data() {
    let card = cards::doctor_cps3();
    play(
        &card,
        &format!("{PIN}{DIRECTORY}> 00 2A 90 A0 04 90 00 80 00\n< 69 85\n> 00 22 41 AA 03 80 01 40\n< 90 00"),
    );
    play(&card, &format!("> 00 2A 90 A0 45 90 00 80 41 {}\n< 6A 80", "00".repeat(65)));
    let state = "00".repeat(32);
    play(
        &card,
        &format!(
            "half a block was hashed\n> 00 2A 90 A0 2D 90 28 {state} 00 00 00 00 00 00 01 00 80 01 00\n< 6A 80"
        ),
    );
    play(&card, &format!("a state of SHA-1\n> 00 2A 90 A0 21 90 1C {} 80 01 00\n< 6A 80", "00".repeat(28)));
    play(&card, &format!("no hash waits now\n{SIGNATURE}> 00 2A 9E 9A 00\n< 69 85"));
}

#[test]
fn a_hash_made_by_the_host_is_accepted_by_the_signature_key() {
    let card = cards::doctor_cps3();
    let hash = text(digest(&SHA256, b"a document").as_ref());
    let script = format!(
        "{PIN}{DIRECTORY}{SIGNATURE}> 00 2A 9E 9A 20 {hash}\n< 61 00\n> 00 C0 00 00 00\n< 256 bytes 90 00
         > 00 2A 9E 9A 13 {}\n< 67 00",
        "00".repeat(19)
    );
    let signature = play(&card, &script);
    assert!(verifies(&card, Purpose::Signature, b"a document", &signature[0]));
    assert!(!verifies(&card, Purpose::Signature, b"another document", &signature[0]));
}

/// A PKCS#1 v1.5 cryptogram for the card's authentication key.
fn cryptogram(card: &CardHandle, secret: &[u8]) -> Vec<u8> {
    let key = RsaPublicKey::from_pkcs1_der(&public_key(card, Purpose::Authentication)).unwrap();
    let block = [&[0, 2], vec![0xA5; 253 - secret.len()].as_slice(), &[0], secret].concat();
    let bytes = rsa::hazmat::rsa_encrypt(&key, &BigUint::from_bytes_be(&block)).unwrap().to_bytes_be();
    [vec![0; 256 - bytes.len()], bytes].concat()
}

#[test]
fn cps3_deciphers_and_removes_the_padding() {
    let mut card = cards::doctor_cps3();
    play(&card, &format!("{PIN}{DIRECTORY}> 00 22 41 B8 06 80 01 1A 84 01 82\n< 90 00"));
    let block = [vec![0x81], cryptogram(&card, b"a secret")].concat();
    assert_eq!(card.execute(&[&hex("10 2A 80 86 FF"), &block[..255]].concat()), [0x90, 0x00]);
    assert_eq!(card.execute(&[&hex("00 2A 80 86 02"), &block[255..]].concat()), [0x61, 8]);
    assert_eq!(card.execute(&hex("00 C0 00 00 08")), [b"a secret".as_slice(), &[0x90, 0x00]].concat());
    // Without the indicator, and with a block that is not a cryptogram.
    play(
        &card,
        &format!(
            "> 00 2A 80 86 01 00\n< 6A 80\n> 10 2A 80 86 FF 81 {}\n< 90 00\n> 00 2A 80 86 02 00 02\n< 6A 80",
            "00".repeat(254)
        ),
    );
}

#[test]
fn cps4_returns_the_raw_block_and_the_host_strips_it() {
    let mut card = cards::doctor_cps4();
    play(
        &card,
        "> 01 A4 04 0C 08 80 25 00 00 01 FF 01 00
         < 90 00
         > 01 20 00 11 04 31 32 33 34
         < 90 00
         > 01 22 41 B8 03 83 01 20
         < 90 00",
    );
    let block = cryptogram(&card, b"a secret");
    card.execute(&[&hex("11 2A 80 86 FF"), &block[..255]].concat());
    let answer = card.execute(&[&hex("01 2A 80 86 01"), &block[255..], &[0]].concat());
    assert_eq!(answer.len(), 258);
    assert_eq!(answer[..2], [0, 2]);
    assert_eq!(answer[247..], [&[0], b"a secret".as_slice(), &[0x90, 0x00]].concat());
}

#[test]
fn cps4_refuses_what_its_keys_do_not_do() {
    play(
        &cards::doctor_cps4(),
        "> 01 A4 04 0C 08 80 25 00 00 01 FF 01 00
         < 90 00
         the signature key does not decipher
         > 01 22 41 B8 03 83 01 10
         < 6A 88
         the authentication key makes PKCS#1 v1.5 signatures by raw RSA
         > 01 22 81 B6 04 91 02 28 A0
         < 6A 80
         an algorithm that nobody uses
         > 01 22 81 B6 04 91 02 2D 90
         < 6A 80
         no key without the PIN
         > 01 22 81 B6 04 91 02 28 90
         < 90 00
         > 01 2A 9E 9A 20 CA B0 20 9B 7A 00 98 8D B5 2C D0 BD 23 52 81 94 16 6E 37 78 E1 29 55 62 0E A4 31 14 72 62 94 AD 00
         < 69 82
         there is no INTERNAL AUTHENTICATE
         > 01 88 00 00 01 00 00
         < 6D 00",
    );
}
