//! The discovery document (OpenID Connect Discovery §3): true to what is implemented, and nothing more.

use super::{ciba, exchange};
use crate::identity::ACR_LOCAL;
use serde_json::{Map, Value, json};

/// Paths of the document: the standard one, and the one that Pro Santé Connect uses, so that an existing integration
/// changes issuer and client only.
pub const WELL_KNOWN: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/wallet-openid-configuration"];
/// Path of the authorization endpoint.
pub const AUTHORIZE: &str = "/authorize";
/// Path of the token endpoint.
pub const TOKEN: &str = "/token";
/// Path of the UserInfo endpoint.
pub const USERINFO: &str = "/userinfo";
/// Path of the introspection endpoint (RFC 7662).
pub const INTROSPECTION: &str = "/introspect";
/// Path of the revocation endpoint (RFC 7009).
pub const REVOCATION: &str = "/revoke";
/// Path of the endpoint for pushed authorization requests (RFC 9126).
pub const PUSHED: &str = "/par";
/// Path of the backchannel authentication endpoint (OpenID Connect CIBA Core).
pub const BACKCHANNEL: &str = "/ciba";
/// Path of the logout endpoint (OpenID Connect RP-Initiated Logout).
pub const LOGOUT: &str = "/logout";
/// Path of the published keys.
pub const JWKS: &str = "/jwks";

/// The document of an issuer (no slash at its end), JSON text. `pushed` says that only pushed requests count.
pub(super) fn document(issuer: &str, pushed: bool) -> String {
    let mut document = Map::new();
    for part in [endpoints(issuer), methods(pushed), core()] {
        if let Value::Object(members) = part {
            document.extend(members);
        }
    }
    Value::Object(document).to_string()
}

/// Where everything is.
fn endpoints(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    json!({
        "issuer": issuer,
        "authorization_endpoint": at(AUTHORIZE),
        "token_endpoint": at(TOKEN),
        "userinfo_endpoint": at(USERINFO),
        "jwks_uri": at(JWKS),
        "introspection_endpoint": at(INTROSPECTION),
        "revocation_endpoint": at(REVOCATION),
        "pushed_authorization_request_endpoint": at(PUSHED),
        "backchannel_authentication_endpoint": at(BACKCHANNEL),
        "end_session_endpoint": at(LOGOUT),
    })
}

/// How clients prove themselves, and what the endpoints beyond OpenID Connect Core can do.
fn methods(pushed: bool) -> Value {
    let confidential = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    let with_public = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
    let signing = ["RS256", "PS256", "ES256"];
    json!({
        "grant_types_supported": ["authorization_code", "refresh_token", ciba::GRANT, exchange::GRANT],
        "token_endpoint_auth_methods_supported": with_public,
        "token_endpoint_auth_signing_alg_values_supported": signing,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": signing,
        "revocation_endpoint_auth_methods_supported": with_public,
        "revocation_endpoint_auth_signing_alg_values_supported": signing,
        "require_pushed_authorization_requests": pushed,
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_user_code_parameter_supported": false,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    })
}

/// What OpenID Connect Core lets a provider choose.
fn core() -> Value {
    json!({
        "scopes_supported": ["openid", "profile", "scope_all", "cps:cards", "cps:sign", "cps:services"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "acr_values_supported": ["eidas1", ACR_LOCAL],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "display_values_supported": ["page"],
        "ui_locales_supported": ["fr", "en"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "at_hash", "acr", "amr", "sid", "idp",
            "psc_auth_mode", "session_expiry", "given_name", "family_name", "SubjectNameID"
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    })
}
