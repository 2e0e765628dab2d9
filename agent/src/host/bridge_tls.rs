//! The certificate of an https bridge: kept sealed, presented to callers, replaced while the bridge listens.

use super::{
    bridge_authority::{self, Made, MakeError},
    seal::{SealError, Vault},
    state::Folder,
};
use cps_agent_core::{
    failure::{BRIDGE_CERTIFICATE_EXPIRED, BRIDGE_CERTIFICATE_MISSING, Failure},
    identity::UnixTime,
    secret::Entropy,
};
use cps_card::certificate::Certificate;
use rustls::{
    ServerConfig,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::{
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};
use zeroize::Zeroizing;

/// Sealed: the bridge's certificate, its authority's and its key, in this order, PEM.
const SEALED: &str = "bridge.pem";
/// The authority's certificate alone, for whoever fills the stores of this machine.
const AUTHORITY: &str = "bridge-authority.pem";
/// An authority that ends this soon is renewed where a valid one would be kept.
pub const RENEWAL: i64 = 30 * 86_400;

/// Why there is no certificate to present.
#[derive(Debug, thiserror::Error)]
pub enum BridgeTlsError {
    /// It cannot be made.
    #[error(transparent)]
    Make(#[from] MakeError),
    /// The sealed file.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The state folder.
    #[error("the authority's certificate cannot be written")]
    Io(#[from] io::Error),
    /// What is stored is no certificate with its key.
    #[error("the stored certificate cannot be used: {0}")]
    Content(String),
}

/// The authority that browsers are to believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Its certificate, DER.
    pub der: Vec<u8>,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
    /// Validity, Unix seconds.
    pub not_before: i64,
    /// Validity, Unix seconds; the bridge's certificate ends at the same moment.
    pub not_after: i64,
}

/// What is presented now, and by whose word.
#[derive(Debug)]
struct Current {
    presented: Arc<CertifiedKey>,
    authority: Authority,
}

/// Gives callers the certificate of the moment; without one their handshake fails.
#[derive(Debug, Default)]
struct Presented(RwLock<Option<Current>>);

impl Presented {
    fn set(&self, current: Option<Current>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = current;
    }

    fn look<R>(&self, question: impl FnOnce(&Current) -> R) -> Option<R> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(question)
    }
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.look(|current| Arc::clone(&current.presented))
    }
}

/// The certificate of the bridge of one agent.
#[derive(Debug)]
pub struct BridgeTls {
    vault: Vault,
    folder: Folder,
    presented: Arc<Presented>,
}

impl BridgeTls {
    /// Reads what a state folder holds. A certificate that cannot be used is kept aside: a new one is made in no time.
    ///
    /// # Errors
    /// When the folder or its key file cannot be used at all.
    pub fn open(folder: &Folder) -> Result<Self, SealError> {
        let tls = Self { vault: Vault::open(folder)?, folder: folder.clone(), presented: Arc::default() };
        let stored = tls.vault.read(SEALED).map_err(BridgeTlsError::from);
        match stored.and_then(|stored| stored.map(|stored| current(&stored)).transpose()) {
            Ok(current) => tls.presented.set(current),
            Err(BridgeTlsError::Seal(error @ (SealError::Io(_) | SealError::Key(_)))) => return Err(error),
            Err(error) => {
                let kept = tls.vault.keep_aside(SEALED)?;
                tracing::error!(%error, kept = %kept.display(), "the certificate of the bridge is left out");
            }
        }
        Ok(tls)
    }

    /// Settings of the TLS server: TLS 1.2 and 1.3, and whatever certificate there is when a caller comes.
    ///
    /// # Errors
    /// When the cryptography of this build knows neither version.
    pub fn server(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let presented: Arc<dyn ResolvesServerCert> = Arc::clone(&self.presented) as _;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(presented);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// The authority, when there is one.
    #[must_use]
    pub fn authority(&self) -> Option<Authority> {
        self.presented.look(|current| current.authority.clone())
    }

    /// Where the authority's certificate lies.
    #[must_use]
    pub fn authority_file(&self) -> PathBuf {
        self.folder.path(AUTHORITY)
    }

    /// Why no browser would believe the bridge now, when that is so.
    #[must_use]
    pub fn problem(&self, now: UnixTime) -> Option<Failure> {
        match self.authority() {
            None => Some(BRIDGE_CERTIFICATE_MISSING.into()),
            Some(authority) if authority.not_after <= now.0 => Some(BRIDGE_CERTIFICATE_EXPIRED.into()),
            Some(_) => None,
        }
    }

    /// Whether the certificate is still good for longer than [`RENEWAL`].
    #[must_use]
    pub fn lasts(&self, now: UnixTime) -> bool {
        self.authority().is_some_and(|authority| authority.not_after > now.plus(RENEWAL).0)
    }

    /// Makes a new authority and a new certificate, and presents it from now on. Takes a moment.
    ///
    /// # Errors
    /// See [`BridgeTlsError`]; what was there before then stands.
    pub fn renew(&self, entropy: &mut dyn Entropy, now: UnixTime) -> Result<Authority, BridgeTlsError> {
        let Made { leaf, authority, key } = bridge_authority::make(entropy, now)?;
        let bundle = Zeroizing::new([leaf.as_bytes(), authority.as_bytes(), key.as_bytes()].concat());
        let current = current(&bundle)?;
        self.vault.write(SEALED, &bundle)?;
        self.folder.write(AUTHORITY, authority.as_bytes())?;
        let made = current.authority.clone();
        self.presented.set(Some(current));
        Ok(made)
    }

    /// Forgets the certificate. Callers are no longer answered.
    ///
    /// # Errors
    /// See [`BridgeTlsError`].
    pub fn remove(&self) -> Result<(), BridgeTlsError> {
        self.vault.remove(SEALED)?;
        self.folder.remove(AUTHORITY)?;
        self.presented.set(None);
        Ok(())
    }
}

/// Parses a bundle.
fn current(bundle: &[u8]) -> Result<Current, BridgeTlsError> {
    let wrong = |what: &dyn std::fmt::Display| BridgeTlsError::Content(what.to_string());
    let mut certificates = CertificateDer::pem_slice_iter(bundle);
    let mut next = || certificates.next().ok_or_else(|| wrong(&"a certificate is missing"));
    let (leaf, authority) = (next()?.map_err(|e| wrong(&e))?, next()?.map_err(|e| wrong(&e))?);
    let key = PrivateKeyDer::from_pem_slice(bundle).map_err(|e| wrong(&e))?;
    let parsed = Certificate::from_der(&authority).map_err(|e| wrong(&e))?;
    // The authority is not sent: whoever believes it has it.
    let provider = rustls::crypto::ring::default_provider();
    let presented = CertifiedKey::from_der(vec![leaf], key, &provider).map_err(|e| wrong(&e))?;
    let authority = Authority {
        der: authority.to_vec(),
        sha256: parsed.fingerprint_sha256(),
        not_before: parsed.not_before(),
        not_after: parsed.not_after(),
    };
    Ok(Current { presented: Arc::new(presented), authority })
}

#[cfg(test)]
mod tests;
