//! Counters are exact on the card: no try is spent but those that a person gave.

use super::{Token, Workstation, card, digits, families, login, puk, sign, typed};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_card::transport::TransportError;
use cps_sandbox::card::{CardBuilder, CardHandle, Family, PinPolicy};
use cps_sandbox::pki::holder::DOCTOR;
use cps_sandbox::reader::{Keypress, PinPad};

/// VERIFY commands that carried something.
fn verifications(card: &CardHandle) -> usize {
    card.counters().log().iter().filter(|seen| seen.header[1] == 0x20 && seen.body_length > 1).count()
}

#[test]
fn a_wrong_pin_costs_one_try_and_the_last_one_needs_consent() {
    for family in families() {
        let virtual_card = card(family);
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        for left in [2, 1] {
            let wrong = login(&mut token, typed("9999"), Hold::Operation);
            assert!(
                matches!(wrong, Err(Error::WrongPin { left: Some(l) }) if l == left),
                "{family:?}: {wrong:?}"
            );
            assert_eq!(virtual_card.tries_left(), left);
        }
        let last = login(&mut token, typed("1234"), Hold::Operation);
        assert!(matches!(last, Err(Error::LastTry)), "{family:?}: {last:?}");
        assert_eq!(virtual_card.tries_left(), 1);
        assert_eq!(verifications(&virtual_card), 2);
        let accepted = Authorization::Pin { pin: digits("1234"), last_try_accepted: true };
        login(&mut token, accepted, Hold::Operation).unwrap();
        assert_eq!(virtual_card.tries_left(), 3);
    }
}

#[test]
fn the_third_wrong_pin_blocks_and_only_the_puk_helps() {
    for family in families() {
        let virtual_card = card(family);
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        for _ in 0..2 {
            assert!(login(&mut token, typed("9999"), Hold::Operation).is_err());
        }
        let last = Authorization::Pin { pin: digits("9999"), last_try_accepted: true };
        assert!(matches!(login(&mut token, last, Hold::Operation), Err(Error::PinBlocked)));
        assert!(token.pin_status().unwrap().unwrap().blocked());
        assert!(matches!(login(&mut token, typed("1234"), Hold::Operation), Err(Error::PinBlocked)));
        assert_eq!(virtual_card.pin_tries_spent(), 3);

        let wrong = token.unblock_pin(puk("00000000"), digits("5678"));
        assert!(matches!(wrong, Err(Error::WrongPin { left: Some(2) })), "{family:?}: {wrong:?}");
        token.unblock_pin(puk("12345678"), digits("5678")).unwrap();
        assert_eq!((virtual_card.pin().as_str(), virtual_card.tries_left()), ("5678", 3));
        assert!(!virtual_card.verified());
        login(&mut token, typed("5678"), Hold::Operation).unwrap();
    }
}

#[test]
fn a_blocked_puk_is_told() {
    for family in families() {
        let virtual_card = card(family);
        virtual_card.block_puk();
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        let blocked = token.unblock_pin(puk("12345678"), digits("5678"));
        assert!(matches!(blocked, Err(Error::PukBlocked)), "{family:?}: {blocked:?}");
        assert_eq!(virtual_card.pin(), "1234");
    }
}

#[test]
fn the_pin_is_changed_by_who_knows_it() {
    for family in families() {
        let virtual_card = card(family);
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        let wrong = token.change_pin(typed("9999"), digits("5678"));
        assert!(matches!(wrong, Err(Error::WrongPin { left: Some(2) })));
        assert_eq!(virtual_card.pin(), "1234");
        token.change_pin(typed("1234"), digits("5678")).unwrap();
        assert_eq!(virtual_card.pin(), "5678");
        assert!(!virtual_card.verified(), "{family:?}");
        login(&mut token, typed("5678"), Hold::Operation).unwrap();
    }
}

#[test]
fn a_pin_of_another_length_reaches_no_card() {
    for family in families() {
        let policy = PinPolicy { min: 6, max: 8, padded_to: Some(8) };
        let virtual_card = CardBuilder::new(family, &DOCTOR).pin("123456", policy).build();
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        let status = token.pin_status().unwrap().unwrap();
        assert_eq!((status.min_length, status.max_length), (6, 8));
        for pin in ["12345", "123456789"] {
            let refused = login(&mut token, typed(pin), Hold::Operation);
            assert!(matches!(refused, Err(Error::PinFormat { min: 6, max: 8 })));
        }
        assert_eq!(verifications(&virtual_card), 0);
        login(&mut token, typed("123456"), Hold::Operation).unwrap();
        token.change_pin(typed("123456"), digits("87654321")).unwrap();
        login(&mut token, typed("87654321"), Hold::Operation).unwrap();
    }
}

#[test]
fn the_state_is_asked_without_spending_a_try() {
    for family in families() {
        let virtual_card = card(family);
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        for _ in 0..5 {
            let status = token.pin_status().unwrap().unwrap();
            assert_eq!((status.tries_left, status.tries_max, status.verified), (Some(3), Some(3), false));
        }
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        assert!(token.pin_status().unwrap().unwrap().verified);
        login(&mut token, Authorization::Held, Hold::Session).unwrap();
        assert_eq!(virtual_card.pin_tries_spent(), 0);
    }
}

#[test]
fn an_operation_leaves_the_card_unverified_and_a_session_does_so_at_its_end() {
    for family in families() {
        let virtual_card = card(family);
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        login(&mut token, typed("1234"), Hold::Operation).unwrap();
        assert!(!virtual_card.verified());
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        assert!(virtual_card.verified());
        token.release().unwrap();
        assert!(!virtual_card.verified());
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        sign(&mut token, KeyRole::Signature, Scheme::RsaPkcs1Sha256, typed("1234"), Hold::Session).unwrap();
        assert!(!virtual_card.verified(), "a signature of documents holds nothing");
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        drop(token);
        assert!(!virtual_card.verified());
    }
}

#[test]
fn the_pad_types_where_the_family_allows_it() {
    let virtual_card = card(Family::Cps3);
    let workstation = Workstation::with(&virtual_card);
    let pad = PinPad::new();
    workstation.readers.plug_pad(0, &pad);
    let mut token = workstation.open().unwrap();
    assert!(token.pin_status().unwrap().unwrap().pad);
    let typed_there = || Authorization::Pad { last_try_accepted: false };

    pad.then(Keypress::Cancel);
    let cancelled = login(&mut token, typed_there(), Hold::Session);
    assert!(matches!(cancelled, Err(Error::Transport(TransportError::Cancelled))));
    pad.then(Keypress::Nothing);
    let timed_out = login(&mut token, typed_there(), Hold::Session);
    assert!(matches!(timed_out, Err(Error::Transport(TransportError::Cancelled))));
    pad.then(Keypress::Digits("9999".to_owned()));
    let wrong = login(&mut token, typed_there(), Hold::Session);
    assert!(matches!(wrong, Err(Error::WrongPin { left: Some(2) })));
    pad.then(Keypress::Digits("1234".to_owned()));
    login(&mut token, typed_there(), Hold::Session).unwrap();
    assert_eq!(virtual_card.tries_left(), 3);

    let four = card(families()[1]);
    workstation.insert(&four);
    assert!(!workstation.open().unwrap().pin_status().unwrap().unwrap().pad);
}
