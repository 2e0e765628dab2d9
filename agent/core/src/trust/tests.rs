//! What is believed, and above all what is not.

use super::chain::judge;
use super::revocation::check;
use super::*;
use crate::failure::{self, Code, Failure};
use crate::identity::UnixTime;
use crate::tests::NOW;
use crate::tests::authority::{Authority, CRL, Card, Pki, Plan, Shape};
use cps_card::token::Kind;
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

fn verdict(card: &Card, wanted: Use, anchors: &Anchors, now: UnixTime) -> Verdict {
    let presented =
        Presented { kind: card.plan.kind, serial: card.plan.serial, certificate: &card.certificate };
    judge(presented, wanted, anchors, now)
}

fn codes(card: &Card, anchors: &Anchors) -> Vec<Code> {
    verdict(card, Use::Login, anchors, NOW).problems.into_iter().map(|p| p.code).collect()
}

/// Judges the card of a plan under a good PKI.
fn refused(plan: &Plan) -> Vec<Code> {
    let pki = Pki::default();
    codes(&plan.issued_by(&pki.persons), &pki.anchors())
}

/// What lists alone say of a card.
fn by_lists(card: &Card, pki: &Pki, lists: &[Vec<u8>]) -> Status {
    let evidence = Evidence { lists: lists.to_vec(), ..Evidence::default() };
    check(&card.certificate, &pki.persons.certificate, &evidence, NOW)
}

fn reasons(refused: &[Failure]) -> Vec<&str> {
    refused.iter().map(|f| f.values["reason"].as_str().unwrap()).collect()
}

#[test]
fn a_good_card_and_a_good_token_are_accepted_with_chain_and_holder() {
    let pki = Pki::default();
    for plan in [Plan::default(), Plan::soft()] {
        let card = plan.issued_by(&pki.persons);
        let verdict = verdict(&card, Use::Login, &pki.anchors(), NOW);
        assert_eq!(verdict.problems, []);
        assert_eq!(verdict.chain.len(), 2);
        let accepted = verdict.accepted().unwrap();
        assert_eq!(*accepted.issuer, pki.persons.certificate);
        assert_eq!(accepted.holder.national_id.as_str(), plan.id);
    }
}

#[test]
fn a_card_is_refused_out_of_its_dates() {
    assert_eq!(refused(&Plan { years: (2020, 2023), ..Plan::default() }), [failure::CERTIFICATE_EXPIRED]);
    assert_eq!(refused(&Plan { years: (2027, 2030), ..Plan::default() }), [failure::NOT_YET_VALID]);
}

#[test]
fn a_card_of_an_unknown_authority_is_refused() {
    let (pki, other) = (Pki::default(), Pki::default());
    let card = Plan::default().issued_by(&other.persons);
    // The same names, other keys: names alone prove nothing.
    assert_eq!(codes(&card, &pki.anchors()), [failure::UNKNOWN_ISSUER]);
}

#[test]
fn without_anchors_nothing_is_believed() {
    let card = Plan::default().issued_by(&Pki::default().persons);
    let (none, _) = Anchors::read(&[], Environment::Test);
    assert_eq!(codes(&card, &none), [failure::NO_ANCHORS]);
}

#[test]
fn an_intermediate_alone_is_no_chain() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let (anchors, _) = Anchors::read(&[pki.persons.file()], Environment::Test);
    assert_eq!(codes(&card, &anchors), [failure::UNKNOWN_ISSUER]);
}

#[test]
fn an_expired_authority_is_named_as_such() {
    let root = Authority::root(&Shape { years: (2010, 2020), ..Shape::default() });
    let persons = root.under(&Shape { name: "TEST AC PERSONNES", ..Shape::default() });
    let card = Plan::default().issued_by(&persons);
    let (anchors, _) = Anchors::read(&[root.file(), persons.file()], Environment::Test);
    assert_eq!(codes(&card, &anchors), [failure::AUTHORITY_EXPIRED]);
}

#[test]
fn the_path_length_is_obeyed() {
    let root = Authority::root(&Shape { path_length: Some(0), ..Shape::default() });
    let persons = root.under(&Shape { name: "TEST AC PERSONNES", ..Shape::default() });
    let (anchors, _) = Anchors::read(&[root.file(), persons.file()], Environment::Test);
    assert_eq!(codes(&Plan::default().issued_by(&persons), &anchors), [failure::UNKNOWN_ISSUER]);
    assert_eq!(codes(&Plan::default().issued_by(&root), &anchors), []);
}

#[test]
fn a_card_cannot_issue_cards() {
    let pki = Pki::default();
    let card_like = pki.persons.under(&Shape {
        name: "TEST CARD",
        is_ca: false,
        usages: vec![KeyUsagePurpose::DigitalSignature],
        ..Shape::default()
    });
    let files = [pki.root.file(), pki.persons.file(), card_like.file()];
    let (anchors, refused) = Anchors::read(&files, Environment::Test);
    assert_eq!(reasons(&refused), ["not the certificate of an authority"]);
    assert_eq!(codes(&Plan::default().issued_by(&card_like), &anchors), [failure::UNKNOWN_ISSUER]);
}

#[test]
fn a_certificate_with_an_unknown_critical_extension_is_refused() {
    assert_eq!(refused(&Plan { critical: true, ..Plan::default() }), [failure::WRONG_KEY_USAGE]);
}

#[test]
fn a_login_needs_digital_signature_and_client_authentication() {
    for plan in [
        Plan { usage: KeyUsagePurpose::ContentCommitment, ..Plan::default() },
        Plan { extended: None, ..Plan::default() },
        Plan { extended: Some(ExtendedKeyUsagePurpose::EmailProtection), ..Plan::default() },
    ] {
        assert_eq!(refused(&plan), [failure::WRONG_KEY_USAGE]);
    }
}

#[test]
fn a_short_key_is_refused() {
    assert_eq!(refused(&Plan { weak: true, ..Plan::default() }), [failure::WEAK_CERTIFICATE]);
}

#[test]
fn without_contact_a_card_shows_its_presence_and_logs_nobody_in() {
    let pki = Pki::default();
    let card = Plan { kind: Kind::Cps3Contactless, ..Plan::default() }.issued_by(&pki.persons);
    assert_eq!(codes(&card, &pki.anchors()), [failure::CONTACTLESS_CARD]);
    assert_eq!(verdict(&card, Use::Presence, &pki.anchors(), NOW).problems, []);
}

#[test]
fn test_and_production_never_mix() {
    let pki = Pki::default();
    assert_eq!(refused(&Plan { category: Some(0x00), ..Plan::default() }), [failure::REAL_CARD_IN_TEST]);
    // In production the TEST authority is not even an anchor, yet the person is told about the card.
    let card = Plan::default().issued_by(&pki.persons);
    let (anchors, refused) = Anchors::read(&[pki.root.file(), pki.persons.file()], Environment::Production);
    assert_eq!(reasons(&refused), ["a TEST authority in production"; 2]);
    assert_eq!(codes(&card, &anchors).first(), Some(&failure::TEST_CARD_IN_PRODUCTION));
    // A real-looking authority does not make a test card real.
    let real = Shape { name: "AC RACINE", unit: "IGC-SANTE", ..Shape::default() };
    let authority = Authority::root(&real);
    let (anchors, refused) = Anchors::read(&[authority.file()], Environment::Production);
    assert!(refused.is_empty());
    assert_eq!(codes(&Plan::default().issued_by(&authority), &anchors), [failure::TEST_CARD_IN_PRODUCTION]);
    let good = Plan { category: Some(0x00), ..Plan::default() };
    assert_eq!(codes(&good.issued_by(&authority), &anchors), []);
}

#[test]
fn a_certificate_belongs_to_its_plastic() {
    assert_eq!(refused(&Plan { serial: "10000009", ..Plan::default() }), [failure::WRONG_CARD_NUMBER]);
    assert_eq!(refused(&Plan { card_number: None, ..Plan::default() }), [failure::WRONG_CARD_NUMBER]);
}

#[test]
fn software_is_no_card_and_a_card_is_no_software() {
    assert_eq!(refused(&Plan { category: Some(0x83), ..Plan::default() }), [failure::WRONG_KEY_USAGE]);
    assert_eq!(refused(&Plan { category: Some(0x80), ..Plan::soft() }), [failure::WRONG_KEY_USAGE]);
    // A site's own authority may write no category.
    assert_eq!(refused(&Plan { category: None, ..Plan::soft() }), []);
}

#[test]
fn a_certificate_that_names_no_person_logs_nobody_in() {
    let plan = Plan { id: "Serveur", names: None, card_type: None, ..Plan::soft() };
    assert_eq!(refused(&plan), [failure::NOT_A_PERSON]);
}

#[test]
fn files_of_several_certificates_and_of_der_are_read() {
    // Files with several certificates, other blocks between them, and DER files are all read.
    let pki = Pki::default();
    let both = [
        pki.root.file().content,
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_vec(),
        pki.persons.file().content,
    ]
    .concat();
    let one = AnchorFile { name: "both.pem".into(), content: both };
    let der = AnchorFile { name: "root.der".into(), content: pki.root.certificate.der().to_vec() };
    let (anchors, refused) = Anchors::read(&[one, der], Environment::Test);
    assert_eq!((anchors.authorities().len(), refused.len()), (2, 0));
}

#[test]
fn a_bad_anchor_file_is_reported_and_the_rest_is_kept() {
    let pki = Pki::default();
    let files = [
        AnchorFile { name: "empty.pem".into(), content: Vec::new() },
        AnchorFile { name: "broken.der".into(), content: vec![0x30, 0x82, 0xFF] },
        pki.root.file(),
    ];
    let (anchors, refused) = Anchors::read(&files, Environment::Test);
    assert_eq!(anchors.authorities().len(), 1);
    assert_eq!(reasons(&refused), ["no certificate inside", "not a readable certificate"]);
    assert_eq!(refused[0].values["file"], "empty.pem");
    assert!(refused.iter().all(|f| f.code == failure::ANCHOR_REFUSED));
}

#[test]
fn a_fresh_list_without_the_card_is_good_and_one_with_it_is_a_revocation() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let status = |lists: &[Vec<u8>]| by_lists(&card, &pki, lists);
    let clean = pki.persons.list(&[1, 2], (2026, 2027), None);
    let named = pki.persons.list(&[1, 4711], (2026, 2027), None);
    let old_named = pki.persons.list(&[4711], (2024, 2025), None);
    assert!(matches!(status(std::slice::from_ref(&clean)), Status::Good { .. }));
    assert!(matches!(status(std::slice::from_ref(&named)), Status::Revoked { .. }));
    // A revocation is never outdated, and never outvoted.
    assert!(matches!(status(&[clean.clone(), old_named.clone()]), Status::Revoked { .. }));
    assert!(matches!(status(&[old_named, clean]), Status::Revoked { .. }));
}

#[test]
fn what_is_not_known_stays_unknown() {
    let (pki, other) = (Pki::default(), Pki::default());
    let card = Plan::default().issued_by(&pki.persons);
    let status = |lists: &[Vec<u8>]| by_lists(&card, &pki, lists);
    let mut forged = pki.persons.list(&[], (2026, 2027), None);
    *forged.last_mut().unwrap() ^= 1;
    for (lists, why) in [
        (vec![], Unknown::NoList),
        (vec![b"not a list".to_vec()], Unknown::Garbled),
        (vec![other.persons.list(&[], (2026, 2027), None)], Unknown::NotOfTheIssuer),
        (vec![pki.root.list(&[], (2026, 2027), None)], Unknown::NotOfTheIssuer),
        (vec![forged], Unknown::NotOfTheIssuer),
        (vec![pki.persons.list(&[], (2024, 2025), None)], Unknown::Stale),
        (vec![pki.persons.list(&[], (2027, 2028), None)], Unknown::Stale),
        (
            vec![pki.persons.list(&[], (2026, 2027), Some("http://crl.test.invalid/other.crl"))],
            Unknown::OtherScope,
        ),
    ] {
        assert_eq!(status(&lists), Status::Unknown(why));
    }
    let own_point = pki.persons.list(&[], (2026, 2027), Some(CRL));
    assert!(matches!(status(&[own_point]), Status::Good { .. }));
}

#[test]
fn an_unknown_status_refuses_or_warns_as_the_policy_says_and_is_never_good() {
    let unknown = Status::Unknown(Unknown::Stale);
    assert_eq!(unknown.decide(Revocation::Require).unwrap_err().code, failure::REVOCATION_UNKNOWN);
    let warned = unknown.decide(Revocation::Warn).unwrap();
    assert_eq!(warned.map(|f| f.code), Some(failure::REVOCATION_UNCHECKED));
    for policy in [Revocation::Require, Revocation::Warn] {
        assert_eq!(Status::Revoked { since: NOW }.decide(policy).unwrap_err().code, failure::REVOKED);
        assert_eq!(Status::Good { until: NOW }.decide(policy).unwrap(), None);
    }
}
