//! An HTTP exchange with an upstream, as values: what is asked, what came back, why nothing came back.

use crate::identity::UnixTime;
use crate::secret::Secret;
use url::Url;
use zeroize::Zeroizing;

/// What to do when the server asks for a client certificate during the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfAsked {
    /// Go on without one, as every TLS client may.
    #[default]
    GoOnWithout,
    /// Send nothing and say so: the card login wants to answer with the card.
    Report,
    /// Show the certificate of our client (`tls_client_auth`, RFC 8705).
    Identify,
}

/// An HTTP request as a value. The fetcher sends it as it is and follows no redirect.
pub struct Fetch {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where to. Always https.
    pub url: Url,
    /// Header names and values, besides `Host` and lengths. May hold credentials: wiped when dropped, no debug output.
    pub headers: Vec<(&'static str, Zeroizing<String>)>,
    /// Body of a form post (`application/x-www-form-urlencoded`). May hold credentials: no debug output.
    pub form: Option<Secret>,
    /// When the server asks for a client certificate.
    pub if_asked: IfAsked,
}

impl Fetch {
    /// A GET request for JSON.
    #[must_use]
    pub fn get_json(url: Url) -> Self {
        Self {
            method: "GET",
            url,
            headers: vec![("accept", "application/json".to_owned().into())],
            form: None,
            if_asked: IfAsked::GoOnWithout,
        }
    }

    /// A POST request of a form, answered in JSON. Parameters are encoded here, in a buffer that is wiped.
    #[must_use]
    pub fn post_form(url: Url, parameters: &[(&str, &str)]) -> Self {
        // Encoded, a byte takes three at the most: a buffer that grew would leave copies behind.
        let room = parameters.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
        let mut form = url::form_urlencoded::Serializer::new(String::with_capacity(room));
        for (name, value) in parameters {
            form.append_pair(name, value);
        }
        Self { method: "POST", form: Some(Secret::new(form.finish())), ..Self::get_json(url) }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<Zeroizing<String>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl std::fmt::Debug for Fetch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fetch({} {})", self.method, self.url.host_str().unwrap_or("?"))
    }
}

/// An HTTP response as a value. The fetcher bounds the body.
pub struct Fetched {
    /// Status code.
    pub status: u16,
    /// Header names (lower case) and values, in order; several of one name are possible.
    pub headers: Vec<(String, String)>,
    /// Body. May hold tokens: wiped when dropped.
    pub body: Zeroizing<Vec<u8>>,
    /// Our time of the answer: with its `Date` header it says how far the upstream's clock is from ours.
    pub received: UnixTime,
}

impl Fetched {
    /// Values of a header, in order; `name` in lower case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header that is there exactly once.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n == name);
        let (_, first) = values.next()?;
        values.next().is_none().then_some(first)
    }
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fetched({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why a request had no answer. A transport fault is never a logout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// No connection: name, route, refused, time-out.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server's certificate is not one we trust for it; the issuer's name is given so that an intercepting proxy can be named.
    #[error("the server's certificate is not trusted (issued by {issuer})")]
    Untrusted {
        /// Issuer of the certificate that was presented.
        issuer: String,
        /// What speaks against it.
        because: Distrust,
    },
    /// No version, cipher or signature of TLS in common.
    #[error("the server and this client have no TLS in common: {0}")]
    Incompatible(String),
    /// The server refused our client certificate during or right after the handshake, in the words of its TLS alert.
    #[error("the server refused the client certificate: {0}")]
    CertificateRefused(String),
    /// The answer broke a limit or the protocol.
    #[error("the server's answer cannot be used: {0}")]
    Garbled(String),
    /// The server refused the certificate of our client (`tls_client_auth`), in the words of its TLS alert.
    #[error("the server refused the certificate of this client: {0}")]
    ClientRefused(String),
    /// The proxy between us and the server.
    #[error("the proxy {proxy} {fault}")]
    Proxy {
        /// Its address, without credentials.
        proxy: String,
        /// What it did.
        fault: ProxyFault,
    },
}

/// What speaks against a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// No authority of ours vouches for it, or it is no certificate of a server.
    Authority,
    /// It names another server.
    Name,
    /// It is not valid yet, or not any more.
    Time,
    /// Its authority revoked it.
    Revoked,
}

/// What a proxy can do instead of letting a request through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFault {
    /// No connection to it.
    #[error("cannot be reached")]
    Unreachable,
    /// Status 407; the schemes of authentication that it offers.
    #[error("asks for a login ({0})")]
    Login(String),
    /// Another status than success.
    #[error("refuses with status {0}")]
    Refused(u16),
    /// Not HTTP, or no answer.
    #[error("does not answer as a proxy")]
    Garbled,
    /// Of a kind that we do not speak.
    #[error("is of a kind that is not supported")]
    Unsupported,
}
