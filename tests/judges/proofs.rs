//! The agent proves to be its client in all five forms, and a certified provider takes each of them; a proof that is not the
//! registered one is refused with a reason.

use crate::scene::{Scene, Special};
use cps_agent_core::jose::SigningKey;
use cps_sandbox::{
    card::cards,
    pki::{WebAuthority, pem},
};
use ring::rand::SystemRandom;
use serde_json::{Value, json};
use std::{fs, path::Path};

const CLIENT: &str = "cps-agent-judged";

/// What the upstream registers and what the agent is told.
fn special(method: &str, registered: Value, settings: Vec<(&'static str, toml::Value)>) -> Special {
    let mut client = json!({
        "client_id": CLIENT, "token_endpoint_auth_method": method, "redirect_uris": ["http://127.0.0.1/callback"],
    });
    let mut upstream = json!({});
    for (name, value) in registered.as_object().into_iter().flatten() {
        match name.as_str() {
            "organisations" => upstream[name] = value.clone(),
            _ => client[name] = value.clone(),
        }
    }
    upstream["client"] = client;
    let method = ("upstream", "client_auth", method.into());
    let settings = settings.into_iter().map(|(key, value)| ("upstream", key, value));
    Special { upstream, settings: [method].into_iter().chain(settings).collect() }
}

/// A login, and a logout that the upstream hears: it revokes by the same proof.
async fn accepted(special: Special) -> Vec<Value> {
    let card = cards::doctor_cps3();
    let mut scene = Scene::special(&card, special).await;
    let session = scene.login("card").await;
    session.unwrap_or_else(|problem| panic!("{problem:?}\n{}", scene.agent.log()));
    scene.logout().await;
    let mut events = Vec::new();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !events.iter().any(|event: &Value| event["revocation"] == 200) {
        assert!(std::time::Instant::now() < deadline, "{events:?}\n{}", scene.agent.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        events.extend(scene.upstream.events());
    }
    events
}

async fn refused(special: Special) -> String {
    let card = cards::doctor_cps3();
    let mut scene = Scene::special(&card, special).await;
    let problem = scene.login("card").await.expect_err("a wrong proof was accepted");
    assert_eq!(problem.code, "upstream_refused", "{problem:?}\n{}", scene.agent.log());
    problem.values["error"].as_str().expect("the upstream's word").to_owned()
}

fn file(folder: &Path, name: &str, text: &str) -> toml::Value {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a private file");
    path.to_string_lossy().into_owned().into()
}

/// A P-256 key: its PEM, and its public half as the upstream registers it.
fn key() -> (String, Value) {
    let random = SystemRandom::new();
    let der = SigningKey::generate_p256(&random).expect("a key");
    let key = SigningKey::p256(&der, &random).expect("a key");
    let mut jwk = Value::Object(key.public().to_jwk());
    jwk["kid"] = key.kid().into();
    jwk["alg"] = "ES256".into();
    (pem("PRIVATE KEY", &der), json!({ "keys": [jwk] }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_header_or_form_and_none_at_all() {
    let secret = json!({ "client_secret": "TEST-secret-of-the-judges" });
    for method in ["client_secret_basic", "client_secret_post"] {
        accepted(special(method, secret.clone(), vec![])).await;
    }
    accepted(special("none", json!({}), vec![])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_signed_by_the_registered_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pem, jwks) = key();
    let setting = vec![("client_key", file(folder.path(), "client.key", &pem))];
    let registered = json!({ "jwks": jwks, "token_endpoint_auth_signing_alg": "ES256" });
    accepted(special("private_key_jwt", registered.clone(), setting)).await;

    let (other, _) = key();
    let setting = vec![("client_key", file(folder.path(), "other.key", &other))];
    assert_eq!(refused(special("private_key_jwt", registered, setting)).await, "invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_organisation_in_the_handshake() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = WebAuthority::new().expect("an authority");
    let organisations = file(folder.path(), "organisations.pem", authority.pem());
    let registered = json!({
        "tls_client_auth_subject_dn": format!("CN={CLIENT}"), "organisations": organisations.as_str(),
        "tls_client_certificate_bound_access_tokens": true,
    });
    let settings = |name: &str| {
        let (certificate, key) = authority.client(name, 30).expect("a certificate");
        vec![
            ("client_certificate", file(folder.path(), &format!("{name}.pem"), &certificate)),
            ("client_key", file(folder.path(), &format!("{name}.key"), &key)),
        ]
    };
    let events = accepted(special("tls_client_auth", registered.clone(), settings(CLIENT))).await;
    assert!(events.iter().any(|event| event["organisation"] == CLIENT), "{events:?}");
    let wrong = refused(special("tls_client_auth", registered, settings("another-organisation"))).await;
    assert_eq!(wrong, "invalid_client");
}
