//! The token endpoint (OpenID Connect Core §3.1.3 and §12, RFC 6749 §5).

use super::authenticate::{identify, strict};
use super::ciba;
use super::client::Client;
use super::code;
use super::exchange;
use super::grant::{self, FamilyId, Grant, Issued};
use super::id_token::IdToken;
use super::parameters::Parameters;
use super::{Provider, World, discovery};
use crate::identity::{SessionId, SessionView, UnixTime};
use crate::secret::Secret;
use std::sync::Arc;

/// A request to the token endpoint.
pub struct TokenRequest {
    /// Form parameters.
    pub parameters: Parameters,
    /// The `Authorization` header, if any.
    pub authorization: Option<Secret>,
}

/// A successful answer: the JSON text, sent with `no-store`.
#[derive(Debug)]
pub struct TokenResponse(pub Secret);

/// A refusal of the token endpoint (RFC 6749 §5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRefusal {
    /// 400, or 401 for `invalid_client`; 503 and 500 when it is our own fault.
    pub status: u16,
    /// Standard error code.
    pub error: &'static str,
    /// For developers; no secret, no person.
    pub description: &'static str,
}

/// A refusal of a bearer token (RFC 6750 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerError {
    /// No token was sent.
    Missing,
    /// Unknown, expired, revoked, or its session is locked or over.
    Invalid,
    /// The token lacks the scope.
    Scope,
}

impl TokenRefusal {
    pub(super) const INVALID_CLIENT: Self =
        Self { status: 401, error: "invalid_client", description: "client authentication failed" };
    /// The RSA key is still being made: nothing was spent, the same request succeeds in a moment.
    pub const KEY_NOT_READY: Self =
        Self { status: 503, error: "temporarily_unavailable", description: "the signing key is being made" };
    pub(super) const INTERACTION_REQUIRED: Self =
        Self { status: 400, error: "interaction_required", description: "the session is locked" };
    const SERVER_ERROR: Self =
        Self { status: 500, error: "server_error", description: "the tokens could not be made" };

    pub(super) const fn invalid_request(description: &'static str) -> Self {
        Self::bad("invalid_request", description)
    }

    pub(super) const fn invalid_grant(description: &'static str) -> Self {
        Self::bad("invalid_grant", description)
    }

    /// A refusal with status 400.
    pub(super) const fn bad(error: &'static str, description: &'static str) -> Self {
        Self { status: 400, error, description }
    }
}

/// How tokens came to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// `authorization_code`.
    Code,
    /// `refresh_token`.
    Refresh,
    /// `urn:openid:params:grant-type:ciba`.
    Ciba,
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    Exchange,
}

impl GrantType {
    /// The grant of its name; `None` for one that is not offered.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "authorization_code" => Some(Self::Code),
            "refresh_token" => Some(Self::Refresh),
            ciba::GRANT => Some(Self::Ciba),
            exchange::GRANT => Some(Self::Exchange),
            _ => None,
        }
    }
}

/// A successful answer with what the audit trail wants to know.
#[derive(Debug)]
pub struct Granted {
    /// The answer.
    pub response: TokenResponse,
    /// To whom.
    pub client: String,
    /// In which session.
    pub session: SessionId,
    /// For what.
    pub grant: GrantType,
}

/// A refusal with what the audit trail wants to know.
#[derive(Debug)]
pub struct Refused {
    /// The answer.
    pub refusal: TokenRefusal,
    /// Which client, once it proved itself.
    pub client: Option<String>,
    /// A spent code or refresh token came again: what it had given was revoked.
    pub replay: Option<GrantType>,
}

impl From<TokenRefusal> for Refused {
    fn from(refusal: TokenRefusal) -> Self {
        Self { refusal, client: None, replay: None }
    }
}

impl Refused {
    pub(super) fn replayed(grant: GrantType) -> Self {
        let refusal = TokenRefusal::invalid_grant("it was used before: everything it gave is revoked");
        Self { refusal, client: None, replay: Some(grant) }
    }
}

impl Provider {
    /// Answers a token request. [`TokenRefusal::KEY_NOT_READY`] spends nothing: the caller may wait for the RSA key and
    /// ask again with the same request.
    ///
    /// # Errors
    /// The refusal to be sent.
    pub fn token(&mut self, world: &mut World<'_>, request: &TokenRequest) -> Result<Granted, Refused> {
        strict(&request.parameters)?;
        let claimant = identify(&self.registry, request)?;
        // Before anything is spent: an assertion, like a code, is good once.
        if !self.keys.ready(claimant.client.registration().id_token_alg.algorithm()) {
            return Err(TokenRefusal::KEY_NOT_READY.into());
        }
        let client = self.proved(claimant, discovery::TOKEN, world.now)?;
        let outcome = self.token_for(world, &client, &request.parameters);
        outcome.map_err(|refused| Refused { client: Some(client.id().to_owned()), ..refused })
    }

    fn token_for(
        &mut self,
        world: &mut World<'_>,
        client: &Arc<Client>,
        parameters: &Parameters,
    ) -> Result<Granted, Refused> {
        let get = |name: &str| parameters.one(name).ok().flatten();
        let need = |name: &str, missing| get(name).ok_or(TokenRefusal::invalid_request(missing));
        let grant = GrantType::from_name(need("grant_type", "grant_type is missing")?);
        let description = "the discovery document names the grants there are";
        let unsupported = TokenRefusal::bad("unsupported_grant_type", description);
        match grant.ok_or(unsupported)? {
            GrantType::Code => {
                let code = need("code", "code is missing")?;
                let redirect = need("redirect_uri", "redirect_uri is missing")?;
                self.redeem(world, client, code, redirect, get("code_verifier"))
            }
            GrantType::Refresh => {
                let token = need("refresh_token", "refresh_token is missing")?;
                self.refresh(world, client, token, get("scope"))
            }
            GrantType::Ciba => self.poll(world, client, need("auth_req_id", "auth_req_id is missing")?),
            GrantType::Exchange => self.exchange(world, client, parameters),
        }
    }

    /// `grant_type=authorization_code`. A code is spent by its own client's first try, whether that succeeds or not; a
    /// stranger cannot spend it.
    fn redeem(
        &mut self,
        world: &mut World<'_>,
        client: &Arc<Client>,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
    ) -> Result<Granted, Refused> {
        const UNKNOWN: TokenRefusal = TokenRefusal::invalid_grant("the code is unknown or has expired");
        let hash = match self.codes.present(code, world.now) {
            code::Presented::Good(hash) => hash,
            code::Presented::Used(family) => {
                family.into_iter().for_each(|family| self.grants.revoke(family));
                return Err(Refused::replayed(GrantType::Code));
            }
            code::Presented::Unknown | code::Presented::Expired => return Err(UNKNOWN.into()),
        };
        let waiting = self.codes.get(&hash).filter(|code| code.client.id() == client.id());
        let sid = waiting.map(|code| code.grant.sid.clone()).ok_or(UNKNOWN)?;
        let session = world.sessions.session(&sid);
        let session = session.filter(|session| world.now < session.expires).ok_or(UNKNOWN)?;
        if session.locked {
            return Err(TokenRefusal::INTERACTION_REQUIRED.into());
        }
        let code = self.codes.use_up(&hash).ok_or(UNKNOWN)?;
        if code.redirect_uri != redirect_uri {
            return Err(TokenRefusal::invalid_grant("redirect_uri is not that of the request").into());
        }
        // A verifier without a challenge is refused too: somebody has taken the challenge away (RFC 9700 §2.1.1).
        let proved = match (&code.challenge, verifier) {
            (Some(challenge), Some(verifier)) => challenge.answered_by(verifier),
            (None, None) => true,
            _ => false,
        };
        if !proved {
            return Err(TokenRefusal::invalid_grant("code_verifier is not that of the request").into());
        }
        let (family, granted) =
            self.begin(world, client, &session, code.grant, code.nonce.as_deref(), GrantType::Code)?;
        self.codes.gave(&hash, family);
        Ok(granted)
    }

    /// The first tokens of a login: a new family. The client is among those who hear of the session's end.
    pub(super) fn begin(
        &mut self,
        world: &mut World<'_>,
        client: &Client,
        session: &SessionView,
        grant: Grant,
        nonce: Option<&str>,
        kind: GrantType,
    ) -> Result<(FamilyId, Granted), Refused> {
        let expires = access_expiry(session, world.now);
        let (family, issued) = self.grants.begin(grant.clone(), expires, world.entropy);
        self.audiences.joins(client.id(), session);
        let (grant, scope, issued) = (&grant, &*grant.scope, &issued);
        let granted = self.answer(world, &New { client, session, grant, scope, issued, nonce, kind })?;
        Ok((family, granted))
    }

    /// `grant_type=refresh_token`. While the session is locked the family is kept.
    fn refresh(
        &mut self,
        world: &mut World<'_>,
        client: &Arc<Client>,
        token: &str,
        scope: Option<&str>,
    ) -> Result<Granted, Refused> {
        const UNKNOWN: TokenRefusal = TokenRefusal::invalid_grant("the refresh token is unknown or revoked");
        let (family, grant) = match self.grants.present(token) {
            grant::Presented::Current(family, grant) if *grant.client == *client.id() => {
                (family, grant.clone())
            }
            grant::Presented::Used(family, grant) if *grant.client == *client.id() => {
                self.grants.revoke(family);
                return Err(Refused::replayed(GrantType::Refresh));
            }
            _ => return Err(UNKNOWN.into()),
        };
        let session = world.sessions.session(&grant.sid).filter(|session| world.now < session.expires);
        let Some(session) = session else {
            self.grants.revoke(family);
            return Err(UNKNOWN.into());
        };
        if session.locked {
            return Err(TokenRefusal::INTERACTION_REQUIRED.into());
        }
        let scope = narrowed(&grant.scope, scope)?;
        let expires = access_expiry(&session, world.now);
        let issued = self.grants.rotate(family, Arc::clone(&scope), expires, world.entropy).ok_or(UNKNOWN)?;
        let new = New {
            client,
            session: &session,
            grant: &grant,
            scope: &scope,
            issued: &issued,
            nonce: None,
            kind: GrantType::Refresh,
        };
        self.answer(world, &new)
    }

    fn answer(&self, world: &World<'_>, new: &New<'_>) -> Result<Granted, Refused> {
        let id_token = IdToken {
            issuer: &self.issuer,
            client: new.client,
            session: new.session,
            scope: new.scope,
            situation: new.grant.situation,
            auth_time: new.grant.auth_time,
            nonce: new.nonce,
            access_token: new.issued.access.expose(),
        };
        let id_token = id_token.sign(&self.keys, world.now, world.random);
        let id_token = id_token.map_err(|_| TokenRefusal::SERVER_ERROR)?;
        let answer = Answer {
            access_token: new.issued.access.expose(),
            token_type: "Bearer",
            expires_in: access_expiry(new.session, world.now).since(world.now),
            refresh_token: new.issued.refresh.expose(),
            id_token: &id_token,
            scope: new.scope,
        };
        let text = serde_json::to_string(&answer).map_err(|_| TokenRefusal::SERVER_ERROR)?;
        Ok(Granted {
            response: TokenResponse(Secret::new(text)),
            client: new.client.id().to_owned(),
            session: new.session.sid.clone(),
            grant: new.kind,
        })
    }
}

/// New tokens, with everything their answer is made from.
struct New<'a> {
    client: &'a Client,
    session: &'a SessionView,
    grant: &'a Grant,
    scope: &'a str,
    issued: &'a Issued,
    nonce: Option<&'a str>,
    kind: GrantType,
}

/// The members of a successful answer.
#[derive(serde::Serialize)]
struct Answer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: &'a str,
    id_token: &'a str,
    scope: &'a str,
}

/// An access token never outlives its session.
fn access_expiry(session: &SessionView, now: UnixTime) -> UnixTime {
    now.plus(grant::ACCESS_LIFETIME).min(session.expires)
}

/// The scope of a refresh: the granted one, or a part of it (RFC 6749 §6).
fn narrowed(granted: &Arc<str>, asked: Option<&str>) -> Result<Arc<str>, TokenRefusal> {
    let Some(asked) = asked else { return Ok(Arc::clone(granted)) };
    let words: Vec<&str> = asked.split(' ').filter(|word| !word.is_empty()).collect();
    let within = words.iter().all(|word| granted.split(' ').any(|g| g == *word)) && words.contains(&"openid");
    if within {
        Ok(words.join(" ").into())
    } else {
        let description = "the scope is not a part of the granted one with openid";
        Err(TokenRefusal::bad("invalid_scope", description))
    }
}
