//! Which path is which endpoint, the discovery document, and the way to the handlers.

use super::{
    authorize, ciba,
    fault::{Endpoint, Faults, Wrong},
    http::{Reply, Request, json, page},
    realm::Realm,
    token, wallet,
};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

/// Path of the realm, the one of Pro Santé Connect.
pub(super) const REALM: &str = "/auth/realms/esante-wallet";

/// The hosts of the stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    /// Issuer, tokens, keys.
    Realm,
    /// Authorization endpoint.
    Wallet,
    /// Demands a client certificate.
    Card,
}

/// The endpoint a request is for.
pub(super) fn route(front: Front, method: &Method, path: &str) -> Endpoint {
    let read = matches!(*method, Method::GET | Method::HEAD);
    let post = *method == Method::POST;
    let inside = path.strip_prefix(REALM).unwrap_or_default();
    match (front, inside) {
        (Front::Realm, "/.well-known/wallet-openid-configuration" | "/.well-known/openid-configuration")
            if read =>
        {
            Endpoint::Discovery
        }
        (Front::Realm, "/protocol/openid-connect/certs") if read => Endpoint::Keys,
        (Front::Realm, "/protocol/openid-connect/token") if post => Endpoint::Token,
        (Front::Realm, "/protocol/openid-connect/userinfo") if read || post => Endpoint::UserInfo,
        (Front::Realm, "/protocol/openid-connect/token/introspect") if post => Endpoint::Introspection,
        (Front::Realm, "/protocol/openid-connect/revoke") if post => Endpoint::Revocation,
        (Front::Realm, "/protocol/openid-connect/logout") if read || post => Endpoint::Logout,
        (Front::Realm, "/protocol/openid-connect/ext/ciba/auth") if post => Endpoint::Backchannel,
        (Front::Wallet, _) if path == "/auth" && (read || post) => Endpoint::Authorize,
        (Front::Wallet, _) if path.starts_with("/auth/return/") && read => Endpoint::Return,
        (Front::Wallet, _) if path.starts_with("/auth/cancel/") && post => Endpoint::Wallet,
        (Front::Wallet, _) if path.starts_with("/auth/ecps/") && (read || post) => Endpoint::Wallet,
        (Front::Card, _) if path.starts_with("/card/") && read => Endpoint::Card,
        (Front::Card, _) if path == "/mirror" && read => Endpoint::Mirror,
        _ => Endpoint::Unknown,
    }
}

/// Answers a request at its endpoint.
pub(super) fn answer(endpoint: Endpoint, request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    match endpoint {
        Endpoint::Discovery => discovery(realm, faults),
        Endpoint::Keys => json(StatusCode::OK, &realm.memory().keys.jwks()),
        Endpoint::Authorize => authorize::authorize(request, realm, faults),
        Endpoint::Card => authorize::card(request, realm, faults),
        Endpoint::Mirror => authorize::mirror(request, realm),
        Endpoint::Return => authorize::back(request, realm, faults),
        Endpoint::Wallet => wallet::chosen(request, realm, faults),
        Endpoint::Backchannel => ciba::request(request, realm, faults),
        Endpoint::Token => token::token(request, realm, faults),
        Endpoint::UserInfo => token::userinfo(request, realm, faults),
        Endpoint::Introspection => token::introspect(request, realm),
        Endpoint::Revocation => token::revoke(request, realm),
        Endpoint::Logout => token::logout(request, realm),
        Endpoint::Unknown => page(StatusCode::NOT_FOUND, "Page introuvable", ""),
    }
}

/// The document of `pro-sante-connect.md` §2.2, useless members included.
fn discovery(realm: &Realm, faults: &Faults) -> Reply {
    let issuer = &realm.issuer;
    let at = |path: &str| format!("{issuer}/protocol/openid-connect/{path}");
    let shown = if faults.wrong(Wrong::DiscoveryIssuer) { "https://test.invalid/realm" } else { issuer };
    let authentication = json!([
        "private_key_jwt",
        "client_secret_basic",
        "client_secret_post",
        "tls_client_auth",
        "client_secret_jwt"
    ]);
    let moved = [
        (Wrong::DiscoveryAuthorization, "authorization_endpoint", at("auth")),
        (Wrong::DiscoveryToken, "token_endpoint", at("token/v2")),
        (Wrong::DiscoveryHost, "userinfo_endpoint", "https://test.invalid/userinfo".to_owned()),
    ];
    let mut document = json!({
            "issuer": shown,
            "authorization_endpoint": format!("{}/auth", realm.wallet),
            "token_endpoint": at("token"),
            "introspection_endpoint": at("token/introspect"),
            "userinfo_endpoint": at("userinfo"),
            "end_session_endpoint": at("logout"),
            "jwks_uri": at("certs"),
            "revocation_endpoint": at("revoke"),
            "grant_types_supported":
                ["authorization_code", "refresh_token", "urn:openid:params:grant-type:ciba"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["PS256", "RS256", "ES256", "HS256"],
            "userinfo_signing_alg_values_supported": ["RS256", "none"],
            "token_endpoint_auth_methods_supported": authentication,
            "introspection_endpoint_auth_methods_supported": authentication,
            "revocation_endpoint_auth_methods_supported": authentication,
            "acr_values_supported": ["0", "0"],
            "scopes_supported": ["openid", "profile", "email", "scope_all", "identity", "rpps", "eidas1", "eidas2"],
            "claims_supported":
                ["aud", "sub", "iss", "auth_time", "name", "given_name", "family_name", "preferred_username", "email", "acr"],
            "claim_types_supported": ["normal"],
            "claims_parameter_supported": true,
            "request_parameter_supported": true,
            "request_uri_parameter_supported": true,
            "require_request_uri_registration": true,
            "require_pushed_authorization_requests": false,
            "code_challenge_methods_supported": ["plain", "S256"],
            "tls_client_certificate_bound_access_tokens": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "frontchannel_logout_supported": true,
            "frontchannel_logout_session_supported": true,
            "authorization_response_iss_parameter_supported": true,
    });
    let backchannel = json!({
            "pushed_authorization_request_endpoint": at("ext/par/request"),
            "backchannel_authentication_endpoint": at("ext/ciba/auth"),
            "backchannel_token_delivery_modes_supported": ["poll", "ping"],
            "backchannel_authentication_request_signing_alg_values_supported": ["PS256", "RS256", "ES256"],
            "mtls_endpoint_aliases": {
                "token_endpoint": at("token"),
                "revocation_endpoint": at("revoke"),
                "introspection_endpoint": at("token/introspect"),
                "userinfo_endpoint": at("userinfo"),
                "backchannel_authentication_endpoint": at("ext/ciba/auth"),
            },
    });
    if let (Some(members), Value::Object(backchannel)) = (document.as_object_mut(), backchannel) {
        members.extend(backchannel);
        for (_, name, value) in moved.into_iter().filter(|(wrong, ..)| faults.wrong(*wrong)) {
            members.insert(name.to_owned(), value.into());
        }
        if faults.wrong(Wrong::DiscoveryBackchannel) {
            members.remove("backchannel_authentication_endpoint");
        }
    }
    json(StatusCode::OK, &document)
}
