//! Ending the upstream's session after an explicit disconnect (OpenID Connect RP-Initiated Logout, RFC 7009), or one of its
//! access tokens. A time-out never comes here: then the upstream's session is left alone.

use super::client::Fresh;
use super::profile::Profile;
use super::token::UpstreamSession;
use crate::fetch::Fetch;
use crate::identity::UnixTime;
use crate::secret::{Secret, SecretHash};
use std::sync::Arc;
use url::Url;

impl UpstreamSession {
    /// The requests that end the session, to be sent in order; each may be retried, and a failure changes nothing here:
    /// the session of this workstation is over already. Asking again gives the same requests, each freshly signed.
    #[must_use]
    pub fn logout(&self, fresh: &mut Fresh<'_>) -> Vec<Fetch> {
        let revocation = self.revocation(fresh);
        let end = self.metadata.end_session_endpoint.as_ref().map(|url| {
            let hint = self.tokens.id_token.expose();
            let parameters = [("id_token_hint", hint), ("client_id", self.profile.client.id.as_str())];
            self.profile.identified(Fetch::post_form(url.clone(), &parameters))
        });
        // The session first: revoking the refresh token may end it without telling its other parts.
        end.into_iter().chain(revocation).collect()
    }

    /// The request that takes the refresh token back, and with it what rests on it (RFC 7009 §2.1); `None` where there is
    /// none, or the upstream has no such endpoint. Unlike a logout it leaves the person's other sessions alone.
    #[must_use]
    pub fn revocation(&self, fresh: &mut Fresh<'_>) -> Option<Fetch> {
        let (url, refresh) = self.metadata.revocation_endpoint.as_ref().zip(self.tokens.refresh.as_ref())?;
        let parameters = [("token", refresh.expose()), ("token_type_hint", "refresh_token")];
        self.profile.post(url.clone(), &parameters, fresh).ok()
    }
}

/// An access token that is to be taken back (RFC 7009 §2.1) while its session goes on.
#[derive(Debug)]
pub struct TakeBack {
    profile: Arc<Profile>,
    endpoint: Url,
    token: Secret,
}

impl TakeBack {
    /// The request; `None` when client authentication cannot be made.
    #[must_use]
    pub fn request(&self, fresh: &mut Fresh<'_>) -> Option<Fetch> {
        let parameters = [("token", self.token.expose()), ("token_type_hint", "access_token")];
        self.profile.post(self.endpoint.clone(), &parameters, fresh).ok()
    }

    /// Which token.
    #[must_use]
    pub fn token(&self) -> SecretHash {
        self.token.hash()
    }
}

impl UpstreamSession {
    /// Has an access token taken back, where the upstream announces how. If it is the one in use, it is over here from now
    /// on: whoever needs one gets a new one.
    pub fn take_back(&mut self, token: Secret, now: UnixTime) -> Option<TakeBack> {
        let endpoint = self.metadata.revocation_endpoint.clone()?;
        if self.tokens.access.hash() == token.hash() {
            self.tokens.access_expires = now;
        }
        Some(TakeBack { profile: Arc::clone(&self.profile), endpoint, token })
    }
}
