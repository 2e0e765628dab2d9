//! Certificates of organisations, with which a client proves itself at the realm (`tls_client_auth`, RFC 8705 §2.1).
//!
//! As at Pro Santé Connect the certificate is asked for on the ordinary host and is nobody's duty: whether a client has to
//! show one is decided by its registration, after the handshake.

use super::{Error, judge::AnyCertificate};
use crate::pki::WebAuthority;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, UnixTime},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The TEST authority for organisations.
pub(super) struct Organisations {
    authority: WebAuthority,
    chain: Arc<dyn ClientCertVerifier>,
}

impl Organisations {
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn new() -> Result<Self, Error> {
        let authority = WebAuthority::new()?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| Error::Setup(error.to_string()))?;
        Ok(Self { authority, chain })
    }

    /// The verifier for the handshake: asks, and lets everybody in.
    pub(super) fn handshake(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::new(AnyCertificate::optional(self.chain.clone()))
    }

    /// A certificate with its key, both PEM.
    pub(super) fn issue(&self, common_name: &str, days: i64) -> Result<(String, String), Error> {
        Ok(self.authority.client(common_name, days)?)
    }

    /// The common name of a certificate that this authority issued and that is valid now.
    pub(super) fn name(&self, chain: &[CertificateDer<'_>]) -> Option<String> {
        let (leaf, intermediates) = chain.split_first()?;
        self.chain.verify_client_cert(leaf, intermediates, UnixTime::now()).ok()?;
        let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
        let name = certificate.subject().iter_common_name().next()?;
        name.as_str().ok().map(str::to_owned)
    }
}

/// `x5t#S256` of a certificate (RFC 8705 §3.1).
pub(super) fn thumbprint(chain: &[CertificateDer<'_>]) -> Option<String> {
    chain.first().map(|leaf| URL_SAFE_NO_PAD.encode(digest(&SHA256, leaf)))
}
