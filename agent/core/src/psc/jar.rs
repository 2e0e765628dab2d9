//! The cookies of one walk (RFC 6265): kept per host, over https only, and gone with the walk.

use super::answer::http_date;
use crate::fetch::Fetched;
use crate::identity::UnixTime;
use crate::secret::Secret;
use url::Url;

/// Most cookies kept.
const MAX_COOKIES: usize = 50;
/// Longest name and value together.
const MAX_SIZE: usize = 4096;

/// Cookies. `Domain` is not honoured: every cookie goes back to the host that set it and to no other.
#[derive(Default)]
pub struct Jar(Vec<Cookie>);

struct Cookie {
    host: String,
    path: String,
    name: String,
    value: Secret,
}

impl Jar {
    /// Takes the cookies of an answer that came from `url`.
    pub fn take(&mut self, url: &Url, answer: &Fetched) {
        let Some(host) = url.host_str() else { return };
        for line in answer.values("set-cookie") {
            let Some((cookie, alive)) = parse(host, url.path(), line, answer.received) else { continue };
            let same = |c: &Cookie| c.host == cookie.host && c.name == cookie.name && c.path == cookie.path;
            // A replaced cookie keeps its place, which is its age (RFC 6265 §5.3, point 11.3).
            match (self.0.iter().position(same), alive) {
                (Some(at), true) => {
                    if let Some(old) = self.0.get_mut(at) {
                        *old = cookie;
                    }
                }
                (Some(at), false) => drop(self.0.remove(at)),
                (None, true) if self.0.len() < MAX_COOKIES => self.0.push(cookie),
                (None, _) => {}
            }
        }
    }

    /// The `Cookie` header for a request to `url`, longest path first (RFC 6265 §5.4).
    #[must_use]
    pub fn header(&self, url: &Url) -> Option<String> {
        let mut fitting: Vec<&Cookie> = self
            .0
            .iter()
            .filter(|c| url.host_str() == Some(c.host.as_str()) && path_matches(&c.path, url.path()))
            .collect();
        fitting.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        let pairs = fitting.iter().flat_map(|c| ["; ", c.name.as_str(), "=", c.value.expose()]);
        let pairs: Vec<&str> = pairs.skip(1).collect();
        (!pairs.is_empty()).then(|| pairs.concat())
    }
}

impl std::fmt::Debug for Jar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jar({} cookies)", self.0.len())
    }
}

/// One `Set-Cookie` line, and whether it sets (or removes) the cookie.
fn parse(host: &str, request_path: &str, line: &str, now: UnixTime) -> Option<(Cookie, bool)> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let plain = |text: &str| !text.bytes().any(|b| b.is_ascii_control() || b == b';');
    if name.is_empty() || name.len() + value.len() > MAX_SIZE || !plain(name) || !plain(value) {
        return None;
    }
    let mut path = default_path(request_path).to_owned();
    let (mut max_age, mut expires) = (None, None);
    for attribute in parts {
        let (key, text) = attribute.split_once('=').unwrap_or((attribute, ""));
        match (key.trim().to_ascii_lowercase().as_str(), text.trim()) {
            ("path", text) if text.starts_with('/') => path = text.to_owned(),
            ("max-age", text) => max_age = text.parse::<i64>().ok(),
            ("expires", text) => expires = http_date(text),
            _ => {}
        }
    }
    let alive = match (max_age, expires) {
        (Some(seconds), _) => seconds > 0,
        (None, Some(date)) => date > now,
        (None, None) => true,
    };
    let cookie =
        Cookie { host: host.to_owned(), path, name: name.to_owned(), value: Secret::new(value.to_owned()) };
    Some((cookie, alive))
}

/// The folder of a path (RFC 6265 §5.1.4).
fn default_path(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder,
        _ => "/",
    }
}

fn path_matches(cookie: &str, request: &str) -> bool {
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}
