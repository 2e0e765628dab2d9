//! The card is pulled at every command there is: each time a clear error, no try spent, and everything works again when
//! the card is back, without starting anything anew.

use super::{Token, UNTOUCHED, Workstation, counts, everything, login, typed, verifications, with_pin};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole};
use cps_sandbox::card::Family;

#[test]
fn a_card_pulled_at_any_command_of_a_first_login_works_again_when_it_is_back() {
    for family in everything() {
        let mut workstation = Workstation::of(family);
        for command in 1..=Workstation::commands_of_a_first_login(family) {
            workstation.forget();
            workstation.insert_again();
            workstation.card.counters().clear();
            workstation.card.faults().remove_at(command);
            let result = workstation.first_login(Hold::Operation);
            assert!(matches!(result, Err(Error::Removed)), "{family:?}, command {command}: {result:?}");
            assert_eq!(counts(&workstation.card), UNTOUCHED, "{family:?}, command {command}");
            assert!(verifications(&workstation.card) <= 1);
            // What was remembered so far must not be in the way.
            workstation.insert_again();
            workstation.first_login(Hold::Operation).unwrap();
        }
        assert!(workstation.readers.remove(0).is_some());
        let result = workstation.first_login(Hold::Operation);
        assert!(matches!(result, Err(Error::Removed)), "{family:?}, an empty reader: {result:?}");
    }
}

#[test]
fn a_card_pulled_at_any_command_of_a_held_login_takes_its_state_along() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        for command in 1.. {
            workstation.insert_again();
            let mut token = workstation.open().unwrap();
            login(&mut token, &workstation.card, typed("1234"), Hold::Session).unwrap();
            workstation.card.faults().remove_at(command);
            let held = login(&mut token, &workstation.card, Authorization::Held, Hold::Session);
            if held.is_ok() {
                assert!(command > 1, "{family:?}: a held login takes commands");
                workstation.card.faults().clear();
                break;
            }
            assert!(matches!(held, Err(Error::Removed)), "{family:?}, command {command}: {held:?}");
            assert!(!workstation.card.verified());

            // The same card again is another insertion: the old token stays dead, a new one has no state.
            workstation.insert_again();
            let old = login(&mut token, &workstation.card, Authorization::Held, Hold::Session);
            assert!(matches!(old, Err(Error::Removed | Error::PinRequired)), "{family:?}: {old:?}");
            let mut token = workstation.open().unwrap();
            let held = login(&mut token, &workstation.card, Authorization::Held, Hold::Session);
            assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        }
        assert_eq!(counts(&workstation.card), UNTOUCHED);
    }
}

#[test]
fn a_card_pulled_while_its_second_certificate_or_its_situations_are_read_is_a_removal() {
    for family in with_pin() {
        let mut workstation = Workstation::of(family);
        for command in 1.. {
            workstation.forget();
            workstation.insert_again();
            let mut token = workstation.open().unwrap();
            token.describe().unwrap();
            workstation.card.faults().remove_at(command);
            let read = token
                .certificate(KeyRole::Signature)
                .and_then(|_| token.activities(typed("1234"), Hold::Operation));
            if let Ok(activities) = read {
                assert_eq!(activities.len(), 2);
                assert!(command > 10, "{family:?}: reading takes commands");
                workstation.card.faults().clear();
                break;
            }
            assert!(matches!(read, Err(Error::Removed)), "{family:?}, command {command}: {read:?}");
            workstation.insert_again();
            workstation.first_login(Hold::Operation).unwrap();
        }
        assert_eq!(counts(&workstation.card), UNTOUCHED);
    }
}

#[test]
fn another_card_in_the_reader_is_a_removal() {
    let workstation = Workstation::of(Family::Cps3);
    let mut token = workstation.open().unwrap();
    token.present().unwrap();
    let twin = super::card(Family::Cps3);
    workstation.readers.insert(0, &twin);
    assert!(matches!(token.present(), Err(Error::Removed)));
    let result = login(&mut token, &twin, typed("1234"), Hold::Operation);
    assert!(matches!(result, Err(Error::Removed)), "{result:?}");
    assert_eq!(twin.counters().commands(), 0);
}

#[test]
fn an_unplugged_reader_is_a_removal() {
    let workstation = Workstation::of(Family::Cps3);
    let mut token = workstation.open().unwrap();
    workstation.readers.unplug_last();
    let result = login(&mut token, &workstation.card, typed("1234"), Hold::Operation);
    assert!(matches!(result, Err(Error::Removed)), "{result:?}");
    assert!(matches!(workstation.open().err(), Some(Error::Removed)));
}
