//! Whether the certificate that a card page was shown may log in, and whose it is.

use crate::pki::Holder;
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use std::{collections::BTreeSet, sync::Arc};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Product category of the TEST cards (`services.md` §6.4).
const TEST_CARD: &[u8] = &[0x04, 0x01, 0x80];
const CATEGORY: &str = "1.2.250.1.71.1.2.5";

/// Why a card may not log in. The person at the page reads `access_denied` for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not issued by the TEST authorities, expired, or not for client authentication.
    #[error("the certificate is not one of the TEST authorities', or not valid now")]
    Chain,
    /// Not the certificate of a TEST card.
    #[error("the certificate is not that of a TEST card")]
    Category,
    /// In opposition.
    #[error("the card is in opposition")]
    Revoked,
    /// Nobody of this identifier is in the register.
    #[error("the register knows nobody of this identifier")]
    Unknown,
    /// The stand-in was told to refuse.
    #[error("the stand-in was told to refuse every card")]
    Told,
}

/// Knows the authorities, the register and the oppositions.
pub(super) struct Judge {
    chain: Arc<dyn ClientCertVerifier>,
    register: Vec<&'static Holder>,
    revoked: BTreeSet<String>,
}

impl Judge {
    /// # Errors
    /// When no anchor can be used.
    pub(super) fn new(
        anchors: &[CertificateDer<'static>],
        register: Vec<&'static Holder>,
    ) -> Result<Self, super::Error> {
        let mut roots = RootCertStore::empty();
        for anchor in anchors {
            roots.add(anchor.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| super::Error::Setup(error.to_string()))?;
        Ok(Self { chain, register, revoked: BTreeSet::new() })
    }

    /// The verifier for the handshake.
    pub(super) fn handshake(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::new(AnyCertificate { chain: self.chain.clone(), demanded: true })
    }

    /// Who has this national identifier.
    pub(super) fn person(&self, identifier: &str) -> Option<&'static Holder> {
        self.register.iter().find(|holder| holder.identifier == identifier).copied()
    }

    /// Puts a national identifier into opposition: every card of that person is refused.
    pub(super) fn revoke(&mut self, identifier: &str) {
        self.revoked.insert(identifier.to_owned());
    }

    /// Lifts every opposition.
    pub(super) fn pardon(&mut self) {
        self.revoked.clear();
    }

    /// Whose card this is.
    pub(super) fn holder(&self, chain: &[CertificateDer<'_>]) -> Result<&'static Holder, Refusal> {
        let (leaf, intermediates) = chain.split_first().ok_or(Refusal::Chain)?;
        self.chain.verify_client_cert(leaf, intermediates, UnixTime::now()).map_err(|_| Refusal::Chain)?;
        let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_| Refusal::Chain)?;
        let category = certificate.extensions().iter().find(|e| e.oid.to_id_string() == CATEGORY);
        if category.is_none_or(|extension| extension.value != TEST_CARD) {
            return Err(Refusal::Category);
        }
        let identifier = certificate
            .subject()
            .iter_common_name()
            .next()
            .and_then(|name| name.as_str().ok())
            .ok_or(Refusal::Unknown)?;
        if self.revoked.contains(identifier) {
            return Err(Refusal::Revoked);
        }
        self.person(identifier).ok_or(Refusal::Unknown)
    }
}

/// Lets every certificate through the handshake whose key its owner proves to hold, so that the page can answer
/// with a proper refusal where a handshake alert would say nothing. [`Judge::holder`] decides afterwards.
#[derive(Debug)]
pub(super) struct AnyCertificate {
    chain: Arc<dyn ClientCertVerifier>,
    demanded: bool,
}

impl AnyCertificate {
    /// Asks for a certificate and does without.
    pub(super) fn optional(chain: Arc<dyn ClientCertVerifier>) -> Self {
        Self { chain, demanded: false }
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.demanded
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
