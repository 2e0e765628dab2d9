//! What a card says of itself: directories read leniently, certificates, updates, situations.

use super::{MemoryCache, ONCE, SESSION, Token, cache_of, cps3, done, open, typed};
use cps_card::Error;
use cps_card::cache::CertificateCache as _;
use cps_card::token::{Description, KeyRole, Kind, Scheme};
use std::sync::Arc;

/// Describes a CPS3 that is recognised by `recognised` and says `then`.
fn describe(recognised: &str, then: &[&str], cache: &Arc<MemoryCache>) -> Arc<Description> {
    let names = [&[recognised], then].concat();
    let (card, recording) = open(&names, cache);
    let description = card.unwrap().describe().unwrap();
    assert_eq!(recording.finish(), Ok(()));
    description
}

fn never_seen(then: &[&str]) -> Arc<Description> {
    describe("cps3/known", then, &Arc::new(MemoryCache::default()))
}

/// What must come out whatever way the directories are read.
fn assert_is_the_card(description: &Description) {
    let key = description.key(KeyRole::Authentication).unwrap();
    assert_eq!(key.label, "CPS_PRIV_AUT");
    assert_eq!(key.certificate_label, "Certificat d'Authentification CPS");
    assert_eq!(key.id.last(), Some(&0x02));
    assert!(key.needs_pin);
    assert!(key.certificate.is_some());
    let key = description.key(KeyRole::Signature).unwrap();
    assert_eq!(key.label, "CPS_PRIV_SIG");
    assert_eq!(key.id.last(), Some(&0x01));
    assert!(key.certificate.is_none(), "read when it is asked for");
}

#[test]
fn an_interrupted_update_allows_a_description_and_nothing_else() {
    let cache = cache_of("cps3/first-insertion");
    let (card, recording) = open(&["cps3/interrupted", "cps3/directories", "cps3/tries-3"], &cache);
    let mut card = card.unwrap();
    assert_is_the_card(&card.describe().unwrap());
    assert_eq!(card.pin_status().unwrap().unwrap().tries_left, Some(3));
    assert_eq!(cache.load("99213845", Kind::Cps3), None, "nothing of such a card is remembered");
    drop(card);
    assert_eq!(recording.finish(), Ok(()));
}

#[test]
fn directories_of_nonsense_leave_what_the_family_is_known_for() {
    assert_is_the_card(&never_seen(&["cps3/directories-of-nonsense"]));
}

#[test]
fn absent_directories_leave_what_the_family_is_known_for() {
    assert_is_the_card(&never_seen(&["cps3/directories-absent"]));
}

#[test]
fn directories_are_read_whatever_way_the_card_ends_them() {
    assert_is_the_card(&never_seen(&["cps3/directories"]));
    assert_is_the_card(&never_seen(&["cps3/directories-6C"]));
    assert_is_the_card(&never_seen(&["cps3/directories-by-fcp"]));
}

#[test]
fn an_updated_card_is_read_again() {
    let cache = cache_of("cps3/first-insertion");
    assert_is_the_card(&describe("cps3/updated", &["cps3/directories"], &cache));
    assert!(!cache.load("99213845", Kind::Cps3).unwrap().update().is_empty());
    assert_is_the_card(&describe("cps3/updated", &[], &cache));
}

#[test]
fn a_card_that_is_updated_in_place_is_read_again() {
    let (mut card, recording) = cps3(&["cps3/updated-in-place", "cps3/directories"]);
    card.present().unwrap();
    assert_is_the_card(&card.describe().unwrap());
    done(card, &recording);
}

#[test]
fn the_label_is_the_cards_own() {
    assert_eq!(never_seen(&["cps3/directories"]).label, "CPS3v3-99213845");
}

#[test]
fn the_schemes_are_those_of_the_family() {
    let description = never_seen(&["cps3/directories"]);
    let schemes = |role| description.key(role).unwrap().schemes.clone();
    assert!(!schemes(KeyRole::Authentication).contains(&Scheme::RsaPssSha256), "a CPS3 has no PSS");
    assert_eq!(schemes(KeyRole::Signature), [Scheme::RsaPkcs1Sha256]);
}

#[test]
fn the_signature_certificate_is_read_when_it_is_asked_for_and_then_remembered() {
    let cache = cache_of("cps3/first-insertion");
    let (card, recording) = open(&["cps3/known", "cps3/signature-certificate"], &cache);
    let mut card = card.unwrap();
    let read = card.certificate(KeyRole::Signature).unwrap();
    let described = card.describe().unwrap().key(KeyRole::Signature).unwrap().certificate.clone();
    assert_eq!(described.as_deref(), Some(&*read));
    done(card, &recording);

    let (card, recording) = open(&["cps3/known"], &cache);
    let mut card = card.unwrap();
    assert_eq!(card.certificate(KeyRole::Signature).unwrap(), read);
    done(card, &recording);
}

#[test]
fn a_card_has_no_certificate_for_a_role_it_lacks() {
    let (mut card, recording) = cps3(&[]);
    assert!(matches!(card.certificate(KeyRole::Technical), Err(Error::Unsupported(_))));
    done(card, &recording);
}

#[test]
fn situations_are_read_after_the_pin_and_those_without_file_are_left_out() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/activities"]);
    card.pin_status().unwrap();
    let activities = card.activities(typed("1234"), ONCE).unwrap();
    let found: Vec<_> =
        activities.iter().map(|a| (a.index, a.organisation.as_deref(), a.sector.as_deref())).collect();
    assert_eq!(found, [(1, Some("CABINET TEST"), Some("SA07")), (3, Some("HÔPITAL TEST"), Some("SA01"))]);
    done(card, &recording);
}

#[test]
fn situations_are_found_without_a_list_too() {
    let (mut card, recording) = cps3(&["cps3/tries-3", "cps3/activities-unlisted", "cps3/release"]);
    card.pin_status().unwrap();
    let activities = card.activities(typed("1234"), SESSION).unwrap();
    assert_eq!(activities.iter().map(|a| a.index).collect::<Vec<_>>(), [2]);
    done(card, &recording);
}
