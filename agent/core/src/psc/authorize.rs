//! The authorization request (OpenID Connect Core §3.1.2, RFC 7636), and the answer at our redirect URI.

use super::answer::shown;
use super::metadata::Metadata;
use super::profile::Profile;
use crate::failure::{self, Failure};
use crate::jose;
use crate::secret::{Entropy, Secret, random_string};
use std::sync::Arc;
use url::Url;

/// Random bytes in `state` and `nonce`: 128 bits.
const RANDOM: usize = 16;
/// Random bytes in the PKCE verifier: 256 bits, 43 characters.
const VERIFIER: usize = 32;
/// Longest code taken from an answer.
const MAX_CODE: usize = 4096;

/// A request that was made and waits for its answer.
#[derive(Debug)]
pub struct Pending {
    profile: Arc<Profile>,
    answers_with_issuer: bool,
    state: Secret,
    nonce: Secret,
    verifier: Secret,
}

/// What a good answer brings, and what must go with it to the token endpoint.
#[derive(Debug)]
pub struct Granted {
    /// The authorization code.
    pub code: Secret,
    /// The PKCE verifier of the request.
    pub verifier: Secret,
    /// The nonce that the ID token must carry.
    pub nonce: Secret,
    /// The answer named its issuer, or need not.
    pub issuer_named: bool,
}

impl Pending {
    /// Makes the request: where the browser, or the walk, begins.
    #[must_use]
    pub fn request(profile: &Arc<Profile>, metadata: &Metadata, entropy: &mut dyn Entropy) -> (Self, Url) {
        let pending = Self {
            profile: Arc::clone(profile),
            answers_with_issuer: metadata.answers_with_issuer,
            state: Secret::new(random_string(entropy, RANDOM)),
            nonce: Secret::new(random_string(entropy, RANDOM)),
            verifier: Secret::new(random_string(entropy, VERIFIER)),
        };
        let digest = ring::digest::digest(&ring::digest::SHA256, pending.verifier.expose().as_bytes());
        let mut url = metadata.authorization_endpoint.clone();
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", &profile.client.id)
                .append_pair("redirect_uri", profile.client.redirect_uri.as_str())
                .append_pair("scope", &profile.scope)
                .append_pair("state", pending.state.expose())
                .append_pair("nonce", pending.nonce.expose())
                .append_pair("code_challenge", &jose::encode(digest.as_ref()))
                .append_pair("code_challenge_method", "S256");
            if !profile.acr_values.is_empty() {
                query.append_pair("acr_values", &profile.acr_values);
            }
            if let Some(hint) = &profile.idp_hint {
                query.append_pair("kc_idp_hint", hint);
            }
        }
        (pending, url)
    }

    /// The profile of the request.
    #[must_use]
    pub fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    /// Whether an address is our redirect URI, whatever its query: scheme, host, port and path are the same.
    #[must_use]
    pub fn is_answer(&self, url: &Url) -> bool {
        let ours = &self.profile.client.redirect_uri;
        url.scheme() == ours.scheme()
            && url.host() == ours.host()
            && url.port_or_known_default() == ours.port_or_known_default()
            && url.path() == ours.path()
            && url.username().is_empty()
            && url.password().is_none()
    }

    /// Reads the answer in the query of our redirect URI.
    ///
    /// # Errors
    /// [`failure::UPSTREAM_STATE`] when it does not belong to this request or names another issuer,
    /// [`failure::UPSTREAM_REFUSED`] when it is a refusal (its `state` must match as well).
    pub fn answer(self, url: &Url) -> Result<Granted, Failure> {
        let stray = || Failure::new(failure::UPSTREAM_STATE);
        if !self.is_answer(url) {
            return Err(stray());
        }
        let only = |name: &str| -> Result<Option<String>, Failure> {
            let mut values =
                url.query_pairs().filter(|(n, _)| n == name).map(|(_, value)| value.into_owned());
            let first = values.next();
            if values.next().is_some() { Err(stray()) } else { Ok(first) }
        };
        if only("state")?.as_deref() != Some(self.state.expose()) {
            return Err(stray());
        }
        let issuer = only("iss")?;
        if issuer.as_ref().is_some_and(|issuer| *issuer != self.profile.issuer) {
            return Err(stray());
        }
        if let Some(error) = only("error")? {
            return Err(Failure::new(failure::UPSTREAM_REFUSED).with("error", shown(&error)));
        }
        let code = only("code")?.filter(|code| (1..=MAX_CODE).contains(&code.len())).ok_or_else(stray)?;
        Ok(Granted {
            code: Secret::new(code),
            verifier: self.verifier,
            nonce: self.nonce,
            // A client that knows one issuer only is not at risk when a front page drops `iss` (RFC 9207 §2.4).
            issuer_named: issuer.is_some() || !self.answers_with_issuer,
        })
    }
}
