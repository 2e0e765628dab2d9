//! The card is pulled, reset or silent at every command there is: a clear error, no try spent beyond the one given, and
//! everything works again afterwards.

use super::{Token, Workstation, card, families, login, typed};
use cps_card::Error;
use cps_card::token::{Authorization, Hold};
use cps_card::transport::TransportError;
use cps_sandbox::card::{CardHandle, Family};

/// A login with everything that leads to it, cold.
fn first_login(workstation: &Workstation) -> Result<(), Error> {
    let mut token = workstation.open()?;
    token.describe()?;
    token.pin_status()?;
    login(&mut token, typed("1234"), Hold::Operation)
}

/// Commands of a cold login of this family.
fn commands(family: Family) -> u64 {
    let virtual_card = card(family);
    first_login(&Workstation::with(&virtual_card)).unwrap();
    virtual_card.counters().commands() as u64
}

fn assert_untouched(card: &CardHandle) {
    assert_eq!((card.tries_left(), card.pin_tries_spent()), (3, 0));
    assert!(!card.verified());
}

#[test]
fn a_card_pulled_at_any_command_works_again_when_it_is_back() {
    for family in families() {
        for command in 1..=commands(family) {
            let virtual_card = card(family);
            let workstation = Workstation::with(&virtual_card);
            virtual_card.faults().remove_at(command);
            let result = first_login(&workstation);
            assert!(matches!(result, Err(Error::Removed)), "{family:?}, command {command}: {result:?}");
            assert_untouched(&virtual_card);
            workstation.insert(&virtual_card);
            first_login(&workstation).unwrap();
        }
    }
}

#[test]
fn a_reset_at_any_command_is_either_unnoticed_or_asks_for_the_pin_again() {
    for family in families() {
        for command in 1..=commands(family) {
            let virtual_card = card(family);
            let workstation = Workstation::with(&virtual_card);
            virtual_card.faults().reset_at(command);
            match first_login(&workstation) {
                Ok(()) | Err(Error::PinRequired) => {}
                other => panic!("{family:?}, command {command}: {other:?}"),
            }
            assert_untouched(&virtual_card);
            first_login(&workstation).unwrap();
        }
    }
}

#[test]
fn an_answer_of_nonsense_at_any_command_is_an_error_or_unnoticed() {
    for answer in [vec![], vec![0x90], vec![0x61, 0x00], vec![0x6C, 0x01], vec![0x6F, 0x00], vec![0x30; 300]]
    {
        for command in 1..=commands(Family::Cps3) {
            let virtual_card = card(Family::Cps3);
            let workstation = Workstation::with(&virtual_card);
            virtual_card.faults().answer_at(command, &answer);
            let _ = first_login(&workstation);
            assert_eq!(virtual_card.pin_tries_spent(), 0, "command {command}");
            first_login(&workstation).unwrap();
            assert!(!virtual_card.verified(), "command {command}");
        }
    }
}

#[test]
fn a_held_state_ends_when_another_program_resets_the_card() {
    for family in families() {
        let virtual_card = card(family);
        let workstation = Workstation::with(&virtual_card);
        let mut token = workstation.open().unwrap();
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        workstation.readers.reset_by_another(0);
        let held = login(&mut token, Authorization::Held, Hold::Session);
        assert!(matches!(held, Err(Error::PinRequired)), "{family:?}: {held:?}");
        login(&mut token, typed("1234"), Hold::Session).unwrap();
    }
}

#[test]
fn a_pin_forgotten_between_verify_and_the_key_is_not_sent_twice() {
    for family in families() {
        let virtual_card = card(family);
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        token.describe().unwrap();
        virtual_card.faults().forget_pin_before_operation();
        virtual_card.counters().clear();
        let forgotten = login(&mut token, typed("1234"), Hold::Session);
        assert!(matches!(forgotten, Err(Error::PinRequired)), "{family:?}: {forgotten:?}");
        let sent =
            virtual_card.counters().log().iter().filter(|s| s.header[1] == 0x20 && s.body_length > 1).count();
        assert_eq!(sent, 1);
        login(&mut token, typed("1234"), Hold::Session).unwrap();
    }
}

#[test]
fn another_card_in_the_reader_is_a_removal() {
    let workstation = Workstation::with(&card(Family::Cps3));
    let mut token = workstation.open().unwrap();
    token.present().unwrap();
    workstation.insert(&card(Family::Cps3));
    assert!(matches!(token.present(), Err(Error::Removed)));
    assert!(matches!(login(&mut token, typed("1234"), Hold::Operation), Err(Error::Removed)));
}

#[test]
fn a_service_that_stops_is_told_as_such() {
    let virtual_card = card(Family::Cps3);
    let workstation = Workstation::with(&virtual_card);
    let mut token = workstation.open().unwrap();
    login(&mut token, typed("1234"), Hold::Session).unwrap();
    workstation.readers.stop();
    let stopped = login(&mut token, Authorization::Held, Hold::Session);
    assert!(matches!(stopped, Err(Error::Transport(TransportError::NoService))), "{stopped:?}");
    workstation.readers.start();
    first_login(&workstation).unwrap();
}
