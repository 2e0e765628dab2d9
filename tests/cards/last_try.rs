//! The last try needs the person's consent. Without it nothing is sent, whoever spent the others.

use super::{Token, Workstation, counts, digits, login, risked, sign, typed, verifications, with_pin};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_sandbox::card::Family;
use cps_sandbox::reader::{Keypress, PinPad};

/// A card with one try left, and nothing counted yet.
fn with_one_try(family: Family) -> Workstation {
    let workstation = Workstation::that_knows(family);
    let mut token = workstation.open().unwrap();
    for _ in 0..2 {
        assert!(login(&mut token, &workstation.card, typed("9999"), Hold::Operation).is_err());
    }
    drop(token);
    assert_eq!(counts(&workstation.card), (1, 3, 2));
    workstation.card.counters().clear();
    workstation
}

#[test]
fn without_consent_no_operation_sends_a_pin() {
    for family in with_pin() {
        for asked_before in [false, true] {
            let workstation = with_one_try(family);
            let card = &workstation.card;
            let mut token = workstation.open().unwrap();
            if asked_before {
                assert!(token.pin_status().unwrap().unwrap().last_try());
            }
            let scheme = Scheme::RsaPkcs1Sha256;
            let results = [
                login(&mut token, card, typed("1234"), Hold::Operation),
                login(&mut token, card, typed("1234"), Hold::Session),
                sign(&mut token, card, KeyRole::Signature, scheme, typed("1234")),
                token.decipher(&[0; 256], typed("1234"), Hold::Operation).map(drop),
                token.activities(typed("1234"), Hold::Operation).map(drop),
                token.change_pin(typed("1234"), digits("5678")),
            ];
            for result in results {
                assert!(matches!(result, Err(Error::LastTry)), "{family:?}: {result:?}");
            }
            assert_eq!(verifications(card), 0);
            assert_eq!(counts(card), (1, 3, 2));
            assert_eq!(card.pin(), "1234");
        }
    }
}

#[test]
fn the_pad_is_not_opened_without_consent() {
    let workstation = with_one_try(Family::Cps3);
    let pad = PinPad::new();
    pad.then(Keypress::Digits("1234".to_owned()));
    workstation.readers.plug_pad(0, &pad);
    let mut token = workstation.open().unwrap();
    let refused = Authorization::Pad { last_try_accepted: false };
    let result = login(&mut token, &workstation.card, refused, Hold::Operation);
    assert!(matches!(result, Err(Error::LastTry)), "{result:?}");
    assert_eq!(pad.waiting(), 1, "nobody was asked");
    let accepted = Authorization::Pad { last_try_accepted: true };
    login(&mut token, &workstation.card, accepted, Hold::Operation).unwrap();
    assert_eq!(workstation.card.tries_left(), 3);
}

#[test]
fn consent_and_a_wrong_pin_block_the_card() {
    for family in with_pin() {
        let workstation = with_one_try(family);
        let mut token = workstation.open().unwrap();
        let blocked = login(&mut token, &workstation.card, risked("9999"), Hold::Operation);
        assert!(matches!(blocked, Err(Error::PinBlocked)), "{family:?}: {blocked:?}");
        assert_eq!(verifications(&workstation.card), 1);
        assert_eq!(counts(&workstation.card), (0, 3, 3));
    }
}

#[test]
fn consent_and_the_right_pin_give_all_tries_back() {
    for family in with_pin() {
        let workstation = with_one_try(family);
        let mut token = workstation.open().unwrap();
        login(&mut token, &workstation.card, risked("1234"), Hold::Operation).unwrap();
        assert_eq!(counts(&workstation.card), (3, 3, 2));
        login(&mut token, &workstation.card, typed("1234"), Hold::Operation).unwrap();
    }
}

#[test]
fn tries_spent_by_another_program_before_a_reset_are_counted() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut ours = workstation.open().unwrap();
        assert_eq!(ours.pin_status().unwrap().unwrap().tries_left, Some(3));
        let mut theirs = workstation.open().unwrap();
        for _ in 0..2 {
            assert!(login(&mut theirs, card, typed("9999"), Hold::Operation).is_err());
        }
        workstation.readers.reset_by_another(0);
        let sent = verifications(card);
        let last = login(&mut ours, card, typed("1234"), Hold::Operation);
        assert!(matches!(last, Err(Error::LastTry)), "{family:?}: {last:?}");
        assert_eq!(verifications(card), sent);
    }
}

/// Three entries of a change take their time: what the prompt said of the tries may be old when the PIN is sent.
#[test]
fn tries_spent_by_another_program_while_a_change_was_typed_are_counted() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut ours = workstation.open().unwrap();
        assert_eq!(ours.pin_status().unwrap().unwrap().tries_left, Some(3));
        let mut theirs = workstation.open().unwrap();
        for _ in 0..2 {
            assert!(login(&mut theirs, card, typed("9999"), Hold::Operation).is_err());
        }
        let sent = verifications(card);
        let last = ours.change_pin(typed("1234"), digits("5678"));
        assert!(matches!(last, Err(Error::LastTry)), "{family:?}: {last:?}");
        assert_eq!(verifications(card), sent);
        ours.change_pin(risked("1234"), digits("5678")).unwrap();
        assert_eq!(card.pin(), "5678");
    }
}
