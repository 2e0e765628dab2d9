//! The certificates that a gateway is told to use: read when a session first needs them, so that a renewed one is found
//! without a new start. All of it blocks.

use crate::{
    config::{GatewayAnchors, OrganisationKey},
    host::{
        client_certificate::{ClientCertificate, ClientCertificateError},
        key_store::{KeyStore, KeyStoreError, RefusedPins},
        tls::{AnchorError, Anchors},
        trust_files::TrustFiles,
    },
};
use cps_agent_core::identity::UnixTime;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why the files of a gateway are of no use.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file or folder that cannot be read.
    #[error("{path}: cannot be read", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        #[source]
        cause: io::Error,
    },
    /// A file without a certificate.
    #[error("{path}: holds no certificate", path = path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
    /// The files name no authority that TLS takes.
    #[error("anchors holds no authority that can be used")]
    NoAuthority(#[source] Option<rustls::Error>),
    /// The web authorities of the system.
    #[error(transparent)]
    System(#[from] AnchorError),
    /// The organisation's certificate or its key.
    #[error(transparent)]
    Organisation(#[from] ClientCertificateError),
    /// The key store of the organisation's key.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
}

/// The organisation's certificate, with its key or the way to it.
#[derive(Debug)]
pub enum Organisation {
    /// Key and certificate out of files.
    Files(ClientCertificate),
    /// The key stays in its store.
    Store(Box<KeyStore>),
}

/// The authorities that may vouch for the origin, and the revocation lists beside them.
///
/// # Errors
/// See [`FilesError`].
pub fn anchors(anchors: &GatewayAnchors) -> Result<Anchors, FilesError> {
    let GatewayAnchors::Files(paths) = anchors else { return Ok(Anchors::system()?) };
    let mut certificates = Vec::new();
    let mut lists = Vec::new();
    for path in paths {
        let unreadable = |cause| FilesError::Unreadable { path: path.clone(), cause };
        if fs::metadata(path).map_err(unreadable)?.is_dir() {
            let found = TrustFiles::read(std::slice::from_ref(path));
            lists.extend(found.lists);
            for file in found.anchors {
                certificates.extend(read(path, file.content)?);
            }
        } else {
            certificates.extend(read(path, fs::read(path).map_err(unreadable)?)?);
        }
    }
    if certificates.is_empty() {
        return Err(FilesError::NoAuthority(None));
    }
    Anchors::certificates(certificates, lists).map_err(|error| FilesError::NoAuthority(Some(error)))
}

/// The organisation's certificate, ready to be shown.
///
/// # Errors
/// See [`FilesError`].
pub fn organisation(key: &OrganisationKey, refused: &Arc<RefusedPins>) -> Result<Organisation, FilesError> {
    Ok(match key {
        OrganisationKey::Pem { certificate, key } => {
            Organisation::Files(ClientCertificate::read(certificate, key)?)
        }
        OrganisationKey::Pkcs12 { file, password } => {
            Organisation::Files(ClientCertificate::pkcs12(file, password)?)
        }
        OrganisationKey::Pkcs11 { uri, certificate } => {
            Organisation::Store(Box::new(KeyStore::open(uri, certificate.as_deref(), Arc::clone(refused))?))
        }
    })
}

/// When the organisation's certificate ends, as far as it can be told without a PIN.
///
/// # Errors
/// See [`FilesError`].
pub fn organisation_end(
    key: &OrganisationKey,
    refused: &Arc<RefusedPins>,
) -> Result<Option<UnixTime>, FilesError> {
    if let OrganisationKey::Pkcs11 { uri, certificate } = key {
        return Ok(KeyStore::look(uri, certificate.as_deref(), refused)?.not_after);
    }
    organisation(key, refused).map(|organisation| organisation.not_after())
}

impl Organisation {
    /// When its certificate ends.
    #[must_use]
    pub fn not_after(&self) -> Option<UnixTime> {
        match self {
            Self::Files(certificate) => Some(certificate.not_after()),
            Self::Store(store) => store.chain().first().map(|leaf| UnixTime(leaf.not_after())),
        }
    }
}

/// The certificates of a file: all PEM sections, or the whole file as DER.
fn read(path: &Path, content: Vec<u8>) -> Result<Vec<Vec<u8>>, FilesError> {
    let none = || FilesError::NoCertificate { path: path.to_owned() };
    if content.first() == Some(&0x30) {
        return Ok(vec![content]);
    }
    let sections: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(&content)
        .map(|section| section.map(|certificate| certificate.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| none())?;
    if sections.is_empty() { Err(none()) } else { Ok(sections) }
}
