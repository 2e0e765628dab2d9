//! A web authority for the servers of the sandbox, apart from the card authorities.
//!
//! It is made afresh for each run and its key never leaves memory, so that trusting it by mistake harms nobody later.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A TEST authority for TLS servers.
pub struct WebAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl WebAuthority {
    /// Makes an authority with a new key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "TEST cps-agent sandbox");
        params.distinguished_name.push(DnType::CommonName, "TEST web authority of the sandbox");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The anchor as PEM, for a `ca_file`.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The anchor as DER.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A server certificate for DNS names or IP addresses, with its key.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate, or the system has no randomness.
    pub fn server(
        &self,
        names: &[&str],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), rcgen::Error> {
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "TEST server of the sandbox");
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((vec![certificate.der().clone()], key))
    }
}
