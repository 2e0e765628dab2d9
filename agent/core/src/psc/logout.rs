//! Ending the upstream's session after an explicit disconnect (OpenID Connect RP-Initiated Logout, RFC 7009). A time-out
//! never comes here: then the upstream's session is left alone.

use super::token::{UpstreamSession, authenticated};
use crate::fetch::Fetch;

impl UpstreamSession {
    /// The requests that end the session, to be sent in order; each may be retried, and a failure changes nothing here:
    /// the session of this workstation is over already. Asking again gives the same requests.
    #[must_use]
    pub fn logout(&self) -> Vec<Fetch> {
        let client = &self.profile.client;
        let revocation = match (&self.metadata.revocation_endpoint, &self.tokens.refresh) {
            (Some(url), Some(refresh)) => {
                let parameters = [("token", refresh.expose()), ("token_type_hint", "refresh_token")];
                Some(authenticated(client, url.clone(), &parameters))
            }
            _ => None,
        };
        let end = self.metadata.end_session_endpoint.as_ref().map(|url| {
            let parameters =
                [("id_token_hint", self.tokens.id_token.expose()), ("client_id", client.id.as_str())];
            Fetch::post_form(url.clone(), &parameters)
        });
        // The session first: revoking the refresh token may end it without telling its other parts.
        end.into_iter().chain(revocation).collect()
    }
}
