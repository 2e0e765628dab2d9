//! The card is pulled before every command there is: a clear error, nothing sent after it, nothing stuck.

use super::{CHALLENGE, MemoryCache, ONCE, Recording, Token, conversation, typed};
use cps_card::token::{KeyRole, Payload, Scheme};
use cps_card::{Error, SmartCard};
use std::sync::Arc;

/// A first insertion, and a login by authentication key, as far as it goes.
fn first_login(names: &[&str], removed_at: Option<usize>) -> (Result<Vec<u8>, Error>, Recording) {
    let (replay, recording) = conversation(names);
    if let Some(command) = removed_at {
        recording.remove_at(command);
    }
    let login = || {
        let mut card = SmartCard::open(Box::new(replay), "TEST reader", Arc::new(MemoryCache::default()))?;
        let description = card.describe()?;
        let best = description.key(KeyRole::Authentication).map(|key| key.schemes[0]);
        card.pin_status()?;
        card.sign(
            KeyRole::Authentication,
            best.unwrap_or(Scheme::RsaPkcs1Sha256),
            Payload::Message(CHALLENGE),
            typed("1234"),
            ONCE,
        )
    };
    (login(), recording)
}

fn assert_clear_at_every_command(names: &[&str]) {
    let (signature, recording) = first_login(names, None);
    assert_eq!(signature.unwrap().len(), 256);
    assert_eq!(recording.finish(), Ok(()));
    let commands = recording.transmitted();
    assert!(commands > 20);
    for command in 0..commands {
        let (result, recording) = first_login(names, Some(command));
        assert!(matches!(result, Err(Error::Removed)), "command {command}: {result:?}");
        assert_eq!(recording.transmitted(), command, "nothing is sent after the card is gone");
    }
}

#[test]
fn a_cps3_pulled_at_any_command_of_a_first_login_is_a_removal() {
    assert_clear_at_every_command(&["cps3/first-insertion", "cps3/tries-3", "cps3/login-operation"]);
}

#[test]
fn a_cps4_pulled_at_any_command_of_a_first_login_is_a_removal() {
    assert_clear_at_every_command(&["cps4/first-insertion", "cps4/tries-3", "cps4/login-pss"]);
}
