//! Asking an authority's responder for the status of one certificate, and reading what it says (RFC 6960, RFC 5019).
//!
//! Questions carry no nonce: an answer may be kept until its time is over, as a list may. The types are those of RFC 6960
//! Appendix B, as far as they are needed.

use super::anchors::is_strong;
use super::revocation::{self, Status, Unknown};
use crate::identity::UnixTime;
use cps_card::certificate::Certificate;
use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, Null, ObjectIdentifier, OctetString};
use der::{Choice, Decode, Encode, Enumerated, Sequence, Tag, Tagged};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use x509_parser::asn1_rs::{BitString, FromDer};
use x509_parser::verify::verify_signature;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// Longest answer read: a status, and the certificate of a responder or two.
pub const MAX_SIZE: usize = 64 * 1024;
/// Most certificates looked at in an answer.
const MAX_CERTIFICATES: usize = 4;
/// How far a responder's clock may be ahead of ours, seconds.
const SKEW: i64 = 300;
/// How long an answer without an end is good, seconds.
const FRESH: i64 = 3600;
/// `id-sha1`: the hash of the one question that every responder answers (RFC 5019 §2.1.1). It names, and protects nothing.
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
/// `id-pkix-ocsp-basic`.
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// `OCSPRequest`, unsigned.
#[derive(Sequence)]
struct Request<'a> {
    tbs: TbsRequest<'a>,
}

#[derive(Sequence)]
struct TbsRequest<'a> {
    list: Vec<SingleRequest<'a>>,
}

#[derive(Sequence)]
struct SingleRequest<'a> {
    id: CertId<'a>,
}

/// `CertID`: which certificate.
#[derive(Sequence)]
struct CertId<'a> {
    hash: Algorithm<'a>,
    issuer_name: OctetString,
    issuer_key: OctetString,
    serial: AnyRef<'a>,
}

/// `AlgorithmIdentifier`.
#[derive(Sequence)]
struct Algorithm<'a> {
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

/// `OCSPResponse`.
#[derive(Sequence)]
struct Response {
    status: ResponseStatus,
    #[asn1(context_specific = "0", optional = "true")]
    bytes: Option<ResponseBytes>,
}

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[repr(u8)]
enum ResponseStatus {
    Successful = 0,
    MalformedRequest = 1,
    InternalError = 2,
    TryLater = 3,
    SigRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct ResponseBytes {
    kind: ObjectIdentifier,
    response: OctetString,
}

/// `BasicOCSPResponse`. What is signed is kept as it came.
#[derive(Sequence)]
struct Basic<'a> {
    tbs: AnyRef<'a>,
    algorithm: Algorithm<'a>,
    signature: BitStringRef<'a>,
    #[asn1(context_specific = "0", optional = "true")]
    certificates: Option<Vec<AnyRef<'a>>>,
}

/// `ResponseData`. Who the responder calls itself is of no interest: its signature says who it is.
#[derive(Sequence)]
struct Data<'a> {
    #[asn1(context_specific = "0", default = "version_1")]
    version: u8,
    responder: AnyRef<'a>,
    produced: GeneralizedTime,
    responses: Vec<Single<'a>>,
    #[asn1(context_specific = "1", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

fn version_1() -> u8 {
    0
}

/// `SingleResponse`.
#[derive(Sequence)]
struct Single<'a> {
    id: CertId<'a>,
    status: CertStatus<'a>,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", optional = "true")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Choice)]
enum CertStatus<'a> {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo<'a>),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Sequence)]
struct RevokedInfo<'a> {
    since: GeneralizedTime,
    reason: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct Extension {
    oid: ObjectIdentifier,
    #[asn1(default = "not")]
    critical: bool,
    value: OctetString,
}

fn not() -> bool {
    false
}

/// What names a certificate of an issuer.
struct Names {
    issuer_name: Vec<u8>,
    issuer_key: Vec<u8>,
    serial: Vec<u8>,
}

impl Names {
    fn of(leaf: &Certificate, issuer: &Certificate) -> Option<Self> {
        let (_, key) = SubjectPublicKeyInfo::from_der(issuer.spki()).ok()?;
        let sha1 = |bytes: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec();
        Some(Self {
            issuer_name: sha1(issuer.subject_raw()),
            issuer_key: sha1(&key.subject_public_key.data),
            serial: bytes(leaf.serial_hex())?,
        })
    }

    fn id(&self) -> der::Result<CertId<'_>> {
        Ok(CertId {
            hash: Algorithm { oid: SHA1, parameters: Some(AnyRef::NULL) },
            issuer_name: OctetString::new(self.issuer_name.as_slice())?,
            issuer_key: OctetString::new(self.issuer_key.as_slice())?,
            serial: AnyRef::new(Tag::Integer, &self.serial)?,
        })
    }

    fn are(&self, id: &CertId<'_>) -> bool {
        id.hash.oid == SHA1
            && id.issuer_name.as_bytes() == self.issuer_name
            && id.issuer_key.as_bytes() == self.issuer_key
            && id.serial.tag() == Tag::Integer
            && id.serial.value() == self.serial
    }
}

/// The question, DER; `None` for an issuer whose key cannot be named.
#[must_use]
pub fn request(leaf: &Certificate, issuer: &Certificate) -> Option<Vec<u8>> {
    let names = Names::of(leaf, issuer)?;
    let list = vec![SingleRequest { id: names.id().ok()? }];
    Request { tbs: TbsRequest { list } }.to_der().ok()
}

/// What an answer says of `leaf`. A revocation counts even when the answer's time is over; good news only before.
///
/// # Errors
/// Why it says nothing.
pub(super) fn read(
    leaf: &Certificate,
    issuer: &Certificate,
    answer: &[u8],
    now: UnixTime,
) -> Result<Status, Unknown> {
    let garbled = |_| Unknown::Garbled;
    if answer.len() > MAX_SIZE {
        return Err(Unknown::Garbled);
    }
    let response = Response::from_der(answer).map_err(garbled)?;
    let bytes = response.bytes.filter(|bytes| bytes.kind == BASIC);
    let (ResponseStatus::Successful, Some(bytes)) = (response.status, bytes) else {
        return Err(Unknown::NoAnswer);
    };
    let basic = Basic::from_der(bytes.response.as_bytes()).map_err(garbled)?;
    let signed = basic.tbs.to_der().map_err(garbled)?;
    if !comes_from(issuer, &basic, &signed, now) {
        return Err(Unknown::NotOfTheIssuer);
    }
    let data = Data::from_der(&signed).map_err(garbled)?;
    let names = Names::of(leaf, issuer).ok_or(Unknown::Garbled)?;
    let own = data.responses.iter().find(|single| names.are(&single.id)).ok_or(Unknown::OtherScope)?;
    let extensions = data.extensions.iter().chain(&own.extensions).flatten();
    if data.version != version_1() || extensions.into_iter().any(|extension| extension.critical) {
        return Err(Unknown::Garbled);
    }
    match &own.status {
        CertStatus::Revoked(info) => Ok(Status::Revoked { since: seconds(info.since) }),
        CertStatus::Unknown(_) => Err(Unknown::OtherScope),
        CertStatus::Good(_) => {
            let since = seconds(own.this_update);
            let until = own.next_update.map_or(since.plus(FRESH), seconds);
            if since > now.plus(SKEW) || until <= now {
                return Err(Unknown::Stale);
            }
            Ok(Status::Good { until })
        }
    }
}

/// Whether an answer was signed by the issuer of the certificate, or by a responder that this issuer made one (§4.2.2.2).
/// Such a responder is believed as long as its certificate lasts.
fn comes_from(issuer: &Certificate, basic: &Basic<'_>, signed: &[u8], now: UnixTime) -> bool {
    if signed_by(issuer, basic, signed) {
        return true;
    }
    let brought = basic.certificates.iter().flatten().take(MAX_CERTIFICATES);
    brought.filter_map(|any| Certificate::from_der(&any.to_der().ok()?).ok()).any(|responder| {
        responder.extended_key_usage().is_some_and(|usage| usage.ocsp_signing)
            && !responder.has_unknown_critical_extension()
            && is_strong(&responder)
            && (responder.not_before()..=responder.not_after()).contains(&now.0)
            && responder.is_signed_by(issuer)
            && signed_by(&responder, basic, signed)
    })
}

fn signed_by(signer: &Certificate, basic: &Basic<'_>, signed: &[u8]) -> bool {
    let Ok(algorithm) = basic.algorithm.to_der() else { return false };
    let Ok((_, algorithm)) = AlgorithmIdentifier::from_der(&algorithm) else { return false };
    if !revocation::is_strong(&algorithm) {
        return false;
    }
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(signer.spki()) else { return false };
    let Some(signature) = basic.signature.as_bytes() else { return false };
    verify_signature(&key, &algorithm, &BitString::new(0, signature), signed).is_ok()
}

fn seconds(time: GeneralizedTime) -> UnixTime {
    UnixTime(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
}

/// The bytes of a serial number in hexadecimal.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    hex.len().is_multiple_of(2).then_some(())?;
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests;
