//! The OpenAPI document, judged by a program of other people: schemathesis (PyPI) reads it from the running agent, sends
//! what it allows and what it forbids, and finds no error of the server and no answer that the document does not announce.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails by panicking"
)]

#[path = "../support/program.rs"]
mod program;
#[path = "../support/real_agent.rs"]
mod real_agent;
#[path = "../support/soft_token.rs"]
mod soft_token;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cps_agent_api::words;
use cps_sandbox::browser::Browser;
use hyper::{Request, header};
use serde_json::Value;
use soft_token::Home;

const REDIRECT: &str = "http://127.0.0.1/callback";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SCOPE: &str = "openid profile scope_all cps:cards cps:sign";

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The document as it is served, and its paths that the bridge has.
async fn document(browser: &Browser, issuer: &str) -> Value {
    let request = Request::get(format!("{issuer}/openapi.json")).body(Bytes::new()).expect("a request");
    let response = browser.fetch(request).await.expect("an answer");
    serde_json::from_slice(response.body()).expect("JSON")
}

/// An access token with every scope of the API.
async fn access_token(browser: &Browser, issuer: &str, secret: &str) -> String {
    let query = form(&[
        ("response_type", "code"),
        ("client_id", "judge"),
        ("redirect_uri", REDIRECT),
        ("scope", SCOPE),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let request = Request::get(format!("{issuer}/authorize?{query}"))
        .header("sec-fetch-mode", "navigate")
        .body(Bytes::new())
        .expect("a request");
    let response = browser.fetch(request).await.expect("an answer");
    let location = response.headers()[header::LOCATION].to_str().expect("text");
    let back = url::Url::parse(location).expect("an address");
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let redemption = form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]);
    let request = Request::post(format!("{issuer}/token"))
        .header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("judge:{secret}"))))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(redemption))
        .expect("a request");
    let response = browser.fetch(request).await.expect("an answer");
    let tokens: Value = serde_json::from_slice(response.body()).expect("JSON");
    tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned()
}

/// Runs schemathesis on the document, without these paths. Seeded: the same requests each time.
fn schemathesis(issuer: &str, without: &[&str], headers: &[&str]) {
    let mut command = program::environment("schemathesis");
    command
        .args(["run", &format!("{issuer}/openapi.json"), "--url", issuer])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "20",
            "--seed",
            "24788",
            "--no-shrink",
        ])
        .args([
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        ])
        .args(["--generation-database", "none", "--warnings", "off", "--continue-on-failure"]);
    for path in without {
        command.args(["--exclude-path", path]);
    }
    for header in headers {
        command.args(["--header", header]);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let output = command.current_dir(folder.path()).output().expect("schemathesis runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_error_of_the_server() {
    let home = Home::new().await;
    let agent = home.agent().await;
    let mut control = agent.control().await.expect("the control door");
    home.login(&mut control).await;
    let registered = control
        .add_client(&words::Client {
            client_id: "judge".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            confidential: true,
            scopes: SCOPE.split(' ').map(str::to_owned).collect(),
            id_token_alg: Some("ES256".to_owned()),
            ..words::Client::default()
        })
        .await
        .expect("a registration");
    let issuer = registered.issuer.expect("an issuer");
    let browser = Browser::new(&[]).expect("a browser");
    let document = document(&browser, &issuer).await;
    let paths = document["paths"].as_object().expect("paths");
    let of_control: Vec<&str> = paths
        .iter()
        .filter(|(_, path)| path["x-cps-door"] == "control")
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(of_control.contains(&"/v1/clients"), "the document says which door has a path");

    let token = access_token(&browser, &issuer, &registered.client_secret.expect("a secret")).await;
    // The stream of events has no end, and ending the session would make every later answer the same.
    let without = [of_control.as_slice(), &["/v1/events", "/v1/session"]].concat();
    let bearer = format!("Authorization: Bearer {token}");
    schemathesis(&issuer, &without, &[&bearer, "Sec-Fetch-Mode: navigate"]);
    let without = [of_control.as_slice(), &["/v1/events"]].concat();
    schemathesis(&issuer, &without, &[]);
    assert!(control.session().await.expect("the agent answers").is_some(), "a stranger ended the session");
}
