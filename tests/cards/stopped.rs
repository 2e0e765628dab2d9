//! The smart-card service stops at every command there is: a clear error, no try spent, and the same program works again
//! when the service is back.

use super::{UNTOUCHED, Workstation, counts, everything, log_in_with, login, typed, with_pin};
use cps_card::Error;
use cps_card::readers::{Event, Monitor};
use cps_card::token::{Authorization, Hold};
use cps_card::transport::TransportError;
use cps_sandbox::card::Family;

#[test]
fn a_service_stopped_at_any_command_of_a_first_login_is_told_as_such() {
    for family in everything() {
        let mut workstation = Workstation::of(family);
        for command in 1..=Workstation::commands_of_a_first_login(family) {
            workstation.forget();
            let readers = workstation.readers.clone();
            workstation.card.faults().at(command, move || readers.stop());
            let result = workstation.first_login(Hold::Operation);
            let stopped = matches!(result, Err(Error::Transport(TransportError::NoService)));
            assert!(stopped, "{family:?}, command {command}: {result:?}");
            assert_eq!(counts(&workstation.card), UNTOUCHED, "{family:?}, command {command}");
            workstation.readers.start();
            workstation.first_login(Hold::Operation).unwrap();
        }
    }
}

#[test]
fn a_held_state_does_not_outlive_the_service() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        login(&mut token, &workstation.card, typed("1234"), Hold::Session).unwrap();
        workstation.readers.stop();
        for restarted in [false, true] {
            if restarted {
                workstation.readers.start();
            }
            let held = login(&mut token, &workstation.card, Authorization::Held, Hold::Session);
            let told = matches!(held, Err(Error::Transport(TransportError::NoService)));
            assert!(told, "{family:?}: {held:?}");
        }
        assert!(!workstation.card.verified());
        workstation.first_login(Hold::Operation).unwrap();
    }
}

#[test]
fn the_monitor_tells_the_stop_once_and_finds_the_card_again() {
    let workstation = Workstation::of(Family::Cps3);
    let mut monitor = Monitor::default();
    let inserted = Event::CardInserted { reader: workstation.readers.name(0), atr: workstation.card.atr() };
    assert_eq!(monitor.step(&workstation.readers).last(), Some(&inserted));
    workstation.readers.stop();
    let lost = Event::ServiceLost { why: TransportError::NoService };
    assert_eq!(monitor.step(&workstation.readers).last(), Some(&lost));
    assert_eq!(monitor.step(&workstation.readers), []);
    assert!(!monitor.pause().is_zero());
    workstation.readers.start();
    let back = monitor.step(&workstation.readers);
    assert_eq!((back.first(), back.last()), (Some(&Event::ServiceBack), Some(&inserted)));
    let mut token = workstation.open().unwrap();
    log_in_with(&mut token, &workstation.card, Hold::Operation).unwrap();
}
