//! Writing certificates: names with several attributes in one RDN, raw extensions, and a signature by a P-256 key.

use crate::Error;
use crate::certificate::Certificate;
use p256::ecdsa::{DerSignature, SigningKey};
use std::time::Duration;
use x509_cert::TbsCertificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder};
use x509_cert::der::asn1::{Any, GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec};
use x509_cert::der::{self, Decode, Encode, Tag};
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

/// What goes into a certificate, for the builder.
pub(crate) struct Profile {
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
    pub(crate) extensions: Vec<Extension>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        own: SubjectPublicKeyInfoRef<'_>,
        issuer: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let mut extensions = self.extensions.clone();
        extensions.push(extension("2.5.29.14", false, &tlv(0x04, &key_id(&own)))?);
        extensions.push(extension("2.5.29.35", false, &tlv(0x30, &tlv(0x80, &key_id(&issuer))))?);
        Ok(extensions)
    }
}

/// Certifies `key` by the key of an authority. Key identifiers are added to the profile's extensions.
pub(crate) fn certify(
    profile: Profile,
    serial: SerialNumber,
    validity: Validity,
    key: &SigningKey,
    authority: &SigningKey,
) -> Result<Certificate, Error> {
    let spki = SubjectPublicKeyInfo::from_key(key.verifying_key()).map_err(failed)?;
    let builder = CertificateBuilder::new(profile, serial, validity, spki).map_err(failed)?;
    let certificate = builder.build::<_, DerSignature>(authority).map_err(failed)?;
    Certificate::from_der(&certificate.to_der().map_err(failed)?)
}

/// An extension from its dotted identifier and DER value.
pub(crate) fn extension(oid: &str, critical: bool, value: &[u8]) -> Result<Extension, der::Error> {
    Ok(Extension { extn_id: ObjectIdentifier::new(oid)?, critical, extn_value: OctetString::new(value)? })
}

/// One DER object of less than 128 bytes, all that is needed here. A longer one would not get past [`certify`], which
/// reads what it made.
pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
    [&[tag, length], value].concat()
}

/// Method 1 of RFC 7093 §2: the leftmost 160 bits of the SHA-256 of the public key.
fn key_id(spki: &SubjectPublicKeyInfoRef<'_>) -> Vec<u8> {
    let digest = ring::digest::digest(&ring::digest::SHA256, spki.subject_public_key.raw_bytes());
    digest.as_ref().iter().take(20).copied().collect()
}

/// Attributes of the names written here.
#[derive(Clone, Copy)]
pub(crate) enum Attribute {
    Country,
    Organization,
    OrganizationalUnit,
    Title,
    GivenName,
    Surname,
    CommonName,
}

impl Attribute {
    fn oid(self) -> &'static str {
        match self {
            Self::Country => "2.5.4.6",
            Self::Organization => "2.5.4.10",
            Self::OrganizationalUnit => "2.5.4.11",
            Self::Title => "2.5.4.12",
            Self::GivenName => "2.5.4.42",
            Self::Surname => "2.5.4.4",
            Self::CommonName => "2.5.4.3",
        }
    }
}

/// A name from its RDN. Attributes without a value are left out.
pub(crate) fn name(rdns: &[&[(Attribute, &str)]]) -> Result<Name, der::Error> {
    let mut sequence = Vec::new();
    for rdn in rdns {
        let mut set = SetOfVec::new();
        for (attribute, value) in rdn.iter().filter(|(_, value)| !value.is_empty()) {
            let tag = match attribute {
                Attribute::Country => Tag::PrintableString,
                _ => Tag::Utf8String,
            };
            let oid = ObjectIdentifier::new(attribute.oid())?;
            set.insert(AttributeTypeAndValue { oid, value: Any::new(tag, value.as_bytes())? })?;
        }
        if !set.is_empty() {
            sequence.push(set);
        }
    }
    Name::from_der(&sequence.to_der()?)
}

/// A time from seconds since 1970 (UTC); the builder chooses between UTCTime and GeneralizedTime.
pub(crate) fn time(seconds: i64) -> Result<Time, Error> {
    let since_1970 = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Ok(Time::GeneralTime(GeneralizedTime::from_unix_duration(since_1970).map_err(failed)?))
}

/// Encoding errors name types and lengths, never values.
pub(crate) fn failed(error: impl std::fmt::Display) -> Error {
    Error::Token(format!("a certificate cannot be written: {error}"))
}
