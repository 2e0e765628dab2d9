//! The stand-in's three https fronts: accepting, reading a request, writing a reply.

use super::{
    Error,
    endpoints::{self, Front},
    fault::{Endpoint, Fault, Faults},
    realm::Realm,
};
use crate::pki::http_date;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Response, StatusCode,
    body::Incoming,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, DATE, HeaderName, HeaderValue, LOCATION},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use std::{sync::Arc, time::SystemTime};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Longest body that is read.
const MOST: usize = 64 * 1024;

/// A request as the endpoints see it.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    /// Parameters of the query and, for a form, of the body.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) authorization: Option<String>,
    pub(super) cookies: Option<String>,
    /// It comes from a person's navigation (Fetch Metadata), not from a program.
    pub(super) browser: bool,
    /// The client's certificates, where the front demands one.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// Version of TLS, for people.
    pub(super) tls: &'static str,
}

impl Request {
    /// The value of a parameter that stands there exactly once (RFC 6749 §3.1).
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut values =
            self.parameters.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    pub(super) fn bearer(&self) -> Option<&str> {
        self.authorization.as_deref()?.strip_prefix("Bearer ")
    }
}

/// What goes back.
pub(super) type Reply = Response<Full<Bytes>>;

fn reply(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Reply {
    reply(status, "application/json", body.to_string())
}

pub(super) fn with(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

/// An OAuth error (RFC 6749 §5.2).
pub(super) fn refusal(status: StatusCode, error: &str, description: &str) -> Reply {
    json(status, &serde_json::json!({"error": error, "error_description": description}))
}

pub(super) fn redirect(to: &str) -> Reply {
    with(reply(StatusCode::FOUND, "text/html; charset=utf-8", ""), LOCATION, to)
}

/// A page for people, marked TEST.
pub(super) fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\"><title>TEST – {title}</title></head>\
         <body><p><strong>TEST</strong> – doublure de Pro Santé Connect, aucune donnée réelle</p><h1>{title}</h1>{body}</body></html>"
    );
    reply(status, "text/html; charset=utf-8", html)
}

/// TLS of a front.
#[derive(Clone)]
pub(super) struct Tls {
    /// 1.2 and 1.3.
    pub(super) usual: TlsAcceptor,
    /// For [`Fault::Tls12`], where that can be.
    pub(super) old: Option<TlsAcceptor>,
}

/// Serves one front until the task is aborted.
pub(super) async fn serve(listener: TcpListener, tls: Tls, front: Front, realm: Arc<Realm>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let old = tls.old.as_ref().filter(|_| realm.faults().has(&Fault::Tls12));
        let (acceptor, realm) = (old.unwrap_or(&tls.usual).clone(), realm.clone());
        tokio::spawn(async move {
            match connection(stream, acceptor, front, realm).await {
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, ?front, "connection of the stand-in ended"),
            }
        });
    }
}

async fn connection(
    stream: tokio::net::TcpStream,
    acceptor: TlsAcceptor,
    front: Front,
    realm: Arc<Realm>,
) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let session = stream.get_ref().1;
    let certificates: Vec<CertificateDer<'static>> =
        session.peer_certificates().unwrap_or_default().iter().map(|c| c.clone().into_owned()).collect();
    let tls = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
        _ => "TLS",
    };
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (realm, certificates) = (realm.clone(), certificates.clone());
        async move { answer(request, front, &realm, certificates, tls).await.ok_or(Dropped) }
    });
    hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(|error| Error::Setup(error.to_string()))
}

/// Instead of an answer the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("dropped, as told")]
struct Dropped;

async fn answer(
    request: hyper::Request<Incoming>,
    front: Front,
    realm: &Realm,
    certificates: Vec<CertificateDer<'static>>,
    tls: &'static str,
) -> Option<Reply> {
    let endpoint = endpoints::route(front, request.method(), request.uri().path());
    realm.count(endpoint);
    let faults = realm.faults();
    if let Some(delay) = faults.delay(endpoint) {
        tokio::time::sleep(delay).await;
    }
    if faults.has(&Fault::Hang { at: endpoint }) {
        std::future::pending::<()>().await;
    }
    if faults.has(&Fault::Drop { at: endpoint }) {
        return None;
    }
    let reply = match spoiled(endpoint, &faults) {
        Some(reply) => reply,
        None => match read(request, certificates, tls).await {
            Some(request) => endpoints::answer(endpoint, &request, realm, &faults),
            None => refusal(StatusCode::BAD_REQUEST, "invalid_request", "the request cannot be read"),
        },
    };
    Some(match faults.clock() {
        0 => reply,
        shift => with(reply, DATE, &http_date(SystemTime::now(), shift)),
    })
}

/// What an endpoint answers without having read the request.
fn spoiled(endpoint: Endpoint, faults: &Faults) -> Option<Reply> {
    if faults.has(&Fault::Fail { at: endpoint }) {
        return Some(page(StatusCode::INTERNAL_SERVER_ERROR, "Erreur 500", ""));
    }
    if faults.has(&Fault::Unavailable { at: endpoint }) {
        return Some(page(StatusCode::SERVICE_UNAVAILABLE, "Service indisponible", ""));
    }
    if faults.has(&Fault::Forbid { at: endpoint }) {
        return Some(page(StatusCode::FORBIDDEN, "Accès interdit", ""));
    }
    if faults.has(&Fault::Garbage { at: endpoint }) {
        let body: &[u8] = b"{\"issuer\": 7, \"access_token\": [\xFF\xFE\x00, \"keys\":";
        return Some(reply(StatusCode::OK, "application/json", body));
    }
    let huge = faults.has(&Fault::Huge { at: endpoint });
    huge.then(|| json(StatusCode::OK, &serde_json::json!({"issuer": "x".repeat(2 * 1024 * 1024)})))
}

async fn read(
    request: hyper::Request<Incoming>,
    certificates: Vec<CertificateDer<'static>>,
    tls: &'static str,
) -> Option<Request> {
    let (head, body) = request.into_parts();
    let pairs = |text: &[u8]| -> Vec<(String, String)> {
        url::form_urlencoded::parse(text).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
    };
    let mut parameters = pairs(head.uri.query().unwrap_or_default().as_bytes());
    let form = head
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let body = Limited::new(body, MOST).collect().await.ok()?.to_bytes();
    if form {
        parameters.extend(pairs(&body));
    }
    let text = |name: HeaderName| head.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Some(Request {
        path: head.uri.path().to_owned(),
        parameters,
        authorization: text(AUTHORIZATION),
        cookies: text(COOKIE),
        browser: head.headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate"),
        method: head.method.clone(),
        certificates,
        tls,
    })
}
