//! The authorization request (OpenID Connect Core §3.1.2, RFC 7636), and the answer at our redirect URI.

use super::answer::shown;
use super::metadata::Metadata;
use super::profile::Profile;
use crate::failure::{self, Failure};
use crate::jose;
use crate::secret::{Entropy, Secret, SecretHash, random_string};
use std::sync::Arc;
use url::{Url, form_urlencoded};

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
    redirect_uri: Url,
    answers_with_issuer: bool,
    state: Secret,
    nonce: Secret,
    verifier: Secret,
}

/// What is asked beside what the profile says.
#[derive(Debug, Clone)]
pub struct Ask {
    /// `redirect_uri`: where the answer is awaited.
    pub redirect_uri: Url,
    /// `prompt=login`: a session that the browser has there does not count.
    pub login: bool,
    /// `max_age`, seconds.
    pub max_age: Option<i64>,
    /// `login_hint`.
    pub login_hint: Option<String>,
}

impl Ask {
    /// Asks for nothing in particular.
    #[must_use]
    pub fn at(redirect_uri: Url) -> Self {
        Self { redirect_uri, login: false, max_age: None, login_hint: None }
    }
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
    /// The redirect URI of the request, which the token endpoint wants to hear again.
    pub redirect_uri: Url,
    /// The answer named its issuer, or need not.
    pub issuer_named: bool,
}

impl Pending {
    /// Makes the request: where the browser, or the walk, begins.
    #[must_use]
    pub fn request(
        profile: &Arc<Profile>,
        metadata: &Metadata,
        ask: Ask,
        entropy: &mut dyn Entropy,
    ) -> (Self, Url) {
        let pending = Self {
            profile: Arc::clone(profile),
            redirect_uri: ask.redirect_uri,
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
                .append_pair("redirect_uri", pending.redirect_uri.as_str())
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
            if ask.login {
                query.append_pair("prompt", "login");
            }
            if let Some(seconds) = ask.max_age {
                query.append_pair("max_age", &seconds.to_string());
            }
            if let Some(hint) = &ask.login_hint {
                query.append_pair("login_hint", hint);
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
        let ours = &self.redirect_uri;
        url.scheme() == ours.scheme()
            && url.host() == ours.host()
            && url.port_or_known_default() == ours.port_or_known_default()
            && url.path() == ours.path()
            && url.username().is_empty()
            && url.password().is_none()
    }

    /// By what an answer to this request is known: the hash of its `state`.
    #[must_use]
    pub fn state(&self) -> SecretHash {
        self.state.hash()
    }

    /// Reads the answer in the query of our redirect URI.
    ///
    /// # Errors
    /// [`failure::UPSTREAM_STATE`] when it does not belong to this request or names another issuer; when it is a refusal
    /// (its `state` must match as well) [`failure::UPSTREAM_DENIED`], [`failure::UPSTREAM_UNAVAILABLE`] or
    /// [`failure::UPSTREAM_REFUSED`].
    pub fn answer(self, url: &Url) -> Result<Granted, Failure> {
        if !self.is_answer(url) {
            return Err(failure::UPSTREAM_STATE.into());
        }
        self.returned(&Secret::new(url.query().unwrap_or_default().to_owned()))
    }

    /// As [`Pending::answer`], for a query that was received at the redirect URI.
    ///
    /// # Errors
    /// As [`Pending::answer`].
    pub fn returned(self, query: &Secret) -> Result<Granted, Failure> {
        let stray = || Failure::new(failure::UPSTREAM_STATE);
        let only = |name: &str| -> Result<Option<String>, Failure> {
            let mut values = form_urlencoded::parse(query.expose().as_bytes())
                .filter(|(n, _)| n == name)
                .map(|(_, value)| value.into_owned());
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
            return Err(refusal(&error));
        }
        let code = only("code")?.filter(|code| (1..=MAX_CODE).contains(&code.len())).ok_or_else(stray)?;
        Ok(Granted {
            code: Secret::new(code),
            verifier: self.verifier,
            nonce: self.nonce,
            redirect_uri: self.redirect_uri,
            // A client that knows one issuer only is not at risk when a front page drops `iss` (RFC 9207 §2.4).
            issuer_named: issuer.is_some() || !self.answers_with_issuer,
        })
    }
}

/// An error answer (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6) as the person is told of it.
fn refusal(error: &str) -> Failure {
    match error {
        "access_denied" => failure::UPSTREAM_DENIED.into(),
        // Words in the address of a browser, which anybody can type: no evidence that the upstream is out of order.
        "temporarily_unavailable" | "server_error" => {
            Failure::new(failure::UPSTREAM_UNAVAILABLE).with("error", shown(error))
        }
        _ => Failure::new(failure::UPSTREAM_REFUSED).with("error", shown(error)),
    }
}
