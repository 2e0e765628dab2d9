//! Other programs use the same card: they reset it, move it, update it.

use super::{CHALLENGE, ONCE, SESSION, SmartCard, Token, cps3, cps4, done, typed};
use cps_card::Error;
use cps_card::token::{Authorization, Hold, KeyRole, Payload, Scheme};
use cps_card::transport::TransportError;

fn login(card: &mut SmartCard, authorization: Authorization, hold: Hold) -> Result<Vec<u8>, Error> {
    card.sign(
        KeyRole::Authentication,
        Scheme::RsaPkcs1Sha256,
        Payload::Message(CHALLENGE),
        authorization,
        hold,
    )
}

#[test]
fn a_reset_ends_a_held_state() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-session", "cps3/reset-while-held"]);
    card.pin_status().unwrap();
    login(&mut card, typed("1234"), SESSION).unwrap();
    assert!(matches!(login(&mut card, Authorization::Held, SESSION), Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn a_reset_at_the_pin_is_not_answered_by_a_second_pin() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/reset-at-verify"]);
    card.pin_status().unwrap();
    assert!(matches!(login(&mut card, typed("1234"), ONCE), Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn a_pin_forgotten_before_the_operation_is_not_sent_again() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/forgotten"]);
    card.pin_status().unwrap();
    assert!(matches!(login(&mut card, typed("1234"), ONCE), Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn a_held_state_that_the_card_forgot_is_over() {
    let (mut card, recording) =
        cps3(&["cps3/tries-3", "cps3/login-session", "cps3/held-forgotten", "cps3/release"]);
    card.pin_status().unwrap();
    login(&mut card, typed("1234"), SESSION).unwrap();
    assert!(matches!(login(&mut card, Authorization::Held, SESSION), Err(Error::PinRequired)));
    assert!(matches!(login(&mut card, Authorization::Held, SESSION), Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn another_card_after_a_reset_is_told_as_a_removal() {
    let (mut card, recording) = cps3(&["cps3/reset-other-card"]);
    assert!(matches!(card.present(), Err(Error::Removed)));
    done(card, &recording);
}

#[test]
fn a_card_that_is_reset_for_ever_is_given_up() {
    let (mut card, recording) = cps3(&["cps3/reset-for-ever"]);
    assert!(matches!(card.present(), Err(Error::Transport(TransportError::Reset))));
    done(card, &recording);
}

#[test]
fn a_reset_before_the_pin_was_sent_costs_a_recognition_only() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/reset-before-pin"]);
    card.pin_status().unwrap();
    login(&mut card, typed("1234"), ONCE).unwrap();
    done(card, &recording);
}

#[test]
fn a_read_interrupted_by_a_reset_is_made_once_more() {
    let (mut card, recording) = cps3(&["cps3/reset-while-reading"]);
    assert_eq!(card.pin_status().unwrap().unwrap().tries_left, Some(3));
    done(card, &recording);
}

#[test]
fn cps4_opens_its_channel_again_after_a_reset_by_others() {
    let (mut card, recording) = cps4(&["cps4/reset"]);
    assert_eq!(card.pin_status().unwrap().unwrap().tries_left, Some(3));
    done(card, &recording);
}

#[test]
fn cps4_selects_its_root_again_when_others_left_its_channel_elsewhere() {
    for moved in ["cps4/moved", "cps4/moved-away"] {
        let (mut card, recording) = cps4(&[moved]);
        assert_eq!(card.pin_status().unwrap().unwrap().tries_left, Some(3));
        done(card, &recording);
    }
}
