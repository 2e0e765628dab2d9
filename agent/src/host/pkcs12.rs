//! Certificates and keys as organisations get them: one file behind a password (PKCS#12, RFC 7292).
//!
//! Written by OpenSSL 3 (PBES2 with AES-256 and SHA-256) or by older portals (triple DES and SHA-1). Password and keys are
//! wiped here. What the reader of the format decrypts on its way is out of reach, as is what TLS keeps of a key that it
//! signs with: against that, no other program reads this one's memory ([`super::memory`]).

use super::key_file::{self, KeyFileError};
use cps_card::certificate::Certificate;
use p12_keystore::{Pkcs12Archive, error::Error};
use rustls_pki_types::CertificateDer;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs12Error {
    /// The file, or that of its password.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// It is none, or made in a way that is not understood.
    #[error("{path}: is no PKCS#12 file that can be read", path = path.display())]
    Garbled {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: Error,
    },
    /// Its password is another one.
    #[error("{path}: the password is not the right one", path = path.display())]
    Password {
        /// Which.
        path: PathBuf,
    },
    /// No key, no certificate, or none that belong together.
    #[error("{path}: holds no key with its certificate", path = path.display())]
    NoPair {
        /// Which.
        path: PathBuf,
    },
}

/// What a file holds, as it stands there.
pub struct Content {
    /// Private keys, PKCS#8.
    pub keys: Vec<Zeroizing<Vec<u8>>>,
    /// Certificates, in no order that means anything.
    pub certificates: Vec<CertificateDer<'static>>,
}

/// Opens a file with the password of another.
///
/// # Errors
/// See [`Pkcs12Error`].
pub fn read(file: &Path, password: &Path) -> Result<Content, Pkcs12Error> {
    let password = key_file::own_secret(password)?;
    let content = key_file::content(file)?;
    let archive = Pkcs12Archive::from_pkcs12(&content, password.expose()).map_err(|cause| match cause {
        Error::MacError(_) => Pkcs12Error::Password { path: file.to_owned() },
        cause => Pkcs12Error::Garbled { path: file.to_owned(), cause },
    })?;
    Ok(Content {
        keys: archive.keys.iter().map(|bag| Zeroizing::new(bag.key.as_der().to_vec())).collect(),
        certificates: archive.certs.iter().map(|bag| bag.cert.as_der().to_vec().into()).collect(),
    })
}

/// A certificate and those above it, out of several that were found without order. One that signs itself ends the chain
/// and is left out: whoever judges it has it or does not believe it.
#[must_use]
pub fn chain(
    leaf: CertificateDer<'static>,
    others: &[CertificateDer<'static>],
) -> Vec<CertificateDer<'static>> {
    let parsed = |der: &CertificateDer<'static>| Certificate::from_der(der).ok();
    let mut chain = vec![leaf];
    while let Some(below) = chain.last().and_then(parsed) {
        let above = others.iter().find(|other| {
            !chain.contains(other)
                && parsed(other).is_some_and(|other| {
                    below.issuer_raw() == other.subject_raw() && other.issuer_raw() != other.subject_raw()
                })
        });
        match above {
            Some(above) => chain.push(above.clone()),
            None => break,
        }
    }
    chain
}
