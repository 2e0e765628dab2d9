//! Makes the certificate of an https bridge, under an authority that exists for this one signature.
//!
//! Browsers believe a certificate only when they believe an authority, and an authority that could vouch for other
//! names would be a danger to the person. So the authority's key never leaves the function that makes it: it signs
//! one leaf and is wiped. And should it have leaked all the same, the authority is constrained to the names of this
//! machine (RFC 5280 §4.2.1.10), may have no authority below it, and is for TLS servers only.

use cps_agent_core::{identity::UnixTime, secret::Entropy};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::EncodePrivateKey as _,
};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SerialNumber, SignatureAlgorithm,
};
use std::{net::IpAddr, time::Duration};
use zeroize::Zeroizing;

/// Names of the bridge, and all that its authority may vouch for.
pub const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// Both certificates last thirteen months: renewed once a year, with a month to do it. The authority has no key to make
/// another leaf with, so it need not last longer than its only one.
pub const LIFE: i64 = 397 * 86_400;
/// Certificates start a little in the past, for clocks that are set back.
const CLOCK_SKEW: i64 = 3_600;
/// How often random bytes may fail to be a P-256 key, which they do once in 2^32.
const TRIES: usize = 8;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// A certificate cannot be written.
    #[error("the certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// No key came of the random bytes, or it cannot be written.
    #[error("the key cannot be made")]
    Key,
}

/// What was made. The authority's key is gone.
pub struct Made {
    /// The bridge's certificate, PEM.
    pub leaf: String,
    /// The authority's certificate, PEM.
    pub authority: String,
    /// The bridge's key, PKCS#8 in PEM.
    pub key: Zeroizing<String>,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Made(…)")
    }
}

/// A P-256 key that is wiped when it is dropped, as rcgen signs with it.
struct Key {
    secret: SigningKey,
    /// The public point, uncompressed (SEC 1 §2.3.3).
    point: Vec<u8>,
}

impl Key {
    fn new(entropy: &mut dyn Entropy) -> Result<Self, MakeError> {
        let mut bytes = Zeroizing::new([0; 32]);
        for _ in 0..TRIES {
            entropy.fill(bytes.as_mut());
            if let Ok(secret) = SigningKey::from_slice(bytes.as_ref()) {
                let point = secret.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                return Ok(Self { secret, point });
            }
        }
        Err(MakeError::Key)
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: DerSignature = self.secret.sign(message);
        Ok(signature.as_bytes().to_vec())
    }
}

/// Makes an authority of this machine, has it sign the bridge's certificate, and forgets its key.
///
/// # Errors
/// See [`MakeError`].
pub fn make(entropy: &mut dyn Entropy, now: UnixTime) -> Result<Made, MakeError> {
    let authority_key = Key::new(entropy)?;
    let params = authority(entropy, now);
    let certificate = params.self_signed(&authority_key)?;
    let issuer = Issuer::new(params, authority_key);

    let key = Key::new(entropy)?;
    let leaf = leaf(entropy, now)?.signed_by(&key, &issuer)?;
    drop(issuer);
    let pkcs8 = key.secret.to_pkcs8_pem(p256::pkcs8::LineEnding::LF).map_err(|_| MakeError::Key)?;
    Ok(Made { leaf: leaf.pem(), authority: certificate.pem(), key: pkcs8 })
}

fn authority(entropy: &mut dyn Entropy, now: UnixTime) -> CertificateParams {
    let mut params = certificate(entropy, now);
    // Stores tell authorities apart by their names: each has its own.
    let mut mark = [0; 4];
    entropy.fill(&mut mark);
    let name = format!("cps-agent on this machine only, {:08x}", u32::from_be_bytes(mark));
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let permitted = NAMES.iter().map(|name| match name.parse::<IpAddr>() {
        Ok(address @ IpAddr::V4(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, 32)),
        Ok(address) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, 128)),
        Err(_) => GeneralSubtree::DnsName((*name).to_owned()),
    });
    // A kind of name that is not mentioned is not constrained: mail addresses are mentioned.
    let mail = GeneralSubtree::Rfc822Name("localhost".to_owned());
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted.chain([mail]).collect(),
        excluded_subtrees: Vec::new(),
    });
    params
}

fn leaf(entropy: &mut dyn Entropy, now: UnixTime) -> Result<CertificateParams, MakeError> {
    let mut params = certificate(entropy, now);
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.subject_alt_names = CertificateParams::new(NAMES.map(str::to_owned))?.subject_alt_names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// What both certificates have in common.
fn certificate(entropy: &mut dyn Entropy, now: UnixTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    let date = |seconds: i64| {
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    };
    params.not_before = date(now.plus(-CLOCK_SKEW).0);
    params.not_after = date(now.plus(LIFE).0);
    // 127 random bits; the first bit is not set, so that the number is positive (RFC 5280 §4.1.2.2).
    let mut serial = [0; 16];
    entropy.fill(&mut serial);
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x7F | 0x40;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "cps-agent");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}
