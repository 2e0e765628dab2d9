//! An application that logs people in through the agent, made of the `openidconnect` crate: code nobody here wrote
//! judges what the agent's provider says.
//!
//! [`RelyingParty`] is the client; [`app`] puts it behind two web pages, as a patient-record program would.

pub mod app;

use crate::browser::Browser;
use bytes::Bytes;
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthenticationContextClass, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope,
    TokenResponse, UserInfoClaims,
    core::{CoreAuthenticationFlow, CoreClient, CoreGenderClaim, CoreProviderMetadata, CoreTokenResponse},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::pin::Pin;
use url::Url;

/// Why the application did not accept a login.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address in the registration or the metadata.
    #[error("not an address: {0}")]
    Address(#[from] url::ParseError),
    /// The discovery document was refused.
    #[error("discovery: {0}")]
    Discovery(String),
    /// The authorization response does not fit the request.
    #[error("the authorization response was refused: {0}")]
    Response(String),
    /// The provider answered with an error.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// The token endpoint.
    #[error("token endpoint: {0}")]
    Token(String),
    /// The ID token was refused.
    #[error("the ID token was refused: {0}")]
    IdToken(String),
    /// UserInfo was refused.
    #[error("UserInfo: {0}")]
    UserInfo(String),
}

/// UserInfo members beyond the standard ones, as they stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Professional(Map<String, Value>);
impl openidconnect::AdditionalClaims for Professional {}

type Info = UserInfoClaims<Professional, CoreGenderClaim>;
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// How the application is registered at the provider.
#[derive(Clone)]
pub struct Registration {
    /// Issuer of the provider.
    pub issuer: String,
    /// `client_id`.
    pub client_id: String,
    /// Secret of a confidential client.
    pub client_secret: Option<String>,
    /// Redirect URI.
    pub redirect_uri: String,
    /// Scopes besides `openid`.
    pub scopes: Vec<String>,
    /// `acr_values`, where the provider wants them.
    pub acr_values: Option<String>,
}

/// The application.
pub struct RelyingParty {
    client: Client,
    issuer: String,
    scopes: Vec<String>,
    acr_values: Option<AuthenticationContextClass>,
    browser: Browser,
}

/// A login that was begun: what the application keeps until the person comes back.
pub struct Begun {
    /// Where the person goes.
    pub address: Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl Begun {
    /// The `state` of the request.
    #[must_use]
    pub fn state(&self) -> &str {
        self.state.secret()
    }
}

/// A login that the application accepted.
#[derive(Clone)]
pub struct Accepted {
    /// Header of the verified ID token.
    pub header: Value,
    /// Its claims.
    pub claims: Value,
    /// UserInfo, whose `sub` is that of the ID token.
    pub userinfo: Value,
    nonce: Nonce,
    refresh: Option<String>,
}

impl RelyingParty {
    /// Reads the provider's metadata and keys.
    ///
    /// # Errors
    /// [`Error::Discovery`] when the document is not one, or names another issuer.
    pub async fn discover(browser: Browser, registration: Registration) -> Result<Self, Error> {
        let issuer = IssuerUrl::new(registration.issuer.clone())?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &browser)
            .await
            .map_err(|error| Error::Discovery(described(&error)))?;
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(registration.client_id),
            registration.client_secret.map(ClientSecret::new),
        )
        .set_redirect_uri(RedirectUrl::new(registration.redirect_uri)?);
        let acr_values = registration.acr_values.map(AuthenticationContextClass::new);
        Ok(Self { client, issuer: registration.issuer, scopes: registration.scopes, acr_values, browser })
    }

    /// Begins a login with fresh `state`, `nonce` and PKCE verifier.
    #[must_use]
    pub fn begin(&self) -> Begun {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = self
            .client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        if let Some(level) = &self.acr_values {
            request = request.add_auth_context_value(level.clone());
        }
        let (address, state, nonce) = request.url();
        Begun { address, state, nonce, verifier }
    }

    /// Ends a login with the address that the person came back to.
    ///
    /// # Errors
    /// See [`Error`]: nothing is accepted that does not fit the request or is not signed by the provider.
    pub async fn finish(&self, begun: Begun, callback: &Url) -> Result<Accepted, Error> {
        let parameter = |name: &str| {
            callback.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        if parameter("state").as_deref() != Some(begun.state()) {
            return Err(Error::Response("the state is another".to_owned()));
        }
        if parameter("iss").as_deref() != Some(self.issuer.as_str()) {
            return Err(Error::Response("it does not come from the issuer (RFC 9207)".to_owned()));
        }
        if let Some(error) = parameter("error") {
            let description = parameter("error_description").unwrap_or_default();
            return Err(Error::Refused(format!("{error} {description}").trim_end().to_owned()));
        }
        let code = parameter("code").ok_or_else(|| Error::Response("there is no code".to_owned()))?;
        let tokens = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| Error::Token(error.to_string()))?
            .set_pkce_verifier(begun.verifier)
            .request_async(&self.browser)
            .await
            .map_err(|error| Error::Token(described(&error)))?;
        self.accept(&tokens, begun.nonce, None).await
    }

    /// Renews the tokens of a login. The new ID token must speak of the same person (OpenID Connect Core §12.2).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn refresh(&self, earlier: &Accepted) -> Result<Accepted, Error> {
        let token = earlier.refresh.clone().ok_or_else(|| Error::Token("no refresh token".to_owned()))?;
        let tokens = self
            .client
            .exchange_refresh_token(&RefreshToken::new(token))
            .map_err(|error| Error::Token(error.to_string()))?
            .request_async(&self.browser)
            .await
            .map_err(|error| Error::Token(described(&error)))?;
        self.accept(&tokens, earlier.nonce.clone(), Some(&earlier.claims)).await
    }

    /// Verifies the ID token, then fetches UserInfo and checks that it speaks of the same person.
    async fn accept(
        &self,
        tokens: &CoreTokenResponse,
        nonce: Nonce,
        earlier: Option<&Value>,
    ) -> Result<Accepted, Error> {
        let refused = |error: &dyn std::error::Error| Error::IdToken(described(error));
        let id_token = tokens.id_token().ok_or_else(|| Error::IdToken("there is none".to_owned()))?;
        let verifier = self.client.id_token_verifier();
        // A renewed ID token may leave the nonce out, but never name another (OpenID Connect Core §12.2).
        let fits = |found: Option<&Nonce>| match found {
            Some(found) if found.secret() == nonce.secret() => Ok(()),
            None if earlier.is_some() => Ok(()),
            _ => Err("the nonce is another".to_owned()),
        };
        let claims = id_token.claims(&verifier, fits).map_err(|error| refused(&error))?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = id_token.signing_alg().map_err(|error| refused(&error))?;
            let key = id_token.signing_key(&verifier).map_err(|error| refused(&error))?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
                .map_err(|error| refused(&error))?;
            if actual != *expected {
                return Err(Error::IdToken("at_hash belongs to another access token".to_owned()));
            }
        }
        let subject = claims.subject().clone();
        if earlier.is_some_and(|earlier| earlier.get("sub").and_then(Value::as_str) != Some(subject.as_str()))
        {
            return Err(Error::IdToken("it speaks of another person than before".to_owned()));
        }
        let info: Info = self
            .client
            .user_info(tokens.access_token().clone(), Some(subject))
            .map_err(|error| Error::UserInfo(error.to_string()))?
            .request_async(&self.browser)
            .await
            .map_err(|error| Error::UserInfo(described(&error)))?;
        let text = id_token.to_string();
        let mut parts = text.split('.').map(decoded);
        Ok(Accepted {
            header: parts.next().unwrap_or_default(),
            claims: parts.next().unwrap_or_default(),
            userinfo: serde_json::to_value(info).map_err(|error| Error::UserInfo(error.to_string()))?,
            nonce,
            refresh: tokens.refresh_token().map(|token| token.secret().clone()),
        })
    }
}

/// A part of a token that was verified before, for showing it.
fn decoded(part: &str) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD
        .decode(part)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// The browser's connections serve the library too.
impl<'c> AsyncHttpClient<'c> for Browser {
    type Error = crate::browser::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { Ok(self.fetch(request.map(Bytes::from)).await?.map(Vec::from)) })
    }
}

/// An error with its causes in one line.
fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
