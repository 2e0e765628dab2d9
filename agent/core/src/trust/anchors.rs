//! The authorities of this environment: roots and intermediates, from the files of the configured folders.

use super::Environment;
use crate::failure::{self, Failure};
use cps_card::certificate::{AttributeKind, Certificate, PublicKey, SignatureAlgorithm};
use std::sync::Arc;
use x509_parser::pem::Pem;

/// Most authorities kept: the IGC-Santé has nine, a site adds a few.
const MAX_ANCHORS: usize = 256;

/// A file of an anchor folder.
#[derive(Debug, Clone)]
pub struct AnchorFile {
    /// Its name, for the report.
    pub name: String,
    /// Its content: one or several certificates in PEM, or one in DER.
    pub content: Vec<u8>,
}

/// The authorities that count here. Empty means: nothing can be believed.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    environment: Environment,
    authorities: Vec<Arc<Certificate>>,
}

impl Anchors {
    /// Reads the files of one environment. What is left out is reported, file by file ([`failure::ANCHOR_REFUSED`]), and
    /// the rest is kept: one bad file must not close a workstation.
    ///
    /// In production an authority that calls itself TEST is left out. In the test environment real authorities may stay,
    /// so that a real card is refused as such and not as unknown.
    #[must_use]
    pub fn read(files: &[AnchorFile], environment: Environment) -> (Self, Vec<Failure>) {
        let mut anchors = Self { environment, authorities: Vec::new() };
        let mut refused = Vec::new();
        for file in files {
            if let Err(reason) = anchors.take(file) {
                refused.push(
                    Failure::new(failure::ANCHOR_REFUSED)
                        .with("file", file.name.as_str())
                        .with("reason", reason),
                );
            }
        }
        (anchors, refused)
    }

    /// How many authorities there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.authorities.len()
    }

    /// Production or test.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    /// The authorities, in the order of the files.
    #[must_use]
    pub fn authorities(&self) -> &[Arc<Certificate>] {
        &self.authorities
    }

    /// Authorities whose name is the issuer's name of this certificate.
    pub(super) fn issuers_of<'a>(
        &'a self,
        certificate: &'a Certificate,
    ) -> impl Iterator<Item = &'a Arc<Certificate>> {
        self.authorities.iter().filter(|a| a.subject_raw() == certificate.issuer_raw())
    }

    /// Keeps the good certificates of a file; the first reason why one was left out.
    fn take(&mut self, file: &AnchorFile) -> Result<(), &'static str> {
        let mut found = 0;
        let mut outcome = Ok(());
        for der in certificates(&file.content)? {
            found += 1;
            match self.admit(&der) {
                Ok(authority) if self.authorities.contains(&authority) => {}
                Ok(_) if self.authorities.len() >= MAX_ANCHORS => {
                    outcome = outcome.and(Err("too many authorities"))
                }
                Ok(authority) => self.authorities.push(authority),
                Err(reason) => outcome = outcome.and(Err(reason)),
            }
        }
        if found == 0 { Err("no certificate inside") } else { outcome }
    }

    fn admit(&self, der: &[u8]) -> Result<Arc<Certificate>, &'static str> {
        let certificate = Certificate::from_der(der).map_err(|_| "not a readable certificate")?;
        if !is_authority(&certificate) {
            return Err("not the certificate of an authority");
        }
        if !is_strong(&certificate) {
            return Err("its key or signature is too weak");
        }
        if self.environment == Environment::Production && calls_itself_test(&certificate) {
            return Err("a TEST authority in production");
        }
        Ok(Arc::new(certificate))
    }
}

/// The DER certificates of a file. Other PEM blocks are passed over, private keys included.
fn certificates(content: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    if content.first() == Some(&0x30) {
        return Ok(vec![content.to_vec()]);
    }
    Pem::iter_from_buffer(content)
        .filter(|block| !block.as_ref().is_ok_and(|b| b.label != "CERTIFICATE"))
        .map(|block| block.map(|b| b.contents).map_err(|_| "not PEM"))
        .collect()
}

/// An authority by its own words: basicConstraints CA and keyUsage keyCertSign (RFC 5280 §4.2.1.3, §4.2.1.9).
pub(super) fn is_authority(certificate: &Certificate) -> bool {
    certificate.basic_constraints().is_some_and(|b| b.authority)
        && certificate.key_usage().is_some_and(|u| u.key_cert_sign)
        && !certificate.has_unknown_critical_extension()
}

/// RSA of 2048 bits or more, or P-256, signed with SHA-256 or better.
pub(super) fn is_strong(certificate: &Certificate) -> bool {
    let key = match certificate.public_key() {
        PublicKey::Rsa { bits } => bits >= 2048,
        PublicKey::P256 => true,
        PublicKey::Other => false,
    };
    key && certificate.signature_algorithm() != SignatureAlgorithm::Other
}

/// TEST authorities say so in their name: `CN=TEST AC …`, `OU=IGC-SANTE TEST`, `O=TEST`.
pub(super) fn calls_itself_test(certificate: &Certificate) -> bool {
    [certificate.subject_name(), certificate.issuer_name()].into_iter().any(|name| {
        [AttributeKind::CommonName, AttributeKind::OrganizationalUnit, AttributeKind::Organization]
            .into_iter()
            .flat_map(|kind| name.all(kind))
            .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
            .any(|word| word.eq_ignore_ascii_case("test"))
    })
}
