//! The upstream's tokens leave the agent by token exchange only: to a confidential client that the administrator registered for
//! it, out of an upstream session that is not locked.

use crate::{
    application::{Application, Page},
    desk::Desk,
    portal::Visitor,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use cps_agent_api::words;
use cps_sandbox::{browser::Browser, card::cards, upstream::Endpoint};
use hyper::{Request, header};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};
use url::form_urlencoded;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The key of an administrator's client.
struct Key {
    pair: EcdsaKeyPair,
    used: AtomicU32,
}

impl Key {
    fn new() -> Self {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        Self { pair: pair.expect("a key"), used: AtomicU32::new(0) }
    }

    fn jwk(&self) -> String {
        let point = &self.pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
            .to_string()
    }

    /// A fresh assertion (RFC 7523).
    fn assertion(&self, client: &str, issuer: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
        let jti = self.used.fetch_add(1, Ordering::Relaxed);
        let claims =
            json!({"iss": client, "sub": client, "aud": issuer, "jti": jti.to_string(), "exp": now + 60});
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(json!({"alg": "ES256"})), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes()).expect("a signature");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// A desk with the administrator's client `relay`, which may have both tokens.
async fn desk(mode: &str, card: &cps_sandbox::card::CardHandle) -> (Desk, Key, tempfile::TempDir) {
    let (key, folder) = (Key::new(), tempfile::tempdir().expect("a folder"));
    let client = format!(
        "id = \"relay\"\nredirect_uris = [\"http://127.0.0.1/callback\"]\nid_token_alg = \"ES256\"\nways = [\"card\"]\n\
         scopes = [\"openid\", \"profile\", \"psc_token\", \"psc_evidence\"]\npublic_key = \'{}\'\n",
        key.jwk()
    );
    fs::write(folder.path().join("relay.toml"), client).expect("written");
    let directory = folder.path().display().to_string();
    let settings = [("clients", "directory", directory.into()), ("session", "mode", mode.into())];
    (Desk::configured(&settings, &[card]).await, key, folder)
}

/// A request to the token endpoint with the client's proof.
async fn token(desk: &Desk, key: &Key, fields: &[(&str, &str)]) -> (u16, Value) {
    let issuer = desk.agent.issuer();
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", &key.assertion("relay", issuer))
        .finish();
    let request = Request::post(format!("{issuer}/token"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form));
    let browser = Browser::new(&[]).expect("a browser");
    let answer = browser.fetch(request.expect("a request")).await.expect("an answer");
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).expect("JSON"))
}

/// A login of `relay` for both tokens: its access token.
async fn login(desk: &Desk, key: &Key) -> String {
    let application = Application::known(desk, "relay", "openid profile psc_token psc_evidence");
    let page = application.begin().await;
    let Page::Left(back) = application.end_of(&page).await else { panic!("a login") };
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let (status, answer) = token(desk, key, &application.redemption(&code)).await;
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().expect("a token").to_owned()
}

async fn exchange(desk: &Desk, key: &Key, subject: &str, wanted: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", GRANT),
        ("subject_token", subject),
        ("subject_token_type", ACCESS),
        ("requested_token_type", wanted),
    ];
    token(desk, key, &fields).await
}

#[tokio::test]
async fn a_person_cannot_register_an_application_for_the_upstreams_tokens() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    for scope in ["psc_token", "psc_evidence"] {
        let client = words::Client {
            confidential: true,
            scopes: vec!["openid".to_owned(), scope.to_owned()],
            ..Application::usual("mine")
        };
        assert!(desk.control().await.add_client(&client).await.is_err(), "{scope}");
    }
}

#[tokio::test]
async fn a_locked_session_gives_no_token_until_it_is_resumed() {
    let card = cards::doctor_cps3();
    let (desk, key, _folder) = desk("lock", &card).await;
    let access = login(&desk, &key).await;
    desk.take(0).await;
    let locked = async |control: &mut cps_agent_api::client::Agent| {
        control.session().await.expect("an answer").filter(|session| session.locked)
    };
    desk.wait_for("a locked session", locked).await;
    let (status, refusal) = exchange(&desk, &key, &access, ACCESS).await;
    assert_eq!((status, &refusal["error"]), (400, &json!("interaction_required")));
    desk.insert(0, &card).await;
    desk.login("card").await.expect("resumed");
    assert_eq!(exchange(&desk, &key, &access, ACCESS).await.0, 200);
}

#[tokio::test]
async fn the_registered_client_gets_tokens_that_the_upstream_itself_made() {
    let card = cards::doctor_cps3();
    let (desk, key, _folder) = desk("strict", &card).await;
    let access = login(&desk, &key).await;
    let (status, answer) = exchange(&desk, &key, &access, ACCESS).await;
    assert_eq!((status, &answer["token_type"]), (200, &json!("Bearer")), "{answer}");
    assert!(
        answer["expires_in"].as_i64().expect("a number") > 0 && answer.get("refresh_token").is_none(),
        "{answer}"
    );
    let (status, evidence) = exchange(&desk, &key, &access, ID).await;
    assert_eq!(status, 200, "{evidence}");
    let payload = evidence["access_token"].as_str().and_then(|token| token.split('.').nth(1)).expect("a JWS");
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON");
    let session = desk.control().await.session().await.expect("an answer").expect("a session");
    assert_eq!(claims["iss"].as_str(), session.idp.as_deref(), "the upstream's word");
}

#[tokio::test]
async fn a_disconnected_clients_token_is_taken_back_at_the_upstream() {
    let card = cards::doctor_cps3();
    let (desk, key, _folder) = desk("strict", &card).await;
    let access = login(&desk, &key).await;
    assert_eq!(exchange(&desk, &key, &access, ACCESS).await.0, 200);
    let visitor = Visitor::at(desk.agent.issuer());
    let link = desk.control().await.portal(&words::PortalRequest::default()).await.expect("a link");
    let page = visitor.follow(&link.url).await.expect("the page");
    let before = visitor.shown(&page).await.expect("the page");
    assert!(before.contains("also holds a token of the login service"), "{before}");

    visitor.press(&page, desk.agent.issuer(), "disconnect=relay").await;
    let revoked = async |_: &mut cps_agent_api::client::Agent| {
        let shown = visitor.shown(&page).await.expect("the session goes on");
        (!shown.contains("it still holds a token")).then_some(())
    };
    desk.wait_for("a token that is taken back", revoked).await;
    let upstream = desk.workstation.upstream.handle();
    assert_eq!((upstream.hits().get(&Endpoint::Revocation), upstream.sessions()), (Some(&1), 1));
    assert_eq!(exchange(&desk, &key, &access, ACCESS).await.0, 400, "its own token is void");
}
