//! TLS towards servers: which anchors count, what is shown, and what is learned from a handshake that fails.

use cps_agent_core::fetch::{Distrust, FetchFault};
use cps_card::certificate::Certificate;
use rustls::{
    AlertDescription as Alert, CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    SupportedProtocolVersion,
    client::{
        ResolvesClientCert, Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    sign::CertifiedKey,
};
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, ServerName, UnixTime, pem::PemObject as _,
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Url;

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

    /// The authorities of these certificates (DER) and no others; `lists` are revocation lists (DER) that are obeyed where
    /// they speak of a server.
    ///
    /// # Errors
    /// TLS's own, when there is no authority, or one that is none.
    pub fn certificates(certificates: Vec<Vec<u8>>, lists: Vec<Vec<u8>>) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate.into())?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .with_crls(lists.into_iter().map(CertificateRevocationListDer::from))
            // A server that no list speaks of is judged by its chain alone.
            .allow_unknown_revocation_status()
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { provider, verifier })
    }
}

/// What a client shows to a server that asks for a certificate.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// The certificate and its key.
    pub(super) certificate: Arc<dyn ResolvesClientCert>,
    /// The versions of TLS that the key can sign for.
    pub(super) versions: &'static [&'static SupportedProtocolVersion],
    /// The key takes its time: its handshakes run on threads of their own.
    pub(super) apart: bool,
}

impl Shown {
    /// A certificate whose key is in memory, or none.
    pub(super) fn at_once(certificate: Arc<dyn ResolvesClientCert>) -> Self {
        Self { certificate, versions: rustls::DEFAULT_VERSIONS, apart: false }
    }
}

/// The settings of connections that show the same certificate and resume each other's sessions.
#[derive(Debug)]
pub(super) struct ClientTls {
    config: Arc<ClientConfig>,
    noting: Arc<Noting>,
    apart: bool,
}

impl ClientTls {
    /// Makes the settings. Sessions are resumed as `resumption` says; what it keeps lives as long as these settings.
    ///
    /// # Errors
    /// TLS's own.
    pub(super) fn new(anchors: &Anchors, shown: Shown, resumption: Resumption) -> Result<Self, Error> {
        let noting = Arc::new(Noting { inner: Arc::clone(&anchors.verifier), refused: Mutex::default() });
        let verifier: Arc<dyn ServerCertVerifier> = Arc::<Noting>::clone(&noting);
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&anchors.provider))
            .with_protocol_versions(shown.versions)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(shown.certificate);
        config.resumption = resumption;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), noting, apart: shown.apart })
    }

    /// The same for one connection, of which nothing is resumed: it must not outlive its login, and the others are few.
    ///
    /// # Errors
    /// TLS's own, in words.
    pub(super) fn once(anchors: &Anchors, shown: Shown) -> Result<Self, FetchFault> {
        let made = Self::new(anchors, shown, Resumption::disabled());
        made.map_err(|error| FetchFault::Garbled(error.to_string()))
    }

    /// Whether the key's handshakes run on threads of their own.
    pub(super) fn apart(&self) -> bool {
        self.apart
    }

    /// Shakes hands with the server of an address over a connection to it.
    ///
    /// # Errors
    /// What the handshake taught.
    pub(super) async fn handshake<S>(&self, url: &Url, stream: S) -> Result<TlsStream<S>, FetchFault>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name =
            ServerName::try_from(name).map_err(|_| FetchFault::Garbled("not a host name".to_owned()))?;
        let connecting = TlsConnector::from(Arc::clone(&self.config)).connect(name, stream);
        let connected = match self.apart {
            true => on_a_thread(connecting).await.and_then(|connected| connected),
            false => connecting.await,
        };
        connected.map_err(|error| self.fault(&error))
    }

    fn fault(&self, error: &io::Error) -> FetchFault {
        if let Some((issuer, because)) = self.noting.refused() {
            return FetchFault::Untrusted { issuer, because };
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(tls) if is_certificate_refused(tls) => FetchFault::CertificateRefused(tls.to_string()),
            Some(tls) if is_incompatible(tls) => FetchFault::Incompatible(tls.to_string()),
            Some(tls) => FetchFault::Garbled(tls.to_string()),
            None => FetchFault::Unreachable(error.to_string()),
        }
    }
}

/// Runs a handshake on a thread of its own, since TLS asks for its signature in the middle and waits for it: a card needs
/// its time, and its other users theirs. The bytes still come by way of the loop; only the handshake moves.
async fn on_a_thread<T: Send + 'static>(
    handshake: impl Future<Output = T> + Send + 'static,
) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (mut done, ended) = oneshot::channel();
    std::thread::Builder::new().name("handshake".to_owned()).spawn(move || {
        let result = runtime.block_on(async {
            tokio::select! {
                biased;
                // Nobody waits any more: the handshake was given up.
                () = done.closed() => None,
                result = handshake => Some(result),
            }
        });
        if let Some(result) = result {
            // Given up in the very last moment.
            drop(done.send(result));
        }
    })?;
    ended.await.map_err(|_| io::Error::other("the thread of a handshake ended"))
}

/// Alerts with which a server says that it does not want our certificate (RFC 8446 §6.2).
pub(super) fn is_certificate_refused(tls: &Error) -> bool {
    matches!(
        tls,
        Error::AlertReceived(
            Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::CertificateRequired
        )
    )
}

/// Whether the two sides have no version, cipher or signature in common.
fn is_incompatible(tls: &Error) -> bool {
    let alert = matches!(
        tls,
        Error::AlertReceived(Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity)
    );
    alert || matches!(tls, Error::PeerIncompatible(_))
}

/// A verifier that remembers who issued a certificate that was refused, so that an intercepting proxy can be named.
#[derive(Debug)]
struct Noting {
    inner: Arc<dyn ServerCertVerifier>,
    refused: Mutex<Option<(String, Distrust)>>,
}

impl Noting {
    /// Issuer of the certificate that was refused, and why it was.
    fn refused(&self) -> Option<(String, Distrust)> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn distrust(error: &Error) -> Distrust {
    use CertificateError as Fault;
    match error {
        Error::InvalidCertificate(Fault::NotValidForName | Fault::NotValidForNameContext { .. }) => {
            Distrust::Name
        }
        Error::InvalidCertificate(
            Fault::Expired
            | Fault::ExpiredContext { .. }
            | Fault::NotValidYet
            | Fault::NotValidYetContext { .. },
        ) => Distrust::Time,
        Error::InvalidCertificate(Fault::Revoked) => Distrust::Revoked,
        _ => Distrust::Authority,
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
        if let Err(error) = &verdict {
            let issuer =
                Certificate::from_der(end_entity).map_or_else(|_| "?".to_owned(), |c| c.issuer().to_owned());
            let refused = Some((issuer, distrust(error)));
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
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
