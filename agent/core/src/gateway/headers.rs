//! Header fields: which pass from the program to the origin, and which come back.
//!
//! What belongs to one connection stays on it (RFC 9110 §7.6.1); what tells of this workstation stays here; what makes
//! sense to browsers alone has no reader, since no browser is let in.

use super::Route;

/// Where a program puts its own credentials for the origin, when the gateway lets them pass: `Authorization` speaks to the
/// agent.
pub const AUTHORIZATION: &str = "x-upstream-authorization";

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It passes as it is.
    Passes,
    /// It passes under another name.
    As(&'static str),
    /// An address: it passes as [`Route::location`] reads it.
    Address,
    /// A cookie of the origin: it passes as [`Route::cookie`] reads it.
    Cookie,
    /// It does not pass.
    Stops,
}

/// Fields of one connection, and of what frames a message: each side has its own.
const OF_A_CONNECTION: [&str; 12] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-authentication-info",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
];

/// Fields of a request that would tell the origin of this workstation, or pretend to.
const OF_THIS_SIDE: [&str; 13] = [
    "host",
    "content-length",
    "authorization",
    "origin",
    "referer",
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "client-ip",
    "true-client-ip",
    "x-original-url",
    "x-rewrite-url",
];

/// Beginnings of such names. Where a proxy of the origin ends TLS, its servers believe fields about the client certificate
/// (RFC 9440, and older habits): ours is the card's, and no program says another.
const BEGINNINGS_OF_THIS_SIDE: [&str; 11] = [
    "x-forwarded",
    "sec-",
    "proxy-",
    "access-control-",
    "client-cert",
    "x-client-cert",
    "ssl-",
    "x-ssl-",
    "x-arr-",
    "x-http-method",
    "x-method-override",
];

/// Fields of an answer that speak to browsers, or of the origin's own address.
const FOR_BROWSERS: [&str; 17] = [
    "strict-transport-security",
    "alt-svc",
    "alt-used",
    "public-key-pins",
    "expect-ct",
    "nel",
    "report-to",
    "reporting-endpoints",
    "clear-site-data",
    "refresh",
    "timing-allow-origin",
    "service-worker-allowed",
    "x-frame-options",
    "x-content-type-options",
    "permissions-policy",
    "origin-agent-cluster",
    "sourcemap",
];

/// Beginnings of such names.
const BEGINNINGS_FOR_BROWSERS: [&str; 4] =
    ["access-control-", "content-security-policy", "cross-origin-", "proxy-"];

/// The names that the `Connection` fields of a message add to those of its connection, in lower case.
#[must_use]
pub fn named<'a>(connection: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names = connection.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase());
    names.filter(|name| !name.is_empty()).collect()
}

impl Route {
    /// What becomes of a field of a request. `name` is in lower case, `named` as [`named`] says.
    #[must_use]
    pub fn outgoing(&self, name: &str, named: &[String]) -> Fate {
        let own = OF_A_CONNECTION.contains(&name) || named.iter().any(|other| other == name);
        match name {
            _ if own || OF_THIS_SIDE.contains(&name) => Fate::Stops,
            AUTHORIZATION if self.authorization => Fate::As("authorization"),
            AUTHORIZATION => Fate::Stops,
            "cookie" | "cookie2" if !self.cookies => Fate::Stops,
            // Many servers take an underscore for a dash.
            _ if name.contains('_') || begins(name, &BEGINNINGS_OF_THIS_SIDE) => Fate::Stops,
            _ => Fate::Passes,
        }
    }

    /// What becomes of a field of an answer.
    #[must_use]
    pub fn incoming(&self, name: &str, named: &[String]) -> Fate {
        let own = OF_A_CONNECTION.contains(&name) || named.iter().any(|other| other == name);
        match name {
            _ if own || FOR_BROWSERS.contains(&name) => Fate::Stops,
            "location" | "content-location" => Fate::Address,
            "set-cookie" if self.cookies => Fate::Cookie,
            "set-cookie" | "set-cookie2" => Fate::Stops,
            _ if begins(name, &BEGINNINGS_FOR_BROWSERS) => Fate::Stops,
            _ => Fate::Passes,
        }
    }
}

fn begins(name: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| name.starts_with(beginning))
}
