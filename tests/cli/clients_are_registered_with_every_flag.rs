//! `cps client`: every flag of the registration reaches the agent; the secret is shown once, on standard output.

use crate::agent::Agent;
use serde_json::json;

fn registering() -> Agent {
    let answer = json!({ "client_id": "dpi", "client_secret": "s3cret", "issuer": "http://127.0.0.1:24788" });
    Agent::answering(&[("POST /v1/clients", 201, answer)])
}

#[test]
fn every_flag_reaches_the_agent() {
    let agent = registering();
    let line = "client add --id dpi --name Dossier --redirect-uri http://127.0.0.1/a --redirect-uri http://127.0.0.1/b \
                --confidential --scope cps:sign --scope cps:cards --claim SubjectRole --way card --way ecps \
                --id-token-alg ES256 --client-auth client_secret_post --pkce optional --openid-basic \
                --origin https://dpi.example --post-logout-redirect-uri http://127.0.0.1/bye \
                --backchannel-logout-uri http://127.0.0.1:9/out --consent first-use --choose-situation --ciba";
    let words: Vec<&str> = line.split_whitespace().collect();
    let ran = agent.cps(&words);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let body = &agent.seen()[0].body;
    assert_eq!(body["client_id"], "dpi");
    assert_eq!(body["name"], "Dossier");
    assert_eq!(body["redirect_uris"], json!(["http://127.0.0.1/a", "http://127.0.0.1/b"]));
    assert_eq!(body["confidential"], true);
    assert_eq!(body["scopes"], json!(["cps:sign", "cps:cards"]));
    assert_eq!(body["claims"], json!(["SubjectRole"]));
    assert_eq!(body["ways"], json!(["card", "ecps"]));
    assert_eq!(body["id_token_alg"], "ES256");
    assert_eq!(body["client_auth"], "client_secret_post");
    assert_eq!((&body["pkce"], &body["profile"]), (&json!("optional"), &json!("openid-basic")));
    assert_eq!((&body["consent"], &body["situation"]), (&json!("first-use"), &json!("choose")));
    assert_eq!(body["origins"], json!(["https://dpi.example"]));
    assert_eq!(body["post_logout_redirect_uris"], json!(["http://127.0.0.1/bye"]));
    assert_eq!(body["backchannel_logout_uri"], "http://127.0.0.1:9/out");
    assert_eq!(body["ciba"], true);
}

#[test]
fn only_an_application_without_a_browser_needs_no_redirect_uri() {
    assert_eq!(registering().cps(&["client", "add", "--id", "dpi"]).code, 2);
    let agent = registering();
    assert_eq!(agent.cps(&["client", "add", "--id", "dpi", "--ciba"]).code, 0);
    assert_eq!(agent.seen()[0].body["redirect_uris"], json!([]));
}

#[test]
fn the_secret_is_data_and_the_warning_is_not() {
    let ran = registering().cps(&["client", "add", "--id", "dpi", "--redirect-uri", "http://127.0.0.1/a"]);
    assert_eq!(ran.out, "client_id     dpi\nclient_secret s3cret\nissuer        http://127.0.0.1:24788\n");
    assert_eq!(ran.err, "notez le secret maintenant\u{a0}: il ne sera plus jamais affiché\n");
}

#[test]
fn programs_get_the_three_members() {
    let ran = registering().cps(&[
        "client",
        "add",
        "--id",
        "dpi",
        "--redirect-uri",
        "http://127.0.0.1/a",
        "--json",
    ]);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        answer,
        json!({ "client_id": "dpi", "client_secret": "s3cret", "issuer": "http://127.0.0.1:24788" })
    );
    assert_eq!(ran.err, "");
}

#[test]
fn a_public_key_is_read_from_its_file_and_makes_the_client_confidential() {
    let agent = registering();
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "-----BEGIN PUBLIC KEY-----").unwrap();
    let path = key.path().to_str().unwrap();
    let ran = agent.cps(&[
        "client",
        "add",
        "--id",
        "dpi",
        "--redirect-uri",
        "http://127.0.0.1/a",
        "--public-key",
        path,
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(agent.seen()[0].body["public_key"], "-----BEGIN PUBLIC KEY-----");
    assert_eq!(agent.seen()[0].body["confidential"], true);
}

#[test]
fn an_unreadable_key_file_registers_nothing() {
    let agent = registering();
    let words = [
        "client",
        "add",
        "--id",
        "dpi",
        "--redirect-uri",
        "http://127.0.0.1/a",
        "--public-key",
        "/nowhere/k",
    ];
    let ran = agent.cps_english(&words);
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with("cps: The file /nowhere/k cannot be read"), "{}", ran.err);
    assert!(agent.seen().is_empty());
}

#[test]
fn the_list_says_who_registered() {
    let clients = json!([
        { "client_id": "dpi", "redirect_uris": ["http://127.0.0.1/a"], "confidential": true, "origin": "policy" },
        { "client_id": "lps", "redirect_uris": ["http://127.0.0.1/b"], "scopes": ["openid"], "origin": "user" },
    ]);
    let agent = Agent::answering(&[("GET /v1/clients", 200, clients)]);
    assert_eq!(
        agent.cps(&["client", "list"]).out,
        "client_id     dpi\ngenre         confidentielle\nretour        http://127.0.0.1/a\nenregistrée   par l’administrateur\n\
         \n\
         client_id     lps\ngenre         publique\nretour        http://127.0.0.1/b\nportées       openid\nenregistrée   par vous\n"
    );
}

#[test]
fn an_empty_list_is_empty_data() {
    let agent = Agent::answering(&[("GET /v1/clients", 200, json!([]))]);
    let ran = agent.cps(&["client", "list"]);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", "aucune application\n"));
    assert_eq!(agent.cps(&["client", "list", "--json"]).out, "[]\n");
}

#[test]
fn a_client_is_removed_by_its_identifier() {
    let agent = Agent::answering(&[("DELETE /v1/clients/dpi", 204, json!(null))]);
    let ran = agent.cps(&["client", "remove", "dpi"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "l’application dpi est retirée\n"));
}

#[test]
fn a_program_for_gateways_alone_needs_no_redirect_uri_and_gets_its_address_once() {
    let address = "http://127.0.0.1:24788/gateway/dmp/~s3cret/";
    let answer =
        json!({ "client_id": "logiciel", "issuer": "http://127.0.0.1:24788", "gateways": [address] });
    let agent = Agent::answering(&[("POST /v1/clients", 201, answer)]);
    let ran = agent.cps(&["client", "add", "--id", "logiciel", "--gateway", "dmp"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(agent.seen()[0].body["gateways"], json!(["dmp"]));
    assert!(ran.out.contains(address), "{}", ran.out);
    assert_eq!(ran.err, "notez le secret maintenant\u{a0}: il ne sera plus jamais affiché\n");
}
