//! A blocked PIN is told as such and not tried: only the PUK helps, and nothing else than the PIN stops working.

use super::{Token, Workstation, digits, login, risked, sign, typed, verifications, with_pin};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};

#[test]
fn a_blocked_pin_is_not_sent_by_any_operation() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let card = &workstation.card;
        card.block_pin();
        let mut token = workstation.open().unwrap();
        for pin in [typed, risked] {
            let scheme = Scheme::RsaPkcs1Sha256;
            let results = [
                login(&mut token, card, pin("1234"), Hold::Session),
                sign(&mut token, card, KeyRole::Signature, scheme, pin("1234")),
                token.decipher(&[0; 256], pin("1234"), Hold::Operation).map(drop),
                token.activities(pin("1234"), Hold::Operation).map(drop),
                token.change_pin(pin("1234"), digits("5678")),
            ];
            for result in results {
                assert!(matches!(result, Err(Error::PinBlocked)), "{family:?}: {result:?}");
            }
        }
        let held = login(&mut token, card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        assert_eq!(verifications(card), 0);
    }
}

#[test]
fn a_blocked_card_still_says_whose_it_is_and_that_it_is_blocked() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        workstation.card.block_pin();
        let mut token = workstation.open().unwrap();
        assert!(token.describe().unwrap().keys[0].certificate.is_some());
        token.certificate(KeyRole::Signature).unwrap();
        let status = token.pin_status().unwrap().unwrap();
        assert!(status.blocked() && !status.verified, "{family:?}: {status:?}");
        assert_eq!((status.tries_left, status.tries_max), (Some(0), Some(3)));
    }
}

#[test]
fn the_try_that_blocks_is_told_as_blocked_and_the_card_stays_blocked() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        for pin in [typed, typed, risked] {
            assert!(login(&mut token, card, pin("9999"), Hold::Operation).is_err());
        }
        assert_eq!(card.tries_left(), 0);
        workstation.insert_again();
        let mut token = workstation.open().unwrap();
        let blocked = login(&mut token, card, risked("1234"), Hold::Operation);
        assert!(matches!(blocked, Err(Error::PinBlocked)), "{family:?}: {blocked:?}");
        assert_eq!((verifications(card), card.pin_tries_spent()), (3, 3));
    }
}

#[test]
fn a_pin_blocked_by_another_program_while_it_was_held_here_is_told() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        login(&mut token, card, typed("1234"), Hold::Session).unwrap();
        card.block_pin();
        let held = login(&mut token, card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        assert!(token.pin_status().unwrap().unwrap().blocked());
        let blocked = login(&mut token, card, typed("1234"), Hold::Session);
        assert!(matches!(blocked, Err(Error::PinBlocked)), "{family:?}: {blocked:?}");
        assert_eq!(verifications(card), 1);
    }
}
