//! How many commands the everyday operations may take. The tries query before a prompt is counted apart.

use super::{CHALLENGE, MemoryCache, SESSION, SmartCard, Token, cache_of, done, open, typed};
use cps_card::token::{Authorization, KeyRole, Payload, Scheme};
use std::sync::Arc;

fn login(card: &mut SmartCard, authorization: Authorization) {
    let payload = Payload::Message(CHALLENGE);
    card.sign(KeyRole::Authentication, Scheme::RsaPkcs1Sha256, payload, authorization, SESSION).unwrap();
}

#[test]
fn a_cps3_seen_before_is_described_by_three_commands() {
    let (card, recording) = open(&["cps3/known"], &cache_of("cps3/first-insertion"));
    let mut card = card.unwrap();
    card.describe().unwrap();
    assert_eq!(recording.transmitted(), 3);
    done(card, &recording);
}

#[test]
fn a_known_cps3_logs_in_by_six_commands_and_again_by_five() {
    let conversation =
        ["cps3/known", "cps3/tries-3", "cps3/login-session", "cps3/login-held", "cps3/release"];
    let (card, recording) = open(&conversation, &cache_of("cps3/first-insertion"));
    let mut card = card.unwrap();
    card.describe().unwrap();
    card.pin_status().unwrap();
    let before = recording.transmitted();
    login(&mut card, typed("1234"));
    assert_eq!(recording.transmitted() - before, 6);
    login(&mut card, Authorization::Held);
    assert_eq!(recording.transmitted() - before, 6 + 5);
    done(card, &recording);
}

#[test]
fn a_cps3_never_seen_logs_in_by_21_commands_and_the_reading_of_its_certificate() {
    let conversation = ["cps3/first-insertion", "cps3/tries-3", "cps3/login-session", "cps3/release"];
    let (card, recording) = open(&conversation, &Arc::new(MemoryCache::default()));
    let mut card = card.unwrap();
    let description = card.describe().unwrap();
    let certificate = description.key(KeyRole::Authentication).unwrap().certificate.clone().unwrap();
    let identity = recording.transmitted();
    card.pin_status().unwrap();
    let before = recording.transmitted();
    login(&mut card, typed("1234"));
    let commands = identity + recording.transmitted() - before;
    assert!(commands <= 21 + certificate.der().len().div_ceil(231), "{commands}");
    done(card, &recording);
}

#[test]
fn a_known_cps4_logs_in_by_six_commands_at_most() {
    for (known, login_of, commands) in
        [("cps4/known", "cps4/login-pkcs1", 5), ("cps4/known-t0", "cps4/login-t0", 6)]
    {
        let tries = if known == "cps4/known" { vec!["cps4/tries-3"] } else { vec!["cps4/tries-3-t0"] };
        let conversation = [vec![known], tries, vec![login_of, "cps3/release"]].concat();
        let (card, recording) = open(&conversation, &cache_of("cps4/first-insertion"));
        let mut card = card.unwrap();
        card.describe().unwrap();
        card.pin_status().unwrap();
        let before = recording.transmitted();
        login(&mut card, typed("1234"));
        assert_eq!(recording.transmitted() - before, commands);
        done(card, &recording);
    }
}

#[test]
fn a_known_card_shows_its_presence_by_five_commands() {
    let first = "cps3-contactless/first-insertion";
    let (card, recording) = open(&["cps3-contactless/presence"], &cache_of(first));
    let mut card = card.unwrap();
    card.describe().unwrap();
    let payload = Payload::Message(CHALLENGE);
    card.sign(KeyRole::Technical, Scheme::RsaPkcs1Sha256, payload, Authorization::Held, SESSION).unwrap();
    assert_eq!(recording.transmitted(), 5);
    done(card, &recording);
}
