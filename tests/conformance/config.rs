//! OP Config: the discovery document.

use crate::provider::{Provider, json};
use serde_json::Value;

fn list<'v>(metadata: &'v Value, member: &str) -> Vec<&'v str> {
    let list = metadata[member].as_array().unwrap_or_else(|| panic!("no {member}"));
    list.iter().map(|item| item.as_str().expect("text")).collect()
}

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let op = Provider::start().await;
    let metadata = &op.metadata;
    assert!(op.issuer.starts_with("https://localhost:"), "{}", op.issuer);
    assert_eq!(metadata["issuer"], op.issuer);
    for endpoint in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        assert!(op.endpoint(endpoint).starts_with("https://"), "{endpoint}");
    }
    assert!(list(metadata, "response_types_supported").contains(&"code"));
    assert_eq!(list(metadata, "subject_types_supported"), ["public"]);
    assert!(list(metadata, "id_token_signing_alg_values_supported").contains(&"RS256"));
    assert!(list(metadata, "scopes_supported").contains(&"openid"));
    for claim in ["sub", "iss", "auth_time", "acr"] {
        assert!(list(metadata, "claims_supported").contains(&claim), "{claim}");
    }
    assert!(list(metadata, "token_endpoint_auth_methods_supported").contains(&"client_secret_basic"));
    assert!(list(metadata, "grant_types_supported").contains(&"authorization_code"));
    assert_eq!(metadata["request_uri_parameter_supported"], false);
    let twin = op.get(&format!("{}/.well-known/wallet-openid-configuration", op.issuer)).await;
    assert_eq!(&json(&twin), metadata, "where Pro Santé Connect has it");
}

#[tokio::test]
async fn oidcc_discovery_jwks_uri_keys() {
    let op = Provider::start().await;
    let jwks = json(&op.get(&op.endpoint("jwks_uri")).await);
    let keys = jwks["keys"].as_array().expect("keys");
    for kind in ["RSA", "EC"] {
        assert!(keys.iter().any(|key| key["kty"] == kind), "{kind}");
    }
    for key in keys {
        let key = key.as_object().expect("a key");
        assert_eq!((&key["use"], key["kid"].is_string()), (&"sig".into(), true));
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!key.contains_key(private), "{private}");
        }
    }
}
