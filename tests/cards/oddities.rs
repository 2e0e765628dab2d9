//! Cards that are allowed to be odd, and cards that are wrong.

use super::{Token, Workstation, card, families, login, typed};
use cps_card::Error;
use cps_card::token::{Hold, KeyRole, Kind};
use cps_sandbox::card::{Cps4Model, Family};

#[test]
fn a_card_of_another_issuer_or_with_a_short_serial_file_is_no_cps() {
    for family in families() {
        let virtual_card = card(family);
        virtual_card.faults().wrong_issuer();
        assert!(matches!(Workstation::with(&virtual_card).open().err(), Some(Error::NotCps)));
        let virtual_card = card(family);
        virtual_card.faults().short_serial();
        assert!(matches!(Workstation::with(&virtual_card).open().err(), Some(Error::NotCps)));
    }
}

#[test]
fn an_unknown_answer_to_reset_does_not_hide_a_cps() {
    for (family, kind) in [
        (Family::Cps3, Kind::Cps3),
        (Family::Cps3Contactless, Kind::Cps3Contactless),
        (Family::Cps4(Cps4Model::Release), Kind::Cps4),
        (Family::Cps4(Cps4Model::CandidateT0), Kind::Cps4),
    ] {
        let virtual_card = card(family);
        virtual_card.faults().unknown_atr();
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        assert_eq!(token.describe().unwrap().kind, kind);
    }
}

#[test]
fn a_channel_that_needs_the_detour_is_opened() {
    let virtual_card = card(Family::Cps4(Cps4Model::Release));
    virtual_card.faults().channel_needs_detour(true);
    let mut token = Workstation::with(&virtual_card).open().unwrap();
    for _ in 0..2 {
        login(&mut token, typed("1234"), Hold::Operation).unwrap();
    }
}

#[test]
fn short_reads_may_be_refused_with_the_right_length() {
    for family in families() {
        let virtual_card = card(family);
        virtual_card.faults().wrong_length_for_short_reads(true);
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        token.describe().unwrap();
        token.certificate(KeyRole::Signature).unwrap();
        assert!(!token.activities(typed("1234"), Hold::Operation).unwrap().is_empty());
    }
}

#[test]
fn a_card_without_any_directory_still_logs_in() {
    for family in families() {
        let virtual_card = card(family);
        for file in ["5031", "5032", "7001", "7002", "7005", "7006"] {
            virtual_card.faults().hide_file(&format!("3F00/0001/{file}"));
        }
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        assert_eq!(token.describe().unwrap().keys.len(), 2);
        login(&mut token, typed("1234"), Hold::Operation).unwrap();
        assert_eq!(token.activities(typed("1234"), Hold::Operation).unwrap().len(), 2);
    }
}

#[test]
fn hostile_directories_and_certificates_harm_nobody() {
    let nests: Vec<u8> = [0x30, 0x80].repeat(2000);
    let deep: Vec<u8> = (0..200_u8).rev().flat_map(|n| [0x30, n.min(0x7F)]).collect();
    let huge = [vec![0x30, 0x83, 0xFF, 0xFF, 0xFF], vec![0xAA; 3000]].concat();
    let many = [0x30, 0x04, 0x30, 0x00, 0x30, 0x00].repeat(500);
    for content in [nests, deep, huge, many, vec![0xFF; 100], Vec::new()] {
        for file in ["5031", "5032", "7001", "7002", "7005", "7006", "A002"] {
            let virtual_card = card(Family::Cps3);
            virtual_card.faults().replace_file(&format!("3F00/0001/{file}"), &content);
            let mut token = Workstation::with(&virtual_card).open().unwrap();
            token.describe().unwrap();
            let _ = login(&mut token, typed("1234"), Hold::Operation);
            let _ = token.activities(typed("1234"), Hold::Operation);
            assert_eq!(virtual_card.pin_tries_spent(), 0);
            assert!(virtual_card.counters().commands() < 400, "{file}");
        }
    }
}

#[test]
fn a_truncated_certificate_is_no_certificate_and_is_not_remembered() {
    let virtual_card = card(Family::Cps3);
    let workstation = Workstation::with(&virtual_card);
    let whole = virtual_card.certificate(cps_sandbox::pki::Purpose::Authentication).to_vec();
    virtual_card.faults().replace_file("3F00/0001/A002", &whole[..whole.len() / 2]);
    let mut token = workstation.open().unwrap();
    assert!(token.describe().unwrap().key(KeyRole::Authentication).unwrap().certificate.is_none());
    assert!(matches!(token.certificate(KeyRole::Authentication), Err(Error::Content { .. })));
    drop(token);
    virtual_card.faults().clear();
    let mut token = workstation.open().unwrap();
    assert!(token.describe().unwrap().key(KeyRole::Authentication).unwrap().certificate.is_some());
}

#[test]
fn an_interrupted_update_is_shown_and_refused() {
    for dates in [None, Some(("20240115103000", "00000000000000")), Some(("not a date", ""))] {
        let virtual_card = card(Family::Cps3);
        match dates {
            Some((start, end)) => virtual_card.updated(start, end),
            None => virtual_card.update_interrupted(),
        }
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        assert!(token.describe().unwrap().key(KeyRole::Authentication).unwrap().certificate.is_some());
        assert!(matches!(login(&mut token, typed("1234"), Hold::Operation), Err(Error::InterruptedUpdate)));
        assert_eq!(virtual_card.counters().instruction(0x20), 0);
    }
}

#[test]
fn an_update_makes_the_card_be_read_again() {
    let virtual_card = card(Family::Cps3);
    let workstation = Workstation::with(&virtual_card);
    workstation.open().unwrap().describe().unwrap();
    virtual_card.updated("20240115103000", "20240115103500");
    for expected_to_read in [true, false] {
        virtual_card.counters().clear();
        workstation.open().unwrap().describe().unwrap();
        assert_eq!(virtual_card.counters().commands() > 10, expected_to_read);
    }
}
