use super::*;
use crate::soft::x509::{self, Attribute as Field, Profile, extension, tlv};
use crate::token::Scheme;
use p256::ecdsa::SigningKey;
use rcgen::{
    CertificateParams, CrlDistributionPoint, CustomExtension, ExtendedKeyUsagePurpose, KeyUsagePurpose,
};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
use x509_cert::ext::Extension;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Validity;
use x509_parser::pem::Pem;

/// A certificate with this subject and these extensions, issued by an authority called "TEST AC".
pub(crate) fn certificate(subject: &[&[(Field, &str)]], extensions: Vec<Extension>) -> Certificate {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let authority = SigningKey::from_slice(&[9; 32]).unwrap();
    let profile = Profile {
        issuer: x509::name(&[&[(Field::CommonName, "TEST AC")]]).unwrap(),
        subject: x509::name(subject).unwrap(),
        extensions,
    };
    let validity = Validity::new(x509::time(1_700_000_000).unwrap(), x509::time(4_000_000_000).unwrap());
    x509::certify(profile, SerialNumber::new(&[0x0A, 0xBC]).unwrap(), validity, &key, &authority).unwrap()
}

/// A certificate by rcgen, self-signed.
fn by_rcgen(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    change(&mut params);
    let key = rcgen::KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

fn with_extension(oid: &[u64], critical: bool, value: &[u8]) -> Vec<u8> {
    by_rcgen(|params| {
        let mut extension = CustomExtension::from_oid_content(oid, value.to_vec());
        extension.set_criticality(critical);
        params.custom_extensions.push(extension);
    })
}

fn refusal(der: &[u8]) -> String {
    match Certificate::from_der(der) {
        Err(Error::Content { what: "certificate", why }) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn what_is_not_one_whole_certificate_is_refused() {
    let good = by_rcgen(|_| {});
    assert!(Certificate::from_der(&good).is_ok());
    for end in 0..good.len() {
        refusal(&good[..end]);
    }
    assert_eq!(refusal(&[good.as_slice(), &[0]].concat()), "bytes after its end");
    assert_eq!(refusal(&[good.as_slice(), good.as_slice()].concat()), "bytes after its end");
    assert_eq!(refusal(&[0x30; MAX_SIZE + 1]), "longer than 16 KiB");
}

#[test]
fn another_version_than_3_is_refused() {
    let mut der = with_extension(&[1, 2, 3], false, &[5, 0]);
    let at = der.windows(5).position(|w| w == [0xA0, 3, 2, 1, 2]).unwrap();
    der[at + 4] = 1;
    assert_eq!(refusal(&der), "not of version 3");
}

#[test]
fn two_different_signature_algorithms_are_refused() {
    let mut der = by_rcgen(|_| {});
    // ecdsa-with-SHA256; the last occurrence is the one outside the signed part.
    let oid = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
    let at = der.windows(oid.len()).rposition(|w| w == oid).unwrap();
    der[at + 7] = 3;
    assert_eq!(refusal(&der), "two different signature algorithms");
}

#[test]
fn an_extension_that_appears_twice_is_refused() {
    let der = by_rcgen(|params| {
        let extension = CustomExtension::from_oid_content(&[1, 2, 250, 1, 71, 1, 2, 5], vec![4, 1, 0x80]);
        params.custom_extensions = vec![extension.clone(), extension];
    });
    assert_eq!(refusal(&der), "the same extension twice");
}

#[test]
fn a_malformed_standard_extension_is_refused() {
    assert_eq!(refusal(&with_extension(&[2, 5, 29, 15], true, &[3, 9, 1])), "a malformed extension");
    let period = [2, 5, 29, 16];
    for value in [
        &[0x30, 2, 0x80, 0x05][..],
        &tlv(0x30, &tlv(0x80, b"yesterday")),
        &tlv(0x30, &tlv(0x82, b"")),
        &[5, 0],
    ] {
        assert_eq!(refusal(&with_extension(&period, false, value)), "a malformed private key usage period");
    }
}

#[test]
fn no_change_of_one_byte_makes_reading_panic() {
    let good = certificate(&[&[(Field::CommonName, "899999999016")]], vec![]).der().to_vec();
    for at in 0..good.len() {
        for bits in [0x01, 0x80, 0xFF] {
            let mut der = good.clone();
            der[at] ^= bits;
            let _ = Certificate::from_der(&der);
        }
    }
}

#[test]
fn an_unknown_extension_matters_only_when_it_is_critical() {
    let unknown = [1, 3, 6, 1, 4, 1, 99999, 1];
    let read = |der: Vec<u8>| Certificate::from_der(&der).unwrap();
    assert!(read(with_extension(&unknown, true, &[5, 0])).has_unknown_critical_extension());
    assert!(!read(with_extension(&unknown, false, &[5, 0])).has_unknown_critical_extension());
    // Name constraints are known to the standard, but nobody here would enforce them.
    assert!(read(with_extension(&[2, 5, 29, 30], true, &[0x30, 0])).has_unknown_critical_extension());
    assert!(
        !read(with_extension(&[1, 2, 250, 1, 71, 1, 2, 5], true, &[4, 1, 0]))
            .has_unknown_critical_extension()
    );
}

#[test]
fn usages_and_constraints_are_read_and_absent_when_absent() {
    let der = by_rcgen(|params| {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::EmailProtection,
            ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 2]),
        ];
    });
    let read = Certificate::from_der(&der).unwrap();
    let usage = read.key_usage().unwrap();
    assert_eq!(usage, KeyUsage { digital_signature: true, non_repudiation: true, ..KeyUsage::default() });
    let extended = read.extended_key_usage().unwrap();
    assert!(extended.client_auth && extended.email_protection && extended.smart_card_logon);
    assert!(!extended.server_auth && !extended.other && !extended.any);
    assert_eq!(read.basic_constraints(), None);

    let bare = certificate(&[&[(Field::CommonName, "x")]], vec![]);
    assert_eq!((bare.key_usage(), bare.extended_key_usage()), (None, None));
    assert_eq!(bare.private_key_usage_period(), None);
}

#[test]
fn the_addresses_of_revocation_and_issuer_are_read_as_written() {
    let url = |text: &str| tlv(0x86, text.as_bytes());
    let access = |last: u8, text: &str| {
        tlv(0x30, &[tlv(0x06, &[0x2B, 6, 1, 5, 5, 7, 0x30, last]), url(text)].concat())
    };
    let both = [access(1, "http://ocsp.example.test"), access(2, "http://ca.example.test/ca.cer")].concat();
    let der = by_rcgen(|params| {
        params.crl_distribution_points = vec![CrlDistributionPoint {
            uris: vec!["http://crl.example.test/a.crl".to_owned(), "ldap://dir.example.test/cn=a".to_owned()],
        }];
        let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], tlv(0x30, &both));
        params.custom_extensions.push(extension);
    });
    let read = Certificate::from_der(&der).unwrap();
    assert_eq!(read.crl_urls(), ["http://crl.example.test/a.crl", "ldap://dir.example.test/cn=a"]);
    assert_eq!(read.ocsp_urls(), ["http://ocsp.example.test"]);
    assert_eq!(read.ca_issuer_urls(), ["http://ca.example.test/ca.cer"]);
}

#[test]
fn the_usage_period_of_the_private_key_covers_its_ends_and_nothing_beyond() {
    let value = tlv(0x30, &[tlv(0x80, b"20200101000000Z"), tlv(0x81, b"20230101000000Z")].concat());
    let read = Certificate::from_der(&with_extension(&[2, 5, 29, 16], false, &value)).unwrap();
    let period = read.private_key_usage_period().unwrap();
    let (start, end) = (1_577_836_800, 1_672_531_200);
    assert_eq!(period, UsagePeriod { not_before: Some(start), not_after: Some(end) });
    assert!(period.covers(start) && period.covers(end));
    assert!(!period.covers(start - 1) && !period.covers(end + 1));
    assert!(UsagePeriod { not_before: None, not_after: Some(end) }.covers(i64::MIN));
}

#[test]
fn serial_dates_and_key_are_read_from_the_bytes() {
    let read = certificate(&[&[(Field::CommonName, "x")]], vec![]);
    assert_eq!(read.serial_hex(), "0ABC");
    // The second date lies beyond 2049, where certificates write their dates in another way.
    assert_eq!((read.not_before(), read.not_after()), (1_700_000_000, 4_000_000_000));
    assert_eq!(read.public_key(), PublicKey::P256);
    assert_eq!(read.signature_algorithm(), SignatureAlgorithm::EcdsaSha2);
    assert_eq!(read.issuer_common_name(), Some("TEST AC"));
    assert_eq!(read.extension("2.5.29.99"), None);
}

#[test]
fn names_are_shown_in_order_with_several_attributes_in_one_rdn() {
    let subject: &[&[_]] = &[
        &[(Field::Country, "FR")],
        &[(Field::Organization, "Cabinet A, B + C")],
        &[(Field::GivenName, "Élise"), (Field::CommonName, "899999999016")],
    ];
    let read = certificate(subject, vec![]);
    assert_eq!(read.subject(), r"C=FR, O=Cabinet A\, B \+ C, GN=Élise+CN=899999999016");
    assert_eq!(read.subject_common_name(), Some("899999999016"));
    assert_eq!(read.subject_name().first(AttributeKind::Organization), Some("Cabinet A, B + C"));
}

#[test]
fn text_that_would_disturb_a_screen_is_replaced() {
    let read = certificate(&[&[(Field::CommonName, "a\u{1B}[2Jb\u{202E}c\n")]], vec![]);
    assert_eq!(read.subject_common_name(), Some("a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}"));
}

#[test]
fn old_string_types_are_read() {
    use x509_parser::asn1_rs::{Any, FromDer};
    let text = |der: &[u8]| text_of(&Any::from_der(der).unwrap().1);
    assert_eq!(text(&tlv(0x14, &[0xC9, b'l', b'i'])), "Éli");
    assert_eq!(text(&tlv(0x1E, &[0x00, 0xC9, 0x00, b'l'])), "Él");
    assert_eq!(text(&tlv(0x0C, &[0xC9, b'l'])), "\u{FFFD}l");
}

#[test]
fn a_signature_counts_only_by_the_key_and_under_the_name_of_the_issuer() {
    let make = |key: &rcgen::KeyPair, cn: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, cn);
        Certificate::from_der(params.self_signed(key).unwrap().der()).unwrap()
    };
    let (one, two) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let authority = make(&one, "A");
    assert!(authority.is_signed_by(&authority));
    assert!(!authority.is_signed_by(&make(&two, "A")), "same name, other key");
    assert!(!make(&one, "B").is_signed_by(&authority), "same key, other name");
}

#[test]
fn rsa_signatures_are_checked_and_kept_apart_by_scheme() {
    let pem = include_str!("../../../tests/sandbox/keys/card-nurse-authentication.pem");
    let key = rcgen::KeyPair::from_pem_and_sign_algo(pem, &rcgen::PKCS_RSA_SHA256).unwrap();
    let read = Certificate::from_der(CertificateParams::default().self_signed(&key).unwrap().der()).unwrap();
    assert_eq!(read.public_key(), PublicKey::Rsa { bits: 2048 });
    assert_eq!(read.signature_algorithm(), SignatureAlgorithm::RsaSha2);
    assert!(read.is_signed_by(&read));

    let key =
        RsaKeyPair::from_pkcs8(&Pem::iter_from_buffer(pem.as_bytes()).next().unwrap().unwrap().contents)
            .unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"nonce", &mut signature).unwrap();
    assert!(read.verifies(Scheme::RsaPkcs1Sha256, b"nonce", &signature));
    for other in [Scheme::RsaPkcs1Sha384, Scheme::RsaPssSha256, Scheme::EcdsaP256Sha256] {
        assert!(!read.verifies(other, b"nonce", &signature));
    }
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), b"nonce", &mut signature).unwrap();
    assert!(read.verifies(Scheme::RsaPssSha256, b"nonce", &signature));
    assert!(!read.verifies(Scheme::RsaPssSha256, b"other", &signature));
}

#[test]
fn a_certificate_is_equal_to_its_bytes_and_shows_only_its_fingerprint() {
    let read = certificate(&[&[(Field::Surname, "SECRET-NAME")]], vec![]);
    assert_eq!(read, Certificate::from_der(read.der()).unwrap());
    let other =
        certificate(&[&[(Field::Surname, "SECRET-NAME")]], vec![extension("1.2.3", false, &[5, 0]).unwrap()]);
    assert_ne!(read, other);
    let shown = format!("{read:?} {:?}", read.subject_name());
    assert!(shown.contains(&hex(&read.fingerprint_sha256())) && !shown.contains("SECRET"), "{shown}");
}

/// The real authorities, where a copy of their public certificates is at hand.
#[test]
#[ignore = "needs CPS_IGC_SANTE, a folder with the nine PEM files of the IGC-Santé"]
fn the_authorities_of_the_igc_sante_are_read_and_their_chains_hold() {
    let folder = std::env::var("CPS_IGC_SANTE").expect("CPS_IGC_SANTE");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        if let Some(Ok(block)) = Pem::iter_from_buffer(&bytes).next() {
            all.push(Certificate::from_der(&block.contents).unwrap());
        }
    }
    assert_eq!(all.len(), 9);
    for one in &all {
        assert_eq!(one.public_key(), PublicKey::Rsa { bits: 4096 });
        assert!(!one.has_unknown_critical_extension(), "{}", one.subject());
        assert!(one.basic_constraints().unwrap().authority);
        assert_eq!(all.iter().filter(|issuer| one.is_signed_by(issuer)).count(), 1, "{}", one.subject());
        assert!(crate::holder::Holder::from_certificate(one).is_none());
    }
}
