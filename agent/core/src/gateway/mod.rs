//! The gateway's decisions: what of a program's request goes on to the origin behind mutual TLS, and what of its answer
//! comes back.
//!
//! A gateway (`[gateway.NAME]`) carries requests from a path of the bridge to one https origin and shows a certificate
//! there that the program does not have. Everything that could lead elsewhere, smuggle a second request in, or tell the
//! origin what only concerns this workstation is decided here, as values; the noisy half carries bytes.
//!
//! | file | what |
//! | --- | --- |
//! | [`address`] | the path of a call, the path at the origin, and the way back |
//! | [`headers`] | which header fields pass, in either direction |
//! | [`key_uri`] | the name of an organisation's key in a key store |

pub mod address;
pub mod headers;
pub mod key_uri;
#[cfg(test)]
mod tests;

use crate::failure::{self, Failure};
use crate::fetch::{Distrust, FetchFault};
use crate::psc::answer;
use url::Url;

/// What begins the path of every call.
pub const PREFIX: &str = "/gateway/";
/// What begins the scope of an access token for a gateway; its name follows.
pub const SCOPE: &str = "cps:gateway:";
/// Methods that pass: those that carry a request and nothing else. `CONNECT` would open a tunnel, `TRACE` would show what
/// was sent.
pub const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A body broke off on its way.
#[derive(Debug, thiserror::Error)]
#[error("a body broke off on its way")]
pub struct BrokenOff(#[source] Box<dyn std::error::Error + Send + Sync>);

impl BrokenOff {
    /// With its cause.
    #[must_use]
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Where a gateway leads, and what it lets pass.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its name: 1 to 64 letters, digits, `-` and `_`.
    pub name: String,
    /// The origin with the path that every target begins with; ends with a slash.
    pub base: Url,
    /// A program may send credentials of its own to the origin, in [`headers::AUTHORIZATION`].
    pub authorization: bool,
    /// Cookies pass, in both directions.
    pub cookies: bool,
    /// The only clients that may use it; empty for every client that is registered for its scope.
    pub clients: Vec<String>,
}

impl Route {
    /// The scope of its access tokens.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{SCOPE}{}", self.name)
    }

    /// Whether a client may use it that is registered for its scope.
    ///
    /// # Errors
    /// [`failure::GATEWAY_CLIENT`].
    pub fn admits(&self, client: &str) -> Result<(), Failure> {
        if self.clients.is_empty() || self.clients.iter().any(|known| known == client) {
            return Ok(());
        }
        Err(self.failure(failure::GATEWAY_CLIENT))
    }

    /// Host and port of the origin, for people.
    #[must_use]
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// A failure of this gateway, with what its line of the table wants to name.
    #[must_use]
    pub fn failure(&self, code: failure::Code) -> Failure {
        let text = code.line().english;
        let names = |place: &str| text.what.contains(place) || text.next.contains(place);
        let mut failure = Failure::new(code);
        if names("{gateway}") {
            failure = failure.with("gateway", self.name.as_str());
        }
        if names("{origin}") {
            failure = failure.with("origin", self.origin());
        }
        failure
    }

    /// The failure of a request that the origin did not answer.
    #[must_use]
    pub fn unanswered(&self, fault: &FetchFault) -> Failure {
        match fault {
            FetchFault::Unreachable(_) => self.failure(failure::GATEWAY_UNREACHABLE),
            FetchFault::Untrusted { issuer, because } => match because {
                Distrust::Authority => {
                    self.failure(failure::GATEWAY_ORIGIN_UNTRUSTED).with("issuer", answer::shown(issuer))
                }
                Distrust::Name => self.failure(failure::GATEWAY_ORIGIN_NAME),
                Distrust::Time => self.failure(failure::GATEWAY_ORIGIN_EXPIRED),
                Distrust::Revoked => self.failure(failure::GATEWAY_ORIGIN_REVOKED),
            },
            FetchFault::Incompatible(_) => self.failure(failure::GATEWAY_TLS),
            FetchFault::CertificateRefused(_) | FetchFault::ClientRefused(_) => {
                self.failure(failure::GATEWAY_CERTIFICATE_REFUSED)
            }
            FetchFault::Proxy { .. } => answer::unanswered(fault),
            FetchFault::Garbled(_) => self.failure(failure::GATEWAY_BROKEN),
        }
    }
}
