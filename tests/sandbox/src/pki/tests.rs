//! What the TEST certificates promise.

use super::*;
use x509_parser::prelude::*;

fn parsed(der: &[u8]) -> X509Certificate<'_> {
    let (rest, certificate) = X509Certificate::from_der(der).expect("a certificate");
    assert!(rest.is_empty());
    certificate
}

fn card(holder: &Holder, purpose: Purpose, variant: Variant) -> Vec<u8> {
    let key = TestKey::named("card-nurse-authentication");
    Pki::test().certificate(holder, "99000011", purpose, &key, variant)
}

const HOLDERS: [&Holder; 4] = [&holder::DOCTOR, &holder::NURSE, &holder::PHARMACIST, &holder::EMPLOYEE];

#[test]
fn a_leaf_chains_to_its_root_and_says_test_at_each_step() {
    let anchors = Pki::test().anchors_der();
    for holder in HOLDERS {
        let der = card(holder, Purpose::Authentication, Variant::Valid);
        let leaf = parsed(&der);
        let issuer = anchors.iter().map(|der| parsed(der)).find(|ca| ca.subject() == leaf.issuer()).unwrap();
        leaf.verify_signature(Some(issuer.public_key())).unwrap();
        let root = anchors.iter().map(|der| parsed(der)).find(|ca| ca.subject() == issuer.issuer()).unwrap();
        issuer.verify_signature(Some(root.public_key())).unwrap();
        root.verify_signature(None).unwrap();
        assert!(leaf.validity().is_valid() && issuer.validity().is_valid() && root.validity().is_valid());
        assert!(leaf.issuer().to_string().contains("TEST AC IGC-SANTE"));
    }
}

#[test]
fn certificates_are_as_large_as_real_ones() {
    for holder in HOLDERS {
        for purpose in [Purpose::Authentication, Purpose::Signature, Purpose::Technical] {
            let size = card(holder, purpose, Variant::Valid).len();
            assert!((1500..=2500).contains(&size), "{size}");
        }
    }
}

#[test]
fn the_doctor_has_one_rdn_with_three_attributes_and_the_health_extensions_of_a_test_card() {
    let der = card(&holder::DOCTOR, Purpose::Signature, Variant::Valid);
    let leaf = parsed(&der);
    assert_eq!(leaf.subject().iter_rdn().map(|rdn| rdn.iter().count()).collect::<Vec<_>>(), [1, 1, 3]);
    let value =
        |oid: &str| leaf.extensions().iter().find(|e| e.oid.to_id_string() == oid).map(|e| e.value.to_vec());
    assert_eq!(value("1.2.250.1.71.1.2.5").unwrap(), [4, 1, 0x80]);
    assert_eq!(value("1.2.250.1.71.1.2.2").unwrap(), [2, 1, 0]);
    assert_eq!(value("1.2.250.1.71.1.2.7").unwrap(), [2, 1, 10]);
    assert_eq!(value("1.2.250.1.71.4.2.5").unwrap(), b"\x30\x06\x0C\x04SM54");
    assert_eq!(value("1.2.250.1.71.1.2.3").unwrap(), b"\x13\x158025000001/0099000011");
    let usage = leaf.key_usage().unwrap().unwrap();
    assert!(usage.critical && usage.value.non_repudiation() && !usage.value.digital_signature());
}

#[test]
fn each_wrong_variant_is_wrong_in_its_way_only() {
    let anchors = Pki::test().anchors_der();
    let issuer = parsed(&anchors[1]);
    let verdict = |variant| {
        let der = card(&holder::DOCTOR, Purpose::Authentication, variant);
        let leaf = parsed(&der);
        (
            leaf.issuer() == issuer.subject(),
            leaf.verify_signature(Some(issuer.public_key())).is_ok(),
            leaf.validity().is_valid(),
        )
    };
    assert_eq!(verdict(Variant::Valid), (true, true, true));
    assert_eq!(verdict(Variant::Expired), (true, true, false));
    assert_eq!(verdict(Variant::NotYetValid), (true, true, false));
    assert_eq!(verdict(Variant::WrongIssuer), (true, false, true));
}

#[test]
fn a_revoked_card_stands_in_the_list_and_no_other() {
    let pki = Pki::test();
    let revoked = card(&holder::DOCTOR, Purpose::Authentication, Variant::Valid);
    let list = pki.crl(Range::Fort, std::slice::from_ref(&revoked));
    let (_, crl) = CertificateRevocationList::from_der(&list).unwrap();
    let anchors = pki.anchors_der();
    crl.verify_signature(parsed(&anchors[1]).public_key()).unwrap();
    let numbers: Vec<_> = crl.iter_revoked_certificates().map(|entry| entry.raw_serial().to_vec()).collect();
    assert_eq!(numbers, [parsed(&revoked).raw_serial().to_vec()]);
    let empty = pki.crl(Range::Fort, &[]);
    let (_, crl) = CertificateRevocationList::from_der(&empty).unwrap();
    assert_eq!(crl.iter_revoked_certificates().count(), 0);
    assert!(crl.next_update().unwrap() > ASN1Time::now());
    let stale = pki.stale_crl(Range::Fort, &[]);
    let (_, crl) = CertificateRevocationList::from_der(&stale).unwrap();
    assert!(crl.next_update().unwrap() < ASN1Time::now());
}

#[test]
fn rpps_numbers_of_the_holders_have_their_check_digit() {
    for holder in [&holder::DOCTOR, &holder::NURSE, &holder::PHARMACIST] {
        let digits = holder.identifier.strip_prefix('8').unwrap();
        let sum: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, digit)| {
                let digit = u32::from(digit - b'0');
                match (place % 2, digit) {
                    (0, _) => digit,
                    (_, 5..) => digit * 2 - 9,
                    _ => digit * 2,
                }
            })
            .sum();
        assert_eq!(sum % 10, 0, "{}", holder.identifier);
    }
}
