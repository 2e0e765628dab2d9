//! Requests to upstreams: one connection, no redirects, limits on everything that comes back.

use super::{
    client_certificate::ClientCertificate,
    clock::Clock,
    network::{self, AGENT, Network, credentials},
    proxy::Proxies,
    tls::{Anchors, ClientTls, NoCertificate, Shown, is_certificate_refused},
};
use crate::config::ProxyAddress;
use bytes::Bytes;
use cps_agent_core::fetch::{Fetch, FetchFault, Fetched, IfAsked};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request,
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use rustls::client::ResolvesClientCert;
use std::{error::Error as _, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use url::Url;

/// Longest wait for a whole answer.
const TOTAL: Duration = Duration::from_secs(10);
/// Largest body of an answer.
const BODY: usize = 1024 * 1024;
/// Largest header section of an answer.
const HEAD: usize = 64 * 1024;

/// What became of a request.
#[derive(Debug)]
pub enum Answer {
    /// An answer.
    Fetched(Fetched),
    /// No answer.
    Failed(FetchFault),
    /// The server asked for a client certificate in the handshake; the request was not sent.
    CertificateRequested {
        /// The host that asked.
        host: String,
    },
}

/// Sends requests, with the certificate of our client where the request says so.
#[derive(Clone)]
pub struct Fetcher {
    network: Arc<Network>,
    clock: Arc<dyn Clock>,
    identity: Option<Arc<ClientCertificate>>,
}

impl Fetcher {
    /// A fetcher on this network; `identity` is what [`IfAsked::Identify`] shows.
    #[must_use]
    pub fn new(
        network: Arc<Network>,
        clock: Arc<dyn Clock>,
        identity: Option<Arc<ClientCertificate>>,
    ) -> Self {
        Self { network, clock, identity }
    }

    /// Where its requests go out.
    #[must_use]
    pub fn network(&self) -> Arc<Network> {
        Arc::clone(&self.network)
    }

    /// The certificate of our client.
    #[must_use]
    pub fn identity(&self) -> Option<&ClientCertificate> {
        self.identity.as_deref()
    }

    /// The clock that stamps answers.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Sends one request over a connection of its own.
    pub async fn fetch(&self, fetch: &Fetch) -> Answer {
        let asked = Arc::new(NoCertificate::default());
        let identity = self.identity.as_ref().filter(|_| fetch.if_asked == IfAsked::Identify);
        let opened = timeout(TOTAL, async {
            let resolver: Arc<dyn ResolvesClientCert> = match identity {
                Some(identity) => Arc::<ClientCertificate>::clone(identity),
                None => Arc::<NoCertificate>::clone(&asked),
            };
            let tls = ClientTls::once(&self.network.anchors, Shown::at_once(resolver))?;
            let opened = Connection::open(&fetch.url, &self.network.proxies, &tls).await;
            if asked.asked() && fetch.if_asked == IfAsked::Report {
                return Ok(None);
            }
            let mut connection = opened?;
            connection.send(fetch, self.clock.as_ref(), BODY).await.map(Some)
        });
        match opened.await {
            Ok(Ok(Some(fetched))) => Answer::Fetched(fetched),
            Ok(Ok(None)) => {
                Answer::CertificateRequested { host: fetch.url.host_str().unwrap_or_default().to_owned() }
            }
            Ok(Err(FetchFault::CertificateRefused(why))) if identity.is_some() => {
                Answer::Failed(FetchFault::ClientRefused(why))
            }
            Ok(Err(fault)) => Answer::Failed(fault),
            Err(_) => Answer::Failed(slow()),
        }
    }
}

/// Fetches a public document over plain http, as revocation lists are published (RFC 5280 §8).
///
/// # Errors
/// See [`FetchFault`]; anything but status 200 is [`FetchFault::Garbled`].
pub async fn fetch_public(
    url: &Url,
    proxies: &Proxies,
    clock: &dyn Clock,
    limit: usize,
) -> Result<Vec<u8>, FetchFault> {
    let fetch = Fetch {
        method: "GET",
        url: url.clone(),
        headers: Vec::new(),
        form: None,
        if_asked: IfAsked::GoOnWithout,
    };
    let fetched = timeout(TOTAL, async {
        let opened = network::open(url, proxies).await?;
        Connection::over(opened.stream, url, opened.forwarder).await?.send(&fetch, clock, limit).await
    });
    let mut fetched = fetched.await.map_err(|_| slow())??;
    if fetched.status != 200 {
        return Err(FetchFault::Garbled(format!("status {}", fetched.status)));
    }
    Ok(std::mem::take(&mut *fetched.body))
}

/// One HTTP/1.1 connection.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    origin: url::Origin,
    /// A proxy that is told the whole address.
    forwarder: Option<ProxyAddress>,
}

impl Connection {
    /// Connects with TLS.
    pub(super) async fn open(url: &Url, proxies: &Proxies, tls: &ClientTls) -> Result<Self, FetchFault> {
        if url.scheme() != "https" {
            return Err(FetchFault::Garbled("not an https address".to_owned()));
        }
        let stream = network::open(url, proxies).await?.stream;
        Self::over(tls.handshake(url, stream).await?, url, None).await
    }

    /// The same over a connection that was made, without a certificate of ours.
    pub(super) async fn secured(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        url: &Url,
        anchors: &Anchors,
    ) -> Result<Self, FetchFault> {
        let nobody = Arc::new(NoCertificate::default());
        let tls = ClientTls::once(anchors, Shown::at_once(nobody))?;
        Self::over(tls.handshake(url, stream).await?, url, None).await
    }

    /// Speaks over a connection that was made.
    pub(super) async fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        url: &Url,
        forwarder: Option<ProxyAddress>,
    ) -> Result<Self, FetchFault> {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|e| garbled(&e))?;
        // Ends when the sender is dropped; its faults also reach the request under way.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { sender, origin: url.origin(), forwarder })
    }

    /// Whether another request to this address can use the connection.
    pub(super) fn serves(&self, url: &Url) -> bool {
        self.origin == url.origin() && !self.sender.is_closed()
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(
        &mut self,
        fetch: &Fetch,
        clock: &dyn Clock,
        limit: usize,
    ) -> Result<Fetched, FetchFault> {
        let request = request(fetch, self.forwarder.as_ref())?;
        self.sender.ready().await.map_err(|e| garbled(&e))?;
        let response = self.sender.send_request(request).await.map_err(|e| garbled(&e))?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let body = Limited::new(response.into_body(), limit).collect().await;
        let body =
            body.map_err(|e| FetchFault::Garbled(format!("the body: {e}")))?.to_bytes().to_vec().into();
        Ok(Fetched { status, headers, body, received: clock.now() })
    }
}

fn request(fetch: &Fetch, forwarder: Option<&ProxyAddress>) -> Result<Request<Full<Bytes>>, FetchFault> {
    let url = &fetch.url;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(FetchFault::Garbled("an address without host".to_owned())),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let target = if forwarder.is_some() { format!("{}://{host}{path}", url.scheme()) } else { path };
    let mut builder = Request::builder()
        .method(fetch.method)
        .uri(target)
        .header(header::HOST, host)
        .header(header::USER_AGENT, AGENT);
    if let Some(value) = forwarder.and_then(credentials) {
        builder = builder.header(header::PROXY_AUTHORIZATION, value);
    }
    for (name, value) in &fetch.headers {
        builder = builder.header(*name, value.as_str());
    }
    let body = match &fetch.form {
        Some(form) => {
            builder = builder.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            Bytes::copy_from_slice(form.expose().as_bytes())
        }
        None => Bytes::new(),
    };
    builder.body(Full::new(body)).map_err(|_| FetchFault::Garbled("the request cannot be written".to_owned()))
}

/// A fault of hyper with its causes, since its own words are few. With TLS 1.3 a server judges our certificate after the
/// handshake, so that its alert arrives here.
pub(super) fn garbled(error: &hyper::Error) -> FetchFault {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let io = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(tls) =
            io.and_then(|e| e.downcast_ref::<rustls::Error>()).filter(|e| is_certificate_refused(e))
        {
            return FetchFault::CertificateRefused(tls.to_string());
        }
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    FetchFault::Garbled(text)
}

fn slow() -> FetchFault {
    FetchFault::Unreachable("no answer in time".to_owned())
}
