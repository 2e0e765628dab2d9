//! What the OpenID Connect endpoints ask of the agent: the provider's part of the seam between `serve/` and the loop.

use crate::serve::desk::Caller;
use cps_agent_core::{
    failure::Language,
    oidc::{
        authorize::{Authorize, Parameters},
        pushed::Pushed,
        token::{BearerError, TokenRefusal, TokenRequest, TokenResponse},
    },
    secret::Secret,
};
use serde_json::{Map, Value};
use std::{future::Future, sync::Arc};

/// Where a logout request leads.
#[derive(Debug)]
pub enum LogoutAnswer {
    /// It is done, or there was nothing to do: go there, or say so.
    Done(Option<String>),
    /// Send the browser to `/logout/{id}`: the person is asked. The id is random and never logged.
    Ask(String),
}

/// The provider's endpoints. Public clients were admitted by uid before.
pub trait OidcDesk: Send + Sync + 'static {
    /// Discovery document, JSON text.
    fn discovery(&self) -> Arc<str>;
    /// JWKS, JSON text. Waits while the RSA key is still being made.
    fn jwks(&self) -> impl Future<Output = Arc<str>> + Send;
    /// Authorization endpoint. `Authorize::Login(id)` means: send the browser to `/login/{id}`.
    fn authorize(&self, caller: &Caller, parameters: Parameters) -> Authorize;
    /// Pushed authorization requests.
    fn push(&self, caller: &Caller, request: TokenRequest) -> Result<Pushed, TokenRefusal>;
    /// Backchannel authentication endpoint (CIBA): the answer, JSON text.
    fn backchannel(&self, caller: &Caller, request: TokenRequest) -> Result<Secret, TokenRefusal>;
    /// Token endpoint.
    fn token(
        &self,
        caller: &Caller,
        request: TokenRequest,
    ) -> impl Future<Output = Result<TokenResponse, TokenRefusal>> + Send;
    /// Introspection endpoint.
    fn introspect(&self, caller: &Caller, request: TokenRequest) -> Result<Map<String, Value>, TokenRefusal>;
    /// Revocation endpoint.
    fn revoke(&self, caller: &Caller, request: TokenRequest) -> Result<(), TokenRefusal>;
    /// UserInfo endpoint.
    fn userinfo(&self, caller: &Caller, bearer: &str) -> Result<Value, BearerError>;
    /// Logout endpoint.
    fn logout(&self, caller: &Caller, parameters: Parameters) -> LogoutAnswer;
    /// Whether a logout page still waits for its answer.
    fn logout_waits(&self, page: &str) -> bool;
    /// The person's answer on a logout page; `None` when it came too late.
    fn answer_logout(&self, caller: &Caller, page: &str, yes: bool) -> Option<LogoutAnswer>;
    /// The language that the application asked for on a login or logout page (`ui_locales`).
    fn page_language(&self, page: &str) -> Option<Language>;
}
