//! The discovery document says what is true.

use super::*;
use crate::oidc::discovery;

fn document() -> Value {
    serde_json::from_str(&House::new().provider.discovery()).unwrap()
}

#[test]
fn nothing_is_announced_that_does_not_exist() {
    let document = document();
    for absent in [
        "registration_endpoint",
        "check_session_iframe",
        "frontchannel_logout_supported",
        "device_authorization_endpoint",
        "request_object_signing_alg_values_supported",
        "dpop_signing_alg_values_supported",
    ] {
        assert_eq!(document[absent], Value::Null, "{absent}");
    }
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["request_uri_parameter_supported"], false, "absent would mean true");
}

#[test]
fn every_announced_scope_can_be_registered_and_granted() {
    let document = document();
    let scopes: Vec<&str> =
        document["scopes_supported"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    let mut house = House::logged_in();
    house.add(json!({"id": "all", "scopes": scopes}));
    let code = house.code(&[("client_id", "all"), ("scope", &scopes.join(" "))]);
    let tokens = house.redeem(&code, &[("client_id", "all")]).unwrap();
    assert_eq!(text(&tokens, "scope"), scopes.join(" "));
}

#[test]
fn what_the_standard_requires_is_there() {
    let document = document();
    assert_eq!(document["issuer"], ISSUER);
    for (member, path) in [
        ("authorization_endpoint", discovery::AUTHORIZE),
        ("token_endpoint", discovery::TOKEN),
        ("userinfo_endpoint", discovery::USERINFO),
        ("jwks_uri", discovery::JWKS),
        ("introspection_endpoint", discovery::INTROSPECTION),
        ("revocation_endpoint", discovery::REVOCATION),
        ("pushed_authorization_request_endpoint", discovery::PUSHED),
        ("backchannel_authentication_endpoint", discovery::BACKCHANNEL),
        ("end_session_endpoint", discovery::LOGOUT),
    ] {
        assert_eq!(document[member], format!("{ISSUER}{path}"));
    }
    let algorithms = document["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&"RS256".into()));
    assert_eq!(document["subject_types_supported"], json!(["public"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
}
