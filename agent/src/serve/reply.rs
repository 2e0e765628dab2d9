//! Answers of both doors: their kinds, and the headers that every one of them carries.

use super::{desk::Stream, events::EventStream, page::policy::Own};
use bytes::Bytes;
use cps_agent_core::gateway::BrokenOff;
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::{Frame, SizeHint},
    header::{self, HeaderName, HeaderValue},
};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use zeroize::Zeroizing;

/// Longest secret answer: a key of 4,096 bits deciphers less than 512 bytes.
const SECRET: usize = 1024;

/// Body of an answer: whole, a stream of events, or what another server sends.
pub enum Body {
    /// Whole.
    Whole(Full<Bytes>),
    /// Events, one after the other.
    Events(EventStream),
    /// What another server sends.
    Carried(Stream),
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Events(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Carried(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Events(body) => body.is_end_stream(),
            Self::Carried(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Events(body) => body.size_hint(),
            Self::Carried(body) => body.size_hint(),
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body(…)")
    }
}

/// An answer.
pub type Reply = Response<Body>;

/// An answer with a whole body.
#[must_use]
pub fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Body::Whole(Full::new(body.into())));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// An answer without body.
#[must_use]
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Body::Whole(Full::default()));
    *reply.status_mut() = status;
    reply
}

/// A JSON document that is text already.
#[must_use]
pub fn document(json: &str) -> Reply {
    whole(StatusCode::OK, "application/json", Bytes::copy_from_slice(json.as_bytes()))
}

/// A value as JSON. Serialization of our own words cannot fail; if it ever did, the caller would get a bare 500.
#[must_use]
pub fn json(status: StatusCode, value: &impl serde::Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(body) => whole(status, "application/json", body),
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// The same for what is not to stay in memory once it was sent, as far as it is ours.
#[must_use]
pub fn secret(status: StatusCode, value: &impl serde::Serialize) -> Reply {
    // Room for what any key deciphers: the buffer is not moved about while it grows.
    let mut body = Zeroizing::new(Vec::with_capacity(SECRET));
    match serde_json::to_writer(&mut *body, value) {
        Ok(()) => whole(status, "application/json", Bytes::from_owner(body)),
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// A stream of events.
#[must_use]
pub fn events(stream: EventStream) -> Reply {
    let mut reply = Response::new(Body::Events(stream));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply
}

/// An answer of another server, carried on.
#[must_use]
pub fn carried(answer: Response<Stream>) -> Reply {
    answer.map(Body::Carried)
}

/// `303 See Other`: a redirect that never repeats a form (RFC 9700 §4.12). `None` for an address that is no header
/// value.
#[must_use]
pub fn see_other(location: &str) -> Option<Reply> {
    let mut reply = empty(StatusCode::SEE_OTHER);
    reply.headers_mut().insert(header::LOCATION, HeaderValue::from_str(location).ok()?);
    Some(reply)
}

/// `Cross-Origin-Opener-Policy` and `Cross-Origin-Resource-Policy`, which the header crate does not name.
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Puts the protective headers on an answer. `policy` is the content security policy of every answer that brought none of
/// its own.
pub fn protect(reply: &mut Reply, policy: &HeaderValue) {
    let own = reply.extensions_mut().remove::<Own>();
    let policy = own.map_or_else(|| policy.clone(), |own| own.0);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(OPENER, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE, HeaderValue::from_static("same-origin"));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}
