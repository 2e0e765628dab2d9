//! Every key does what it says, by every scheme it offers, and ring finds it right with the card's certificate.

use super::{
    MESSAGE, Token, Workstation, card, everything, fits, public_key, sign, typed, verifications, with_pin,
};
use cps_card::Error;
use cps_card::token::{Authorization, Encoded, Hold, KeyInfo, KeyRole, Payload, Scheme};
use cps_sandbox::card::{CardHandle, Family};
use ring::digest::{self, digest};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};

/// A PIN where the key wants one.
fn proof(needs_pin: bool) -> Authorization {
    if needs_pin { typed("1234") } else { Authorization::Held }
}

fn hash_of(scheme: Scheme) -> &'static digest::Algorithm {
    match scheme {
        Scheme::RsaPkcs1Sha384 => &digest::SHA384,
        Scheme::RsaPkcs1Sha512 => &digest::SHA512,
        _ => &digest::SHA256,
    }
}

#[test]
fn a_scheme_the_key_lacks_is_refused_before_the_pin() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        let description = token.describe().unwrap();
        card.counters().clear();
        let all = [
            Scheme::RsaPkcs1Sha256,
            Scheme::RsaPkcs1Sha384,
            Scheme::RsaPkcs1Sha512,
            Scheme::RsaPssSha256,
            Scheme::EcdsaP256Sha256,
        ];
        for key in &description.keys {
            for scheme in all.into_iter().filter(|scheme| !key.schemes.contains(scheme)) {
                let payload = Payload::Message(MESSAGE);
                let refused = token.sign(key.role, scheme, payload, typed("1234"), Hold::Operation);
                assert!(matches!(refused, Err(Error::Unsupported(_))), "{family:?}, {scheme:?}: {refused:?}");
            }
        }
        assert_eq!(card.counters().commands(), 0);
    }
}

#[test]
fn a_digest_of_another_length_is_refused_before_the_pin() {
    for family in everything() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        let description = token.describe().unwrap();
        workstation.card.counters().clear();
        for key in &description.keys {
            for scheme in &key.schemes {
                let length = hash_of(*scheme).output_len();
                for wrong in [0, 20, length - 1, length + 1] {
                    let bytes = vec![0; wrong];
                    let payload = Payload::Digest(&bytes);
                    let refused =
                        token.sign(key.role, *scheme, payload, proof(key.needs_pin), Hold::Operation);
                    assert!(matches!(refused, Err(Error::Unsupported(_))), "{family:?}: {refused:?}");
                }
            }
        }
        assert_eq!(workstation.card.counters().commands(), 0);
    }
}

#[test]
fn pss_is_what_cps4_adds() {
    for family in everything() {
        let description = Workstation::of(family).open().unwrap().describe().unwrap();
        for key in &description.keys {
            let pss = key.schemes.contains(&Scheme::RsaPssSha256);
            assert_eq!(pss, matches!(family, Family::Cps4(_)), "{family:?}, {:?}", key.role);
        }
    }
}

#[test]
fn every_key_signs_messages_and_digests_by_every_scheme_it_offers() {
    for family in everything() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        for key in &token.describe().unwrap().keys {
            for scheme in &key.schemes {
                let digest = digest(hash_of(*scheme), MESSAGE);
                for payload in [Payload::Message(MESSAGE), Payload::Digest(digest.as_ref())] {
                    let signature = token
                        .sign(key.role, *scheme, payload, proof(key.needs_pin), Hold::Operation)
                        .unwrap();
                    let right = fits(&workstation.card, key.role, *scheme, MESSAGE, &signature);
                    assert!(right, "{family:?}, {:?}, {scheme:?}, {payload:?}", key.role);
                    let other = b"another message";
                    assert!(!fits(&workstation.card, key.role, *scheme, other, &signature));
                }
            }
        }
    }
}

#[test]
fn messages_of_every_length_around_a_block_are_signed() {
    for family in everything() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        let keys = token.describe().unwrap().keys.clone();
        for length in [0, 1, 55, 56, 63, 64, 65, 119, 127, 128, 129, 200, 5000] {
            let message: Vec<u8> = (0..=255).cycle().take(length).collect();
            // The signature key of a CPS3 hashes the last block itself; with the others one length is like another.
            let key = keys.last().unwrap();
            let payload = Payload::Message(&message);
            let scheme = Scheme::RsaPkcs1Sha256;
            let signature =
                token.sign(key.role, scheme, payload, proof(key.needs_pin), Hold::Operation).unwrap();
            assert!(fits(&workstation.card, key.role, scheme, &message, &signature), "{family:?}, {length}");
        }
    }
}

/// The public key of a card's key, for what ring does not check.
fn rsa_key(card: &CardHandle, role: KeyRole) -> RsaPublicKey {
    RsaPublicKey::from_pkcs1_der(&public_key(card, role)).unwrap()
}

/// A number to the public exponent.
fn opened(key: &RsaPublicKey, number: &[u8]) -> Vec<u8> {
    let opened = rsa::hazmat::rsa_encrypt(key, &BigUint::from_bytes_be(number)).unwrap().to_bytes_be();
    [vec![0; 256 - opened.len()], opened].concat()
}

#[test]
fn what_others_encoded_is_refused_before_the_pin_when_the_key_does_not_take_it() {
    for family in everything() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        let keys = token.describe().unwrap().keys.clone();
        workstation.card.counters().clear();
        for KeyInfo { role, needs_pin, longest_encoded, block, .. } in keys {
            let bytes = vec![1; 300];
            let too_long = Encoded::Pkcs1(&bytes[..longest_encoded + 1]);
            let mut wrong = vec![Encoded::Pkcs1(&[]), too_long];
            wrong.extend([255, 257].map(|length| Encoded::Block(&bytes[..length])));
            wrong.extend((block == 0).then_some(Encoded::Block(&bytes[..256])));
            for encoded in wrong {
                let refused = token.sign_encoded(role, encoded, proof(needs_pin), Hold::Operation);
                assert!(matches!(refused, Err(Error::Unsupported(_))), "{family:?}, {role:?}: {refused:?}");
            }
        }
        assert_eq!(workstation.card.counters().commands(), 0);
    }
}

#[test]
fn the_signature_key_takes_a_digest_it_knows_and_the_pin_each_time() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        let description = token.describe().unwrap();
        let KeyInfo { role, block, deciphers, .. } = *description.key(KeyRole::Signature).unwrap();
        assert_eq!((block, deciphers), (0, false), "{family:?}");
        let refused = token.sign_encoded(role, Encoded::Pkcs1(&[1; 51]), typed("1234"), Hold::Session);
        assert!(matches!(refused, Err(Error::Unsupported(_))), "{family:?}: {refused:?}");
        assert_eq!(verifications(&workstation.card), 0);

        let prefix = [
            0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
            0x00, 0x04, 0x20,
        ];
        let info = [prefix.as_slice(), digest(&digest::SHA256, MESSAGE).as_ref()].concat();
        let info = Encoded::Pkcs1(&info);
        let signature = token.sign_encoded(role, info, typed("1234"), Hold::Session).unwrap();
        assert!(fits(&workstation.card, role, Scheme::RsaPkcs1Sha256, MESSAGE, &signature));
        assert!(!workstation.card.verified());
        let held = token.sign_encoded(role, info, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
    }
}

#[test]
fn what_others_encoded_is_padded_and_signed() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        let description = token.describe().unwrap();
        let key = description.key(KeyRole::Authentication).unwrap();
        // The 36 bytes of MD5 and SHA-1 of TLS 1.0, a DigestInfo of SHA-512, and as much as the key takes.
        for length in [1, 36, 83, key.longest_encoded] {
            let bytes: Vec<u8> = (1..=255).cycle().take(length).collect();
            let encoded = Encoded::Pkcs1(&bytes);
            let signature = token.sign_encoded(key.role, encoded, typed("1234"), Hold::Operation).unwrap();
            let public = rsa_key(&workstation.card, key.role);
            public.verify(Pkcs1v15Sign::new_unprefixed(), &bytes, &signature).expect("a signature");
            assert!(!workstation.card.verified());
        }
    }
}

#[test]
fn a_block_is_what_cps4_adds() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        let description = token.describe().unwrap();
        let key = description.key(KeyRole::Authentication).unwrap();
        assert_eq!(key.block, if matches!(family, Family::Cps4(_)) { 256 } else { 0 }, "{family:?}");
        if key.block > 0 {
            let block: Vec<u8> = (0..=255).collect();
            let encoded = Encoded::Block(&block);
            let signature = token.sign_encoded(key.role, encoded, typed("1234"), Hold::Operation).unwrap();
            assert_eq!(opened(&rsa_key(&workstation.card, key.role), &signature), block);
        }
    }
}

#[test]
fn the_numbers_of_a_public_key_are_the_certificates() {
    use cps_card::certificate::KeyParts;
    use rsa::traits::PublicKeyParts as _;
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        for role in [KeyRole::Authentication, KeyRole::Signature] {
            let public = rsa_key(&workstation.card, role);
            let (modulus, exponent) = (public.n().to_bytes_be(), public.e().to_bytes_be());
            let certificate = token.certificate(role).unwrap();
            assert_eq!(certificate.key_parts(), Some(KeyParts::Rsa { modulus, exponent }), "{family:?}");
        }
    }
}

#[test]
fn the_antenna_signs_presence_and_knows_no_pin() {
    let workstation = Workstation::of(Family::Cps3Contactless);
    let mut token = workstation.open().unwrap();
    assert_eq!(token.pin_status().unwrap(), None);
    let scheme = Scheme::RsaPkcs1Sha256;
    for role in [KeyRole::Authentication, KeyRole::Signature] {
        let refused = sign(&mut token, &workstation.card, role, scheme, typed("1234"));
        assert!(matches!(refused, Err(Error::Unsupported(_))), "{refused:?}");
    }
    assert!(matches!(token.activities(typed("1234"), Hold::Operation), Err(Error::Unsupported(_))));
    assert!(token.change_pin(typed("1234"), super::digits("5678")).is_err());
    assert!(token.decipher(&[0; 256], typed("1234"), Hold::Operation).is_err());
    assert_eq!(verifications(&workstation.card), 0);
    sign(&mut token, &workstation.card, KeyRole::Technical, scheme, Authorization::Held).unwrap();
}

/// RSAES-PKCS1-v1_5 of a text, with a filling that is not random (RFC 8017 §7.2.1).
fn enciphered(card: &CardHandle, text: &[u8]) -> Vec<u8> {
    let filling = vec![0xA5; 256 - 3 - text.len()];
    let block = [&[0x00, 0x02], filling.as_slice(), &[0x00], text].concat();
    opened(&rsa_key(card, KeyRole::Authentication), &block)
}

#[test]
fn a_cryptogram_of_another_length_or_of_nonsense_is_refused() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        token.describe().unwrap();
        workstation.card.counters().clear();
        for length in [0, 255, 257] {
            let refused = token.decipher(&vec![1; length], typed("1234"), Hold::Operation);
            assert!(matches!(refused, Err(Error::Unsupported(_))), "{family:?}: {refused:?}");
        }
        assert_eq!(workstation.card.counters().commands(), 0);
        // One, to the private exponent, is one: no padding of PKCS#1.
        let one = [vec![0; 255], vec![1]].concat();
        assert!(token.decipher(&one, typed("1234"), Hold::Operation).is_err());
        assert!(!workstation.card.verified());
    }
}

#[test]
fn what_was_enciphered_for_the_holder_is_deciphered() {
    for family in with_pin() {
        let workstation = Workstation::with(card(family));
        let mut token = workstation.open().unwrap();
        for text in [b"".as_slice(), b"a session key of 32 bytes, TEST ", &[0; 245]] {
            let cryptogram = enciphered(&workstation.card, text);
            let plain = token.decipher(&cryptogram, typed("1234"), Hold::Operation).unwrap();
            assert_eq!(plain, text, "{family:?}");
        }
        assert!(!workstation.card.verified());
    }
}
