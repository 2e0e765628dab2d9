//! EF_ACTUA: an interrupted update is shown and refused, a finished one makes a remembered card be read again.

use super::{Token, Workstation, digits, login, puk, sign, typed, verifications};
use cps_card::Error;
use cps_card::token::{Hold, KeyRole, Payload, Scheme};
use cps_sandbox::card::{CardHandle, Family};
use cps_sandbox::pki::Purpose;

const SCHEME: Scheme = Scheme::RsaPkcs1Sha256;

/// Ways in which an update shows that it did not end.
const INTERRUPTED: [fn(&CardHandle); 4] = [
    |card| card.update_interrupted(),
    |card| card.updated("20240115103000", "00000000000000"),
    |card| card.updated("20241315103000", "20240115103500"),
    |card| card.updated("not a date", ""),
];

#[test]
fn a_card_whose_update_was_interrupted_is_described_and_does_nothing_with_its_pin_or_its_keys() {
    for interrupted in INTERRUPTED {
        let workstation = Workstation::of(Family::Cps3);
        interrupted(&workstation.card);
        let mut token = workstation.open().unwrap();
        assert!(token.describe().unwrap().keys[0].certificate.is_some());
        let results = [
            login(&mut token, &workstation.card, typed("1234"), Hold::Operation),
            sign(&mut token, &workstation.card, KeyRole::Signature, SCHEME, typed("1234")),
            token.activities(typed("1234"), Hold::Operation).map(drop),
            token.change_pin(typed("1234"), digits("5678")),
            token.unblock_pin(puk("12345678"), digits("5678")),
        ];
        for result in results {
            assert!(matches!(result, Err(Error::InterruptedUpdate)), "{result:?}");
        }
        assert_eq!(verifications(&workstation.card), 0);
    }
}

#[test]
fn what_is_read_in_the_middle_of_an_update_is_not_remembered() {
    let workstation = Workstation::of(Family::Cps3);
    workstation.card.update_interrupted();
    // The update was about to replace the certificate.
    workstation
        .card
        .faults()
        .replace_file("3F00/0001/A002", workstation.card.certificate(Purpose::Signature));
    workstation.open().unwrap().describe().unwrap();
    workstation.card.faults().clear();
    workstation.card.never_updated();
    workstation.insert_again();
    workstation.first_login(Hold::Operation).unwrap();
}

#[test]
fn a_card_updated_between_two_insertions_is_read_again_once() {
    let workstation = Workstation::that_knows(Family::Cps3);
    for (start, end) in [("20240115103000", "20240115103500"), ("20250301080000", "20250301080200")] {
        workstation.card.updated(start, end);
        for reads_again in [true, false] {
            workstation.insert_again();
            workstation.card.counters().clear();
            workstation.open().unwrap().describe().unwrap();
            let commands = workstation.card.counters().commands();
            // Serial number and marker: four commands where there is a marker to read.
            assert_eq!(commands > 4, reads_again, "{commands} commands");
        }
    }
}

#[test]
fn a_renewed_certificate_is_shown_after_the_update_that_brought_it() {
    let workstation = Workstation::that_knows(Family::Cps3);
    let renewed = workstation.card.certificate(Purpose::Signature).to_vec();
    workstation.card.faults().replace_file("3F00/0001/A002", &renewed);
    workstation.card.updated("20240115103000", "20240115103500");
    workstation.insert_again();
    let description = workstation.open().unwrap().describe().unwrap();
    assert_eq!(description.keys[0].certificate.as_ref().unwrap().der(), renewed);
}

#[test]
fn a_certificate_that_does_not_fit_the_key_is_noticed_at_the_first_signature_and_forgotten() {
    let workstation = Workstation::of(Family::Cps3);
    let card = &workstation.card;
    card.faults().replace_file("3F00/0001/A002", card.certificate(Purpose::Signature));
    let mut token = workstation.open().unwrap();
    token.describe().unwrap();
    let message = Payload::Message(super::MESSAGE);
    let signed = token.sign(KeyRole::Authentication, SCHEME, message, typed("1234"), Hold::Operation);
    assert!(matches!(signed, Err(Error::Content { what: "signature", .. })), "{signed:?}");
    assert!(!card.verified());
    card.faults().clear();
    let shown = token.certificate(KeyRole::Authentication).unwrap();
    assert_eq!(shown.der(), card.certificate(Purpose::Authentication));
    login(&mut token, card, typed("1234"), Hold::Operation).unwrap();
}
