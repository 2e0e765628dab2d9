//! A stand-in for a national service behind mutual TLS: an https server that demands a client certificate, of a card of
//! the TEST IGC-Santé or of an organisation, and counts what it is asked. Everything is marked TEST.
//!
//! | path | what it does |
//! | --- | --- |
//! | `/echo` | says what came: method, target, header fields, body, and whose certificate |
//! | `/sink` | takes a body of any size and says how long it was |
//! | `/bytes/N` | sends N bytes, as fast as they are taken |
//! | `/redirect?to=…` | answers 302 with that address, as it was written |
//! | `/cookie` | sets one |
//! | `/fields` | answers with every header field that must not reach a program |
//! | `/silent` | takes the request and never answers |
//! | `/stall` | begins an answer and never ends it |
//! | `/reset` | takes the request and cuts the connection |
//! | `/cut` | begins an answer and cuts the connection |
//!
//! [`Service::start`] serves until it is dropped; [`Counts`] tells what it cost.

mod answers;

use crate::pki::{Pki, WebAuthority};
use rustls::{
    HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion, server::WebPkiClientVerifier,
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// Why the stand-in could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port could not be taken.
    #[error("the stand-in of the service has no port")]
    Io(#[from] io::Error),
    /// TLS material that TLS does not take.
    #[error("the stand-in of the service cannot set up TLS")]
    Tls(#[from] rustls::Error),
    /// Its certificate could not be made.
    #[error("the TEST certificate of the service cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// The authorities of its clients.
    #[error("the authorities of the service's clients: {0}")]
    Clients(String),
}

/// What a stand-in is like.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Names in its certificate.
    pub names: &'static [&'static str],
    /// Versions of TLS.
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// Certificates of cards are taken, besides those of organisations.
    pub cards: bool,
    /// One more authority of clients, PEM.
    pub authority: Option<String>,
    /// Sessions of TLS can be resumed; if not, every connection costs a signature.
    pub resumption: bool,
}

impl Default for Settings {
    /// On this machine's names, with TLS 1.2 and 1.3, for cards and organisations.
    fn default() -> Self {
        Self {
            names: &["localhost", "127.0.0.1", "::1"],
            versions: rustls::DEFAULT_VERSIONS,
            cards: true,
            authority: None,
            resumption: true,
        }
    }
}

/// What a stand-in saw. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    refused: AtomicUsize,
    whole: AtomicUsize,
    resumed: AtomicUsize,
    requests: AtomicUsize,
    open: AtomicUsize,
    versions: Mutex<Vec<&'static str>>,
}

impl Counts {
    /// Connections that were accepted.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::SeqCst)
    }

    /// Handshakes that failed: no certificate, a wrong one, or given up.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.0.refused.load(Ordering::SeqCst)
    }

    /// Handshakes with a signature of the client.
    #[must_use]
    pub fn whole(&self) -> usize {
        self.0.whole.load(Ordering::SeqCst)
    }

    /// Handshakes that resumed an earlier session.
    #[must_use]
    pub fn resumed(&self) -> usize {
        self.0.resumed.load(Ordering::SeqCst)
    }

    /// Requests.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.0.requests.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    /// The versions of TLS that were spoken, one for each handshake.
    #[must_use]
    pub fn versions(&self) -> Vec<&'static str> {
        self.0.versions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A running stand-in. Dropping it closes its port and its connections.
pub struct Service {
    origin: String,
    ca_pem: String,
    organisations: WebAuthority,
    counts: Counts,
    task: JoinHandle<()>,
}

impl Service {
    /// Serves on a free loopback port of the current tokio runtime.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        let (web, organisations) = (WebAuthority::new()?, WebAuthority::new()?);
        let mut clients = RootCertStore::empty();
        clients.add(organisations.der().clone())?;
        if settings.cards {
            for anchor in Pki::test().anchors_der() {
                clients.add(CertificateDer::from(anchor))?;
            }
        }
        if let Some(pem) = settings.authority {
            let more = CertificateDer::from_pem_slice(pem.as_bytes());
            clients.add(more.map_err(|error| Error::Clients(error.to_string()))?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), Arc::clone(&provider));
        let verifier = verifier.build().map_err(|error| Error::Clients(error.to_string()))?;
        let (chain, key) = web.server(settings.names)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(settings.versions)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)?;
        if !settings.resumption {
            config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let origin = format!("https://localhost:{}", listener.local_addr()?.port());
        let counts = Counts::default();
        let task = tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), counts.clone()));
        Ok(Self { origin, ca_pem: web.pem().to_owned(), organisations, counts, task })
    }

    /// Its origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The authority of its certificate, PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A certificate of an organisation and its key, both PEM, that ends in `days` days.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn organisation(&self, common_name: &str, days: i64) -> Result<(String, String), Error> {
        Ok(self.organisations.client(common_name, days)?)
    }

    /// What it saw.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves until the task is aborted, with all connections.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor, counts: Counts) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                counts.0.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(connection(stream, acceptor.clone(), counts.clone()));
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connection(stream: tokio::net::TcpStream, acceptor: TlsAcceptor, counts: Counts) {
    let _ = stream.set_nodelay(true);
    let seen = &counts.0;
    let stream = match acceptor.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => {
            seen.refused.fetch_add(1, Ordering::SeqCst);
            tracing::debug!(%error, "a handshake with the stand-in of the service failed");
            return;
        }
    };
    let session = stream.get_ref().1;
    let kind = match session.handshake_kind() {
        Some(HandshakeKind::Resumed) => &seen.resumed,
        _ => &seen.whole,
    };
    kind.fetch_add(1, Ordering::SeqCst);
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS",
    };
    seen.versions.lock().unwrap_or_else(PoisonError::into_inner).push(version);
    let client = session.peer_certificates().and_then(<[_]>::first).and_then(|leaf| answers::name(leaf));
    seen.open.fetch_add(1, Ordering::SeqCst);
    answers::serve(stream, client.unwrap_or_default(), &seen.requests).await;
    seen.open.fetch_sub(1, Ordering::SeqCst);
}
