//! What a card says: responses, TLV, directories, certificates, file control information.

use cps_card::{apdu, certificate::Certificate, holder, pkcs15};
use std::hint::black_box;

/// A response: status words, what they announce, and the data read as TLV.
pub fn apdu(data: &[u8]) {
    let Some(response) = apdu::response::Response::parse(data.to_vec()) else { return };
    let status = response.status;
    black_box((status.succeeded(), status.waiting(), status.exact(), status.tries(), status.to_string()));
}

/// BER-TLV, nested as deep as it claims to be.
pub fn tlv(data: &[u8]) {
    fn walk(elements: apdu::tlv::Elements<'_>, depth: usize) {
        for element in elements {
            black_box((element.tag, element.value.len()));
            if depth > 0 {
                walk(element.children(), depth - 1);
            }
        }
    }
    walk(apdu::tlv::elements(data), 16);
    black_box((apdu::tlv::announced_length(data), apdu::tlv::ends_with_padding(data)));
    black_box(holder::Activity::parse(1, data));
}

/// PKCS#15 directories: the same bytes as each kind of file.
pub fn pkcs15(data: &[u8]) {
    let application = apdu::path::FilePath::new(&[0x00, 0x01]);
    black_box(pkcs15::parse_odf(data, &application));
    black_box(pkcs15::parse_private_keys(data));
    black_box(pkcs15::parse_certificates(data, &application));
    black_box(pkcs15::parse_data_objects(data, &application));
    black_box(pkcs15::parse_pins(data));
    black_box(pkcs15::parse_token_info(data));
}

/// Certificates and the holder they name.
pub fn certificate(data: &[u8]) {
    let Ok(certificate) = Certificate::from_der(data) else { return };
    black_box((certificate.serial_hex(), certificate.fingerprint_sha256(), format!("{certificate:?}")));
    if let Some(holder) = holder::Holder::from_certificate(&certificate) {
        black_box(format!("{holder:?}"));
    }
}

/// File control information, and paths taken from it.
pub fn fci(data: &[u8]) {
    black_box(apdu::fci::Fci::parse(data));
    let base = apdu::path::FilePath::new(&[0x00, 0x01]);
    black_box(apdu::path::FilePath::resolve(&base, data).map(|path| path.from_master()));
}
