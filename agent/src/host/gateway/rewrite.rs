//! A program's request as the origin gets it, and the origin's answer as the program gets it: the quiet half's decisions,
//! carried out on HTTP messages.

use cps_agent_core::{
    failure::{Code, GATEWAY_PATH, METHOD_NOT_ALLOWED},
    gateway::{
        METHODS, Route,
        headers::{Fate, named},
    },
};
use hyper::{
    HeaderMap, Method, Uri,
    header::{self, HeaderName, HeaderValue},
    http::{request, response},
};

/// What the answer to a request has to be read by.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Target at the origin.
    target: String,
    /// What the program's own path begins with.
    before: String,
}

/// Makes the head of the origin's request out of the program's. `rest` and `before` are those of the program's path.
///
/// # Errors
/// [`METHOD_NOT_ALLOWED`] and [`GATEWAY_PATH`].
pub fn request(
    route: &Route,
    head: &request::Parts,
    rest: &str,
    before: &str,
) -> Result<(request::Parts, Asked), Code> {
    if !METHODS.contains(&head.method.as_str()) {
        return Err(METHOD_NOT_ALLOWED);
    }
    let target = route.target(rest, head.uri.query()).ok_or(GATEWAY_PATH)?;
    let uri = Uri::try_from(target.as_str()).map_err(|_| GATEWAY_PATH)?;
    let host = HeaderValue::from_str(&authority(route)).map_err(|_| GATEWAY_PATH)?;
    let (mut out, ()) = hyper::Request::new(()).into_parts();
    out.method.clone_from(&head.method);
    out.uri = uri;
    out.headers.insert(header::HOST, host);
    let own = named(connection(&head.headers));
    for (name, value) in &head.headers {
        match route.outgoing(name.as_str(), &own) {
            Fate::Passes => drop(out.headers.append(name, value.clone())),
            Fate::As(other) => drop(out.headers.append(HeaderName::from_static(other), value.clone())),
            Fate::Address | Fate::Cookie | Fate::Stops => {}
        }
    }
    Ok((out, Asked { target, before: before.to_owned() }))
}

/// Makes the head of the program's answer out of the origin's.
#[must_use]
pub fn response(route: &Route, head: &response::Parts, method: &Method, asked: &Asked) -> response::Parts {
    let (mut out, ()) = hyper::Response::new(()).into_parts();
    out.status = head.status;
    let own = named(connection(&head.headers));
    // Where the origin framed its answer in chunks, a length beside them means nothing (RFC 9112 §6.3).
    let chunked = head.headers.contains_key(header::TRANSFER_ENCODING) && *method != Method::HEAD;
    for (name, value) in &head.headers {
        let text = || value.to_str().ok();
        let value = match route.incoming(name.as_str(), &own) {
            Fate::Passes | Fate::As(_) if name == header::CONTENT_LENGTH && chunked => None,
            Fate::Passes | Fate::As(_) => Some(value.clone()),
            Fate::Address => text()
                .and_then(|text| route.location(text, &asked.target, &asked.before))
                .and_then(|text| HeaderValue::from_str(&text).ok()),
            Fate::Cookie => {
                text().and_then(|text| route.cookie(text)).and_then(|text| HeaderValue::from_str(&text).ok())
            }
            Fate::Stops => None,
        };
        if let Some(value) = value {
            out.headers.append(name, value);
        }
    }
    out
}

fn connection(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok())
}

/// `Host` of the origin (RFC 9112 §3.2).
fn authority(route: &Route) -> String {
    let host = route.base.host_str().unwrap_or_default();
    match route.base.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
