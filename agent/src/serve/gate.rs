//! The rules of the bridge that come before any route: who may be addressed, and from which web page.
//!
//! A browser is a caller that works for whoever wrote the page. Three headers that a page cannot forge tell them apart:
//! `Host` (DNS rebinding), `Origin` (requests of pages) and `Sec-Fetch-*` (frames, images and other hidden requests).

use super::routes::Endpoint;
use cps_agent_core::failure::{
    Code, FOREIGN_FRAME, FOREIGN_HOST, FOREIGN_ORIGIN, GATEWAY_WEB_PAGE, REQUEST_MALFORMED,
};
use hyper::{
    HeaderMap, StatusCode, Uri,
    header::{self, HeaderName, HeaderValue},
};

/// A refusal of the gate: the status for the caller, the reason for the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Barred {
    /// What the caller gets.
    pub status: StatusCode,
    /// What really happened.
    pub reason: Code,
}

const fn barred(status: StatusCode, reason: Code) -> Barred {
    Barred { status, reason }
}

/// Headers that decide something: twice is once too often.
const SINGLE: [&str; 9] = [
    "host",
    "origin",
    "authorization",
    "content-type",
    "content-length",
    "access-control-request-method",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
];
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Checks the form of the request: an address of this server, no header twice, a body of announced length.
///
/// # Errors
/// The refusal, when the request is not of that form.
pub fn form(uri: &Uri, headers: &HeaderMap) -> Result<(), Barred> {
    shape(uri, headers)?;
    // Two ways to say how long a body is are one too many (RFC 9112 §6.1): a plain length is all we take.
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(barred(StatusCode::LENGTH_REQUIRED, REQUEST_MALFORMED));
    }
    Ok(())
}

/// The same for a body that is carried on: it may come in chunks, whose end nobody knows beforehand, and then without a
/// length beside them.
///
/// # Errors
/// The refusal, when the request is not of that form.
pub fn stream(uri: &Uri, headers: &HeaderMap) -> Result<(), Barred> {
    shape(uri, headers)?;
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let framed = match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => coding == "chunked" && !headers.contains_key(header::CONTENT_LENGTH),
        (Some(_), Some(_)) => false,
    };
    if framed { Ok(()) } else { Err(barred(StatusCode::BAD_REQUEST, REQUEST_MALFORMED)) }
}

fn shape(uri: &Uri, headers: &HeaderMap) -> Result<(), Barred> {
    if uri.scheme().is_some() || uri.authority().is_some() {
        return Err(barred(StatusCode::MISDIRECTED_REQUEST, FOREIGN_HOST));
    }
    if uri.path_and_query().is_none_or(|target| target.as_str().len() > super::limits::TARGET) {
        return Err(barred(StatusCode::URI_TOO_LONG, REQUEST_MALFORMED));
    }
    if SINGLE.iter().any(|name| headers.get_all(*name).iter().count() > 1) {
        return Err(barred(StatusCode::BAD_REQUEST, REQUEST_MALFORMED));
    }
    Ok(())
}

/// Checks that no web page asks, whichever: browsers name the page, or say that one asks (Fetch §2.2.5, §3.1), and no
/// program has a reason to.
///
/// # Errors
/// The refusal.
pub fn no_page(headers: &HeaderMap) -> Result<(), Barred> {
    let page = headers.keys().any(|name| {
        let name = name.as_str();
        name == "origin" || name.starts_with("sec-") || name.starts_with("access-control-request-")
    });
    if page { Err(barred(StatusCode::FORBIDDEN, GATEWAY_WEB_PAGE)) } else { Ok(()) }
}

/// Checks `Host` against the three names of this machine, with the port. Returns the name that was used.
///
/// # Errors
/// The refusal, for any other name: that is how DNS rebinding looks.
pub fn host(headers: &HeaderMap, port: u16) -> Result<&str, Barred> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.strip_suffix(port.to_string().as_str()).and_then(|rest| rest.strip_suffix(':'));
    match name {
        Some("127.0.0.1" | "[::1]" | "localhost") => Ok(host),
        _ => Err(barred(StatusCode::MISDIRECTED_REQUEST, FOREIGN_HOST)),
    }
}

/// Checks `Origin`. Returns it when it is a registered one, so that the page may read the answer. `own` is the origin
/// of the bridge by the name it was called.
///
/// # Errors
/// The refusal, for every origin that is neither registered nor, on our own pages, our own.
pub fn origin<'a>(
    headers: &'a HeaderMap,
    own: &str,
    endpoint: Option<Endpoint>,
    registered: impl FnOnce(&str) -> bool,
) -> Result<Option<&'a HeaderValue>, Barred> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(None) };
    let foreign = barred(StatusCode::FORBIDDEN, FOREIGN_ORIGIN);
    let text = origin.to_str().map_err(|_| foreign)?;
    if endpoint.is_some_and(is_own) {
        // Only our own page posts its own form. Because of `no-referrer` browsers then send `Origin: null` (Fetch
        // §3.1), which alone proves nothing; `Sec-Fetch-Site` does.
        let same_site = headers.get(SITE).is_some_and(|site| site == "same-origin");
        return if text == own || (text == "null" && same_site) { Ok(None) } else { Err(foreign) };
    }
    if text != "null" && registered(text) { Ok(Some(origin)) } else { Err(foreign) }
}

/// Checks that a page is opened as a page: by top-level navigation, never in a frame, an image or a hidden request.
/// Browsers say so (`document` is the destination of nothing else, Fetch §2.2.5); callers that say nothing are none.
///
/// # Errors
/// The refusal.
pub fn navigation(headers: &HeaderMap) -> Result<(), Barred> {
    // Fetched ahead (Sec-Purpose, Fetch §3.1.4): nobody has asked to see it yet, and seeing it may start a login.
    let ahead = headers.contains_key(PURPOSE);
    if !ahead && headers.get(DESTINATION).is_none_or(|destination| destination == "document") {
        Ok(())
    } else {
        Err(barred(StatusCode::FORBIDDEN, FOREIGN_FRAME))
    }
}

/// Whether a person opens this in a browser, to read it: browsers say so, and older ones want HTML. What comes by script, and
/// from other programs, is read by software.
#[must_use]
pub fn is_visit(headers: &HeaderMap) -> bool {
    let accepts = || headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    match headers.get(DESTINATION) {
        Some(destination) => destination == "document",
        None => accepts().is_some_and(|accepted| accepted.contains("text/html")),
    }
}

/// Checks that what is no page is asked by no page, by one that may read the answer, or by a person who typed the address:
/// never as an image, a script, a frame, or blindly (`no-cors`, Fetch §2.2.5), which all come without `Origin`.
///
/// # Errors
/// The refusal.
pub fn read(headers: &HeaderMap) -> Result<(), Barred> {
    let blind = headers.get(MODE).is_some_and(|mode| mode == "no-cors");
    let open = |destination: &HeaderValue| destination == "empty" || destination == "document";
    if !blind && headers.get(DESTINATION).is_none_or(open) {
        Ok(())
    } else {
        Err(barred(StatusCode::FORBIDDEN, FOREIGN_FRAME))
    }
}

/// Checks that a script of our own page asks, and no other page, registered or not (`Sec-Fetch-Site`, Fetch §2.2.5).
/// Callers that say nothing are no browsers.
///
/// # Errors
/// The refusal.
pub fn own_script(headers: &HeaderMap) -> Result<(), Barred> {
    let own = headers.get(SITE).is_none_or(|site| site == "same-origin");
    let script = headers.get(DESTINATION).is_none_or(|destination| destination == "empty");
    let open = headers.get(MODE).is_none_or(|mode| mode == "cors" || mode == "same-origin");
    if own && script && open { Ok(()) } else { Err(barred(StatusCode::FORBIDDEN, FOREIGN_FRAME)) }
}

/// Whether an endpoint is ours alone: what a person sees, and what our script reads for it. A registered page may send the
/// person to a login or a logout, with a form of its own (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
fn is_own(endpoint: Endpoint) -> bool {
    let asked_by_pages = matches!(endpoint, Endpoint::Home | Endpoint::Authorize | Endpoint::Logout);
    let read_by_script = matches!(endpoint, Endpoint::LoginEvents | Endpoint::PortalEvents);
    read_by_script || (is_page(endpoint) && !asked_by_pages)
}

/// Whether an endpoint is opened by navigation.
#[must_use]
pub fn is_page(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Home
            | Endpoint::Authorize
            | Endpoint::LoginPage
            | Endpoint::Logout
            | Endpoint::LogoutPage
            | Endpoint::PortalOpening
            | Endpoint::PortalState
            | Endpoint::PortalActivity
            | Endpoint::PortalDiagnosis
            | Endpoint::PortalAbout
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn only_three_names_with_the_port_are_ours() {
        for name in [
            "127.0.0.1",
            "127.0.0.1:24789",
            "evil.example:24788",
            "localhost.:24788",
            "LOCALHOST:24788",
            "127.0.0.2:24788",
            "0.0.0.0:24788",
            "[::]:24788",
            "::1:24788",
            "a@localhost:24788",
            "localhost:024788",
            "localhost:",
            "",
            ":24788",
            "127.0.0.1:24788.evil.example",
            "127.1:24788",
        ] {
            assert!(host(&headers(&[("host", name)]), 24788).is_err(), "{name}");
        }
        for name in ["127.0.0.1:24788", "[::1]:24788", "localhost:24788"] {
            assert_eq!(host(&headers(&[("host", name)]), 24788), Ok(name));
        }
        assert!(host(&headers(&[]), 24788).is_err(), "none at all");
    }

    #[test]
    fn an_origin_is_registered_or_refused() {
        let dpi = headers(&[("origin", "https://dpi.example")]);
        let asked = |origin: &str| origin == "https://dpi.example";
        assert!(origin(&dpi, "http://127.0.0.1:1", Some(Endpoint::Token), asked).unwrap().is_some());
        for foreign in ["https://evil.example", "null", "https://dpi.example.evil", "http://127.0.0.1:1", ""]
        {
            let map = headers(&[("origin", foreign)]);
            assert!(origin(&map, "http://127.0.0.1:1", Some(Endpoint::Token), asked).is_err(), "{foreign}");
        }
    }

    #[test]
    fn the_events_of_a_login_page_are_for_its_own_script() {
        let asked = |site, mode, destination| {
            let fetch = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", destination)];
            own_script(&headers(&fetch)).is_ok()
        };
        assert!(asked("same-origin", "cors", "empty"));
        assert!(own_script(&headers(&[])).is_ok(), "no browser");
        for (site, mode, destination) in [
            ("cross-site", "cors", "empty"),
            ("same-site", "cors", "empty"),
            ("none", "cors", "empty"),
            ("same-origin", "no-cors", "empty"),
            ("same-origin", "cors", "script"),
            ("same-origin", "navigate", "document"),
            ("same-origin", "navigate", "iframe"),
        ] {
            assert!(!asked(site, mode, destination), "{site} {mode} {destination}");
        }
        let page = Some(Endpoint::LoginEvents);
        let dpi = headers(&[("origin", "https://dpi.example")]);
        assert!(origin(&dpi, "http://127.0.0.1:1", page, |_| true).is_err(), "not even of a registered page");
    }

    #[test]
    fn null_is_never_registered() {
        assert!(origin(&headers(&[("origin", "null")]), "http://127.0.0.1:1", None, |_| true).is_err());
    }

    #[test]
    fn the_form_of_a_login_page_comes_from_that_page() {
        let page = Some(Endpoint::LoginPage);
        let own = headers(&[("origin", "http://127.0.0.1:1")]);
        assert_eq!(origin(&own, "http://127.0.0.1:1", page, |_| false), Ok(None));
        let hidden = headers(&[("origin", "null"), ("sec-fetch-site", "same-origin")]);
        assert_eq!(origin(&hidden, "http://127.0.0.1:1", page, |_| false), Ok(None));
        for foreign in [
            headers(&[("origin", "null")]),
            headers(&[("origin", "null"), ("sec-fetch-site", "cross-site")]),
            headers(&[("origin", "http://127.0.0.1:2"), ("sec-fetch-site", "same-site")]),
            headers(&[("origin", "https://127.0.0.1:1"), ("sec-fetch-site", "cross-site")]),
            headers(&[("origin", "https://dpi.example")]),
        ] {
            assert!(origin(&foreign, "http://127.0.0.1:1", page, |_| true).is_err(), "{foreign:?}");
        }
    }

    #[test]
    fn no_registered_page_reads_what_a_person_sees() {
        let dpi = headers(&[("origin", "https://dpi.example")]);
        for page in [
            Endpoint::LoginPage,
            Endpoint::LogoutPage,
            Endpoint::PortalOpening,
            Endpoint::PortalState,
            Endpoint::PortalEvents,
            Endpoint::PortalActivity,
            Endpoint::PortalDiagnosis,
            Endpoint::PortalAbout,
        ] {
            assert!(origin(&dpi, "http://127.0.0.1:1", Some(page), |_| true).is_err(), "{page:?}");
        }
        assert!(origin(&dpi, "http://127.0.0.1:1", Some(Endpoint::Authorize), |_| true).is_ok());
    }

    #[test]
    fn a_page_is_opened_by_navigation_only() {
        assert!(navigation(&headers(&[])).is_ok(), "no browser");
        assert!(navigation(&headers(&[("sec-fetch-dest", "document")])).is_ok());
        for destination in ["iframe", "frame", "image", "empty", "embed", "object", "script", ""] {
            assert!(navigation(&headers(&[("sec-fetch-dest", destination)])).is_err(), "{destination}");
        }
    }

    #[test]
    fn what_is_no_page_is_never_asked_out_of_sight() {
        for open in [
            &[][..],
            &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors")],
            &[("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")],
        ] {
            assert!(read(&headers(open)).is_ok(), "{open:?}");
        }
        for destination in ["image", "script", "style", "iframe", "object", "embed", "video", "worker", ""] {
            assert!(read(&headers(&[("sec-fetch-dest", destination)])).is_err(), "{destination}");
        }
        let blind = [("sec-fetch-dest", "empty"), ("sec-fetch-mode", "no-cors")];
        assert!(read(&headers(&blind)).is_err());
    }

    #[test]
    fn no_page_of_any_origin_calls_a_gateway() {
        assert!(no_page(&headers(&[("user-agent", "logiciel"), ("accept", "*/*")])).is_ok());
        for name in [
            "origin",
            "sec-fetch-site",
            "sec-fetch-dest",
            "sec-websocket-key",
            "access-control-request-method",
        ] {
            let barred = no_page(&headers(&[(name, "x")])).unwrap_err();
            assert_eq!((barred.status, barred.reason), (StatusCode::FORBIDDEN, GATEWAY_WEB_PAGE), "{name}");
        }
    }

    #[test]
    fn a_body_that_is_carried_on_is_framed_in_one_way() {
        let framed = |pairs| stream(&Uri::from_static("/gateway/x/"), &headers(pairs)).is_ok();
        assert!(
            framed(&[]) && framed(&[("content-length", "5")]) && framed(&[("transfer-encoding", "chunked")])
        );
        for pairs in [
            &[("transfer-encoding", "chunked"), ("content-length", "5")][..],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "gzip, chunked")],
            &[("transfer-encoding", "Chunked ")],
            &[("content-length", "5"), ("content-length", "5")],
        ] {
            assert!(!framed(pairs), "{pairs:?}");
        }
    }

    #[test]
    fn a_deciding_header_that_comes_twice_is_refused() {
        for name in ["host", "origin", "authorization", "content-type", "sec-fetch-site"] {
            let map = headers(&[(name, "a"), (name, "a")]);
            assert_eq!(
                form(&Uri::from_static("/"), &map).unwrap_err().status,
                StatusCode::BAD_REQUEST,
                "{name}"
            );
        }
    }

    #[test]
    fn an_address_of_another_server_is_refused() {
        let uri = Uri::from_static("http://evil.example/token");
        assert_eq!(form(&uri, &headers(&[])).unwrap_err().reason, FOREIGN_HOST);
    }
}
