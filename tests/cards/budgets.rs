//! Commands that virtual cards with certificates of real size count (the budgets of the README's table). The question
//! for the tries left, which comes before every prompt, is counted apart and never skipped.

use super::{Token, Workstation, log_in_with, login, sign, typed, with_pin};
use cps_card::token::{Authorization, Hold, KeyRole, Scheme};
use cps_sandbox::card::{CardHandle, Cps4Model, Family};
use cps_sandbox::pki::Purpose;

/// Commands that the card saw while `body` ran.
fn count<T>(card: &CardHandle, body: impl FnOnce() -> T) -> (usize, T) {
    let before = card.counters().commands();
    let result = body();
    (card.counters().commands() - before, result)
}

#[test]
fn certificates_have_the_size_of_real_ones() {
    for family in super::everything() {
        let card = super::card(family);
        for purpose in [Purpose::Authentication, Purpose::Signature, Purpose::Technical] {
            let size = card.certificate(purpose).len();
            assert!((1500..=2500).contains(&size), "{family:?}, {purpose:?}: {size} bytes");
        }
    }
}

#[test]
fn a_cps3_never_seen_is_shown_and_logs_in_by_21_commands_and_the_reading_of_its_certificate() {
    let workstation = Workstation::of(Family::Cps3);
    let card = &workstation.card;
    let (shown, mut token) = count(card, || {
        let mut token = workstation.open().unwrap();
        assert!(token.describe().unwrap().keys[0].certificate.is_some());
        token
    });
    let (asked, status) = count(card, || token.pin_status().unwrap().unwrap());
    assert_eq!((asked, status.tries_left), (3, Some(3)));
    let (login, ()) = count(card, || login(&mut token, card, typed("1234"), Hold::Session).unwrap());
    let reads = card.certificate(Purpose::Authentication).len().div_ceil(231);
    assert!(shown + login <= 21 + reads, "{shown} and {login} commands, {reads} of them for the certificate");
}

#[test]
fn a_cps3_put_in_again_is_shown_by_three_commands() {
    let workstation = Workstation::that_knows(Family::Cps3);
    let (commands, description) =
        count(&workstation.card, || workstation.open().unwrap().describe().unwrap());
    assert_eq!(commands, 3);
    assert!(description.keys[0].certificate.is_some());
}

#[test]
fn a_known_cps3_goes_from_the_pin_to_the_signature_by_six_commands() {
    let workstation = Workstation::that_knows(Family::Cps3);
    let mut token = workstation.open().unwrap();
    token.pin_status().unwrap();
    for hold in [Hold::Operation, Hold::Operation, Hold::Session] {
        let (commands, ()) = count(&workstation.card, || {
            login(&mut token, &workstation.card, typed("1234"), hold).unwrap();
        });
        assert_eq!(commands, 6, "{hold:?}");
    }
    let names = ["A4", "20", "22", "88", "C0", "C0"].map(|ins| u8::from_str_radix(ins, 16).unwrap());
    let log = workstation.card.counters().log();
    let last: Vec<_> = log[log.len() - 6..].iter().map(|seen| seen.header[1]).collect();
    assert_eq!(last, names, "DF, VERIFY, MSE, INTERNAL AUTHENTICATE, two GET RESPONSE");

    let (held, ()) = count(&workstation.card, || {
        login(&mut token, &workstation.card, Authorization::Held, Hold::Session).unwrap();
    });
    assert_eq!(held, 5, "the same without VERIFY");
}

#[test]
fn a_known_cps4_goes_from_the_pin_to_the_signature_by_six_commands_at_most() {
    for (model, most) in [(Cps4Model::Release, 5), (Cps4Model::Candidate, 5), (Cps4Model::CandidateT0, 6)] {
        let workstation = Workstation::that_knows(Family::Cps4(model));
        let mut token = workstation.open().unwrap();
        token.pin_status().unwrap();
        for scheme in [Scheme::RsaPkcs1Sha256, Scheme::RsaPssSha256] {
            let (commands, ()) = count(&workstation.card, || {
                sign(&mut token, &workstation.card, KeyRole::Authentication, scheme, typed("1234")).unwrap();
            });
            // The operation ended with a reset, which closed channel 1: the next one opens it again.
            let opened = usize::from(scheme == Scheme::RsaPssSha256);
            assert!(commands <= most + opened, "{model:?}, {scheme:?}: {commands} commands");
            assert!(commands <= 6);
        }
    }
}

#[test]
fn a_known_card_shows_its_presence_through_the_antenna_by_five_commands() {
    let workstation = Workstation::that_knows(Family::Cps3Contactless);
    let (commands, ()) = count(&workstation.card, || {
        let mut token = workstation.open().unwrap();
        let role = token.describe().unwrap().keys[0].role;
        let scheme = Scheme::RsaPkcs1Sha256;
        sign(&mut token, &workstation.card, role, scheme, Authorization::Held).unwrap();
    });
    assert_eq!(commands, 5);
}

#[test]
fn a_card_that_stays_is_never_read_twice() {
    for family in with_pin() {
        let workstation = Workstation::that_knows(family);
        let mut token = workstation.open().unwrap();
        log_in_with(&mut token, &workstation.card, Hold::Session).unwrap();
        let (commands, ()) = count(&workstation.card, || {
            token.describe().unwrap();
            token.certificate(KeyRole::Authentication).unwrap();
            token.present().unwrap();
        });
        assert_eq!(commands, 0, "{family:?}");
    }
}
