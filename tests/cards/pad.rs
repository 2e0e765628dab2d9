//! The PIN pad of the reader (PC/SC part 10, FEATURE_VERIFY_PIN_DIRECT): the PIN goes from the keys to the card.

use super::{Token, Workstation, counts, digits, login, sign, verifications};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_card::transport::TransportError;
use cps_sandbox::card::{CardBuilder, Cps4Model, Family, PinPolicy};
use cps_sandbox::pki::holder::DOCTOR;
use cps_sandbox::reader::{Keypress, PinPad};

const ON_PAD: Authorization = Authorization::Pad { last_try_accepted: false };

/// A card in a reader with a pad, where somebody does these things.
fn with_pad(workstation: &Workstation, script: impl IntoIterator<Item = Keypress>) -> PinPad {
    let pad = PinPad::new();
    for keypress in script {
        pad.then(keypress);
    }
    workstation.readers.plug_pad(0, &pad);
    pad
}

fn keys(text: &str) -> Keypress {
    Keypress::Digits(text.to_owned())
}

#[test]
fn a_reader_without_pad_asks_nobody() {
    let workstation = Workstation::of(Family::Cps3);
    let mut token = workstation.open().unwrap();
    assert!(!token.pin_status().unwrap().unwrap().pad);
    let refused = login(&mut token, &workstation.card, ON_PAD, Hold::Operation);
    assert!(matches!(refused, Err(Error::Unsupported(_))), "{refused:?}");
}

#[test]
fn cps4_takes_no_pin_from_a_pad() {
    for model in [Cps4Model::Release, Cps4Model::CandidateT0] {
        let workstation = Workstation::of(Family::Cps4(model));
        let pad = with_pad(&workstation, [keys("1234")]);
        let mut token = workstation.open().unwrap();
        assert!(!token.pin_status().unwrap().unwrap().pad);
        let refused = login(&mut token, &workstation.card, ON_PAD, Hold::Operation);
        assert!(matches!(refused, Err(Error::Unsupported(_))), "{refused:?}");
        assert_eq!((pad.waiting(), verifications(&workstation.card)), (1, 0));
    }
}

#[test]
fn a_person_who_cancels_waits_or_miscounts_spends_no_try() {
    for (keypress, too_long) in
        [(Keypress::Cancel, false), (Keypress::Nothing, false), (keys("12345"), true), (keys("1"), true)]
    {
        for hold in [Hold::Operation, Hold::Session] {
            let workstation = Workstation::of(Family::Cps3);
            let pad = with_pad(&workstation, [keypress.clone(), keys("1234")]);
            let mut token = workstation.open().unwrap();
            let result = login(&mut token, &workstation.card, ON_PAD, hold);
            match result {
                Err(Error::PinFormat { min: 4, max: 4 }) if too_long => {}
                Err(Error::Transport(TransportError::Cancelled)) if !too_long => {}
                other => panic!("{keypress:?}: {other:?}"),
            }
            assert_eq!((pad.waiting(), verifications(&workstation.card)), (1, 0));
            assert!(!workstation.card.verified());
            login(&mut token, &workstation.card, ON_PAD, hold).unwrap();
        }
    }
}

#[test]
fn a_wrong_pin_on_the_pad_costs_one_try() {
    let workstation = Workstation::of(Family::Cps3);
    let card = &workstation.card;
    let pad = with_pad(&workstation, [keys("9999"), keys("9998"), keys("1234")]);
    let mut token = workstation.open().unwrap();
    for left in [2, 1] {
        let wrong = login(&mut token, card, ON_PAD, Hold::Operation);
        assert!(matches!(wrong, Err(Error::WrongPin { left: Some(told) }) if told == left), "{wrong:?}");
        assert_eq!(card.tries_left(), left);
    }
    let last = login(&mut token, card, ON_PAD, Hold::Operation);
    assert!(matches!(last, Err(Error::LastTry)), "{last:?}");
    assert_eq!(pad.waiting(), 1);
    login(&mut token, card, Authorization::Pad { last_try_accepted: true }, Hold::Operation).unwrap();
    assert_eq!(counts(card), (3, 3, 2));
}

#[test]
fn a_pin_typed_on_the_pad_opens_every_key_and_can_be_held() {
    for policy in [
        PinPolicy::default(),
        PinPolicy { min: 4, max: 8, padded_to: None },
        PinPolicy { min: 4, max: 8, padded_to: Some(8) },
    ] {
        let card = CardBuilder::new(Family::Cps3, &DOCTOR).pin("1234", policy).build();
        let workstation = Workstation::with(card);
        let card = &workstation.card;
        let pad = with_pad(&workstation, [keys("1234"), keys("1234"), keys("1234")]);
        let mut token = workstation.open().unwrap();
        assert!(token.pin_status().unwrap().unwrap().pad);
        login(&mut token, card, ON_PAD, Hold::Session).unwrap();
        login(&mut token, card, Authorization::Held, Hold::Session).unwrap();
        assert_eq!(pad.waiting(), 2);
        sign(&mut token, card, KeyRole::Signature, Scheme::RsaPkcs1Sha256, ON_PAD).unwrap();
        assert!(!card.verified());
        assert_eq!(token.activities(ON_PAD, Hold::Operation).unwrap().len(), 2);
        assert_eq!(counts(card), super::UNTOUCHED);
    }
}

#[test]
fn a_change_by_the_pad_is_refused_before_anybody_types() {
    let workstation = Workstation::of(Family::Cps3);
    let pad = with_pad(&workstation, [keys("1234")]);
    let mut token = workstation.open().unwrap();
    let refused = token.change_pin(ON_PAD, digits("5678"));
    assert!(matches!(refused, Err(Error::Unsupported(_))), "{refused:?}");
    assert_eq!((pad.waiting(), workstation.card.pin()), (1, "1234".to_owned()));
}

#[test]
fn a_card_pulled_while_the_person_types_is_a_removal() {
    let workstation = Workstation::of(Family::Cps3);
    let pad = with_pad(&workstation, [keys("1234"), keys("1234")]);
    let mut token = workstation.open().unwrap();
    token.pin_status().unwrap();
    // The directory, then VERIFY from the pad.
    workstation.card.faults().remove_at(2);
    let removed = login(&mut token, &workstation.card, ON_PAD, Hold::Operation);
    assert!(matches!(removed, Err(Error::Removed)), "{removed:?}");
    assert_eq!((pad.waiting(), verifications(&workstation.card)), (1, 0));
    workstation.insert_again();
    login(&mut workstation.open().unwrap(), &workstation.card, ON_PAD, Hold::Operation).unwrap();
}
