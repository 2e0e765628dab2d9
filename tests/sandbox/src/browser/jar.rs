//! Cookies, by host and port. Paths and lifetimes are left out: the servers of the sandbox need none.

use hyper::header::{HeaderMap, HeaderValue, SET_COOKIE};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;

/// The cookies of a browser.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Jar(BTreeMap<String, BTreeMap<String, String>>);

impl Jar {
    /// Keeps what an answer set.
    pub(super) fn take(&mut self, url: &Url, headers: &HeaderMap) {
        for value in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let pair = value.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.0
                    .entry(origin(url))
                    .or_default()
                    .insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }

    /// The header for a request, when there is something to send.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let cookies = self.0.get(&origin(url))?;
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        HeaderValue::from_str(&pairs.join("; ")).ok()
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
