//! Answers of both doors: their kinds, and the headers that every one of them carries.

use super::events::EventStream;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};

/// Body of an answer: whole, or a stream of events.
pub type Body = Either<Full<Bytes>, EventStream>;
/// An answer.
pub type Reply = Response<Body>;

/// An answer with a whole body.
#[must_use]
pub fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(body.into())));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// An answer without body.
#[must_use]
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Either::Left(Full::default()));
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

/// A stream of events.
#[must_use]
pub fn events(stream: EventStream) -> Reply {
    let mut reply = Response::new(Either::Right(stream));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply
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

/// Puts the protective headers on an answer. `style` is the CSP source of the pages' own style sheet.
pub fn protect(reply: &mut Reply, policy: &HeaderValue) {
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(OPENER, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE, HeaderValue::from_static("same-origin"));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}
