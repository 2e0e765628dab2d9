//! A browser without a window: top-level navigation that follows redirects and meta refresh, and nothing else.
//!
//! It runs no script. It fills in no form but the wallet's of the stand-in for Pro Santé Connect, where it was told a
//! [`Choice`]. Each request has its own connection: slow and simple.

mod html;
mod jar;
pub mod program;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response,
    header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue, LOCATION},
};
use hyper_util::rt::TokioIo;
use jar::Jar;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// Largest page that is read.
const MOST: usize = 1024 * 1024;
/// Redirects in a row before the browser gives up, as browsers do.
const HOPS: usize = 20;

/// Why a page could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection, or it broke.
    #[error("no connection to {0}")]
    Connection(String, #[source] std::io::Error),
    /// The peer does not speak HTTP.
    #[error("no HTTP answer")]
    Http(#[from] hyper::Error),
    /// A request that cannot be written.
    #[error("the request cannot be written")]
    Request(#[from] hyper::http::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// A body that is too long or breaks off.
    #[error("the body cannot be read: {0}")]
    Body(String),
    /// An address that cannot be used.
    #[error("not an address to go to: {0}")]
    Address(String),
    /// Redirects without an end.
    #[error("too many redirects")]
    Loop,
    /// The page went on reloading itself.
    #[error("the page was still reloading itself when the time was over")]
    Waiting,
}

/// What the person at the browser chooses on the wallet's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The card button: the browser's own client certificate is the card.
    Card,
    /// The e-CPS of this national identifier; the phone must agree.
    Ecps(String),
    /// The button that gives up.
    Cancel,
}

/// Where a navigation ended.
#[derive(Debug)]
pub struct Visit {
    /// Address of the last page.
    pub url: Url,
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: String,
    /// Every address on the way, the last one included; a page that reloaded itself stands there once.
    pub way: Vec<Url>,
}

/// The browser.
#[derive(Clone)]
pub struct Browser {
    tls: Arc<ClientConfig>,
    language: &'static str,
    choice: Option<Choice>,
    cookies: Arc<Mutex<Jar>>,
}

impl Browser {
    /// A browser that trusts these TLS anchors (PEM, any number in each text).
    ///
    /// # Errors
    /// When an anchor cannot be read.
    pub fn new(anchors: &[&str]) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        for pem in anchors {
            for anchor in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(anchor.map_err(|e| rustls::Error::General(e.to_string()))?)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self::with_tls(tls))
    }

    /// A browser with its own TLS settings: versions, a client certificate.
    #[must_use]
    pub fn with_tls(tls: ClientConfig) -> Self {
        Self { tls: Arc::new(tls), language: "fr", choice: None, cookies: Arc::default() }
    }

    /// A browser of a person who reads `fr` or `en`; French unless told.
    #[must_use]
    pub fn reading(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    /// A browser of a person who makes this choice on the wallet's page; without one the page is where a visit ends.
    #[must_use]
    pub fn choosing(mut self, choice: Choice) -> Self {
        self.choice = Some(choice);
        self
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens an address as a person would and stays until a page neither redirects nor reloads, `patience` at the longest.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open(&self, address: &str, patience: Duration) -> Result<Visit, Error> {
        tokio::time::timeout(patience, self.navigate(address)).await.map_err(|_| Error::Waiting)?
    }

    async fn navigate(&self, address: &str) -> Result<Visit, Error> {
        let mut url = Url::parse(address).map_err(|_| Error::Address(address.to_owned()))?;
        let (mut way, mut hops) = (Vec::new(), 0);
        let mut form = None;
        loop {
            if way.last() != Some(&url) {
                way.push(url.clone());
            }
            let mut request = navigation(&url, self.language, form.take())?;
            if let Some(cookies) = self.jar().header(&url) {
                request.headers_mut().insert(COOKIE, cookies);
            }
            let response = self.fetch(request).await?;
            self.jar().take(&url, response.headers());
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            if let (true, Some(location)) = (response.status().is_redirection(), location) {
                hops += 1;
                if hops > HOPS {
                    return Err(Error::Loop);
                }
                url = url.join(location).map_err(|_| Error::Address(location.to_owned()))?;
                continue;
            }
            let status = response.status().as_u16();
            let refresh = response.headers().get("refresh").and_then(|v| v.to_str().ok()).map(str::to_owned);
            let body = String::from_utf8_lossy(response.body()).into_owned();
            let refresh = refresh.as_deref().or_else(|| html::meta_refresh(&body)).map(html::refresh_target);
            let Some((pause, next)) = refresh else {
                let submission = self.choice.as_ref().and_then(|choice| html::submission(&body, choice));
                let Some((action, values)) = submission.filter(|_| status == 200) else {
                    return Ok(Visit { url, status, body, way });
                };
                url = url.join(&action).map_err(|_| Error::Address(action))?;
                form = values;
                continue;
            };
            hops = 0;
            tokio::time::sleep(pause).await;
            if let Some(next) = next {
                url = url.join(&next).map_err(|_| Error::Address(next))?;
            }
        }
    }

    /// Sends one request and reads the whole answer, following nothing.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let uri = request.uri().clone();
        let address = || Error::Address(uri.to_string());
        let host = uri.host().ok_or_else(address)?.trim_matches(['[', ']']).to_owned();
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let failed = |error| Error::Connection(format!("{host}:{port}"), error);
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        if secure {
            let name = ServerName::try_from(host.clone()).map_err(|_| address())?;
            let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await.map_err(failed)?;
            exchange(TokioIo::new(stream), request).await
        } else {
            exchange(TokioIo::new(stream), request).await
        }
    }
}

async fn exchange<S>(stream: S, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    // HTTP/1 wants the host in its header and the path alone in the first line (RFC 9112 §3.2.1).
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(hyper::http::Error::from)?;
        request.headers_mut().insert(HOST, host);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    *request.uri_mut() = path.parse().map_err(hyper::http::Error::from)?;
    let response = sender.send_request(request.map(Full::new)).await?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MOST).collect().await.map_err(|error| Error::Body(error.to_string()))?;
    drop(sender);
    connection.abort();
    Ok(Response::from_parts(head, body.to_bytes()))
}

/// The request of a person who follows a link or, with values, submits a form.
fn navigation(url: &Url, language: &'static str, form: Option<String>) -> Result<Request<Bytes>, Error> {
    let mut request = match form {
        Some(values) => Request::post(url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(values))?,
        None => Request::get(url.as_str()).body(Bytes::new())?,
    };
    let set = |headers: &mut HeaderMap, pairs: &[(&'static str, &'static str)]| {
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
    };
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"));
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(language));
    set(
        headers,
        &[
            ("user-agent", "cps-sandbox-browser/1 (TEST)"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-user", "?1"),
        ],
    );
    Ok(request)
}
