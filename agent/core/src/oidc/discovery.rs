//! The discovery document (OpenID Connect Discovery §3): true to what is implemented, and nothing more.

use crate::identity::ACR_LOCAL;
use serde_json::json;

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
/// Path of the published keys.
pub const JWKS: &str = "/jwks";

/// The document of an issuer (no slash at its end), JSON text.
pub(super) fn document(issuer: &str) -> String {
    let at = |path: &str| format!("{issuer}{path}");
    json!({
        "issuer": issuer,
        "authorization_endpoint": at(AUTHORIZE),
        "token_endpoint": at(TOKEN),
        "userinfo_endpoint": at(USERINFO),
        "jwks_uri": at(JWKS),
        "scopes_supported": ["openid", "profile", "scope_all", "cps:cards", "cps:sign", "cps:services"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "acr_values_supported": ["eidas1", ACR_LOCAL],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported":
            ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256"],
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
    .to_string()
}
