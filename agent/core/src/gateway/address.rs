//! Addresses: which gateway is called and by whom, which path at the origin is meant, and what a redirect means here.
//!
//! A path goes on as it came, or not at all: it is judged decoded, again and again, because nobody knows how often the
//! origin and what stands before it will decode it, and sent undecoded.

use super::{PREFIX, Route};
use url::Url;

/// Length of the secret of a secret path: 32 bytes in base64url.
const SECRET: usize = 43;
/// A path may be encoded so often, one more time than any honest one.
const DECODINGS: usize = 3;

/// What the path of a call says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Called<'a> {
    /// Name of the gateway.
    pub name: &'a str,
    /// The caller's secret, where the path holds one.
    pub secret: Option<&'a str>,
    /// The path from there on; begins with a slash.
    pub rest: &'a str,
    /// What stands before `rest`: what a redirect has to begin with.
    pub before: &'a str,
}

/// Reads the path of a call: `/gateway/NAME/…`, or `/gateway/NAME/~SECRET/…`.
#[must_use]
pub fn called(path: &str) -> Option<Called<'_>> {
    let (name, _) = path.strip_prefix(PREFIX)?.split_once('/')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        return None;
    }
    let (before, rest) = path.split_at_checked(PREFIX.len() + name.len())?;
    // A path at the origin may well begin with a tilde; a secret has its length.
    let secret = rest.strip_prefix("/~").and_then(|rest| rest.split_at_checked(SECRET));
    if let Some((secret, rest)) = secret
        && rest.starts_with('/')
        && secret.bytes().all(plain)
    {
        let (before, _) = path.split_at_checked(path.len() - rest.len())?;
        return Some(Called { name, secret: Some(secret), rest, before });
    }
    Some(Called { name, secret: None, rest, before })
}

impl Route {
    /// The target of the request at the origin (RFC 9112 §3.2.1), below the gateway's path; `None` for a path that could
    /// mean another place.
    #[must_use]
    pub fn target(&self, rest: &str, query: Option<&str>) -> Option<String> {
        let below = rest.strip_prefix('/')?;
        let mut segments = below.split('/').peekable();
        while let Some(segment) = segments.next() {
            // An empty segment in the middle is cut out by some servers, and what is left is another path.
            if segment.is_empty() && segments.peek().is_some() || !is_plain(segment) {
                return None;
            }
        }
        let written = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        if !written(below) || !query.is_none_or(written) {
            return None;
        }
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("{}{below}{query}", self.base.path()))
    }

    /// `Location` and `Content-Location` as the program has to read them: by way of the gateway where they lead to what is
    /// behind it, and as a whole address where not. `asked` is the target of the request, `before` what the program's own
    /// path began with. `None` for what is no address.
    #[must_use]
    pub fn location(&self, value: &str, asked: &str, before: &str) -> Option<String> {
        let meant = self.base.join(asked).ok()?.join(value).ok()?;
        match below(&self.base, &meant) {
            Some(rest) => Some(format!("{before}/{rest}")),
            None => Some(meant.into()),
        }
    }

    /// `Set-Cookie` as the program has to read it: of this gateway and no other place of this machine. `None` for one
    /// that has no value.
    #[must_use]
    pub fn cookie(&self, value: &str) -> Option<String> {
        let mut parts = value.split(';').map(str::trim);
        let pair = parts.next().filter(|pair| pair.contains('='))?;
        let local = |attribute: &&str| {
            let name = attribute.split('=').next().unwrap_or_default().trim();
            // `Secure` would keep it from an http bridge, where it never leaves the machine.
            !["domain", "path", "secure"].iter().any(|word| name.eq_ignore_ascii_case(word))
        };
        let mut cookie = pair.to_owned();
        for attribute in parts.filter(local) {
            cookie.push_str("; ");
            cookie.push_str(attribute);
        }
        cookie.push_str(&format!("; Path={PREFIX}{}/", self.name));
        Some(cookie)
    }
}

/// What of an address lies below a base, with query and fragment.
fn below(base: &Url, meant: &Url) -> Option<String> {
    if meant.origin() != base.origin() || !meant.username().is_empty() || meant.password().is_some() {
        return None;
    }
    let mut rest = meant.path().strip_prefix(base.path())?.to_owned();
    if let Some(query) = meant.query() {
        rest.push('?');
        rest.push_str(query);
    }
    if let Some(fragment) = meant.fragment() {
        rest.push('#');
        rest.push_str(fragment);
    }
    Some(rest)
}

/// Whether a segment is a name and stays one however often it is decoded.
fn is_plain(segment: &str) -> bool {
    let mut seen = segment.as_bytes().to_vec();
    for round in 0..=DECODINGS {
        if !is_name(&seen) {
            return false;
        }
        match decoded(&seen) {
            Some(decoded) if decoded == seen => return true,
            Some(decoded) => seen = decoded,
            // A percent sign that stood there encoded is a percent sign.
            None => return round > 0,
        }
    }
    false
}

/// No slash of either kind, no control character, no dot segment (with parameters or without), and text: some servers take
/// bytes that are none for the characters they resemble.
fn is_name(segment: &[u8]) -> bool {
    let strange = |byte: &u8| matches!(byte, b'/' | b'\\' | 0x7F) || *byte < 0x20;
    let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
    std::str::from_utf8(segment).is_ok() && !segment.iter().any(strange) && name != b"." && name != b".."
}

/// Decodes percent escapes once (RFC 3986 §2.1); `None` when one is broken.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let mut digit = || char::from(*rest.next()?).to_digit(16);
        out.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    Some(out)
}
