//! What browsers let our pages do: no script at all, or exactly one of ours; one style sheet; nothing from elsewhere.

use super::html::STYLE;
use base64::Engine as _;
use hyper::header::HeaderValue;
use std::sync::LazyLock;

/// The content security policy of every answer that says nothing else: no script, our style sheet by its hash, no frame.
pub static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(""));

/// Keeps a page up to date while it is looked at.
pub static LIVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("live.js")));

/// A script of ours, compiled in.
#[derive(Debug)]
pub struct Script {
    /// Its source.
    pub source: &'static str,
    /// The policy of a page that runs it: this script and no other, which may ask this bridge and nobody else.
    pub policy: HeaderValue,
}

impl Script {
    /// A script and the policy of its pages.
    #[must_use]
    pub fn new(source: &'static str) -> Self {
        let policy = policy(&format!(" script-src '{}'; connect-src 'self';", hash(source)));
        Self { source, policy }
    }
}

/// The policy of an answer, where it is not the usual one. Travels with the answer to where its headers are written.
#[derive(Debug, Clone)]
pub struct Own(pub HeaderValue);

fn policy(scripts: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none';{scripts} style-src '{}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        hash(STYLE)
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// How a policy names an inline source (CSP 3 §2.3.1).
fn hash(source: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, source.as_bytes());
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_no_script_and_exactly_our_style() {
        let policy = POLICY.to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains("script") && !policy.contains("connect"));
    }

    #[test]
    fn a_page_with_a_script_allows_that_one_and_asks_nobody_else() {
        let policy = LIVE.policy.to_str().unwrap();
        let rest = policy.strip_prefix("default-src 'none'; script-src 'sha256-").unwrap();
        let (_, rest) = rest.split_once('\'').unwrap();
        assert!(rest.starts_with("; connect-src 'self'; style-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(
            rest.split_once("style-src").unwrap().1,
            POLICY.to_str().unwrap().split_once("style-src").unwrap().1
        );
    }

    #[test]
    fn nothing_in_a_script_or_style_ends_its_element() {
        for source in [LIVE.source, STYLE] {
            assert!(!source.contains("</") && !source.contains("<!--"), "{source}");
        }
    }
}
