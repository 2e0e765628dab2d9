//! A certificate of ours with its key, out of files: the one by which this client is known upstream (`tls_client_auth`,
//! RFC 8705 §2), and an organisation's.

use super::{
    key_file::{self, KeyFileError},
    pkcs12::{self, Pkcs12Error},
};
use cps_agent_core::identity::UnixTime;
use cps_card::certificate::Certificate;
use rustls::{SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ClientCertificateError {
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The file of both.
    #[error(transparent)]
    Pkcs12(#[from] Pkcs12Error),
    /// No certificate in the file, or one that cannot be read.
    #[error("{path}: holds no certificate in PEM", path = path.display())]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// The key belongs to another certificate.
    #[error("{key}: is not the key of the certificate in {certificate}", key = key.display(), certificate = certificate.display())]
    Mismatch {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
    },
}

/// A certificate with its key, ready for TLS.
#[derive(Debug)]
pub struct ClientCertificate {
    key: Arc<CertifiedKey>,
    common_name: Option<String>,
    not_after: UnixTime,
}

impl ClientCertificate {
    /// Reads certificate (with the authorities above it, if any) and key.
    ///
    /// # Errors
    /// See [`ClientCertificateError`].
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, ClientCertificateError> {
        let none = || ClientCertificateError::NoCertificate { path: certificate.to_owned() };
        let chain = chain(certificate)?;
        let no_key = || KeyFileError::NoKey { path: key.to_owned() };
        let signer = rustls::crypto::ring::sign::any_supported_type(&key_file::private_key(key)?)
            .map_err(|_| no_key())?;
        let certified = CertifiedKey::new(chain, signer);
        certified.keys_match().map_err(|_| ClientCertificateError::Mismatch {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        })?;
        Self::of(certified).ok_or_else(none)
    }

    /// Opens a PKCS#12 file with the password of another, and takes the first of its keys that has its certificate there.
    ///
    /// # Errors
    /// See [`ClientCertificateError`].
    pub fn pkcs12(file: &Path, password: &Path) -> Result<Self, ClientCertificateError> {
        let content = pkcs12::read(file, password)?;
        let signers = content.keys.iter().filter_map(|key| {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.as_slice()));
            rustls::crypto::ring::sign::any_supported_type(&key).ok()
        });
        for signer in signers {
            for leaf in &content.certificates {
                let chain = pkcs12::chain(leaf.clone(), &content.certificates);
                let certified = CertifiedKey::new(chain, Arc::clone(&signer));
                if certified.keys_match().is_ok()
                    && let Some(own) = Self::of(certified)
                {
                    return Ok(own);
                }
            }
        }
        Err(Pkcs12Error::NoPair { path: file.to_owned() }.into())
    }

    fn of(certified: CertifiedKey) -> Option<Self> {
        let leaf = certified.cert.first().and_then(|leaf| Certificate::from_der(leaf).ok())?;
        Some(Self {
            common_name: leaf.subject_common_name().map(str::to_owned),
            not_after: UnixTime(leaf.not_after()),
            key: Arc::new(certified),
        })
    }

    /// Its common name, which Pro Santé Connect wants to be the `client_id`.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// When it ends.
    #[must_use]
    pub const fn not_after(&self) -> UnixTime {
        self.not_after
    }
}

/// The certificates of a file: ours first, then those above it.
///
/// # Errors
/// [`ClientCertificateError::NoCertificate`].
pub(super) fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, ClientCertificateError> {
    let none = || ClientCertificateError::NoCertificate { path: file.to_owned() };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(file)
        .map_err(|_| none())?
        .collect::<Result<_, _>>()
        .map_err(|_| none())?;
    if chain.is_empty() { Err(none()) } else { Ok(chain) }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
