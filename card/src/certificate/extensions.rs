//! Certificate extensions (RFC 5280 §4.2), read into plain facts.

use super::malformed;
use crate::Error;
use std::collections::BTreeSet;
use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension, X509Extension};
use x509_parser::time::ASN1Time;

/// Extended key usage of a smart-card logon on Windows.
const SMART_CARD_LOGON: &str = "1.3.6.1.4.1.311.20.2.2";
/// privateKeyUsagePeriod (RFC 3280 §4.2.1.4).
const PRIVATE_KEY_USAGE_PERIOD: &str = "2.5.29.16";
const ACCESS_OCSP: &str = "1.3.6.1.5.5.7.48.1";
const ACCESS_CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// Extensions whose meaning this crate, or the chain check above it, takes into account. Any other one that is critical
/// makes a certificate unusable. Name constraints are not among them: nothing here would enforce them.
const UNDERSTOOD: [&str; 11] = [
    "2.5.29.14", // subjectKeyIdentifier
    "2.5.29.15", // keyUsage
    PRIVATE_KEY_USAGE_PERIOD,
    "2.5.29.17",         // subjectAltName
    "2.5.29.19",         // basicConstraints
    "2.5.29.31",         // cRLDistributionPoints
    "2.5.29.32",         // certificatePolicies
    "2.5.29.35",         // authorityKeyIdentifier
    "2.5.29.37",         // extKeyUsage
    "2.5.29.46",         // freshestCRL
    "1.3.6.1.5.5.7.1.1", // authorityInfoAccess
];
/// The arc of the health extensions (former GIP-CPS), read by [`crate::holder`].
const HEALTH_ARC: &str = "1.2.250.1.71.";

/// What the key may do (RFC 5280 §4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyUsage {
    /// Challenges and TLS.
    pub digital_signature: bool,
    /// Documents that bind their signer (contentCommitment).
    pub non_repudiation: bool,
    /// Transport of keys.
    pub key_encipherment: bool,
    /// Encryption of data itself.
    pub data_encipherment: bool,
    /// Key agreement.
    pub key_agreement: bool,
    /// Signing certificates.
    pub key_cert_sign: bool,
    /// Signing revocation lists.
    pub crl_sign: bool,
}

/// What the key is for (RFC 5280 §4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExtendedKeyUsage {
    /// anyExtendedKeyUsage.
    pub any: bool,
    /// TLS client.
    pub client_auth: bool,
    /// TLS server.
    pub server_auth: bool,
    /// S/MIME and documents.
    pub email_protection: bool,
    /// Windows smart-card logon.
    pub smart_card_logon: bool,
    /// Delegated OCSP responder.
    pub ocsp_signing: bool,
    /// Something else is listed as well.
    pub other: bool,
}

/// Whether the subject is an authority (RFC 5280 §4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// It is.
    pub authority: bool,
    /// How many authorities may stand below it.
    pub path_length: Option<u32>,
}

/// When the private key may sign, in seconds since 1970 (UTC), both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsagePeriod {
    /// Not before; `None` for no limit.
    pub not_before: Option<i64>,
    /// Not after; `None` for no limit.
    pub not_after: Option<i64>,
}

impl UsagePeriod {
    /// Whether the key may sign at that second.
    #[must_use]
    pub fn covers(&self, at: i64) -> bool {
        self.not_before.is_none_or(|start| start <= at) && self.not_after.is_none_or(|end| at <= end)
    }
}

/// All extensions of one certificate.
#[derive(Clone, Default)]
pub(super) struct Extensions {
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) extended_key_usage: Option<ExtendedKeyUsage>,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) private_key_usage_period: Option<UsagePeriod>,
    pub(super) unknown_critical: bool,
    pub(super) crl_urls: Vec<String>,
    pub(super) ocsp_urls: Vec<String>,
    pub(super) ca_issuer_urls: Vec<String>,
    pub(super) subject_key_id: Option<Vec<u8>>,
    pub(super) authority_key_id: Option<Vec<u8>>,
    values: Vec<(String, Vec<u8>)>,
}

impl Extensions {
    pub(super) fn read(list: &[X509Extension<'_>]) -> Result<Self, Error> {
        let mut out = Self::default();
        let mut seen = BTreeSet::new();
        for extension in list {
            let oid = extension.oid.to_id_string();
            if !seen.insert(oid.clone()) {
                return Err(malformed("the same extension twice"));
            }
            if oid == PRIVATE_KEY_USAGE_PERIOD {
                out.private_key_usage_period = Some(usage_period(extension.value)?);
            } else {
                out.take(extension.parsed_extension())?;
            }
            let understood = UNDERSTOOD.contains(&oid.as_str()) || oid.starts_with(HEALTH_ARC);
            out.unknown_critical |= extension.critical && !understood;
            out.values.push((oid, extension.value.to_vec()));
        }
        Ok(out)
    }

    pub(super) fn value(&self, oid: &str) -> Option<&[u8]> {
        self.values.iter().find(|(name, _)| name == oid).map(|(_, value)| value.as_slice())
    }

    fn take(&mut self, parsed: &ParsedExtension<'_>) -> Result<(), Error> {
        match parsed {
            ParsedExtension::ParseError { .. } => return Err(malformed("a malformed extension")),
            ParsedExtension::KeyUsage(usage) => {
                self.key_usage = Some(KeyUsage {
                    digital_signature: usage.digital_signature(),
                    non_repudiation: usage.non_repudiation(),
                    key_encipherment: usage.key_encipherment(),
                    data_encipherment: usage.data_encipherment(),
                    key_agreement: usage.key_agreement(),
                    key_cert_sign: usage.key_cert_sign(),
                    crl_sign: usage.crl_sign(),
                });
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let logon = usage.other.iter().filter(|oid| oid.to_id_string() == SMART_CARD_LOGON).count();
                self.extended_key_usage = Some(ExtendedKeyUsage {
                    any: usage.any,
                    client_auth: usage.client_auth,
                    server_auth: usage.server_auth,
                    email_protection: usage.email_protection,
                    smart_card_logon: logon > 0,
                    ocsp_signing: usage.ocsp_signing,
                    other: usage.code_signing || usage.time_stamping || usage.other.len() > logon,
                });
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.basic_constraints = Some(BasicConstraints {
                    authority: constraints.ca,
                    path_length: constraints.path_len_constraint,
                });
            }
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|key| key.0.to_vec());
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                for point in points.iter() {
                    if let Some(DistributionPointName::FullName(names)) = &point.distribution_point {
                        self.crl_urls.extend(names.iter().filter_map(url));
                    }
                }
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                for description in access.iter() {
                    let to = match description.access_method.to_id_string().as_str() {
                        ACCESS_OCSP => &mut self.ocsp_urls,
                        ACCESS_CA_ISSUERS => &mut self.ca_issuer_urls,
                        _ => continue,
                    };
                    to.extend(url(&description.access_location));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn url(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(text) if !text.chars().any(char::is_control) => Some((*text).to_owned()),
        _ => None,
    }
}

/// `SEQUENCE { notBefore [0] IMPLICIT GeneralizedTime OPTIONAL, notAfter [1] IMPLICIT GeneralizedTime OPTIONAL }`.
fn usage_period(value: &[u8]) -> Result<UsagePeriod, Error> {
    let bad = || malformed("a malformed private key usage period");
    let (rest, sequence) = Any::from_der(value).map_err(|_| bad())?;
    if !rest.is_empty() || sequence.tag() != Tag::Sequence {
        return Err(bad());
    }
    let mut period = UsagePeriod { not_before: None, not_after: None };
    let mut inside = sequence.as_bytes();
    while !inside.is_empty() {
        let (rest, field) = Any::from_der(inside).map_err(|_| bad())?;
        let end = match (field.class(), field.tag().0) {
            (Class::ContextSpecific, 0) => &mut period.not_before,
            (Class::ContextSpecific, 1) => &mut period.not_after,
            _ => return Err(bad()),
        };
        if end.replace(generalized_time(field.as_bytes()).ok_or_else(bad)?).is_some() {
            return Err(bad());
        }
        inside = rest;
    }
    Ok(period)
}

/// Reads the content of an implicitly tagged GeneralizedTime by giving it its universal tag back.
fn generalized_time(content: &[u8]) -> Option<i64> {
    let length = u8::try_from(content.len()).ok().filter(|n| *n < 0x80)?;
    let mut der = vec![0x18, length];
    der.extend_from_slice(content);
    let (_, time) = ASN1Time::from_der(&der).ok()?;
    Some(time.timestamp())
}
