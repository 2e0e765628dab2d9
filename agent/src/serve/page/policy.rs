//! What browsers let our pages do: no script at all, or exactly one of ours; style sheets of ours; nothing from elsewhere.

use super::html::STYLE;
use base64::Engine as _;
use hyper::header::HeaderValue;
use std::sync::LazyLock;

/// The content security policy of every answer that says nothing else: no script, our style sheet by its hash, no frame.
pub static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy("", ""));

/// Keeps a page up to date while it is looked at.
pub const FOLLOWING: &str = include_str!("live.js");

/// A page that is kept up to date.
pub static LIVE: LazyLock<Extras> = LazyLock::new(|| Extras::new("", FOLLOWING));

/// What some pages have besides the style sheet of all, compiled in.
#[derive(Debug)]
pub struct Extras {
    /// A style sheet of their own, or nothing.
    pub style: &'static str,
    /// A script, or nothing.
    pub script: &'static str,
    /// The policy of these pages: this script and no other, which may ask this bridge and nobody else.
    pub policy: HeaderValue,
}

impl Extras {
    /// A style sheet, a script, and the policy of their pages.
    #[must_use]
    pub fn new(style: &'static str, script: &'static str) -> Self {
        Self { style, script, policy: policy(style, script) }
    }
}

/// The policy of an answer, where it is not the usual one. Travels with the answer to where its headers are written.
#[derive(Debug, Clone)]
pub struct Own(pub HeaderValue);

fn policy(style: &str, script: &str) -> HeaderValue {
    let script = match script {
        "" => String::new(),
        script => format!(" script-src '{}'; connect-src 'self';", hash(script)),
    };
    let style = match style {
        "" => String::new(),
        style => format!(" '{}'", hash(style)),
    };
    let policy = format!(
        "default-src 'none';{script} style-src '{}'{style}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
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
        for source in [FOLLOWING, STYLE] {
            assert!(!source.contains("</") && !source.contains("<!--"), "{source}");
        }
    }
}
