//! What is known of a certificate's status: what revocation lists say (RFC 5280 §5, §6.3), and responders ([`super::ocsp`]).

use super::ocsp;
use crate::failure::{self, Failure};
use crate::identity::UnixTime;
use cps_card::certificate::{Certificate, SignatureAlgorithm};
use x509_parser::asn1_rs::FromDer;
use x509_parser::extensions::{
    DistributionPointName, GeneralName, IssuingDistributionPoint, ParsedExtension,
};
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// Longest list read. The largest of the IGC-Santé have a few megabytes.
pub const MAX_SIZE: usize = 32 * 1024 * 1024;

/// `[local] revocation`: what an unknown status does to a local login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Revocation {
    /// Refuses it.
    #[default]
    Require,
    /// Lets it go on; the status is recorded as unknown and never called valid.
    Warn,
}

/// What was brought about a certificate, as it came.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Revocation lists, DER.
    pub lists: Vec<Vec<u8>>,
    /// Answers of responders to [`ocsp::request`], DER.
    pub answers: Vec<Vec<u8>>,
}

/// What is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A fresh list of the issuer does not name the certificate, or its responder says so.
    Good {
        /// Until when that may be believed.
        until: UnixTime,
    },
    /// A list of the issuer names it, or its responder says so. A certificate on hold is revoked as long as it is.
    Revoked {
        /// Since when.
        since: UnixTime,
    },
    /// It is not known, and why.
    Unknown(Unknown),
}

/// Why the status is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// There is no list and no answer.
    NoList,
    /// A responder has no answer.
    NoAnswer,
    /// A list or an answer cannot be read.
    Garbled,
    /// It comes from another authority, or from one that may not say it, or its signature is wrong.
    NotOfTheIssuer,
    /// A list covers other certificates or some reasons only, or is a delta; a responder does not know the certificate.
    OtherScope,
    /// It is out of date, or not in force yet.
    Stale,
}

impl Status {
    /// What the status means for a login: nothing, a refusal, or a warning to be shown and recorded.
    ///
    /// # Errors
    /// [`failure::REVOKED`]; [`failure::REVOCATION_UNKNOWN`] where the policy requires an answer.
    pub fn decide(self, policy: Revocation) -> Result<Option<Failure>, Failure> {
        match (self, policy) {
            (Self::Good { .. }, _) => Ok(None),
            (Self::Revoked { .. }, _) => Err(failure::REVOKED.into()),
            (Self::Unknown(_), Revocation::Require) => Err(failure::REVOCATION_UNKNOWN.into()),
            (Self::Unknown(_), Revocation::Warn) => Ok(Some(failure::REVOCATION_UNCHECKED.into())),
        }
    }
}

/// Reads every list and answer and says what is known of `leaf`. A revocation counts even where it is out of date; good
/// news only where it is fresh.
#[must_use]
pub fn check(leaf: &Certificate, issuer: &Certificate, evidence: &Evidence, now: UnixTime) -> Status {
    let mut best = Status::Unknown(Unknown::NoList);
    let lists = evidence.lists.iter().map(|list| read(leaf, issuer, list, now));
    let answers = evidence.answers.iter().map(|answer| ocsp::read(leaf, issuer, answer, now));
    for found in lists.chain(answers) {
        let found = found.unwrap_or_else(Status::Unknown);
        best = match (best, found) {
            (Status::Revoked { .. }, _) => best,
            (_, Status::Revoked { .. }) => found,
            (Status::Good { until: a }, Status::Good { until: b }) => Status::Good { until: a.max(b) },
            (Status::Good { .. }, Status::Unknown(_)) => best,
            (Status::Unknown(_), Status::Good { .. }) => found,
            (Status::Unknown(a), Status::Unknown(b)) => Status::Unknown(a.max(b)),
        };
    }
    best
}

/// Whether what was fetched says anything of `leaf` now: only then may it take the place of what was kept. A page of a hotel's
/// network, an answer with one byte changed and a list that was good last year say nothing.
#[must_use]
pub fn says(leaf: &Certificate, issuer: &Certificate, evidence: &Evidence, now: UnixTime) -> bool {
    !matches!(check(leaf, issuer, evidence, now), Status::Unknown(_))
}

fn read(leaf: &Certificate, issuer: &Certificate, list: &[u8], now: UnixTime) -> Result<Status, Unknown> {
    if list.len() > MAX_SIZE {
        return Err(Unknown::Garbled);
    }
    let (rest, parsed) = CertificateRevocationList::from_der(list).map_err(|_| Unknown::Garbled)?;
    if !rest.is_empty() || parsed.signature_algorithm != parsed.tbs_cert_list.signature {
        return Err(Unknown::Garbled);
    }
    let may_sign = issuer.key_usage().is_some_and(|usage| usage.crl_sign);
    if !may_sign || parsed.issuer().as_raw() != issuer.subject_raw() {
        return Err(Unknown::NotOfTheIssuer);
    }
    let (_, key) = SubjectPublicKeyInfo::from_der(issuer.spki()).map_err(|_| Unknown::NotOfTheIssuer)?;
    if !is_strong(&parsed.signature_algorithm) {
        return Err(Unknown::NotOfTheIssuer);
    }
    parsed.verify_signature(&key).map_err(|_| Unknown::NotOfTheIssuer)?;
    if !covers(&parsed, leaf) {
        return Err(Unknown::OtherScope);
    }
    let named = parsed.iter_revoked_certificates().find(|entry| hex(entry.raw_serial()) == leaf.serial_hex());
    if let Some(entry) = named {
        return Ok(Status::Revoked { since: UnixTime(entry.revocation_date.timestamp()) });
    }
    let until = parsed.next_update().map(|time| time.timestamp()).ok_or(Unknown::Stale)?;
    if parsed.last_update().timestamp() > now.0 || until <= now.0 {
        return Err(Unknown::Stale);
    }
    Ok(Status::Good { until: UnixTime(until) })
}

/// Whether a signature made so proves who made it: SHA-1 does not.
pub(super) fn is_strong(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    SignatureAlgorithm::named(&algorithm.algorithm.to_id_string()) != SignatureAlgorithm::Other
}

/// Whether the list speaks of this certificate: it is complete, and not cut to another distribution point (RFC 5280 §5.2.5).
fn covers(list: &CertificateRevocationList<'_>, leaf: &Certificate) -> bool {
    list.extensions().iter().all(|extension| match extension.parsed_extension() {
        ParsedExtension::IssuingDistributionPoint(point) => same_point(point, leaf),
        ParsedExtension::CRLNumber(_) | ParsedExtension::AuthorityKeyIdentifier(_) => true,
        _ => !extension.critical,
    })
}

fn same_point(point: &IssuingDistributionPoint<'_>, leaf: &Certificate) -> bool {
    if point.indirect_crl
        || point.only_contains_ca_certs
        || point.only_contains_attribute_certs
        || point.only_some_reasons.is_some()
    {
        return false;
    }
    match &point.distribution_point {
        None => true,
        Some(DistributionPointName::FullName(names)) => names.iter().any(
            |name| matches!(name, GeneralName::URI(uri) if leaf.crl_urls().iter().any(|own| own == uri)),
        ),
        Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => false,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}
