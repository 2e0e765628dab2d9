//! A certificate as the rest of the agent needs it: the bytes, and the facts read from them once.
//!
//! Reading is strict (DER, version 3, nothing behind the end, no extension twice) and bounded, and it judges nothing:
//! whether a chain leads to an anchor, whether dates and usages fit, is decided above this crate with the facts given here.

mod extensions;
mod name;
mod verify;

pub use extensions::{BasicConstraints, ExtendedKeyUsage, KeyUsage, UsagePeriod};
pub use name::{Attribute, AttributeKind, Name};
pub(crate) use name::{printable, text_of};
pub use verify::{KeyParts, PublicKey, SignatureAlgorithm};

use crate::Error;
use extensions::Extensions;
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::x509::X509Version;

/// Longest certificate read. Card certificates have 1,500 to 2,500 bytes; their authorities somewhat less.
pub const MAX_SIZE: usize = 16 * 1024;

/// An X.509 certificate (RFC 5280), parsed with limits. Two certificates are equal when their bytes are.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    fingerprint: [u8; 32],
    serial: String,
    raw_serial: Vec<u8>,
    subject: Name,
    issuer: Name,
    not_before: i64,
    not_after: i64,
    spki: Vec<u8>,
    public_key: PublicKey,
    signature_algorithm: SignatureAlgorithm,
    extensions: Extensions,
}

impl Certificate {
    /// Reads one certificate.
    ///
    /// # Errors
    /// [`Error::Content`] when the bytes are longer than [`MAX_SIZE`], are not exactly one DER certificate of version 3,
    /// or hold a standard extension that is malformed or appears twice.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_SIZE {
            return Err(malformed("longer than 16 KiB"));
        }
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|_| malformed("not an X.509 certificate in DER"))?;
        if !rest.is_empty() {
            return Err(malformed("bytes after its end"));
        }
        if parsed.version() != X509Version::V3 {
            return Err(malformed("not of version 3"));
        }
        if parsed.signature != parsed.signature_algorithm {
            return Err(malformed("two different signature algorithms"));
        }
        Ok(Self {
            fingerprint: sha256(der),
            serial: hex(parsed.raw_serial()),
            raw_serial: parsed.raw_serial().to_vec(),
            subject: Name::read(parsed.subject()),
            issuer: Name::read(parsed.issuer()),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            spki: parsed.public_key().raw.to_vec(),
            public_key: PublicKey::read(parsed.public_key()),
            signature_algorithm: SignatureAlgorithm::named(
                &parsed.signature_algorithm.algorithm.to_id_string(),
            ),
            extensions: Extensions::read(parsed.extensions())?,
            der: der.to_vec(),
        })
    }

    /// The certificate's DER bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER bytes.
    #[must_use]
    pub fn fingerprint_sha256(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Serial number in upper-case hexadecimal, two digits a byte, as authorities print it.
    #[must_use]
    pub fn serial_hex(&self) -> &str {
        &self.serial
    }

    /// Serial number as the content of its INTEGER.
    #[must_use]
    pub fn serial_raw(&self) -> &[u8] {
        &self.raw_serial
    }

    /// Subject as text for people, see [`Name::text`]. It names a person: keep it out of logs.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.subject.text()
    }

    /// Issuer as text for people, see [`Name::text`].
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.issuer.text()
    }

    /// Subject, attribute by attribute.
    #[must_use]
    pub fn subject_name(&self) -> &Name {
        &self.subject
    }

    /// Issuer, attribute by attribute.
    #[must_use]
    pub fn issuer_name(&self) -> &Name {
        &self.issuer
    }

    /// First common name of the subject.
    #[must_use]
    pub fn subject_common_name(&self) -> Option<&str> {
        self.subject.first(AttributeKind::CommonName)
    }

    /// First common name of the issuer.
    #[must_use]
    pub fn issuer_common_name(&self) -> Option<&str> {
        self.issuer.first(AttributeKind::CommonName)
    }

    /// DER bytes of the subject, for comparing with the issuer of another certificate.
    #[must_use]
    pub fn subject_raw(&self) -> &[u8] {
        self.subject.raw()
    }

    /// DER bytes of the issuer.
    #[must_use]
    pub fn issuer_raw(&self) -> &[u8] {
        self.issuer.raw()
    }

    /// Start of validity, in seconds since 1970 (UTC).
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// End of validity (the last valid second), in seconds since 1970 (UTC).
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// Kind and size of the public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// The public key as SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// How the issuer signed.
    #[must_use]
    pub fn signature_algorithm(&self) -> SignatureAlgorithm {
        self.signature_algorithm
    }

    /// Key usage; `None` when the extension is absent.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.extensions.key_usage
    }

    /// Extended key usage; `None` when the extension is absent.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<ExtendedKeyUsage> {
        self.extensions.extended_key_usage
    }

    /// Basic constraints; `None` when the extension is absent, which means: not an authority.
    #[must_use]
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.extensions.basic_constraints
    }

    /// When the private key may be used; `None` when the extension is absent.
    #[must_use]
    pub fn private_key_usage_period(&self) -> Option<UsagePeriod> {
        self.extensions.private_key_usage_period
    }

    /// A critical extension is here that this crate does not know: such a certificate must be refused (RFC 5280 §4.2).
    #[must_use]
    pub fn has_unknown_critical_extension(&self) -> bool {
        self.extensions.unknown_critical
    }

    /// Addresses of revocation lists, as the certificate writes them (`http:` and `ldap:`).
    #[must_use]
    pub fn crl_urls(&self) -> &[String] {
        &self.extensions.crl_urls
    }

    /// Addresses of OCSP responders.
    #[must_use]
    pub fn ocsp_urls(&self) -> &[String] {
        &self.extensions.ocsp_urls
    }

    /// Addresses of the issuer's certificate.
    #[must_use]
    pub fn ca_issuer_urls(&self) -> &[String] {
        &self.extensions.ca_issuer_urls
    }

    /// Subject key identifier.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.extensions.subject_key_id.as_deref()
    }

    /// Key identifier of the issuer, as this certificate names it.
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.extensions.authority_key_id.as_deref()
    }

    /// DER value of the extension with this dotted object identifier, whatever it is.
    #[must_use]
    pub fn extension(&self, oid: &str) -> Option<&[u8]> {
        self.extensions.value(oid)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

/// Shows the fingerprint alone: the subject is a person.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate(sha256 {})", hex(&self.fingerprint))
    }
}

/// The one error of this room. The reason is ours: nothing of the certificate goes into it.
fn malformed(why: &str) -> Error {
    Error::Content { what: "certificate", why: why.to_owned() }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut out = [0; 32];
    out.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

#[cfg(test)]
pub(crate) mod tests;
