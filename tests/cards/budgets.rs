//! Commands that virtual cards with certificates of real size count. The tries query before a prompt is counted apart.

use super::{Token, Workstation, card, login, sign, typed};
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_sandbox::card::{Cps4Model, Family};
use cps_sandbox::pki::Purpose;

#[test]
fn a_cps3_never_seen_is_shown_and_logs_in_by_21_commands_and_the_reading_of_its_certificate() {
    let virtual_card = card(Family::Cps3);
    let mut token = Workstation::with(&virtual_card).open().unwrap();
    token.describe().unwrap();
    let shown = virtual_card.counters().commands();
    token.pin_status().unwrap();
    virtual_card.counters().clear();
    login(&mut token, typed("1234"), Hold::Session).unwrap();
    let commands = shown + virtual_card.counters().commands();
    let certificate = virtual_card.certificate(Purpose::Authentication).len();
    assert!((1500..=2500).contains(&certificate), "a card certificate has {certificate} bytes");
    assert!(commands <= 21 + certificate.div_ceil(231), "{commands} commands, {certificate} bytes");
}

#[test]
fn a_cps3_inserted_again_is_shown_by_three_commands_and_logs_in_by_six() {
    let virtual_card = card(Family::Cps3);
    let workstation = Workstation::with(&virtual_card);
    workstation.open().unwrap().describe().unwrap();
    workstation.insert(&virtual_card);
    virtual_card.counters().clear();
    let mut token = workstation.open().unwrap();
    assert!(token.describe().unwrap().key(KeyRole::Authentication).unwrap().certificate.is_some());
    assert_eq!(virtual_card.counters().commands(), 3);

    token.pin_status().unwrap();
    virtual_card.counters().clear();
    login(&mut token, typed("1234"), Hold::Session).unwrap();
    assert_eq!(virtual_card.counters().commands(), 6);
}

#[test]
fn a_known_cps4_logs_in_by_six_commands_at_most() {
    for (model, expected) in [(Cps4Model::Release, 5), (Cps4Model::CandidateT0, 6)] {
        let virtual_card = card(Family::Cps4(model));
        let mut token = Workstation::with(&virtual_card).open().unwrap();
        token.describe().unwrap();
        token.pin_status().unwrap();
        virtual_card.counters().clear();
        login(&mut token, typed("1234"), Hold::Session).unwrap();
        assert_eq!(virtual_card.counters().commands(), expected);
    }
}

#[test]
fn a_known_card_shows_its_presence_by_five_commands() {
    let virtual_card = card(Family::Cps3Contactless);
    let workstation = Workstation::with(&virtual_card);
    workstation.open().unwrap().describe().unwrap();
    virtual_card.counters().clear();
    let mut token = workstation.open().unwrap();
    token.describe().unwrap();
    sign(&mut token, KeyRole::Technical, Scheme::RsaPkcs1Sha256, Authorization::Held, Hold::Operation)
        .unwrap();
    assert_eq!(virtual_card.counters().commands(), 5);
}
