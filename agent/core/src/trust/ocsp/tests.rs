//! What a responder's answer is worth, and above all when it is worth nothing.

use super::*;
use crate::tests::NOW;
use crate::tests::authority::{Authority, Card, Pki, Plan, Shape};
use crate::trust::revocation::check;
use crate::trust::{Evidence, Status, Unknown};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

/// `ecdsa-with-SHA256`.
const ECDSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// An answer about a card; the default is good news of this moment.
struct Plot<'a> {
    /// About whose card.
    card: &'a Card,
    issuer: &'a Authority,
    /// Who signs.
    signer: &'a Authority,
    /// Certificates sent along.
    brought: Vec<&'a Authority>,
    status: fn() -> CertStatus<'static>,
    /// Seconds from now.
    times: (i64, Option<i64>),
    critical: bool,
}

impl<'a> Plot<'a> {
    fn new(card: &'a Card, pki: &'a Pki) -> Self {
        Self {
            card,
            issuer: &pki.persons,
            signer: &pki.persons,
            brought: Vec::new(),
            status: || CertStatus::Good(Null),
            times: (-60, Some(3600)),
            critical: false,
        }
    }

    fn answer(&self) -> Vec<u8> {
        let names = Names::of(&self.card.certificate, &self.issuer.certificate).unwrap();
        let extension =
            || Extension { oid: SHA1, critical: true, value: OctetString::new(&[5_u8, 0][..]).unwrap() };
        let data = Data {
            version: 0,
            responder: AnyRef::new(Tag::Sequence, &[]).unwrap(),
            produced: time(0),
            responses: vec![Single {
                id: names.id().unwrap(),
                status: (self.status)(),
                this_update: time(self.times.0),
                next_update: self.times.1.map(time),
                extensions: self.critical.then(|| vec![extension()]),
            }],
            extensions: None,
        };
        let tbs = data.to_der().unwrap();
        let signature = self.signer.sign(&tbs);
        let brought = self.brought.iter().map(|authority| any(authority.certificate.der())).collect();
        let basic = Basic {
            tbs: any(&tbs),
            algorithm: Algorithm { oid: ECDSA, parameters: None },
            signature: BitStringRef::from_bytes(&signature).unwrap(),
            certificates: Some(brought),
        };
        let response = OctetString::new(basic.to_der().unwrap()).unwrap();
        let bytes = Some(ResponseBytes { kind: BASIC, response });
        Response { status: ResponseStatus::Successful, bytes }.to_der().unwrap()
    }

    /// What it says of the card.
    fn says(&self) -> Status {
        says(self.card, self.issuer, &self.answer())
    }
}

fn any(bytes: &[u8]) -> AnyRef<'_> {
    AnyRef::from_der(bytes).unwrap()
}

fn time(seconds: i64) -> GeneralizedTime {
    let at = u64::try_from(NOW.0 + seconds).unwrap();
    GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(at)).unwrap()
}

fn says(card: &Card, issuer: &Authority, answer: &[u8]) -> Status {
    let evidence = Evidence { lists: Vec::new(), answers: vec![answer.to_vec()] };
    check(&card.certificate, &issuer.certificate, &evidence, NOW)
}

fn responder(usage: Option<ExtendedKeyUsagePurpose>, years: (i32, i32)) -> Shape {
    Shape {
        name: "TEST OCSP",
        is_ca: false,
        usages: vec![KeyUsagePurpose::DigitalSignature],
        extended: usage.into_iter().collect(),
        years,
        ..Shape::default()
    }
}

fn revoked() -> CertStatus<'static> {
    CertStatus::Revoked(RevokedInfo { since: time(-86_400), reason: None })
}

#[test]
fn good_news_and_bad_news_of_the_issuer_are_believed() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    assert_eq!(Plot::new(&card, &pki).says(), Status::Good { until: NOW.plus(3600) });
    let bad = Plot { status: revoked, ..Plot::new(&card, &pki) };
    assert_eq!(bad.says(), Status::Revoked { since: NOW.plus(-86_400) });
    let old = Plot { times: (-9000, Some(-3600)), status: revoked, ..Plot::new(&card, &pki) };
    assert!(matches!(old.says(), Status::Revoked { .. }), "a revocation is never outdated");
}

#[test]
fn an_answer_out_of_its_time_is_no_good_news() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    for (times, fresh) in [
        ((-7200, Some(0)), false),
        ((301, Some(3600)), false),
        ((-3600, None), false),
        ((300, Some(3600)), true),
        ((-3599, None), true),
    ] {
        let status = Plot { times, ..Plot::new(&card, &pki) }.says();
        assert_eq!(matches!(status, Status::Good { .. }), fresh, "{times:?}");
        assert!(fresh || status == Status::Unknown(Unknown::Stale), "{times:?}: {status:?}");
    }
}

#[test]
fn only_the_issuer_and_whom_it_made_a_responder_are_believed() {
    let (pki, other) = (Pki::default(), Pki::default());
    let card = Plan::default().issued_by(&pki.persons);
    let good = pki.persons.under(&responder(Some(ExtendedKeyUsagePurpose::OcspSigning), (2024, 2033)));
    let brought =
        |signer: &Authority| Plot { signer, brought: vec![signer], ..Plot::new(&card, &pki) }.says();
    assert!(matches!(brought(&good), Status::Good { .. }));
    for (who, bad) in [
        (
            "another authority",
            other.persons.under(&responder(Some(ExtendedKeyUsagePurpose::OcspSigning), (2024, 2033))),
        ),
        ("the root's", pki.root.under(&responder(Some(ExtendedKeyUsagePurpose::OcspSigning), (2024, 2033)))),
        ("no responder", pki.persons.under(&responder(None, (2024, 2033)))),
        ("a client", pki.persons.under(&responder(Some(ExtendedKeyUsagePurpose::ClientAuth), (2024, 2033)))),
        ("over", pki.persons.under(&responder(Some(ExtendedKeyUsagePurpose::OcspSigning), (2020, 2024)))),
    ] {
        assert_eq!(brought(&bad), Status::Unknown(Unknown::NotOfTheIssuer), "{who}");
    }
    let alone = Plot { signer: &good, ..Plot::new(&card, &pki) };
    assert_eq!(alone.says(), Status::Unknown(Unknown::NotOfTheIssuer), "who it is was not said");
    let stranger = Plot { signer: &other.persons, ..Plot::new(&card, &pki) };
    assert_eq!(stranger.says(), Status::Unknown(Unknown::NotOfTheIssuer));
}

#[test]
fn what_is_not_known_of_this_certificate_stays_unknown() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let other = Plan { number: 4712, ..Plan::default() }.issued_by(&pki.persons);
    let theirs = Plot::new(&other, &pki).answer();
    assert_eq!(says(&card, &pki.persons, &theirs), Status::Unknown(Unknown::OtherScope));
    let unknown = Plot { status: || CertStatus::Unknown(Null), ..Plot::new(&card, &pki) };
    assert_eq!(unknown.says(), Status::Unknown(Unknown::OtherScope));
    let critical = Plot { critical: true, ..Plot::new(&card, &pki) };
    assert_eq!(critical.says(), Status::Unknown(Unknown::Garbled));
    for status in [ResponseStatus::TryLater, ResponseStatus::Unauthorized, ResponseStatus::InternalError] {
        let answer = Response { status, bytes: None }.to_der().unwrap();
        assert_eq!(says(&card, &pki.persons, &answer), Status::Unknown(Unknown::NoAnswer));
    }
}

#[test]
fn a_broken_answer_is_told_as_one() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let good = Plot::new(&card, &pki).answer();
    for length in 0..good.len() {
        assert_eq!(says(&card, &pki.persons, &good[..length]), Status::Unknown(Unknown::Garbled), "{length}");
    }
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        let status = says(&card, &pki.persons, &changed);
        assert!(matches!(status, Status::Unknown(_)), "byte {at}: {status:?}");
    }
    let huge = [good, vec![0; MAX_SIZE]].concat();
    assert_eq!(says(&card, &pki.persons, &huge), Status::Unknown(Unknown::Garbled));
}

#[test]
fn a_revocation_by_any_word_outweighs_good_news_by_another() {
    let pki = Pki::default();
    let card = Plan::default().issued_by(&pki.persons);
    let (good, bad) =
        (Plot::new(&card, &pki).answer(), Plot { status: revoked, ..Plot::new(&card, &pki) }.answer());
    let named = pki.persons.list(&[4711], (2026, 2027), None);
    let clean = pki.persons.list(&[], (2026, 2027), None);
    for (lists, answers) in [(vec![named], vec![good]), (vec![clean], vec![bad])] {
        let evidence = Evidence { lists, answers };
        let status = check(&card.certificate, &pki.persons.certificate, &evidence, NOW);
        assert!(matches!(status, Status::Revoked { .. }));
    }
}
