//! Token exchange (RFC 8693): the one way by which a token of the upstream leaves the agent.
//!
//! A confidential client that the administrator registered for it brings its own access token and gets the upstream's
//! access token (scope `psc_token`) or ID token (scope `psc_evidence`) of the same session. A local session has neither, and
//! a locked one gives neither. No refresh token, ever.

use super::client::Client;
use super::parameters::Parameters;
use super::token::{GrantType, Granted, Refused, TokenRefusal, TokenResponse};
use super::{Provider, World};
use crate::identity::{ACR_LOCAL, SessionId, SessionView, Sessions, UnixTime};
use crate::secret::Secret;
use serde_json::json;

/// `grant_type` of an exchange (§2.1).
pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// Scope that an exchange for the upstream's access token needs.
pub const PSC_TOKEN: &str = "psc_token";
/// Scope that an exchange for the upstream's ID token needs; it also puts that token into UserInfo.
pub const PSC_EVIDENCE: &str = "psc_evidence";
/// Token types (§3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// Where the provider finds the upstream's tokens. Implemented by the session table.
pub trait UpstreamTokens {
    /// The access token of a live session and its end, when it is good at this moment.
    fn access_token(&self, sid: &SessionId, now: UnixTime) -> Option<(&Secret, UnixTime)>;
    /// The ID token that the session rests on.
    fn id_token(&self, sid: &SessionId) -> Option<&Secret>;
}

/// Whether an upstream stands behind a session.
pub(super) fn has_upstream(session: &SessionView) -> bool {
    session.assurance.acr != ACR_LOCAL && session.assurance.idp.is_some()
}

impl Provider {
    /// Whether a token request is an exchange that needs the upstream's access token: it names a living token with the scope,
    /// in an unlocked session. Nobody without such a token makes the agent ask its upstream for anything.
    #[must_use]
    pub fn wants_upstream(&self, sessions: &dyn Sessions, parameters: &Parameters, now: UnixTime) -> bool {
        let get = |name: &str| parameters.one(name).ok().flatten();
        let bearer = get("subject_token").and_then(|subject| self.grants.bearer(subject, now));
        get("grant_type") == Some(GRANT)
            && get("requested_token_type").is_none_or(|kind| kind == ACCESS_TOKEN)
            && bearer.is_some_and(|bearer| {
                let session = sessions.session(&bearer.grant.sid);
                bearer.scope.split(' ').any(|word| word == PSC_TOKEN) && session.is_some_and(|s| !s.locked)
            })
    }

    /// `grant_type=urn:ietf:params:oauth:grant-type:token-exchange`.
    pub(super) fn exchange(
        &mut self,
        world: &World<'_>,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<Granted, Refused> {
        const BAD_SUBJECT: TokenRefusal =
            TokenRefusal::invalid_request("subject_token is no good access token of this client");
        let get = |name: &str| parameters.one(name).ok().flatten();
        if !client.confidential() {
            let description = "token exchange is for confidential clients";
            return Err(TokenRefusal::bad("unauthorized_client", description).into());
        }
        if get("audience").is_some() || get("resource").is_some() {
            return Err(TokenRefusal::bad("invalid_target", "the upstream's tokens cannot be aimed").into());
        }
        if get("actor_token").is_some() {
            return Err(TokenRefusal::invalid_request("actor_token is not supported").into());
        }
        let subject =
            get("subject_token").ok_or(TokenRefusal::invalid_request("subject_token is missing"))?;
        if get("subject_token_type") != Some(ACCESS_TOKEN) {
            return Err(
                TokenRefusal::invalid_request("subject_token_type must be that of an access token").into()
            );
        }
        let (scope, kind) = match get("requested_token_type") {
            None | Some(ACCESS_TOKEN) => (PSC_TOKEN, ACCESS_TOKEN),
            Some(ID_TOKEN) => (PSC_EVIDENCE, ID_TOKEN),
            Some(_) => return Err(TokenRefusal::invalid_request("requested_token_type is not known").into()),
        };
        let bearer = self.grants.bearer(subject, world.now).filter(|b| *b.grant.client == *client.id());
        let bearer = bearer.ok_or(BAD_SUBJECT)?;
        let session = world.sessions.session(&bearer.grant.sid);
        let session = session.filter(|session| world.now < session.expires).ok_or(BAD_SUBJECT)?;
        if session.locked {
            return Err(TokenRefusal::INTERACTION_REQUIRED.into());
        }
        if !bearer.scope.split(' ').any(|word| word == scope) {
            return Err(TokenRefusal::bad(
                "invalid_scope",
                "the access token lacks the scope of this exchange",
            )
            .into());
        }
        if !has_upstream(&session) {
            return Err(TokenRefusal::bad("invalid_target", "a local session has no upstream").into());
        }
        let unavailable = TokenRefusal {
            status: 503,
            error: "temporarily_unavailable",
            description: "the upstream gave no fresh token",
        };
        let answer = if kind == ACCESS_TOKEN {
            let (token, expires) = world.upstream.access_token(&session.sid, world.now).ok_or(unavailable)?;
            self.handed.note(token, &session.sid, client.id(), expires, world.now);
            json!({
                "access_token": token.expose(),
                "issued_token_type": kind,
                "token_type": "Bearer",
                "expires_in": expires.since(world.now),
            })
        } else {
            let token = world.upstream.id_token(&session.sid).ok_or(unavailable)?;
            json!({ "access_token": token.expose(), "issued_token_type": kind, "token_type": "N_A" })
        };
        Ok(Granted {
            response: TokenResponse(Secret::new(answer.to_string())),
            client: client.id().to_owned(),
            session: session.sid,
            grant: GrantType::Exchange,
        })
    }
}
