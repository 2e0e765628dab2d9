//! Certificate revocation lists (RFC 5280 §5).

use super::certificate::{
    AuthorityName, authority_name, extension, key_identifier, signature_algorithm, signed,
};
use super::date::Day;
use super::keys::TestKey;
use crate::der;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Builds and signs a list that is good from the first day to the second.
pub(super) fn list(
    issuer: AuthorityName,
    key: &TestKey,
    revoked: &[Vec<u8>],
    validity: (Day, Day),
) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = revoked
        .iter()
        .filter_map(|certificate| X509Certificate::from_der(certificate).ok())
        .map(|(_, certificate)| {
            der::sequence(&[der::unsigned(certificate.raw_serial()), der::utc_time(&validity.0.utc())])
        })
        .collect();
    let authority = der::sequence(&[der::context(0, false, &key_identifier(key))]);
    let number = der::unsigned(validity.0.utc().trim_end_matches('Z').as_bytes());
    let extensions =
        der::sequence(&[extension("2.5.29.35", false, &authority), extension("2.5.29.20", false, &number)]);
    let mut parts = vec![
        der::integer(1),
        signature_algorithm(),
        authority_name(issuer.common_name),
        der::utc_time(&validity.0.utc()),
        der::utc_time(&validity.1.utc()),
    ];
    // RFC 5280: the sequence is absent when nothing is revoked.
    if !entries.is_empty() {
        parts.push(der::sequence(&entries));
    }
    parts.push(der::context(0, true, &extensions));
    signed(der::sequence(&parts), key)
}
