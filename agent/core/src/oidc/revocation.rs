//! The revocation endpoint (RFC 7009).

use super::grant::Presented;
use super::token::{Refused, TokenRefusal, TokenRequest};
use super::{Provider, World, discovery};
use crate::identity::SessionId;

/// A revocation with what the audit trail wants to know.
#[derive(Debug)]
pub struct Revoked {
    /// Who asked.
    pub client: String,
    /// Session of the token; `None` for a token that is nobody's (which is no error, §2.2).
    pub session: Option<SessionId>,
}

impl Provider {
    /// Revokes a token of the client that asks: a refresh token with everything of its family, the used ones too; an
    /// access token alone.
    ///
    /// # Errors
    /// The refusal to be sent.
    pub fn revoke(&mut self, world: &World<'_>, request: &TokenRequest) -> Result<Revoked, Refused> {
        let client = self.authenticated(request, discovery::REVOCATION, world.now)?;
        let refuse = |refusal| Refused { client: Some(client.id().to_owned()), ..Refused::from(refusal) };
        let token = request.parameters.one("token").ok().flatten();
        let token = token.ok_or_else(|| refuse(TokenRefusal::invalid_request("token is missing")))?;
        let family = match self.grants.present(token) {
            Presented::Current(family, grant) | Presented::Used(family, grant) => Some((Some(family), grant)),
            Presented::Unknown => self.grants.bearer(token, world.now).map(|bearer| (None, bearer.grant)),
        };
        let Some((family, grant)) = family else {
            return Ok(Revoked { client: client.id().to_owned(), session: None });
        };
        if *grant.client != *client.id() {
            return Err(refuse(TokenRefusal::invalid_request("the token is another client's")));
        }
        let session = Some(grant.sid.clone());
        match family {
            Some(family) => self.grants.revoke(family),
            None => self.grants.revoke_access(token),
        }
        Ok(Revoked { client: client.id().to_owned(), session })
    }
}
