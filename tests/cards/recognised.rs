//! Which cards are CPS cards, and that one is found whatever its answer to reset and its channel.

use super::{Workstation, card, everything, with_pin};
use cps_card::Error;
use cps_card::token::Hold;
use cps_card::transport::TransportError;
use cps_sandbox::card::{Cps4Model, Family};

/// An older card of the same chip: its answer differs where the mask of the family does not look.
const OLDER: [u8; 17] =
    [0x3B, 0xAC, 0x00, 0x40, 0x2A, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x82, 0x02, 0x12, 0x00, 0x90, 0x00];

#[test]
fn a_card_of_another_issuer_is_no_cps_and_gets_no_pin() {
    for family in everything() {
        let card = card(family);
        card.faults().wrong_issuer();
        assert!(matches!(Workstation::with(card.clone()).open().err(), Some(Error::NotCps)), "{family:?}");
        assert_eq!(card.counters().instruction(0x20), 0);
    }
}

#[test]
fn a_serial_file_of_eleven_bytes_or_none_at_all_is_no_cps() {
    for family in everything() {
        let workstation = Workstation::of(family);
        workstation.card.faults().short_serial();
        assert!(matches!(workstation.open().err(), Some(Error::NotCps)), "{family:?}");
        workstation.card.faults().hide_file("3F00/D003");
        assert!(matches!(workstation.open().err(), Some(Error::NotCps)), "{family:?}");
        workstation.card.faults().replace_file("3F00/D003", &[]);
        assert!(matches!(workstation.open().err(), Some(Error::NotCps)), "{family:?}");
    }
}

#[test]
fn an_unknown_answer_to_reset_does_not_hide_a_cps() {
    for family in everything() {
        let card = card(family);
        card.faults().unknown_atr();
        Workstation::with(card).first_login(Hold::Operation).unwrap();
    }
}

#[test]
fn an_older_card_that_resembles_a_cps3_is_one() {
    let card = card(Family::Cps3);
    card.faults().atr(&OLDER);
    Workstation::with(card).first_login(Hold::Operation).unwrap();
}

#[test]
fn a_mute_card_and_one_that_another_program_holds_are_told_as_such() {
    let workstation = Workstation::of(Family::Cps3);
    let exclusive = workstation.readers.used_exclusively(0);
    let held = workstation.open().err();
    assert!(matches!(held, Some(Error::Transport(TransportError::Sharing))), "{held:?}");
    drop(exclusive);
    workstation.readers.insert_mute(0, &workstation.card);
    let mute = workstation.open().err();
    assert!(matches!(mute, Some(Error::Transport(TransportError::Mute))), "{mute:?}");
    workstation.insert_again();
    workstation.first_login(Hold::Operation).unwrap();
}

#[test]
fn channel_1_is_opened_by_a_detour_where_it_must_be_after_every_reset_again() {
    for model in [Cps4Model::Release, Cps4Model::Candidate, Cps4Model::CandidateT0] {
        let workstation = Workstation::of(Family::Cps4(model));
        workstation.card.faults().channel_needs_detour(true);
        for hold in [Hold::Operation, Hold::Session, Hold::Operation] {
            workstation.first_login(hold).unwrap();
            workstation.readers.reset_by_another(0);
        }
    }
}

#[test]
fn a_reader_that_corrects_lengths_is_followed() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        workstation.card.faults().wrong_length_for_short_reads(true);
        workstation.first_login(Hold::Operation).unwrap();
    }
}
