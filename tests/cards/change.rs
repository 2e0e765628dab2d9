//! The PIN is changed by who knows it, now: a held state is no proof, and the old value stays good until the card has
//! taken the new one.

use super::{Token, UNTOUCHED, Workstation, counts, digits, login, typed, verifications, with_pin};
use cps_card::Error;
use cps_card::token::{Authorization, Hold};

#[test]
fn a_new_pin_that_the_card_does_not_take_leaves_the_old_one_unsent() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let mut token = workstation.open().unwrap();
        token.describe().unwrap();
        workstation.card.counters().clear();
        for new in ["", "567", "56789", "abcd"] {
            let refused = token.change_pin(typed("1234"), digits(new));
            assert!(matches!(refused, Err(Error::PinFormat { min: 4, max: 4 })), "{family:?}: {refused:?}");
        }
        assert_eq!(workstation.card.counters().commands(), 0);
    }
}

#[test]
fn a_held_state_changes_no_pin() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        login(&mut token, &workstation.card, typed("1234"), Hold::Session).unwrap();
        let refused = token.change_pin(Authorization::Held, digits("5678"));
        assert!(matches!(refused, Err(Error::PinRequired)), "{family:?}: {refused:?}");
        assert_eq!(workstation.card.pin(), "1234");
    }
}

#[test]
fn a_wrong_old_pin_costs_one_try_and_changes_nothing() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        let wrong = token.change_pin(typed("9999"), digits("5678"));
        assert!(matches!(wrong, Err(Error::WrongPin { left: Some(2) })), "{family:?}: {wrong:?}");
        assert_eq!(counts(card), (2, 3, 1));
        assert_eq!(verifications(card), 1);
        assert_eq!(card.pin(), "1234");
        login(&mut token, card, typed("1234"), Hold::Operation).unwrap();
    }
}

#[test]
fn the_new_pin_works_and_the_old_one_is_refused() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let card = &workstation.card;
        let mut token = workstation.open().unwrap();
        token.change_pin(typed("1234"), digits("5678")).unwrap();
        assert_eq!(card.pin(), "5678");
        assert_eq!(counts(card), UNTOUCHED);
        assert!(!card.verified(), "{family:?}: a change holds nothing");
        let old = login(&mut token, card, typed("1234"), Hold::Operation);
        assert!(matches!(old, Err(Error::WrongPin { left: Some(2) })), "{family:?}: {old:?}");
        login(&mut token, card, typed("5678"), Hold::Operation).unwrap();
    }
}

#[test]
fn a_change_ends_a_held_state() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        login(&mut token, &workstation.card, typed("1234"), Hold::Session).unwrap();
        token.change_pin(typed("1234"), digits("5678")).unwrap();
        let held = login(&mut token, &workstation.card, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
    }
}

#[test]
fn a_card_pulled_or_reset_at_any_command_of_a_change_has_the_old_pin_or_the_new_one() {
    for family in with_pin() {
        for pulled in [true, false] {
            let workstation = Workstation::that_knows(family);
            let card = &workstation.card;
            for command in 1.. {
                let old = card.pin();
                let new = if old == "1234" { "5678" } else { "1234" };
                let mut token = workstation.open().unwrap();
                token.pin_status().unwrap();
                if pulled {
                    card.faults().remove_at(command);
                } else {
                    card.faults().reset_at(command);
                }
                let before = verifications(card);
                let result = token.change_pin(typed(&old), digits(new));
                assert!(verifications(card) - before <= 1);
                assert_eq!(counts(card), UNTOUCHED);
                assert!(!card.verified());
                match result {
                    Ok(()) => {
                        assert_eq!(card.pin(), new);
                        assert!(command > 2, "{family:?}: a change takes commands");
                        card.faults().clear();
                        break;
                    }
                    Err(Error::Removed) if pulled => workstation.insert_again(),
                    Err(Error::PinRequired) if !pulled => {}
                    Err(other) => panic!("{family:?}, command {command}: {other:?}"),
                }
                assert_eq!(card.pin(), old, "{family:?}, command {command}");
                workstation.first_login(Hold::Operation).unwrap();
            }
        }
    }
}
