//! What the stand-in of a service answers.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Frame, Incoming, SizeHint},
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls_pki_types::CertificateDer;
use serde_json::json;
use std::{
    convert::Infallible,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite};
use x509_parser::prelude::{FromDer, X509Certificate};

/// One part of a large body.
const PART: usize = 16 * 1024;
/// Fields that speak to browsers, or of one connection: none of them may reach a program.
const FIELDS: [(&str, &str); 10] = [
    ("strict-transport-security", "max-age=31536000"),
    ("alt-svc", "h3=\":443\""),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-credentials", "true"),
    ("content-security-policy", "default-src *"),
    ("x-frame-options", "ALLOWALL"),
    ("refresh", "0; url=https://elsewhere.example"),
    ("connection", "x-of-one-connection"),
    ("x-of-one-connection", "yes"),
    ("proxy-authenticate", "Basic"),
];

/// Cuts the connection instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut, as told")]
struct Cut;

/// The common name of a certificate.
pub(super) fn name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}

/// Serves one connection.
pub(super) async fn serve<S>(stream: S, client: String, requests: &AtomicUsize)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request| {
        requests.fetch_add(1, Ordering::SeqCst);
        answer(request, &client)
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection of the stand-in of the service ended");
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, Cut>>;

fn whole(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let body = Full::new(body.into()).map_err(|never: Infallible| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

async fn answer(request: Request<Incoming>, client: &str) -> Result<Answer, Cut> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let last = path.rsplit('/').next().unwrap_or_default().to_owned();
    if let Some(length) = path.contains("/bytes/").then(|| last.parse().ok()).flatten() {
        return Ok(Response::new(Large { left: length, then: Then::End }.boxed_unsync()));
    }
    match last.as_str() {
        "sink" => {
            let length = measured(body).await.ok_or(Cut)?;
            Ok(whole(StatusCode::OK, "application/json", json!({ "bytes": length }).to_string()))
        }
        "redirect" => {
            let to = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
                .find(|(name, _)| name == "to")
                .map(|(_, value)| value.into_owned());
            let mut answer = whole(StatusCode::FOUND, "text/plain", "");
            if let Some(to) = to.and_then(|to| HeaderValue::from_str(&to).ok()) {
                answer.headers_mut().insert(LOCATION, to);
            }
            Ok(answer)
        }
        "cookie" => {
            let mut answer = whole(StatusCode::OK, "text/plain", "TEST");
            let cookie = "TEST=1; Domain=service.example; Path=/; Secure; HttpOnly";
            answer.headers_mut().insert(SET_COOKIE, HeaderValue::from_static(cookie));
            Ok(answer)
        }
        "fields" => {
            let mut answer = whole(StatusCode::OK, "text/plain", "TEST");
            for (name, value) in FIELDS {
                let value = HeaderValue::from_static(value);
                answer.headers_mut().append(HeaderName::from_static(name), value);
            }
            Ok(answer)
        }
        "silent" => {
            measured(body).await.ok_or(Cut)?;
            std::future::pending().await
        }
        "stall" => Ok(Response::new(Large { left: 10, then: Then::Stall }.boxed_unsync())),
        "reset" => Err(Cut),
        "cut" => {
            let mut answer =
                Response::new(Large { left: 10, then: Then::Cut { said: false } }.boxed_unsync());
            answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("1000"));
            Ok(answer)
        }
        _ => {
            let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
            let fields: Vec<_> = head
                .headers
                .iter()
                .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
                .collect();
            let echo = json!({
                "TEST": true,
                "method": head.method.as_str(),
                "target": head.uri.to_string(),
                "fields": fields,
                "body": String::from_utf8_lossy(&body),
                "client": client,
            });
            Ok(whole(StatusCode::OK, "application/json", echo.to_string()))
        }
    }
}

/// Takes a body and says how long it was.
async fn measured(mut body: Incoming) -> Option<u64> {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.ok()?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Some(length)
}

/// What comes after the bytes of a large body.
enum Then {
    End,
    Stall,
    Cut { said: bool },
}

/// A body of so many bytes, made as it is taken.
struct Large {
    left: u64,
    then: Then,
}

impl Body for Large {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        static ZEROS: [u8; PART] = [0; PART];
        let part = usize::try_from(self.left).unwrap_or(PART).min(PART);
        match (part, &self.then) {
            (0, Then::End) => Poll::Ready(None),
            // Nobody will wake this: that is the point of it.
            (0, Then::Stall) => Poll::Pending,
            // What was said so far goes out first.
            (0, Then::Cut { said: false }) => {
                self.then = Then::Cut { said: true };
                context.waker().wake_by_ref();
                Poll::Pending
            }
            (0, Then::Cut { said: true }) => Poll::Ready(Some(Err(Cut))),
            (part, _) => {
                self.left -= part as u64;
                let part = ZEROS.get(..part).unwrap_or_default();
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(part)))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.then {
            Then::End => SizeHint::with_exact(self.left),
            Then::Stall | Then::Cut { .. } => SizeHint::default(),
        }
    }
}
