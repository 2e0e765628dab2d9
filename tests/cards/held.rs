//! The card's verified state: it serves whom it was given to, for the authentication key, and ends with the session.

use super::{Token, Workstation, login, sign, typed, verifications, with_pin};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};

#[test]
fn a_state_that_was_never_given_here_is_not_used() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut theirs = workstation.open().unwrap();
        login(&mut theirs, card, typed("1234"), Hold::Session).unwrap();
        assert!(card.verified());
        let mut ours = workstation.open().unwrap();
        let held = login(&mut ours, card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        let held = ours.activities(Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
    }
}

#[test]
fn the_signature_key_wants_the_pin_each_time() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        login(&mut token, card, typed("1234"), Hold::Session).unwrap();
        let scheme = Scheme::RsaPkcs1Sha256;
        let held = sign(&mut token, card, KeyRole::Signature, scheme, Authorization::Held);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        login(&mut token, card, Authorization::Held, Hold::Session).unwrap();

        let payload = cps_card::token::Payload::Message(b"a document");
        token.sign(KeyRole::Signature, scheme, payload, typed("1234"), Hold::Session).unwrap();
        assert!(!card.verified(), "{family:?}: a signature of documents holds nothing, whatever is asked");
        let held = login(&mut token, card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
    }
}

#[test]
fn an_operation_leaves_the_card_unverified() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        login(&mut token, card, typed("1234"), Hold::Operation).unwrap();
        assert!(!card.verified());
        let held = login(&mut token, card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        assert_eq!(verifications(card), 1);
    }
}

#[test]
fn a_held_state_serves_without_a_second_pin_until_it_is_released_or_let_go_of() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        login(&mut token, card, typed("1234"), Hold::Session).unwrap();
        for _ in 0..3 {
            login(&mut token, card, Authorization::Held, Hold::Session).unwrap();
        }
        assert_eq!(token.activities(Authorization::Held, Hold::Session).unwrap().len(), 2);
        assert!(token.pin_status().unwrap().unwrap().verified);
        assert_eq!(verifications(card), 1);
        token.release().unwrap();
        assert!(!card.verified());
        let held = login(&mut token, card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");

        login(&mut token, card, typed("1234"), Hold::Session).unwrap();
        drop(token);
        assert!(!card.verified(), "{family:?}");
    }
}

#[test]
fn the_state_is_asked_without_spending_a_try() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        for _ in 0..5 {
            let status = token.pin_status().unwrap().unwrap();
            assert_eq!((status.tries_left, status.tries_max, status.verified), (Some(3), Some(3), false));
        }
        assert_eq!((verifications(&workstation.card), workstation.card.tries_left()), (0, 3));
    }
}

#[test]
fn commands_of_other_programs_in_between_do_no_harm() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        login(&mut token, card, typed("1234"), Hold::Session).unwrap();
        // Another program looks around, and leaves the card elsewhere.
        let mut theirs = workstation.open().unwrap();
        theirs.describe().unwrap();
        theirs.certificate(KeyRole::Signature).unwrap();
        drop(theirs);
        login(&mut token, card, Authorization::Held, Hold::Session).unwrap();
        assert_eq!(verifications(card), 1, "{family:?}");
    }
}
