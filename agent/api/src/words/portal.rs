//! Words for whoever opens the person's page.

use serde::{Deserialize, Serialize};

/// `POST /v1/portal` (control door).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalRequest {
    /// What is shown first: `state` (when absent) or `diagnosis`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// A link that opens the person's page once, in a browser of the same user.
    pub url: String,
    /// How long it can be followed, seconds.
    pub expires_in: i64,
}
