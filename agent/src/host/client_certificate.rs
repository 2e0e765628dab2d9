//! The certificate by which this client is known upstream (`tls_client_auth`, RFC 8705 §2).

use super::key_file::{self, KeyFileError};
use cps_agent_core::identity::UnixTime;
use cps_card::certificate::Certificate;
use rustls::{SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
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
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .map_err(|_| none())?
            .collect::<Result<_, _>>()
            .map_err(|_| none())?;
        let leaf = chain.first().and_then(|leaf| Certificate::from_der(leaf).ok()).ok_or_else(none)?;
        let no_key = || KeyFileError::NoKey { path: key.to_owned() };
        let signer = rustls::crypto::ring::sign::any_supported_type(&key_file::private_key(key)?)
            .map_err(|_| no_key())?;
        let certified = CertifiedKey::new(chain, signer);
        certified.keys_match().map_err(|_| ClientCertificateError::Mismatch {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        })?;
        Ok(Self {
            key: Arc::new(certified),
            common_name: leaf.subject_common_name().map(str::to_owned),
            not_after: UnixTime(leaf.not_after()),
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

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
