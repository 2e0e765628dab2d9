//! What an access token opens: UserInfo (OpenID Connect Core §5.3), and the doors' own question about a scope.

use super::Provider;
use super::claims;
use super::exchange::{PSC_EVIDENCE, UpstreamTokens, has_upstream};
use super::grant::Bearer;
use super::token::BearerError;
use crate::identity::{SessionId, SessionView, Sessions, UnixTime};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Whom an access token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// The client.
    pub client: Arc<str>,
    /// Its session: live and not locked.
    pub session: SessionId,
}

impl Provider {
    /// The claims about the person for the client of this access token; with the scope `psc_evidence` also the upstream's
    /// ID token, as it came.
    ///
    /// # Errors
    /// [`BearerError`].
    pub fn userinfo(
        &self,
        sessions: &dyn Sessions,
        upstream: &dyn UpstreamTokens,
        token: &str,
        now: UnixTime,
    ) -> Result<Map<String, Value>, BearerError> {
        let (bearer, session) = self.opened(sessions, token, now)?;
        let client = self.registry.client(&bearer.grant.client).ok_or(BearerError::Invalid)?;
        let mut all = claims::of_person(client, bearer.scope, &session.person, bearer.grant.situation);
        all.insert("sub".into(), session.person.id.0.as_str().into());
        if bearer.scope.split(' ').any(|word| word == PSC_EVIDENCE)
            && has_upstream(&session)
            && let Some(evidence) = upstream.id_token(&session.sid)
        {
            all.insert(PSC_EVIDENCE.into(), evidence.expose().into());
        }
        Ok(all)
    }

    /// Says whom an access token speaks for, if it has the scope.
    ///
    /// # Errors
    /// [`BearerError`].
    pub fn bearer(
        &self,
        sessions: &dyn Sessions,
        token: &str,
        scope: &str,
        now: UnixTime,
    ) -> Result<Speaker, BearerError> {
        let (bearer, session) = self.opened(sessions, token, now)?;
        if !bearer.scope.split(' ').any(|word| word == scope) {
            return Err(BearerError::Scope);
        }
        Ok(Speaker { client: Arc::clone(&bearer.grant.client), session: session.sid })
    }

    fn opened(
        &self,
        sessions: &dyn Sessions,
        token: &str,
        now: UnixTime,
    ) -> Result<(Bearer<'_>, SessionView), BearerError> {
        if token.is_empty() {
            return Err(BearerError::Missing);
        }
        let bearer = self.grants.bearer(token, now).ok_or(BearerError::Invalid)?;
        let session = sessions.session(&bearer.grant.sid).ok_or(BearerError::Invalid)?;
        if session.locked || now >= session.expires {
            return Err(BearerError::Invalid);
        }
        Ok((bearer, session))
    }
}
