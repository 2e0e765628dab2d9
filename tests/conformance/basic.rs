//! OP Basic: what comes back, and who may use it.

use crate::{
    party::{Party, REDIRECT, number, text, usual},
    provider::{Provider, json},
};
use cps_agent_api::words;
use hyper::Method;

#[tokio::test]
async fn oidcc_server() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let back = party.authorize(&[]).await.back();
    assert_eq!((back["state"].as_str(), &back["iss"]), ("TEST-state", &op.issuer));
    let (status, tokens) = party.redeem(&back["code"]).await;
    assert_eq!((status, text(&tokens, "token_type")), (200, "Bearer"));
    let claims = party.claims(&tokens).await;
    assert_eq!(claims["nonce"], "TEST-nonce");
    let hash = ring::digest::digest(&ring::digest::SHA256, text(&tokens, "access_token").as_bytes());
    use base64::Engine as _;
    let half = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]);
    assert_eq!(text(&claims, "at_hash"), half);
}

#[tokio::test]
async fn oidcc_idtoken_signature() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let (header, _) = party.verified(text(&tokens, "id_token")).await;
    assert_eq!(header["alg"], "RS256", "the default");
    assert!(header["kid"].is_string());
}

#[tokio::test]
async fn oidcc_idtoken_unsigned() {
    // `none` is neither announced nor registrable.
    let op = Provider::start().await;
    let algorithms = op.metadata["id_token_signing_alg_values_supported"].as_array().expect("a list");
    assert!(!algorithms.contains(&"none".into()));
    let client =
        words::Client { client_id: "unsigned".to_owned(), id_token_alg: Some("none".to_owned()), ..usual() };
    assert!(op.control().await.add_client(&client).await.is_err());
}

#[tokio::test]
async fn oidcc_userinfo_get() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let claims = party.claims(&tokens).await;
    let (status, info) = party.userinfo(&tokens).await;
    assert_eq!((status, &info["sub"]), (200, &claims["sub"]));
}

#[tokio::test]
async fn oidcc_userinfo_post_header() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let address = op.endpoint("userinfo_endpoint");
    let answer = op.bearer(Method::POST, &address, text(&tokens, "access_token")).await;
    assert_eq!((answer.status().as_u16(), &json(&answer)["sub"]), (200, &party.claims(&tokens).await["sub"]));
}

#[tokio::test]
async fn oidcc_userinfo_post_body() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let address = op.endpoint("userinfo_endpoint");
    let answer = op.post(&address, None, &[("access_token", text(&tokens, "access_token"))]).await;
    assert_eq!(answer.status().as_u16(), 200);
    let none = op.post(&address, None, &[("access_token", "wrong")]).await;
    assert_eq!(none.status().as_u16(), 401);
    assert!(none.headers()["www-authenticate"].to_str().expect("text").contains("invalid_token"));
}

/// The claims of UserInfo for a scope, without `sub`.
async fn claims_for(scope: &str) -> Vec<String> {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[("scope", scope)]).await;
    let (status, info) = party.userinfo(&tokens).await;
    assert_eq!(status, 200);
    info.as_object().expect("claims").keys().filter(|name| *name != "sub").cloned().collect()
}

#[tokio::test]
async fn oidcc_scope_profile() {
    assert_eq!(claims_for("openid profile").await, ["SubjectNameID", "family_name", "given_name"]);
}

#[tokio::test]
async fn oidcc_scope_email() {
    assert!(claims_for("openid email").await.is_empty(), "there is no e-mail address here");
}

#[tokio::test]
async fn oidcc_scope_address() {
    assert!(claims_for("openid address").await.is_empty());
}

#[tokio::test]
async fn oidcc_scope_phone() {
    assert!(claims_for("openid phone").await.is_empty());
}

#[tokio::test]
async fn oidcc_scope_all() {
    let all = claims_for("openid profile email address phone").await;
    assert_eq!(all, ["SubjectNameID", "family_name", "given_name"]);
}

#[tokio::test]
async fn oidcc_ensure_other_scope_order_succeeds() {
    assert_eq!(claims_for("profile openid").await, ["SubjectNameID", "family_name", "given_name"]);
}

#[tokio::test]
async fn oidcc_claims_essential() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let claims = r#"{"userinfo":{"name":{"essential":true}}}"#;
    let tokens = party.tokens(&[("claims", claims)]).await;
    assert_eq!(party.userinfo(&tokens).await.0, 200, "what is not there breaks nothing");
}

#[tokio::test]
async fn oidcc_server_client_secret_post() {
    let op = Provider::start().await;
    let client = words::Client {
        client_id: "post".to_owned(),
        client_auth: Some("client_secret_post".to_owned()),
        ..usual()
    };
    let party = Party::registered(&op, client).await;
    let fields = |code, secret| {
        [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", "post"),
            ("client_secret", secret),
        ]
    };
    let address = op.endpoint("token_endpoint");
    let code = party.code(&[]).await;
    assert_eq!(party.redeem(&code).await.0, 401, "only the registered method");
    assert_eq!(op.post(&address, None, &fields(&code, "wrong")).await.status().as_u16(), 401);
    assert_eq!(op.post(&address, None, &fields(&code, &party.secret)).await.status().as_u16(), 200);
}

#[tokio::test]
async fn oidcc_codereuse() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let code = party.code(&[]).await;
    let (status, tokens) = party.redeem(&code).await;
    assert_eq!(status, 200);
    let (status, refusal) = party.redeem(&code).await;
    assert_eq!((status, text(&refusal, "error")), (400, "invalid_grant"));
    assert_eq!(party.userinfo(&tokens).await.0, 401, "what the first use gave is revoked");
    assert_eq!(party.refresh(&tokens).await.0, 400);
}

/// The suite waits thirty seconds between the uses. Here the clock of the quiet half is moved instead
/// (`oidc::tests::code`); what the whole agent adds is that a code of one client stays that client's.
#[tokio::test]
async fn oidcc_codereuse_30seconds() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let other = Party::register(&op, "other").await;
    let code = party.code(&[]).await;
    assert_eq!(text(&other.redeem(&code).await.1, "error"), "invalid_grant");
    assert_eq!(party.redeem(&code).await.0, 200, "a stranger does not use it up");
    for _ in 0..2 {
        assert_eq!(text(&party.redeem(&code).await.1, "error"), "invalid_grant");
    }
}

#[tokio::test]
async fn oidcc_refresh_token() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let other = Party::register(&op, "other").await;
    let tokens = party.tokens(&[("scope", "openid offline_access")]).await;
    assert_eq!(text(&other.refresh(&tokens).await.1, "error"), "invalid_grant", "bound to its client");
    let (status, renewed) = party.refresh(&tokens).await;
    assert_eq!(status, 200, "{renewed}");
    assert_ne!(renewed["refresh_token"], tokens["refresh_token"]);
    let (first, second) = (party.claims(&tokens).await, party.claims(&renewed).await);
    for claim in ["sub", "iss", "aud", "auth_time", "sid"] {
        assert_eq!(first[claim], second[claim], "{claim}");
    }
    assert_eq!(party.userinfo(&renewed).await.0, 200);
    assert_eq!(text(&party.refresh(&tokens).await.1, "error"), "invalid_grant", "a used one");
    assert_eq!(text(&party.refresh(&renewed).await.1, "error"), "invalid_grant", "ends the family");
}

#[tokio::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let redeem = async |verifier: &str| {
        let code = party.code(&pkce).await;
        let fields = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)];
        party.token(&[&fields[..], &[("code_verifier", verifier)]].concat()).await
    };
    assert_eq!(redeem(VERIFIER).await.0, 200);
    assert_eq!(text(&redeem(&"x".repeat(43)).await.1, "error"), "invalid_grant");
    let plain =
        party.authorize(&[("code_challenge", VERIFIER), ("code_challenge_method", "plain")]).await.back();
    assert_eq!(plain["error"], "invalid_request");
}

#[tokio::test]
async fn oidcc_id_token_hint() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[]).await;
    let hinted = [("id_token_hint", text(&tokens, "id_token")), ("prompt", "none")];
    let again = party.tokens(&hinted).await;
    assert_eq!(party.claims(&again).await["sub"], party.claims(&tokens).await["sub"]);
    let broken = party.authorize(&[("id_token_hint", "a.b.c"), ("prompt", "none")]).await.back();
    assert_eq!(broken["error"], "invalid_request");
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let tokens = party.tokens(&[("acr_values", "eidas1 1 2")]).await;
    // A wish (OpenID Connect Core §3.1.2.1): the token says what was reached.
    assert_eq!(party.claims(&tokens).await["acr"], "urn:cps-agent:acr:local");
}

#[tokio::test]
async fn oidcc_max_age_1() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let first = party.claims(&party.tokens(&[]).await).await;
    let older = |seconds: i64| number(&first, "auth_time") + seconds;
    // The suite waits a second more; the condition is that the login is older than a second.
    op.until("a login older than a second", async |_| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
        (i64::try_from(now.as_secs()).expect("a time") > older(1)).then_some(())
    })
    .await;
    let asked = op.person.questions().len();
    let second = party.claims(&party.tokens(&[("max_age", "1")]).await).await;
    assert_eq!(op.person.questions().len(), asked + 1, "the person logged in again");
    assert!(number(&second, "auth_time") > number(&first, "auth_time"));
}

#[tokio::test]
async fn oidcc_max_age_10000() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let first = party.claims(&party.tokens(&[]).await).await;
    let second = party.claims(&party.tokens(&[("max_age", "10000")]).await).await;
    assert_eq!((&first["auth_time"], &first["sub"]), (&second["auth_time"], &second["sub"]));
    assert_eq!(op.person.questions().len(), 1);
}

#[tokio::test]
async fn oidcc_prompt_login() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let first = party.claims(&party.tokens(&[]).await).await;
    let second = party.claims(&party.tokens(&[("prompt", "login")]).await).await;
    assert_eq!(op.person.questions().len(), 2, "a new login each time");
    assert_eq!(first["sub"], second["sub"]);
    assert!(number(&second, "auth_time") >= number(&first, "auth_time"));
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let back = party.authorize(&[("prompt", "none")]).await.back();
    assert_eq!((back["error"].as_str(), back["state"].as_str()), ("login_required", "TEST-state"));
    assert!(op.person.questions().is_empty());
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in() {
    let op = Provider::start().await;
    let party = Party::register(&op, "suite").await;
    let first = party.claims(&party.tokens(&[]).await).await;
    let second = party.claims(&party.tokens(&[("prompt", "none")]).await).await;
    assert_eq!((&first["sub"], &first["auth_time"]), (&second["sub"], &second["auth_time"]));
    assert_eq!(op.person.questions().len(), 1);
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    let op = Provider::start().await;
    let client = words::Client {
        client_id: "suite".to_owned(),
        origins: vec!["https://rp.example.invalid".to_owned()],
        ..usual()
    };
    let party = Party::registered(&op, client).await;
    op.log_in().await;
    let answer = op.post(&op.endpoint("authorization_endpoint"), None, &party.parameters(&[])).await;
    let back = op.moved(&answer).expect("a way back");
    assert!(back.query_pairs().any(|(name, _)| name == "code"), "{back}");
    let fields = party.parameters(&[("redirect_uri", "https://evil.example/")]);
    let refused = op.post(&op.endpoint("authorization_endpoint"), None, &fields).await;
    assert_eq!((refused.status().as_u16(), op.moved(&refused)), (400, None));
}
