//! From an address to a connection: directly or through a proxy, with limits on the time it takes.

use super::{
    proxy::{Proxies, Route},
    tls::Anchors,
};
use crate::config::ProxyAddress;
use bytes::Bytes;
use cps_agent_core::fetch::{FetchFault, ProxyFault};
use http_body_util::Empty;
use hyper::{
    Method, Request, Response,
    body::Incoming,
    client::conn::http1,
    header::{HOST, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use url::Url;

/// Longest wait for a TCP connection. Pro Santé Connect's fronts sometimes need more than two seconds.
const CONNECT: Duration = Duration::from_secs(3);
/// Longest wait for a proxy's word on a tunnel.
const TUNNEL: Duration = Duration::from_secs(6);
/// Our name towards proxies and servers.
pub(super) const AGENT: &str = concat!("cps-agent/", env!("CARGO_PKG_VERSION"));

/// Bytes in both directions.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Where requests go out: which servers are trusted, and which proxies lead to them.
#[derive(Debug)]
pub struct Network {
    /// Authorities that may vouch for a server.
    pub anchors: Arc<Anchors>,
    /// Proxies on the way.
    pub proxies: Arc<Proxies>,
}

/// A connection that is ready for TLS or for a request.
pub(super) struct Opened {
    pub(super) stream: Box<dyn Stream>,
    /// The proxy that takes plain http requests with their whole address (RFC 9112 §3.2.2).
    pub(super) forwarder: Option<ProxyAddress>,
}

/// Opens a connection to the server of an address, by the first way that leads there.
pub(super) async fn open(url: &Url, proxies: &Proxies) -> Result<Opened, FetchFault> {
    let (routes, _) = proxies.routes(url).await;
    let mut fault = FetchFault::Unreachable("no way leads there".to_owned());
    for route in routes {
        let opened = match &route {
            Route::Direct => direct(url).await,
            Route::Through(proxy) => through(url, proxy).await,
            Route::Unsupported(proxy) => {
                Err(FetchFault::Proxy { proxy: proxy.clone(), fault: ProxyFault::Unsupported })
            }
        };
        match opened {
            Ok(opened) => return Ok(opened),
            Err(failed) => fault = failed,
        }
    }
    Err(fault)
}

async fn direct(url: &Url) -> Result<Opened, FetchFault> {
    let (host, port) = server(url)?;
    let stream = dial(host.trim_matches(['[', ']']), port).await.map_err(FetchFault::Unreachable)?;
    Ok(Opened { stream: Box::new(stream), forwarder: None })
}

async fn through(url: &Url, proxy: &ProxyAddress) -> Result<Opened, FetchFault> {
    let fault = |fault| FetchFault::Proxy { proxy: proxy.to_string(), fault };
    let (host, port) = server(url)?;
    let stream = dial(proxy.host(), proxy.port()).await.map_err(|_| fault(ProxyFault::Unreachable))?;
    if url.scheme() == "http" {
        return Ok(Opened { stream: Box::new(stream), forwarder: Some(proxy.clone()) });
    }
    let tunnel = timeout(TUNNEL, tunnel(stream, &format!("{host}:{port}"), proxy)).await;
    let stream = tunnel.map_err(|_| fault(ProxyFault::Garbled))?.map_err(fault)?;
    Ok(Opened { stream, forwarder: None })
}

/// Asks a proxy for a tunnel (RFC 9110 §9.3.6).
async fn tunnel(
    stream: TcpStream,
    authority: &str,
    proxy: &ProxyAddress,
) -> Result<Box<dyn Stream>, ProxyFault> {
    let garbled = |_| ProxyFault::Garbled;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(16 * 1024);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(garbled)?;
    tokio::spawn(async move {
        // Its fault also reaches the request under way.
        let _ = connection.with_upgrades().await;
    });
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(authority)
        .header(HOST, authority)
        .header(USER_AGENT, AGENT)
        .body(Empty::<Bytes>::new())
        .map_err(|_| ProxyFault::Garbled)?;
    if let Some(value) = credentials(proxy) {
        request.headers_mut().insert(PROXY_AUTHORIZATION, value);
    }
    let answer = sender.send_request(request).await.map_err(garbled)?;
    if let Some(fault) = refusal(&answer) {
        return Err(fault);
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(garbled)?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

/// The proxy's credentials, kept out of logs by their type.
pub(super) fn credentials(proxy: &ProxyAddress) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(proxy.authorization()?.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Why a proxy's answer is no tunnel.
pub(super) fn refusal(answer: &Response<Incoming>) -> Option<ProxyFault> {
    match answer.status().as_u16() {
        200..=299 => None,
        407 => {
            let schemes: Vec<_> = answer
                .headers()
                .get_all(PROXY_AUTHENTICATE)
                .iter()
                .filter_map(|value| value.to_str().ok()?.split([' ', ',']).next())
                .collect();
            Some(ProxyFault::Login(schemes.join(", ")))
        }
        status => Some(ProxyFault::Refused(status)),
    }
}

fn server(url: &Url) -> Result<(&str, u16), FetchFault> {
    url.host_str()
        .zip(url.port_or_known_default())
        .ok_or_else(|| FetchFault::Garbled("an address without host".to_owned()))
}

async fn dial(host: &str, port: u16) -> Result<TcpStream, String> {
    let stream = timeout(CONNECT, TcpStream::connect((host, port)))
        .await
        .map_err(|_| "no connection in time".to_owned())?
        .map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(stream)
}
