//! The token endpoint (OpenID Connect Core §3.1.3, RFC 6749 §5).

use super::authorize::Parameters;
use crate::secret::Secret;

/// A request to the token endpoint.
pub struct TokenRequest {
    /// Form parameters.
    pub parameters: Parameters,
    /// The `Authorization` header, if any.
    pub authorization: Option<Secret>,
}

/// A successful answer: the JSON text, sent with `no-store`.
pub struct TokenResponse(pub Secret);

/// A refusal of the token endpoint (RFC 6749 §5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRefusal {
    /// 400, or 401 for `invalid_client`.
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
