//! TLS towards upstreams: which anchors count, and what is learned from a handshake that fails.

use cps_card::certificate::Certificate;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme, SupportedProtocolVersion,
    client::{
        ResolvesClientCert, Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Why there are no anchors.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The file cannot be read or holds no certificate.
    #[error("{path}: no certificate can be read from it", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why, when the reader said.
        #[source]
        cause: Option<rustls_pki_types::pem::Error>,
    },
    /// The system's anchors cannot be used.
    #[error("the system's certificate authorities cannot be used")]
    System(#[source] Error),
}

/// The authorities that may vouch for a server, with the cryptography to check them.
#[derive(Debug, Clone)]
pub struct Anchors {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl Anchors {
    /// The system's authorities, as its administrator keeps them.
    ///
    /// # Errors
    /// See [`AnchorError`].
    pub fn system() -> Result<Self, AnchorError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            rustls_platform_verifier::Verifier::new(Arc::clone(&provider)).map_err(AnchorError::System)?;
        Ok(Self { provider, verifier: Arc::new(verifier) })
    }

    /// The authorities in a PEM file, and no others.
    ///
    /// # Errors
    /// See [`AnchorError`].
    pub fn file(path: &Path) -> Result<Self, AnchorError> {
        let unreadable = |cause| AnchorError::File { path: path.to_owned(), cause };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(Some(e)))? {
            roots.add(certificate.map_err(|e| unreadable(Some(e)))?).map_err(|_| unreadable(None))?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|_| unreadable(None))?;
        Ok(Self { provider, verifier })
    }

    /// Settings for one connection that presents what `client` resolves, in one of these versions of TLS, and the notes
    /// taken on the way.
    ///
    /// Nothing is resumed: a connection made with a card must not outlive its login, and the others are few.
    pub(super) fn connection(
        &self,
        client: Arc<dyn ResolvesClientCert>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<(ClientConfig, Arc<Noting>), Error> {
        let noting = Arc::new(Noting { inner: Arc::clone(&self.verifier), refused: Mutex::default() });
        let verifier: Arc<dyn ServerCertVerifier> = Arc::<Noting>::clone(&noting);
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(client);
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok((config, noting))
    }
}

/// A verifier that remembers who issued a certificate that was refused, so that an intercepting proxy can be named.
#[derive(Debug)]
pub(super) struct Noting {
    inner: Arc<dyn ServerCertVerifier>,
    refused: Mutex<Option<String>>,
}

impl Noting {
    /// Issuer of the certificate that was refused.
    pub(super) fn refused_issuer(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict =
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if verdict.is_err() {
            let issuer =
                Certificate::from_der(end_entity).map_or_else(|_| "?".to_owned(), |c| c.issuer().to_owned());
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(issuer);
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Presents no certificate, and notes that one was asked for.
#[derive(Debug, Default)]
pub(super) struct NoCertificate {
    asked: AtomicBool,
}

impl NoCertificate {
    /// The server asked for a certificate.
    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
