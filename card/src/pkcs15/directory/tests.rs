//! Records as published of a real card, and the ways they can be wrong.

use super::*;

const SIGNATURE_KEY: &[u8] = b"\x30\x50\x30\x20\x0C\x0CCPS_PRIV_SIG\x03\x02\x07\x80\x04\x01\x01\x30\x09\x30\x07\
    \x03\x02\x02\x04\x04\x01\x01\x30\x20\x04\x0E\xE8\x28\xBD\x08\x0F\x80\x25\x00\x00\x01\xFF\x00\x10\x01\
    \x03\x03\x06\x00\x40\x01\x01\xFF\x03\x02\x04\xB0\x02\x02\x00\x81\xA1\x0A\x30\x08\x30\x02\x04\x00\x02\x02\x08\x00";
const AUTHENTICATION_KEY: &[u8] = b"\x30\x59\x30\x2A\x0C\x0CCPS_PRIV_AUT\x03\x02\x05\xE0\x04\x01\x01\x30\x13\x30\x07\
    \x03\x02\x00\x01\x04\x01\x01\x30\x08\x03\x03\x06\x00\x40\x04\x01\x01\x30\x1F\x04\x0E\xE8\x28\xBD\x08\x0F\x80\x25\
    \x00\x00\x01\xFF\x00\x10\x02\x03\x02\x05\x60\x01\x01\xFF\x03\x02\x04\xB0\x02\x02\x00\x82\
    \xA1\x0A\x30\x08\x30\x02\x04\x00\x02\x02\x08\x00";
const CERTIFICATE: &[u8] =
    b"\x30\x42\x30\x20\x0C\x1BCertificat de Signature CPS\x03\x01\xC0\x30\x10\x04\x0E\xE8\x28\
    \xBD\x08\x0F\x80\x25\x00\x00\x01\xFF\x00\x10\x01\xA1\x0C\x30\x0A\x30\x08\x04\x06\x3F\x00\x00\x01\xA0\x01";
const ACTIVITY: &[u8] =
    b"\x30\x30\x30\x1B\x0C\x12CPS_ACTIVITY_01_PS\x03\x02\x07\x80\x04\x01\x01\x30\x05\x0C\x03CPS\
    \xA1\x0A\x30\x08\x04\x06\x3F\x00\x00\x01\xD1\x20";

fn application() -> FilePath {
    FilePath::new(&[0x3F, 0x00, 0x00, 0x01])
}

#[test]
fn truncated_records_are_left_out() {
    for length in 0..SIGNATURE_KEY.len() {
        assert_eq!(parse_private_keys(&SIGNATURE_KEY[..length]), []);
    }
    for length in 0..CERTIFICATE.len() {
        assert_eq!(parse_certificates(&CERTIFICATE[..length], &application()), []);
    }
}

#[test]
fn records_beyond_the_limit_are_left_out() {
    let directory = CERTIFICATE.repeat(1000);
    assert_eq!(parse_certificates(&directory, &application()).len(), super::super::MOST_RECORDS);
}

#[test]
fn an_implausible_modulus_is_not_believed() {
    let mut record = SIGNATURE_KEY.to_vec();
    let end = record.len();
    record[end - 2] = 0xFF;
    assert_eq!(parse_private_keys(&record)[0].modulus_bits, None);
}

#[test]
fn the_record_after_a_damaged_one_is_still_read() {
    let mut directory = SIGNATURE_KEY.to_vec();
    directory[2] = 0x31;
    directory.extend_from_slice(AUTHENTICATION_KEY);
    let labels: Vec<_> = parse_private_keys(&directory).into_iter().map(|key| key.label).collect();
    assert_eq!(labels, ["CPS_PRIV_AUT"]);
}

#[test]
fn the_usage_bits_of_real_keys_tell_them_apart() {
    let directory = [SIGNATURE_KEY, AUTHENTICATION_KEY, &[0; 20]].concat();
    let [signature, authentication] = parse_private_keys(&directory).try_into().unwrap();
    assert!(signature.non_repudiation && !signature.signs && !signature.decrypts);
    assert!(!authentication.non_repudiation && authentication.signs && authentication.decrypts);
    assert_eq!((signature.reference, authentication.reference), (0x81, 0x82));
    assert_eq!(signature.modulus_bits, Some(2048));
    assert_eq!(signature.protected_by.as_deref(), Some([1].as_slice()));
    assert_eq!(signature.id.last(), Some(&1));
}

#[test]
fn a_key_reference_without_its_leading_zero_is_the_same() {
    let mut record = SIGNATURE_KEY.to_vec();
    let at = record.windows(4).position(|bytes| bytes == [0x02, 0x02, 0x00, 0x81]).unwrap();
    record.splice(at..at + 4, [0x02, 0x01, 0x81]);
    record[1] -= 1;
    record[2 + 0x22 + 1] -= 1;
    assert_eq!(parse_private_keys(&record)[0].reference, 0x81);
}

#[test]
fn certificates_and_data_objects_lead_to_files() {
    let [certificate] = parse_certificates(CERTIFICATE, &application()).try_into().unwrap();
    assert_eq!(certificate.path, application().child(0xA001));
    assert_eq!(certificate.label, "Certificat de Signature CPS");
    let [activity] = parse_data_objects(ACTIVITY, &application()).try_into().unwrap();
    assert_eq!(activity.path, application().child(0xD120));
    assert_eq!(activity.label, "CPS_ACTIVITY_01_PS");
    assert_eq!(activity.protected_by.as_deref(), Some([1].as_slice()));
}

#[test]
fn the_odf_names_directories_by_absolute_or_relative_path() {
    let odf = [
        0xA8, 0x0A, 0x30, 0x08, 0x04, 0x06, 0x3F, 0x00, 0x00, 0x01, 0x70, 0x01, // AODF
        0xA0, 0x06, 0x30, 0x04, 0x04, 0x02, 0x70, 0x02, // PrKDF, relative
        0xA4, 0x05, 0x30, 0x03, 0x04, 0x01, 0x70, // CDF with half a path
        0x00, 0xA7,
    ];
    let directories = parse_odf(&odf, &application());
    assert_eq!(directories.pins, Some(application().child(0x7001)));
    assert_eq!(directories.private_keys, Some(application().child(0x7002)));
    assert_eq!(directories.certificates, None);
    assert_eq!(directories.data_objects, None);
}
