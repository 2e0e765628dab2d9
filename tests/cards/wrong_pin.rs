//! A wrong PIN costs the one try that the person gave, and says what is left. What cannot be a PIN of this card is never
//! sent.

use super::{Token, Workstation, counts, digits, login, sign, typed, verifications, with_pin};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_card::transport::TransportError;
use cps_sandbox::card::{CardBuilder, PinPolicy};
use cps_sandbox::pki::holder::DOCTOR;

#[test]
fn a_pin_of_another_length_or_alphabet_is_never_sent() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let mut token = workstation.open().unwrap();
        for pin in ["", "1", "123", "12345", "12345678", "123a", "12 4", "１２"] {
            for role in [KeyRole::Authentication, KeyRole::Signature] {
                let scheme = Scheme::RsaPkcs1Sha256;
                let refused = sign(&mut token, &workstation.card, role, scheme, typed(pin));
                let told = matches!(refused, Err(Error::PinFormat { min: 4, max: 4 }));
                assert!(told, "{family:?}, {pin:?}: {refused:?}");
            }
            let refused = token.activities(typed(pin), Hold::Session);
            assert!(matches!(refused, Err(Error::PinFormat { .. })));
            assert!(matches!(token.change_pin(typed(pin), digits("5678")), Err(Error::PinFormat { .. })));
        }
        assert_eq!(verifications(&workstation.card), 0);
    }
}

#[test]
fn the_lengths_and_the_padding_are_those_of_the_card() {
    for family in with_pin() {
        for padded_to in [None, Some(8)] {
            let policy = PinPolicy { min: 6, max: 8, padded_to };
            let card = CardBuilder::new(family, &DOCTOR).pin("123456", policy).build();
            let workstation = Workstation::with(card);
            let card = &workstation.card;
            let mut token = workstation.open().unwrap();
            let status = token.pin_status().unwrap().unwrap();
            assert_eq!((status.min_length, status.max_length), (6, 8));
            for pin in ["12345", "123456789"] {
                let refused = login(&mut token, card, typed(pin), Hold::Operation);
                assert!(matches!(refused, Err(Error::PinFormat { min: 6, max: 8 })));
            }
            assert_eq!(verifications(card), 0);
            let wrong = login(&mut token, card, typed("1234567"), Hold::Operation);
            assert!(matches!(wrong, Err(Error::WrongPin { left: Some(2) })), "{family:?}: {wrong:?}");
            login(&mut token, card, typed("123456"), Hold::Operation).unwrap();
            let sent: Vec<_> =
                card.counters().log().into_iter().filter(|seen| seen.header[1] == 0x20).collect();
            // Lc and the digits, with their padding.
            let length = 1 + padded_to.map_or(6, usize::from);
            assert_eq!(sent.last().unwrap().body_length, length, "{family:?}");
        }
    }
}

#[test]
fn a_wrong_pin_is_sent_once_and_told_with_the_tries_left() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        for left in [2, 1] {
            let before = verifications(card);
            let wrong = login(&mut token, card, typed("9999"), Hold::Session);
            let told = matches!(wrong, Err(Error::WrongPin { left: Some(told) }) if told == left);
            assert!(told, "{family:?}: {wrong:?}");
            assert_eq!(verifications(card) - before, 1);
            assert_eq!(counts(card), (left, 3, u64::from(3 - left)));
            assert!(!card.verified());
            assert_eq!(token.pin_status().unwrap().unwrap().tries_left, Some(left));
        }
    }
}

#[test]
fn the_right_pin_gives_all_tries_back() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        for _ in 0..2 {
            assert!(login(&mut token, card, typed("9999"), Hold::Operation).is_err());
            login(&mut token, card, typed("1234"), Hold::Operation).unwrap();
            assert_eq!(card.tries_left(), 3);
        }
        assert_eq!(card.pin_tries_spent(), 2);
        assert_eq!(token.pin_status().unwrap().unwrap().tries_left, Some(3));
    }
}

#[test]
fn a_wrong_pin_ends_a_held_state() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        login(&mut token, card, typed("1234"), Hold::Session).unwrap();
        assert!(login(&mut token, card, typed("9999"), Hold::Session).is_err());
        let before = card.counters().commands();
        let held = login(&mut token, card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        assert_eq!(card.counters().commands(), before, "the driver knows it without asking");
        assert!(!card.verified());
    }
}

#[test]
fn when_the_answer_to_a_wrong_pin_is_lost_the_tries_are_asked_again_before_the_next() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        token.describe().unwrap();
        for (left, spent) in [(2, 1), (1, 2)] {
            token.pin_status().unwrap();
            // The second command is VERIFY: the card takes it, and its answer is cut off.
            card.faults().answer_at(2, &[0x63]);
            let lost = login(&mut token, card, typed("9999"), Hold::Operation);
            assert!(matches!(lost, Err(Error::Transport(TransportError::Mute))), "{family:?}: {lost:?}");
            assert_eq!(counts(card), (left, 3, spent));
        }
        // Nobody asked since: the driver does, and refuses the last try.
        let last = login(&mut token, card, typed("1234"), Hold::Operation);
        assert!(matches!(last, Err(Error::LastTry)), "{family:?}: {last:?}");
        assert_eq!(verifications(card), 2);
    }
}
