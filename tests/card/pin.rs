//! The PIN: never tried by the machine, never a try more than the person gave.

use super::{CHALLENGE, ONCE, SESSION, SmartCard, Token, cps3, cps4, digits, done, known_card, puk, typed};
use cps_card::token::{Authorization, Hold, KeyRole, Payload, Scheme};
use cps_card::transport::TransportError;
use cps_card::{Error, PinStatus};

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
fn a_pin_of_the_wrong_length_or_alphabet_is_not_sent() {
    let (mut card, recording) = cps3(&["cps3/tries-3"]);
    card.pin_status().unwrap();
    for pin in ["", "123", "12345", "12a4", "１２"] {
        let refused = login(&mut card, typed(pin), ONCE);
        assert!(matches!(refused, Err(Error::PinFormat { min: 4, max: 4 })), "{pin:?}");
    }
    done(card, &recording);
}

#[test]
fn the_last_try_is_not_sent_without_consent() {
    let (mut card, recording) = cps3(&["cps3/tries-1", "nothing"]);
    assert!(card.pin_status().unwrap().unwrap().last_try());
    assert!(matches!(login(&mut card, typed("1234"), ONCE), Err(Error::LastTry)));
    done(card, &recording);
}

#[test]
fn the_tries_are_asked_before_the_first_pin_when_nobody_asked() {
    let (mut card, recording) = cps3(&["cps3/last-try-found"]);
    assert!(matches!(login(&mut card, typed("1234"), ONCE), Err(Error::LastTry)));
    done(card, &recording);

    let (mut card, recording) = cps3(&["cps3/login-unasked"]);
    login(&mut card, typed("1234"), ONCE).unwrap();
    done(card, &recording);
}

#[test]
fn the_last_try_is_sent_with_consent() {
    let (mut card, recording) = cps3(&["cps3/tries-1", "cps3/login-operation"]);
    card.pin_status().unwrap();
    let consent = Authorization::Pin { pin: digits("1234"), last_try_accepted: true };
    login(&mut card, consent, ONCE).unwrap();
    done(card, &recording);
}

#[test]
fn a_blocked_pin_is_not_tried() {
    let (mut card, recording) = cps3(&["cps3/tries-0", "cps3/tries-0"]);
    assert!(card.pin_status().unwrap().unwrap().blocked());
    let consent = Authorization::Pin { pin: digits("1234"), last_try_accepted: true };
    assert!(matches!(login(&mut card, consent, ONCE), Err(Error::PinBlocked)));
    done(card, &recording);
}

#[test]
fn a_wrong_pin_is_told_once_with_the_tries_left() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/wrong-pin"]);
    card.pin_status().unwrap();
    assert!(matches!(login(&mut card, typed("9999"), ONCE), Err(Error::WrongPin { left: Some(2) })));
    assert!(matches!(login(&mut card, Authorization::Held, ONCE), Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn a_pin_the_interface_does_not_allow_is_told_as_such() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/verify-not-allowed"]);
    card.pin_status().unwrap();
    assert!(matches!(login(&mut card, typed("1234"), ONCE), Err(Error::Unsupported(_))));
    done(card, &recording);
}

#[test]
fn the_try_that_blocks_is_told_as_blocked() {
    for blocked in ["cps3/blocked-6983", "cps3/blocked-63C0"] {
        let (mut card, recording) = cps3(&["cps3/tries-1", blocked]);
        card.pin_status().unwrap();
        let consent = Authorization::Pin { pin: digits("9999"), last_try_accepted: true };
        assert!(matches!(login(&mut card, consent, ONCE), Err(Error::PinBlocked)));
        done(card, &recording);
    }
}

#[test]
fn a_lost_answer_to_the_pin_means_that_the_tries_are_asked_again() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/verify-lost", "cps3/last-try-found"]);
    card.pin_status().unwrap();
    let lost = login(&mut card, typed("1234"), ONCE);
    assert!(matches!(lost, Err(Error::Transport(TransportError::Mute))));
    assert!(matches!(login(&mut card, typed("1234"), ONCE), Err(Error::LastTry)));
    done(card, &recording);
}

#[test]
fn a_state_that_was_never_given_here_is_not_relied_upon() {
    let (mut card, recording) = cps4(&["cps4/tries-verified"]);
    assert!(card.pin_status().unwrap().unwrap().verified, "by another program");
    assert!(matches!(login(&mut card, Authorization::Held, SESSION), Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn the_state_of_the_pin_is_told_without_a_try() {
    let status = PinStatus {
        tries_left: Some(3),
        tries_max: Some(3),
        verified: false,
        min_length: 4,
        max_length: 4,
        pad: false,
    };
    for (transcript, tries_left) in
        [("cps3/tries-3", 3), ("cps3/tries-1", 1), ("cps3/tries-0", 0), ("cps3/tries-by-verify", 2)]
    {
        let (mut card, recording) = cps3(&[transcript]);
        let expected = PinStatus { tries_left: Some(tries_left), ..status };
        assert_eq!(card.pin_status().unwrap(), Some(expected), "{transcript}");
        done(card, &recording);
    }
    for (transcript, tries_left, verified) in [
        ("cps4/tries-3", Some(3), false),
        ("cps4/tries-blocked", Some(0), false),
        ("cps4/tries-verified", None, true),
    ] {
        let (mut card, recording) = cps4(&[transcript]);
        let expected = PinStatus { tries_left, verified, ..status };
        assert_eq!(card.pin_status().unwrap(), Some(expected), "{transcript}");
        done(card, &recording);
    }
}

#[test]
fn the_antenna_has_no_pin() {
    let (mut card, recording) = known_card("cps3-contactless/first-insertion", "cps3-contactless/known", &[]);
    assert_eq!(card.pin_status().unwrap(), None);
    assert!(matches!(card.change_pin(typed("1234"), digits("5678")), Err(Error::Unsupported(_))));
    assert!(matches!(card.unblock_pin(puk("12345678"), digits("5678")), Err(Error::Unsupported(_))));
    done(card, &recording);
}

#[test]
fn a_new_pin_the_card_does_not_take_leaves_the_old_one_unsent() {
    for new in ["123", "56789", "abcd"] {
        let (mut card, recording) = cps3(&[]);
        assert!(matches!(card.change_pin(typed("1234"), digits(new)), Err(Error::PinFormat { .. })));
        assert!(matches!(card.unblock_pin(puk("12345678"), digits(new)), Err(Error::PinFormat { .. })));
        done(card, &recording);
    }
}

#[test]
fn a_change_with_a_wrong_or_held_pin_changes_nothing() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/change-pin-wrong"]);
    card.pin_status().unwrap();
    assert!(matches!(card.change_pin(Authorization::Held, digits("5678")), Err(Error::PinRequired)));
    let wrong = card.change_pin(typed("9999"), digits("5678"));
    assert!(matches!(wrong, Err(Error::WrongPin { left: Some(1) })));
    done(card, &recording);
}

#[test]
fn the_pin_is_changed_as_each_family_wants_it() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/change-pin"]);
    card.pin_status().unwrap();
    card.change_pin(typed("1234"), digits("5678")).unwrap();
    done(card, &recording);

    let (mut card, recording) = cps4(&["cps4/tries-3", "cps4/change-pin"]);
    card.pin_status().unwrap();
    card.change_pin(typed("1234"), digits("5678")).unwrap();
    done(card, &recording);
}

#[test]
fn a_wrong_or_blocked_puk_is_told_as_such() {
    let (mut card, recording) = cps3(&["cps3/unblock-wrong"]);
    let wrong = card.unblock_pin(puk("00000000"), digits("5678"));
    assert!(matches!(wrong, Err(Error::WrongPin { left: Some(2) })));
    done(card, &recording);

    let (mut card, recording) = cps3(&["cps3/unblock-blocked"]);
    assert!(matches!(card.unblock_pin(puk("12345678"), digits("5678")), Err(Error::PukBlocked)));
    done(card, &recording);

    let (mut card, recording) = cps3(&[]);
    let short = card.unblock_pin(puk("1234567"), digits("5678"));
    assert!(matches!(short, Err(Error::PinFormat { min: 8, max: 8 })));
    done(card, &recording);
}

#[test]
fn a_blocked_pin_is_renewed_with_the_puk() {
    let (mut card, recording) = cps3(&["cps3/unblock"]);
    card.unblock_pin(puk("12345678"), digits("5678")).unwrap();
    done(card, &recording);

    let (mut card, recording) = cps4(&["cps4/unblock"]);
    card.unblock_pin(puk("12345678"), digits("5678")).unwrap();
    done(card, &recording);
}

#[test]
fn a_held_state_serves_until_it_is_released() {
    let (mut card, recording) =
        cps3(&["cps3/tries-3", "cps3/login-session", "cps3/login-held", "cps3/login-held", "cps3/release"]);
    card.pin_status().unwrap();
    login(&mut card, typed("1234"), SESSION).unwrap();
    login(&mut card, Authorization::Held, SESSION).unwrap();
    login(&mut card, Authorization::Held, SESSION).unwrap();
    card.release().unwrap();
    assert!(matches!(login(&mut card, Authorization::Held, SESSION), Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn a_held_state_ends_with_a_last_operation() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-session", "cps3/login-held-then-reset"]);
    card.pin_status().unwrap();
    login(&mut card, typed("1234"), SESSION).unwrap();
    login(&mut card, Authorization::Held, ONCE).unwrap();
    assert!(matches!(login(&mut card, Authorization::Held, SESSION), Err(Error::PinRequired)));
    done(card, &recording);
}

#[test]
fn a_card_that_is_let_go_of_is_reset() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-session", "cps3/release"]);
    card.pin_status().unwrap();
    login(&mut card, typed("1234"), SESSION).unwrap();
    done(card, &recording);
}

#[test]
fn an_operation_leaves_nothing_verified() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/login-operation"]);
    card.pin_status().unwrap();
    login(&mut card, typed("1234"), ONCE).unwrap();
    assert!(matches!(login(&mut card, Authorization::Held, ONCE), Err(Error::PinRequired)));
    done(card, &recording);
}

fn with_pad(then: &[&str]) -> (SmartCard, super::Recording) {
    known_card("cps3/first-insertion", "cps3/known-with-pad", then)
}

const PAD: Authorization = Authorization::Pad { last_try_accepted: false };

#[test]
fn a_reader_without_pad_asks_nobody() {
    let (mut card, recording) = cps3(&["cps3/tries-3"]);
    card.pin_status().unwrap();
    assert!(matches!(login(&mut card, PAD, ONCE), Err(Error::Unsupported(_))));
    done(card, &recording);
}

#[test]
fn the_last_try_on_the_pad_needs_consent_too() {
    let (mut card, recording) = with_pad(&["cps3/tries-1", "nothing"]);
    assert!(card.pin_status().unwrap().unwrap().pad);
    assert!(matches!(login(&mut card, PAD, ONCE), Err(Error::LastTry)));
    done(card, &recording);
}

#[test]
fn what_happens_on_the_pad_is_told_as_what_it_is() {
    let (mut card, recording) =
        with_pad(&["cps3/tries-3", "cps3/pad-cancelled", "cps3/pad-short", "cps3/pad-wrong"]);
    card.pin_status().unwrap();
    assert!(matches!(login(&mut card, PAD, ONCE), Err(Error::Transport(TransportError::Cancelled))));
    assert!(matches!(login(&mut card, PAD, ONCE), Err(Error::PinFormat { .. })));
    assert!(matches!(login(&mut card, PAD, ONCE), Err(Error::WrongPin { left: Some(2) })));
    done(card, &recording);
}

#[test]
fn a_pin_typed_on_the_pad_opens_the_key() {
    let (mut card, recording) = with_pad(&["cps3/tries-3", "cps3/pad-login", "cps3/release"]);
    card.pin_status().unwrap();
    login(&mut card, PAD, SESSION).unwrap();
    done(card, &recording);
}
