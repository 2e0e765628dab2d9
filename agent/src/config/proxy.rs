//! `upstream.proxy`: how requests to the upstream reach the network.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cps_agent_core::secret::Secret;
use std::{fmt, sync::Arc};
use url::Url;
use zeroize::Zeroizing;

/// Longest address of a proxy.
const MAX: usize = 1024;

/// Which way to the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxy {
    /// What the environment says (`https_proxy`, `no_proxy`), else the desktop's settings.
    System,
    /// None: every connection is direct.
    None,
    /// This one, for every address.
    Address(ProxyAddress),
}

/// An HTTP proxy that takes `CONNECT` (RFC 9110 §9.3.6). The credentials of its address are kept apart and never shown.
#[derive(Clone)]
pub struct ProxyAddress {
    host: String,
    port: u16,
    /// Value of `Proxy-Authorization`.
    authorization: Option<Arc<Secret>>,
}

impl ProxyAddress {
    /// Reads `http://[user:password@]host[:port]`; port 80 when absent, as for any http address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= MAX)?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if url.scheme() != "http" || !bare {
            return None;
        }
        let user = decoded(url.username())?;
        let password = decoded(url.password().unwrap_or_default())?;
        let authorization = (!user.is_empty()).then(|| {
            let pair = Zeroizing::new(format!("{}:{}", *user, *password));
            Arc::new(Secret::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
        });
        Some(Self {
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default()?,
            authorization,
        })
    }

    /// Host name or address, an IPv6 one without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Value of `Proxy-Authorization`, where the address has credentials.
    #[must_use]
    pub fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_deref()
    }
}

/// The text behind percent-encoding (RFC 3986 §2.1); `None` when it is not UTF-8.
fn decoded(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// As people write it, without credentials.
impl fmt::Display for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "http://[{}]:{}", self.host, self.port),
            false => write!(f, "http://{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyAddress({self})")
    }
}

impl PartialEq for ProxyAddress {
    fn eq(&self, other: &Self) -> bool {
        let credentials = |address: &Self| address.authorization.as_ref().map(|a| a.expose().to_owned());
        (self.host(), self.port) == (other.host(), other.port) && credentials(self) == credentials(other)
    }
}

impl Eq for ProxyAddress {}
