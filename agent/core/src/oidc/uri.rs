//! Redirect URIs and origins: what may be registered, and what matches.
//!
//! Matching never parses the request's URI: it compares text, and for the loopback addresses leaves exactly the digits of
//! the port open (RFC 8252 §7.3). What is compared as text cannot be read differently by two parsers.

use url::{Host, Url};

/// Longest URI that can be registered.
const MAX_LENGTH: usize = 1024;

/// Why a URI or origin cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Not an absolute URI in plain ASCII, or longer than 1024 characters.
    #[error("it is not an absolute URI in plain ASCII of at most 1024 characters")]
    Malformed,
    /// Neither https nor http on the loopback.
    #[error("only https, or http to 127.0.0.1, [::1] or localhost, is possible")]
    Scheme,
    /// It has a fragment.
    #[error("it must not have a fragment (#…)")]
    Fragment,
    /// It has a user name or password.
    #[error("it must not have a user name or password")]
    UserInfo,
    /// It is written in a form that programs read differently.
    #[error("it must be written in its normal form: {0}")]
    Form(&'static str),
    /// Back-channel logout reaches this machine only.
    #[error("it must be on 127.0.0.1, [::1] or localhost")]
    Loopback,
    /// An origin is scheme, host and port and nothing else.
    #[error("an origin is scheme, host and port only, such as https://dpi.example:8443")]
    Origin,
}

/// A registered redirect URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    /// For loopback addresses: what stands before and after the port.
    around_port: Option<(String, String)>,
}

impl RedirectUri {
    /// Checks a URI at registration.
    ///
    /// # Errors
    /// [`UriError`].
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let url = web_address(text)?;
        let around_port = match (url.scheme(), url.host()) {
            ("http", Some(Host::Ipv4(_))) => Some("http://127.0.0.1"),
            ("http", Some(Host::Ipv6(_))) => Some("http://[::1]"),
            _ => None,
        }
        .and_then(|prefix| Some((prefix.to_owned(), text.strip_prefix(prefix)?)))
        .map(|(prefix, rest)| {
            let rest = rest.strip_prefix(':').unwrap_or(rest);
            (prefix, rest.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned())
        });
        Ok(Self { text: text.to_owned(), around_port })
    }

    /// As it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a requested URI is this one: equal, or for 127.0.0.1 and `[::1]` equal but for the port.
    #[must_use]
    pub fn matches(&self, requested: &str) -> bool {
        if requested == self.text {
            return true;
        }
        let Some((before, after)) = &self.around_port else { return false };
        let Some(rest) = requested.strip_prefix(before.as_str()) else { return false };
        let Some(port) = rest.strip_suffix(after.as_str()) else { return false };
        port.is_empty()
            || port.strip_prefix(':').is_some_and(|digits| {
                digits.bytes().all(|b| b.is_ascii_digit())
                    && digits.len() <= 5
                    && digits.parse::<u16>().is_ok_and(|number| number > 0)
            })
    }
}

/// Checks a back-channel logout URI: on this machine.
///
/// # Errors
/// [`UriError`].
pub fn loopback(text: &str) -> Result<(), UriError> {
    let url = web_address(text)?;
    if is_loopback(&url) { Ok(()) } else { Err(UriError::Loopback) }
}

/// Checks an origin (RFC 6454 §6.2): exactly what a browser sends in `Origin`.
///
/// # Errors
/// [`UriError`].
pub fn origin(text: &str) -> Result<(), UriError> {
    let url = web_address(text)?;
    if url.origin().ascii_serialization() == text { Ok(()) } else { Err(UriError::Origin) }
}

fn web_address(text: &str) -> Result<Url, UriError> {
    if text.len() > MAX_LENGTH || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(UriError::Malformed);
    }
    let url = Url::parse(text).map_err(|_| UriError::Malformed)?;
    match url.scheme() {
        "https" if url.host().is_some() => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(UriError::Scheme),
    }
    if url.fragment().is_some() {
        return Err(UriError::Fragment);
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err(UriError::UserInfo);
    }
    if text.contains(['\\', '*']) {
        return Err(UriError::Form("without backslash or asterisk"));
    }
    // The host as written is the host as read: no upper case, no decimal or octal addresses, no empty port.
    let written = authority(text);
    let host = url.host_str().unwrap_or_default();
    let port = written.strip_prefix(host).ok_or(UriError::Form("host in lower case"))?;
    if port == ":" || !(port.is_empty() || port.starts_with(':')) || port.starts_with(":0") {
        return Err(UriError::Form("a port without leading zeros"));
    }
    if url.path().split('/').any(|part| part == "." || part == "..") || dotted(text) {
        return Err(UriError::Form("a path without dot segments"));
    }
    Ok(url)
}

/// What stands between `//` and the path.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Whether the path as written has dot segments, plain or percent-encoded, which the parser has resolved already.
fn dotted(text: &str) -> bool {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    path.split('/').skip(1).any(|part| part == "." || part == "..")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
