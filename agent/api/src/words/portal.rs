//! Words for whoever opens the person's page.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `POST /v1/portal` (control door).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalRequest {
    /// What is shown first: `state` (when absent) or `diagnosis`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
}

/// Its answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// A link that opens the person's page once, in a browser of the same user.
    pub url: String,
    /// How long it can be followed, seconds.
    pub expires_in: i64,
}

/// The link is an authority: it is not printed.
impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_not_printed() {
        let made = Portal { url: "http://127.0.0.1:24788/portal/open/once".to_owned(), expires_in: 60 };
        assert_eq!(format!("{made:?}"), "Portal { expires_in: 60, .. }");
    }
}
