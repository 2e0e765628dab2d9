//! Another program resets the card, or the card forgets its PIN, at every command there is: a right signature or the
//! wish for the PIN, and never a second VERIFY that nobody asked for.

use super::{Token, UNTOUCHED, Workstation, counts, everything, login, sign, typed, verifications, with_pin};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_sandbox::card::Family;

#[test]
fn a_reset_at_any_command_of_a_first_login_is_unnoticed_or_asks_for_the_pin_again() {
    for family in everything() {
        let mut workstation = Workstation::of(family);
        for command in 1..=Workstation::commands_of_a_first_login(family) {
            workstation.forget();
            workstation.insert_again();
            workstation.card.counters().clear();
            workstation.card.faults().reset_at(command);
            let result = workstation.first_login(Hold::Operation);
            match &result {
                Ok(()) => {}
                Err(Error::PinRequired) if family != Family::Cps3Contactless => {}
                other => panic!("{family:?}, command {command}: {other:?}"),
            }
            assert!(verifications(&workstation.card) <= 1, "{family:?}, command {command}");
            assert_eq!(counts(&workstation.card), UNTOUCHED, "{family:?}, command {command}");
            assert!(!workstation.card.verified(), "{family:?}, command {command}");
            workstation.first_login(Hold::Operation).unwrap();
        }
    }
}

#[test]
fn a_reset_at_any_command_of_a_held_login_asks_for_the_pin_and_the_same_token_takes_it() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let mut token = workstation.open().unwrap();
        for command in 1.. {
            login(&mut token, &workstation.card, typed("1234"), Hold::Session).unwrap();
            workstation.card.counters().clear();
            workstation.card.faults().reset_at(command);
            let held = login(&mut token, &workstation.card, Authorization::Held, Hold::Session);
            if held.is_ok() {
                assert!(command > 1, "{family:?}: a held login takes commands");
                workstation.card.faults().clear();
                break;
            }
            assert!(matches!(held, Err(Error::PinRequired)), "{family:?}, command {command}: {held:?}");
            assert_eq!(verifications(&workstation.card), 0);
        }
        assert_eq!(counts(&workstation.card), UNTOUCHED);
    }
}

#[test]
fn a_reset_between_two_operations_ends_a_held_state_without_a_command() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        login(&mut token, &workstation.card, typed("1234"), Hold::Session).unwrap();
        workstation.readers.reset_by_another(0);
        let held = login(&mut token, &workstation.card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        login(&mut token, &workstation.card, typed("1234"), Hold::Session).unwrap();
        assert_eq!(verifications(&workstation.card), 2);
    }
}

#[test]
fn a_pin_forgotten_before_the_operation_is_not_sent_a_second_time() {
    for family in with_pin() {
        for hold in [Hold::Operation, Hold::Session] {
            let workstation = Workstation::that_knows(family);
            let card = &workstation.card;
            let mut token = workstation.open().unwrap();
            card.faults().forget_pin_before_operation();
            let forgotten = login(&mut token, card, typed("1234"), hold);
            assert!(matches!(forgotten, Err(Error::PinRequired)), "{family:?}: {forgotten:?}");
            assert_eq!(verifications(card), 1);
            let held = login(&mut token, card, Authorization::Held, hold);
            assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
            login(&mut token, card, typed("1234"), hold).unwrap();
            assert_eq!(verifications(card), 2);
            assert_eq!(counts(card), UNTOUCHED);
        }
    }
}

#[test]
fn a_held_state_that_the_card_forgot_is_over() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        login(&mut token, card, typed("1234"), Hold::Session).unwrap();
        card.faults().forget_pin_before_operation();
        for _ in 0..2 {
            let held = login(&mut token, card, Authorization::Held, Hold::Session);
            assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        }
        assert_eq!(verifications(card), 1);
    }
}

#[test]
fn a_signature_of_documents_in_the_middle_of_which_the_card_is_reset_asks_for_the_pin_again() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        for command in 1.. {
            token.pin_status().unwrap();
            card.counters().clear();
            card.faults().reset_at(command);
            let scheme = Scheme::RsaPkcs1Sha256;
            let signed = sign(&mut token, card, KeyRole::Signature, scheme, typed("1234"));
            assert!(verifications(card) <= 1);
            assert!(!card.verified());
            if signed.is_ok() {
                assert!(command > 3, "{family:?}: a signature takes commands");
                card.faults().clear();
                break;
            }
            assert!(matches!(signed, Err(Error::PinRequired)), "{family:?}, {command}: {signed:?}");
        }
        assert_eq!(counts(card), UNTOUCHED);
    }
}
