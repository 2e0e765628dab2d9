//! Every key of every family does what the driver says it does.

use super::{MESSAGE, Token, Workstation, card, families, login, sign, typed};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Kind, Payload};
use cps_sandbox::card::Family;
use cps_sandbox::pki::{Purpose, holder::DOCTOR};
use ring::digest::{SHA256, digest};

#[test]
fn what_is_read_is_what_the_card_was_made_with() {
    for family in families() {
        let virtual_card = card(family);
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        let description = token.describe().unwrap();
        assert_eq!(description.serial, virtual_card.serial());
        assert!(!description.label.is_empty());
        let first = description.keys.first().unwrap();
        assert_eq!(first.role, KeyRole::Authentication);
        assert_eq!(
            first.certificate.as_ref().unwrap().der(),
            virtual_card.certificate(Purpose::Authentication)
        );
        let signature = token.certificate(KeyRole::Signature).unwrap();
        assert_eq!(signature.der(), virtual_card.certificate(Purpose::Signature));
    }
}

#[test]
fn every_key_signs_by_every_scheme_it_offers() {
    for family in families() {
        let mut token = Workstation::with(&card(family)).open().unwrap();
        let description = token.describe().unwrap();
        assert_eq!(description.keys.len(), 2);
        for key in &description.keys {
            for scheme in &key.schemes {
                sign(&mut token, key.role, *scheme, typed("1234"), Hold::Operation).unwrap();
            }
        }
    }
}

#[test]
fn a_digest_is_signed_as_its_message_is() {
    for family in families() {
        let mut token = Workstation::with(&card(family)).open().unwrap();
        let digest = digest(&SHA256, MESSAGE);
        for role in [KeyRole::Authentication, KeyRole::Signature] {
            let scheme = cps_card::token::Scheme::RsaPkcs1Sha256;
            let payload = Payload::Digest(digest.as_ref());
            let signature = token.sign(role, scheme, payload, typed("1234"), Hold::Operation).unwrap();
            assert!(token.certificate(role).unwrap().verifies(scheme, MESSAGE, &signature));
        }
    }
}

#[test]
fn messages_of_every_length_around_a_block_are_signed() {
    let mut token = Workstation::with(&card(Family::Cps3)).open().unwrap();
    let scheme = cps_card::token::Scheme::RsaPkcs1Sha256;
    for length in [0, 1, 55, 56, 63, 64, 65, 127, 128, 129, 1000] {
        let message = vec![0x5A; length];
        let payload = Payload::Message(&message);
        let signature =
            token.sign(KeyRole::Signature, scheme, payload, typed("1234"), Hold::Operation).unwrap();
        assert!(token.certificate(KeyRole::Signature).unwrap().verifies(scheme, &message, &signature));
    }
}

#[test]
fn the_antenna_shows_presence_and_nothing_else() {
    let mut token = Workstation::with(&card(Family::Cps3Contactless)).open().unwrap();
    let description = token.describe().unwrap();
    assert_eq!(description.kind, Kind::Cps3Contactless);
    assert_eq!(description.keys.len(), 1);
    for scheme in description.keys[0].schemes.clone() {
        sign(&mut token, KeyRole::Technical, scheme, Authorization::Held, Hold::Operation).unwrap();
    }
    assert_eq!(token.pin_status().unwrap(), None);
    assert!(matches!(login(&mut token, typed("1234"), Hold::Operation), Err(Error::Unsupported(_))));
}

#[test]
fn the_situations_of_the_doctor_are_read_after_the_pin() {
    for family in families() {
        let mut token = Workstation::with(&card(family)).open().unwrap();
        assert!(matches!(token.activities(Authorization::Held, Hold::Operation), Err(Error::PinRequired)));
        let found = token.activities(typed("1234"), Hold::Operation).unwrap();
        let organisations: Vec<_> = found.iter().filter_map(|a| a.organisation.clone()).collect();
        let expected: Vec<_> = DOCTOR.situations.iter().map(|s| s.organisation.to_owned()).collect();
        assert_eq!(organisations, expected);
    }
}
