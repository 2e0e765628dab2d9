//! The PUK gives a blocked PIN a new value. Its own counter is exact, and it never costs a try of the PIN.

use super::{Token, Workstation, counts, digits, login, puk, typed, verifications, with_pin};
use cps_card::Error;
use cps_card::token::Hold;

#[test]
fn a_puk_or_a_new_pin_of_another_length_is_never_sent() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        workstation.card.block_pin();
        let mut token = workstation.open().unwrap();
        token.describe().unwrap();
        workstation.card.counters().clear();
        for (key, new) in [("1234567", "5678"), ("123456789", "5678"), ("1234567x", "5678"), ("", "5678")] {
            let refused = token.unblock_pin(puk(key), digits(new));
            assert!(matches!(refused, Err(Error::PinFormat { min: 8, max: 8 })), "{family:?}: {refused:?}");
        }
        for new in ["", "567", "56789", "56 8"] {
            let refused = token.unblock_pin(puk("12345678"), digits(new));
            assert!(matches!(refused, Err(Error::PinFormat { min: 4, max: 4 })), "{family:?}: {refused:?}");
        }
        assert_eq!(workstation.card.counters().commands(), 0);
    }
}

#[test]
fn a_wrong_puk_costs_one_of_its_own_tries_until_it_is_blocked_itself() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        card.block_pin();
        let mut token = workstation.open().unwrap();
        for left in [2, 1] {
            let before = verifications(card);
            let wrong = token.unblock_pin(puk("00000000"), digits("5678"));
            let told = matches!(wrong, Err(Error::WrongPin { left: Some(told) }) if told == left);
            assert!(told, "{family:?}: {wrong:?}");
            assert_eq!(counts(card), (0, left, 0));
            assert_eq!(verifications(card) - before, 1);
        }
        let blocked = token.unblock_pin(puk("00000000"), digits("5678"));
        assert!(matches!(blocked, Err(Error::PukBlocked)), "{family:?}: {blocked:?}");
        let blocked = token.unblock_pin(puk("12345678"), digits("5678"));
        assert!(matches!(blocked, Err(Error::PukBlocked)), "{family:?}: {blocked:?}");
        assert_eq!(counts(card), (0, 0, 0));
        assert_eq!(card.pin(), "1234");
    }
}

#[test]
fn a_wrong_puk_says_nothing_of_the_pin() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        for _ in 0..2 {
            assert!(token.unblock_pin(puk("00000000"), digits("5678")).is_err());
        }
        // One try of the PUK is left, three of the PIN: no consent is asked for.
        login(&mut token, card, typed("1234"), Hold::Operation).unwrap();
        assert_eq!(counts(card), (3, 1, 0));
    }
}

#[test]
fn the_puk_gives_the_pin_a_new_value_and_the_old_one_is_refused() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        card.block_pin();
        let mut token = workstation.open().unwrap();
        assert!(token.unblock_pin(puk("00000000"), digits("5678")).is_err());
        token.unblock_pin(puk("12345678"), digits("5678")).unwrap();
        assert_eq!(card.pin(), "5678");
        assert_eq!(counts(card), (3, 3, 0));
        assert!(!card.verified());
        let old = login(&mut token, card, typed("1234"), Hold::Operation);
        assert!(matches!(old, Err(Error::WrongPin { left: Some(2) })), "{family:?}: {old:?}");
        login(&mut token, card, typed("5678"), Hold::Operation).unwrap();
    }
}

#[test]
fn a_card_pulled_at_any_command_of_an_unblocking_can_be_unblocked_again() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let card = &workstation.card;
        for command in 1.. {
            workstation.insert_again();
            card.block_pin();
            let mut token = workstation.open().unwrap();
            token.describe().unwrap();
            card.faults().remove_at(command);
            let result = token.unblock_pin(puk("12345678"), digits("5678"));
            assert_eq!((card.puk_tries_left(), card.pin_tries_spent()), (3, 0));
            assert!(!card.verified());
            if result.is_ok() {
                assert!(command > 2, "{family:?}: unblocking takes commands");
                card.faults().clear();
                break;
            }
            assert!(matches!(result, Err(Error::Removed)), "{family:?}, command {command}: {result:?}");
            workstation.insert_again();
            let mut token = workstation.open().unwrap();
            token.unblock_pin(puk("12345678"), digits("1234")).unwrap();
            login(&mut token, card, typed("1234"), Hold::Operation).unwrap();
        }
        assert_eq!(card.pin(), "5678");
    }
}
