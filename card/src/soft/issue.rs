//! Making e-CPS tokens: a key with a request for a certificate, or a key certified by a TEST authority of its own.

use super::file::{self, TokenFile};
use super::x509::{Attribute, Profile, certify, extension, failed, name, time, tlv};
use crate::certificate::Certificate;
use crate::holder::{CATEGORY, PROFESSION, PersonId, SPECIALITIES};
use crate::{Error, Pin};
use p256::ecdsa::{DerSignature, SigningKey};
use ring::rand::SecureRandom;
use x509_cert::builder::{Builder, RequestBuilder};
use x509_cert::der::asn1::Any;
use x509_cert::der::{self, Decode, Encode, Tag};
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::request::CertReq;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Validity;

/// Category byte of a software certificate for tests (table G01).
const TEST_SOFTWARE: u8 = 0x83;
/// Three years, as the software certificates of the IGC-Santé.
const LIFE: i64 = 3 * 365 * 86_400;
/// Certificates start a little in the past, for verifiers whose clocks are late.
const CLOCK_SKEW: i64 = 300;

/// Who a token is for. `Debug` shows no name.
#[derive(Clone)]
pub struct Person {
    /// National identifier (PS_IdNat), which becomes the common name.
    pub national_id: PersonId,
    /// Family name.
    pub family_name: String,
    /// Given name.
    pub given_name: String,
    /// Profession in words, such as `Médecin`.
    pub title: String,
    /// Profession, a code of table G15.
    pub profession: Option<u8>,
    /// Specialities, codes of table R01.
    pub specialities: Vec<String>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("profession", &self.profession).finish_non_exhaustive()
    }
}

/// A token that waits for its certificate.
#[derive(Debug)]
pub struct Request {
    /// The token's file, to be kept. It cannot be opened before [`complete`].
    pub file: String,
    /// The certificate request (PKCS#10, RFC 2986) in PEM, to be sent to the authority.
    pub request: String,
}

/// A token that works at once, where its authority is trusted: in a test environment.
#[derive(Debug)]
pub struct TestToken {
    /// The token's file.
    pub file: String,
    /// The token's certificate.
    pub certificate: Certificate,
    /// The authority, made for this one certificate and marked TEST. Its key no longer exists.
    pub authority: Certificate,
}

/// Makes a key under a passphrase and asks for a certificate.
///
/// # Errors
/// [`Error::PinFormat`] when the passphrase is too short; [`Error::Token`] when there is no entropy or a name cannot be
/// written.
pub fn request(entropy: &dyn SecureRandom, passphrase: Pin, person: &Person) -> Result<Request, Error> {
    file::check_length(&passphrase)?;
    let key = generate(entropy)?;
    let mut builder = RequestBuilder::new(subject(person).map_err(failed)?).map_err(failed)?;
    for usage in authentication_usage().map_err(failed)? {
        builder.add_extension(usage).map_err(failed)?;
    }
    let signed: CertReq = builder.build::<_, DerSignature>(&key).map_err(failed)?;
    let der = signed.to_der().map_err(failed)?;
    let mut file = TokenFile::default();
    file.seal(entropy, &passphrase, &key)?;
    file.set_request(der.clone());
    Ok(Request { file: file.to_pem()?, request: file::request_pem(&der)? })
}

/// Puts the certificate that an authority issued (PEM or DER) into the file that waits for it, and returns the file.
///
/// # Errors
/// [`Error::Token`] when nothing was requested or the certificate is for another key, [`Error::Content`] when it is none.
pub fn complete(file: &[u8], certificate: &[u8]) -> Result<String, Error> {
    let mut file = TokenFile::parse(file)?;
    let certificate = file::read_certificate(certificate)?;
    let requested =
        file.request().ok_or_else(|| Error::Token("the token waits for no certificate".to_owned()))?;
    let requested = CertReq::from_der(requested).and_then(|r| r.info.public_key.to_der()).map_err(failed)?;
    if requested != certificate.spki() {
        return Err(Error::Token("the certificate belongs to another key".to_owned()));
    }
    file.set_certificate(&certificate);
    file.to_pem()
}

/// Makes a key under a passphrase, and an authority marked TEST that certifies it and is then destroyed.
///
/// The certificate has the shape of a software certificate of a person in the IGC-Santé, but for an elliptic-curve key,
/// and for authentication. `now` is in seconds since 1970 (UTC). It lasts three years, and nobody can revoke it.
///
/// # Errors
/// As [`request`].
pub fn create_test(
    entropy: &dyn SecureRandom,
    passphrase: Pin,
    person: &Person,
    now: i64,
) -> Result<TestToken, Error> {
    file::check_length(&passphrase)?;
    let authority_key = generate(entropy)?;
    let authority_serial = serial(entropy)?;
    let mark: String = authority_serial.as_bytes().iter().take(4).map(|b| format!("{b:02X}")).collect();
    let authority_name = name(&[
        &[(Attribute::Country, "FR")],
        &[(Attribute::Organization, "TEST")],
        &[(Attribute::OrganizationalUnit, "TEST e-CPS")],
        &[(Attribute::CommonName, &format!("TEST AC e-CPS {mark}"))],
    ])
    .map_err(failed)?;
    let validity = Validity::new(time(now - CLOCK_SKEW)?, time(now + LIFE)?);

    let profile = Profile {
        issuer: authority_name.clone(),
        subject: authority_name.clone(),
        extensions: authority_extensions().map_err(failed)?,
    };
    let authority = certify(profile, authority_serial, validity, &authority_key, &authority_key)?;

    let key = generate(entropy)?;
    let profile = Profile {
        issuer: authority_name,
        subject: subject(person).map_err(failed)?,
        extensions: person_extensions(person).map_err(failed)?,
    };
    let certificate = certify(profile, serial(entropy)?, validity, &key, &authority_key)?;
    drop(authority_key);

    let mut file = TokenFile::default();
    file.seal(entropy, &passphrase, &key)?;
    file.set_certificate(&certificate);
    Ok(TestToken { file: file.to_pem()?, certificate, authority })
}

/// An authority that certifies persons and no authority below it.
fn authority_extensions() -> Result<Vec<Extension>, der::Error> {
    Ok(vec![
        // basicConstraints: authority, path length 0.
        extension("2.5.29.19", true, &tlv(0x30, &[0x01, 0x01, 0xFF, 0x02, 0x01, 0x00]))?,
        // keyUsage: keyCertSign.
        extension("2.5.29.15", true, &[0x03, 0x02, 0x02, 0x04])?,
    ])
}

fn authentication_usage() -> Result<Vec<Extension>, der::Error> {
    Ok(vec![
        // keyUsage: digitalSignature.
        extension("2.5.29.15", true, &[0x03, 0x02, 0x07, 0x80])?,
        // extKeyUsage: clientAuth, 1.3.6.1.5.5.7.3.2.
        extension("2.5.29.37", false, &tlv(0x30, &tlv(0x06, &[0x2B, 6, 1, 5, 5, 7, 3, 2])))?,
    ])
}

fn person_extensions(person: &Person) -> Result<Vec<Extension>, der::Error> {
    let mut out = authentication_usage()?;
    out.push(extension(CATEGORY, false, &tlv(0x04, &[TEST_SOFTWARE]))?);
    if let Some(profession) = person.profession.filter(|code| *code < 0x80) {
        out.push(extension(PROFESSION, false, &tlv(0x02, &[profession]))?);
    }
    if !person.specialities.is_empty() {
        let codes: Result<Vec<Any>, _> =
            person.specialities.iter().map(|code| Any::new(Tag::Utf8String, code.as_bytes())).collect();
        out.push(extension(SPECIALITIES, false, &codes?.to_der()?)?);
    }
    Ok(out)
}

/// The subject as the IGC-Santé writes it: the names of the person and the identifier share one RDN.
fn subject(person: &Person) -> Result<Name, der::Error> {
    name(&[
        &[(Attribute::Country, "FR")],
        &[(Attribute::Title, &person.title)],
        &[
            (Attribute::GivenName, &person.given_name),
            (Attribute::Surname, &person.family_name),
            (Attribute::CommonName, person.national_id.as_str()),
        ],
    ])
}

/// A key of 256 random bits, drawn again in the rare case that they are not one.
fn generate(entropy: &dyn SecureRandom) -> Result<SigningKey, Error> {
    for _ in 0..8 {
        let mut scalar = zeroize::Zeroizing::new([0; 32]);
        entropy.fill(scalar.as_mut_slice()).map_err(|_| no_entropy())?;
        if let Ok(key) = SigningKey::from_slice(scalar.as_slice()) {
            return Ok(key);
        }
    }
    Err(no_entropy())
}

/// 16 random bytes, the first bit clear and the second set, so that the number is positive and never short.
fn serial(entropy: &dyn SecureRandom) -> Result<SerialNumber, Error> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes).map_err(|_| no_entropy())?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7F | 0x40;
    }
    SerialNumber::new(&bytes).map_err(failed)
}

fn no_entropy() -> Error {
    Error::Token("the system gives no random numbers".to_owned())
}
