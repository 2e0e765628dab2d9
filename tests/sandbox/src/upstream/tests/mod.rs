//! The stand-in seen from outside, before any agent is involved.

mod ciba;
mod clients;
mod wallet;

use super::*;
use crate::{
    browser::Browser,
    card::{CardHandle, cards},
    pki::{Purpose, TestKey, Variant},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use hyper::{Request, Response};
use ring::digest::{SHA256, digest};
use rsa::pkcs8::EncodePrivateKey;
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{PrivateKeyDer, pem::PemObject},
};
use serde_json::Value;
use std::collections::HashMap;
use url::Url;

const VERIFIER: &str = "a-verifier-of-the-test-that-is-43-characters-long";
const REDIRECT: &str = "http://127.0.0.1:4711/callback";

/// A browser that shows a certificate of the doctor's card, with the key taken from the pool instead of the chip.
fn browser(upstream: &Upstream, certificate: &[u8], version: &'static SupportedProtocolVersion) -> Browser {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(upstream.ca_pem().as_bytes()).unwrap()).unwrap();
    let key = TestKey::named("card-doctor-cps3-authentication").raw().to_pkcs8_der().unwrap();
    let key = PrivateKeyDer::try_from(key.as_bytes().to_vec()).unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![CertificateDer::from(certificate.to_vec())], key)
        .unwrap();
    Browser::with_tls(tls)
}

fn doctor(upstream: &Upstream) -> Browser {
    browser(upstream, cards::doctor_cps3().certificate(Purpose::Authentication), &rustls::version::TLS12)
}

fn card_with(variant: Variant) -> CardHandle {
    crate::card::CardBuilder::new(crate::card::Family::Cps3, &holder::DOCTOR).certificates(variant).build()
}

fn authorization(upstream: &Upstream, change: impl Fn(&mut HashMap<&str, String>)) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    let mut parameters: HashMap<&str, String> = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("scope", "openid scope_all"),
        ("acr_values", "eidas1"),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into();
    change(&mut parameters);
    let wallet = &upstream.handle.realm.wallet;
    Url::parse_with_params(&format!("{wallet}/auth"), parameters).unwrap().into()
}

async fn get(browser: &Browser, url: &str) -> Response<Bytes> {
    browser.fetch(Request::get(url).body(Bytes::new()).unwrap()).await.unwrap()
}

/// Follows redirects until one leads to the client, and returns its parameters.
async fn walk(browser: &Browser, start: &str) -> HashMap<String, String> {
    let mut url = start.to_owned();
    loop {
        let response = get(browser, &url).await;
        assert_eq!(response.status(), 302, "{url}: {}", String::from_utf8_lossy(response.body()));
        response.headers()["location"].to_str().unwrap().clone_into(&mut url);
        if url.starts_with(REDIRECT) {
            let url = Url::parse(&url).unwrap();
            return url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        }
    }
}

async fn login(upstream: &Upstream) -> HashMap<String, String> {
    walk(&doctor(upstream), &authorization(upstream, |_| {})).await
}

async fn post(upstream: &Upstream, endpoint: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .append_pair("client_id", CLIENT)
        .append_pair("client_secret", SECRET)
        .finish();
    let request = Request::post(format!("{}/protocol/openid-connect/{endpoint}", upstream.issuer()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(body))
        .unwrap();
    let response = Browser::new(&[upstream.ca_pem()]).unwrap().fetch(request).await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

async fn token(upstream: &Upstream, form: &[(&str, &str)]) -> (u16, Value) {
    post(upstream, "token", form).await
}

async fn redeem(upstream: &Upstream, code: &str) -> (u16, Value) {
    let grant = ("grant_type", "authorization_code");
    token(upstream, &[grant, ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)]).await
}

fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn userinfo(upstream: &Upstream, token: &Value) -> (u16, Value) {
    let request = Request::get(format!("{}/protocol/openid-connect/userinfo", upstream.issuer()))
        .header("authorization", format!("Bearer {}", token.as_str().unwrap()))
        .body(Bytes::new())
        .unwrap();
    let response = Browser::new(&[upstream.ca_pem()]).unwrap().fetch(request).await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

#[tokio::test]
async fn a_card_logs_in_and_userinfo_speaks_of_its_holder_as_psc_does() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let answer = login(&upstream).await;
    assert_eq!(answer["state"], "the-state");
    assert_eq!(answer["iss"], upstream.issuer());
    let (status, tokens) = redeem(&upstream, &answer["code"]).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!((&tokens["expires_in"], &tokens["refresh_expires_in"]), (&120.into(), &1800.into()));
    let id = claims(&tokens["id_token"]);
    assert_eq!(
        (&id["nonce"], &id["aud"], &id["authMode"]),
        (&"the-nonce".into(), &CLIENT.into(), &"CARD".into())
    );
    assert_eq!(id["exp"].as_u64().unwrap() - id["iat"].as_u64().unwrap(), 120);
    let (status, info) = userinfo(&upstream, &tokens["access_token"]).await;
    assert_eq!(status, 200);
    assert_eq!(info["sub"], id["sub"]);
    assert_eq!(info["SubjectNameID"], holder::DOCTOR.identifier);
    assert_eq!(info["Acces_Regulation_Medicale"], "FAUX");
    assert_eq!(info["otherIds"][0]["origine"], "RPPS");
    let activities = &info["SubjectRefPro"]["exercices"][0]["activities"];
    assert_eq!(activities.as_array().unwrap().len(), 2);
    assert_eq!(activities[0].as_object().unwrap().len(), 30);
    assert_eq!(activities[0]["telephone"], "");
}

#[tokio::test]
async fn the_card_page_speaks_tls_1_2_and_1_3() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let certificate = cards::doctor_cps3().certificate(Purpose::Authentication).to_vec();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let browser = browser(&upstream, &certificate, version);
        assert!(walk(&browser, &authorization(&upstream, |_| {})).await.contains_key("code"));
    }
    let seen: Vec<_> = upstream.handle().cards().iter().map(|visit| visit.tls).collect();
    assert_eq!(seen, ["TLS 1.2", "TLS 1.3"]);
}

#[tokio::test]
async fn the_card_page_can_be_told_to_speak_no_tls_1_3() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let certificate = cards::doctor_cps3().certificate(Purpose::Authentication).to_vec();
    let new = browser(&upstream, &certificate, &rustls::version::TLS13);
    let ask = async |browser: &Browser| {
        browser.fetch(Request::get(upstream.mirror()).body(Bytes::new()).unwrap()).await
    };
    upstream.handle().set(Fault::Tls12);
    assert!(ask(&new).await.is_err());
    let seen = ask(&doctor(&upstream)).await.unwrap();
    let seen = String::from_utf8(seen.body().to_vec()).unwrap();
    assert!(seen.contains(holder::DOCTOR.identifier) && seen.contains("TLS 1.2"), "{seen}");
    upstream.handle().heal();
    assert_eq!(ask(&new).await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_mirror_names_a_certificate_that_is_not_good_enough() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let card = card_with(Variant::Expired);
    let expired = browser(&upstream, card.certificate(Purpose::Authentication), &rustls::version::TLS12);
    let answer = expired.fetch(Request::get(upstream.mirror()).body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn a_browser_without_a_certificate_does_not_reach_the_card_page() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let bare = Browser::new(&[upstream.ca_pem()]).unwrap();
    let page = get(&bare, &authorization(&upstream, |_| {})).await.headers()["location"].clone();
    let refused = bare.fetch(Request::get(page.to_str().unwrap()).body(Bytes::new()).unwrap()).await;
    assert!(refused.is_err());
    assert!(upstream.handle().cards().is_empty());
}

#[tokio::test]
async fn expired_and_foreign_certificates_and_cards_in_opposition_are_refused_as_access_denied() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let valid = card_with(Variant::Valid);
    let expired = card_with(Variant::Expired);
    let forged = card_with(Variant::WrongIssuer);
    for (certificate, why) in [
        (expired.certificate(Purpose::Authentication), Refusal::Chain),
        (forged.certificate(Purpose::Authentication), Refusal::Chain),
    ] {
        let answer = walk(
            &browser(&upstream, certificate, &rustls::version::TLS13),
            &authorization(&upstream, |_| {}),
        )
        .await;
        assert_eq!(answer["error"], "access_denied");
        assert!(!answer.contains_key("code"));
        assert_eq!(upstream.handle().cards().last().unwrap().outcome.err(), Some(why));
    }
    upstream.handle().revoke(holder::DOCTOR.identifier);
    assert_eq!(login(&upstream).await["error"], "access_denied");
    upstream.handle().heal();
    let good = valid.certificate(Purpose::Authentication);
    let answer =
        walk(&browser(&upstream, good, &rustls::version::TLS13), &authorization(&upstream, |_| {})).await;
    assert!(answer.contains_key("code"));
}

#[tokio::test]
async fn a_request_that_psc_would_not_take_is_refused() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let browser = doctor(&upstream);
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "scope_all", "invalid_scope"),
        ("nonce", "", "invalid_request"),
        ("acr_values", "eidas3", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("prompt", "none", "login_required"),
    ] {
        let url = authorization(&upstream, |parameters| {
            parameters.insert(name, value.to_owned());
        });
        assert_eq!(walk(&browser, &url).await["error"], error, "{name}");
    }
    for (name, value) in [("client_id", "nobody"), ("redirect_uri", "https://elsewhere.invalid/callback")] {
        let url = authorization(&upstream, |parameters| {
            parameters.insert(name, value.to_owned());
        });
        assert_eq!(get(&browser, &url).await.status(), 400, "{name}");
    }
}

#[tokio::test]
async fn a_code_serves_once_and_a_second_use_ends_what_the_first_gave() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let code = login(&upstream).await["code"].clone();
    let (_, tokens) = redeem(&upstream, &code).await;
    let (status, second) = redeem(&upstream, &code).await;
    assert_eq!((status, &second["error"]), (400, &"invalid_grant".into()));
    assert_eq!(userinfo(&upstream, &tokens["access_token"]).await.0, 401);
}

#[tokio::test]
async fn a_wrong_verifier_buys_nothing() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let code = login(&upstream).await["code"].clone();
    let grant = ("grant_type", "authorization_code");
    let form = [grant, ("code", code.as_str()), ("redirect_uri", REDIRECT), ("code_verifier", "another")];
    assert_eq!(token(&upstream, &form).await.1["error"], "invalid_grant");
    assert_eq!(redeem(&upstream, &code).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_an_old_one_ends_the_session() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let (_, first) = redeem(&upstream, &login(&upstream).await["code"]).await;
    let renew = async |tokens: &Value| {
        let refresh = tokens["refresh_token"].as_str().unwrap();
        token(&upstream, &[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await
    };
    let (status, second) = renew(&first).await;
    assert_eq!(status, 200);
    assert_eq!(claims(&second["id_token"])["sub"], claims(&first["id_token"])["sub"]);
    assert_eq!(renew(&first).await.1["error"], "invalid_grant");
    assert_eq!(renew(&second).await.1["error"], "invalid_grant");
    assert_eq!(upstream.handle().sessions(), 0);
}

#[tokio::test]
async fn logout_with_an_id_token_ends_the_session() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let (_, tokens) = redeem(&upstream, &login(&upstream).await["code"]).await;
    assert_eq!(upstream.handle().sessions(), 1);
    let hint = tokens["id_token"].as_str().unwrap();
    let logout = format!("{}/protocol/openid-connect/logout?id_token_hint={hint}", upstream.issuer());
    assert_eq!(get(&doctor(&upstream), &logout).await.status(), 200);
    assert_eq!(upstream.handle().sessions(), 0);
}

#[tokio::test]
async fn faults_are_switched_on_and_healed_while_it_runs() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let (handle, browser) = (upstream.handle(), doctor(&upstream));
    let discovery = format!("{}/.well-known/wallet-openid-configuration", upstream.issuer());
    handle.set(Fault::Fail { at: Endpoint::Discovery });
    assert_eq!(get(&browser, &discovery).await.status(), 500);
    handle.heal();
    handle.set(Fault::Garbage { at: Endpoint::Discovery });
    let garbage = get(&browser, &discovery).await;
    assert!(serde_json::from_slice::<Value>(garbage.body()).is_err());
    handle.heal();
    handle.set(Fault::Refuse);
    assert_eq!(login(&upstream).await["error"], "access_denied");
    handle.heal();
    handle.set(Fault::Wrong { what: Wrong::Nonce });
    handle.set(Fault::Wrong { what: Wrong::Audience });
    let (_, tokens) = redeem(&upstream, &login(&upstream).await["code"]).await;
    let id = claims(&tokens["id_token"]);
    assert_ne!(id["nonce"], "the-nonce");
    assert_ne!(id["aud"], CLIENT);
    handle.heal();
    assert_eq!(get(&browser, &discovery).await.status(), 200);
    assert_eq!(handle.hits()[&Endpoint::Discovery], 3);
}

#[tokio::test]
async fn keys_rotate_and_the_old_ones_stay_published_unless_told_otherwise() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let browser = doctor(&upstream);
    let certs = format!("{}/protocol/openid-connect/certs", upstream.issuer());
    let ids = async || -> Vec<String> {
        let body = get(&browser, &certs).await.into_body();
        let keys: Value = serde_json::from_slice(&body).unwrap();
        keys["keys"].as_array().unwrap().iter().map(|k| k["kid"].as_str().unwrap().to_owned()).collect()
    };
    let first = ids().await;
    upstream.handle().rotate_keys(false);
    let second = ids().await;
    assert_eq!((second.len(), second.last()), (2, first.first()));
    upstream.handle().rotate_keys(true);
    assert_eq!(ids().await.len(), 1);
}
