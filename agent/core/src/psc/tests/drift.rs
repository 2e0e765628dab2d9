//! The discovery document as it was read at the end of 2024, and what is told when it moves.

use crate::psc::drift::{Drift, drift};
use crate::psc::{Metadata, Profile};
use crate::tests::provider::{client, edit, json_answer, profile};
use serde_json::{Value, json};

fn document(edits: &[(&str, Value)]) -> Value {
    let realm = "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet";
    let at = |name: &str| format!("{realm}/protocol/openid-connect/{name}");
    let mut document = json!({
        "issuer": realm,
        "authorization_endpoint": "https://wallet.bas.psc.esante.gouv.fr/auth",
        "token_endpoint": at("token"),
        "introspection_endpoint": at("token/introspect"),
        "userinfo_endpoint": at("userinfo"),
        "end_session_endpoint": at("logout"),
        "jwks_uri": at("certs"),
        "revocation_endpoint": at("revoke"),
        "backchannel_authentication_endpoint": at("ext/ciba/auth"),
        "response_types_supported": ["code", "none", "id_token"],
        "acr_values_supported": ["0", "0"],
        "id_token_signing_alg_values_supported": ["PS256", "RS256", "HS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "tls_client_auth"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    edit(document.as_object_mut().unwrap(), edits);
    document
}

fn found(edits: &[(&str, Value)]) -> Drift {
    drift(&Profile::psc_bas(client()).unwrap(), &json_answer(200, &document(edits))).unwrap()
}

#[test]
fn the_document_as_it_was_read_differs_in_nothing() {
    assert_eq!(found(&[]), Drift::default());
    let bas = Profile::psc_bas(client()).unwrap();
    assert!(Metadata::read(&bas, &json_answer(200, &document(&[]))).is_ok());
}

#[test]
fn an_endpoint_that_moved_is_named() {
    let old = "https://auth.bas.esw.esante.gouv.fr/auth/realms/esante-wallet/protocol/openid-connect/token";
    let own = "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet/protocol/openid-connect/auth";
    for (member, value) in [
        ("token_endpoint", json!(old)),
        ("authorization_endpoint", json!(own)),
        ("jwks_uri", Value::Null),
        ("userinfo_endpoint", json!(7)),
    ] {
        assert_eq!(found(&[(member, value)]).moved, [member]);
    }
}

#[test]
fn what_our_settings_will_ask_for_and_is_not_offered_is_named() {
    for (member, value) in [
        ("code_challenge_methods_supported", json!(["plain"])),
        ("id_token_signing_alg_values_supported", json!(["ES256"])),
        ("token_endpoint_auth_methods_supported", json!([])),
        ("response_types_supported", json!(["id_token"])),
    ] {
        assert_eq!(found(&[(member, value)]).lacking, [member]);
        // A provider need not list it.
        assert_eq!(found(&[(member, Value::Null)]), Drift::default(), "{member}");
    }
    let without = found(&[("backchannel_authentication_endpoint", Value::Null)]);
    assert!(without.lacking.contains(&"backchannel_authentication_endpoint"));
}

#[test]
fn a_custom_upstream_may_lay_out_its_endpoints_as_it_likes() {
    let at = |name: &str| format!("https://idp.test.invalid/{name}");
    let document = json!({"issuer": "https://idp.test.invalid/realm", "authorization_endpoint": at("a"),
        "token_endpoint": at("t"), "userinfo_endpoint": at("u"), "jwks_uri": at("j")});
    assert_eq!(drift(&profile(), &json_answer(200, &document)).unwrap(), Drift::default());
    assert!(drift(&profile(), &json_answer(503, &document)).is_err());
}
