//! The introspection endpoint (RFC 7662).
//!
//! Who may ask: a confidential client, about tokens that were issued to itself. Everybody else's tokens, and those of a
//! locked or ended session, are inactive; nothing else is said about them.

use super::grant::{Grant, Presented};
use super::token::{Refused, TokenRefusal, TokenRequest};
use super::{Provider, World, discovery};
use crate::identity::{SessionView, UnixTime};
use serde_json::{Map, Value, json};

impl Provider {
    /// Says what a token is worth now: `{"active": false}`, or what it opens.
    ///
    /// # Errors
    /// The refusal to be sent.
    pub fn introspect(
        &mut self,
        world: &World<'_>,
        request: &TokenRequest,
    ) -> Result<Map<String, Value>, Refused> {
        let client = self.authenticated(request, discovery::INTROSPECTION, world.now)?;
        if !client.confidential() {
            // A public client proves nothing by its name, and the answer names a person.
            return Err(TokenRefusal::INVALID_CLIENT.into());
        }
        let token = request.parameters.one("token").ok().flatten();
        let token = token.ok_or(TokenRefusal::invalid_request("token is missing"))?;
        let found = match self.grants.bearer(token, world.now) {
            Some(bearer) => Some((bearer.grant, bearer.scope, Some(bearer.expires))),
            None => match self.grants.present(token) {
                Presented::Current(_, grant) => Some((grant, &*grant.scope, None)),
                Presented::Used(..) | Presented::Unknown => None,
            },
        };
        let found = found.filter(|(grant, ..)| *grant.client == *client.id());
        let live = found.and_then(|(grant, scope, expires)| {
            let session = world.sessions.session(&grant.sid)?;
            let open = !session.locked && world.now < session.expires;
            open.then(|| self.worth(grant, scope, expires, &session))
        });
        Ok(live.unwrap_or_else(|| Map::from_iter([("active".to_owned(), false.into())])))
    }

    /// The members of an active token; `expires` is that of an access token.
    fn worth(
        &self,
        grant: &Grant,
        scope: &str,
        expires: Option<UnixTime>,
        session: &SessionView,
    ) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| {
            members.insert(name.to_owned(), value);
        };
        put("active", true.into());
        put("iss", self.issuer.as_str().into());
        put("client_id", (*grant.client).into());
        put("aud", (*grant.client).into());
        put("sub", session.person.id.0.as_str().into());
        put("scope", scope.into());
        put("exp", expires.unwrap_or(session.expires).0.into());
        put("sid", session.sid.0.as_str().into());
        put("acr", session.assurance.acr.as_str().into());
        put("amr", json!(session.assurance.amr));
        put("auth_time", session.assurance.auth_time.0.into());
        if expires.is_some() {
            put("token_type", "Bearer".into());
        }
        members
    }
}
