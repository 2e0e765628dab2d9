//! The certificates that a gateway is told to use: read when a session first needs them, so that a renewed one is found
//! without a new start.

use crate::{
    config::{GatewayAnchors, GatewayCredential},
    host::{
        client_certificate::{ClientCertificate, ClientCertificateError},
        tls::{AnchorError, Anchors},
        trust_files::TrustFiles,
    },
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use std::{
    fs, io,
    path::{Path, PathBuf},
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

/// The organisation's certificate; `None` for a gateway that shows the card's.
///
/// # Errors
/// See [`FilesError`].
pub fn organisation(credential: &GatewayCredential) -> Result<Option<ClientCertificate>, FilesError> {
    match credential {
        GatewayCredential::Card => Ok(None),
        GatewayCredential::Organisation { certificate, key } => {
            Ok(Some(ClientCertificate::read(certificate, key)?))
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
