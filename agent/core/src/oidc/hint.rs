//! `id_token_hint`: an ID token that we made, brought back by a client.

use super::keys::Keys;
use serde_json::Value;

/// What such a token says. It may have expired since, and its session may be over.
pub(super) struct Hint {
    /// Whom it was made for.
    pub(super) client: String,
    /// Whom it speaks of.
    pub(super) sub: String,
    /// Session it was made in.
    pub(super) sid: Option<String>,
}

impl Hint {
    /// Reads a token that one of our keys signed; `None` for anything else.
    pub(super) fn read(keys: &Keys, compact: &str) -> Option<Self> {
        let claims = keys.verify(compact).ok()?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self { client: text("aud")?, sub: text("sub")?, sid: text("sid") })
    }
}
