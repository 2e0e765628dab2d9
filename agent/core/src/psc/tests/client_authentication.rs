//! The five forms of client authentication: what each sends, and what it never sends.

use crate::fetch::{Fetch, IfAsked};
use crate::jose::{Algorithm, SigningKey, Unverified};
use crate::psc::client::{Client, ClientAuth, Fresh};
use crate::psc::{Metadata, Profile};
use crate::secret::Secret;
use crate::tests::authority::random;
use crate::tests::provider::{client, custom, json_answer, signing_key};
use crate::tests::{Counted, NOW};
use serde_json::json;
use std::collections::BTreeMap;
use url::Url;

fn profile(auth: ClientAuth) -> Profile {
    Profile::custom(custom(), Client { auth, ..client() }).unwrap()
}

fn post(profile: &Profile, entropy: &mut Counted) -> Fetch {
    let url = Url::parse("https://idp.test.invalid/t").unwrap();
    let mut fresh = Fresh { now: NOW, entropy, random: &random() };
    profile.post(url, &[("a", "b&c")], &mut fresh).unwrap()
}

fn sent(auth: ClientAuth) -> (String, Option<String>, IfAsked) {
    let fetch = post(&profile(auth), &mut Counted::default());
    let header = fetch.headers.iter().find(|(n, _)| *n == "authorization").map(|(_, v)| v.to_string());
    (fetch.form.unwrap().expose().to_owned(), header, fetch.if_asked)
}

fn members(fetch: &Fetch) -> BTreeMap<String, String> {
    let form = fetch.form.as_ref().unwrap().expose();
    url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

#[test]
fn each_form_puts_the_secret_where_it_belongs() {
    let secret = || Secret::new("a+b:c é".into());
    assert_eq!(sent(ClientAuth::None), ("a=b%26c&client_id=agent".into(), None, IfAsked::GoOnWithout));
    let (body, header, _) = sent(ClientAuth::SecretPost(secret()));
    assert_eq!((body.as_str(), header), ("a=b%26c&client_id=agent&client_secret=a%2Bb%3Ac+%C3%A9", None));
    let (body, header, _) = sent(ClientAuth::SecretBasic(secret()));
    assert_eq!(body, "a=b%26c");
    // `agent:a%2Bb%3Ac+%C3%A9`, both halves form-encoded before base64 (RFC 6749 §2.3.1).
    assert_eq!(header.as_deref(), Some("Basic YWdlbnQ6YSUyQmIlM0FjKyVDMyVBOQ=="));
}

#[test]
fn a_tls_client_shows_its_certificate_and_sends_its_name_without_a_secret() {
    assert_eq!(sent(ClientAuth::Tls), ("a=b%26c&client_id=agent".into(), None, IfAsked::Identify));
}

#[test]
fn an_assertion_is_signed_for_the_issuer_lives_a_minute_and_is_made_once() {
    let random = random();
    let p256 = SigningKey::p256(&SigningKey::generate_p256(&random).unwrap(), &random).unwrap();
    for (key, algorithm) in [(signing_key(0), Algorithm::Rs256), (p256, Algorithm::Es256)] {
        let (public, kid) = (key.public().clone(), key.kid().to_owned());
        let profile = profile(ClientAuth::PrivateKeyJwt(Box::new(key)));
        let mut entropy = Counted::default();
        let fetch = post(&profile, &mut entropy);
        let form = members(&fetch);
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert!(!form.contains_key("client_secret"));
        let parsed = Unverified::parse(&form["client_assertion"], &[algorithm]).unwrap();
        assert_eq!(parsed.key_id(), Some(kid.as_str()));
        let claims = parsed.verify(&public).unwrap();
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("agent"), &json!("agent")));
        assert_eq!(claims["aud"], profile.issuer.as_str());
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW.0), &json!(NOW.0 + 60)));
        assert!(claims["jti"].as_str().unwrap().len() >= 22);
        let again = members(&post(&profile, &mut entropy));
        assert_ne!(form["client_assertion"], again["client_assertion"]);
    }
}

#[test]
fn only_a_tls_client_takes_the_addresses_for_tls_clients_and_they_stay_inside_the_profile() {
    let document = |token: &str| {
        let at = |name: &str| format!("https://idp.test.invalid/realm/{name}");
        json_answer(
            200,
            &json!({"issuer": "https://idp.test.invalid/realm", "authorization_endpoint": at("auth"),
                "token_endpoint": at("token"), "userinfo_endpoint": at("userinfo"), "jwks_uri": at("certs"),
                "mtls_endpoint_aliases": {"token_endpoint": token, "issuer": "https://other.test.invalid"}}),
        )
    };
    let alias = "https://idp.test.invalid:8443/realm/token";
    let tls = Metadata::read(&profile(ClientAuth::Tls), &document(alias)).unwrap();
    assert_eq!(tls.token_endpoint.as_str(), alias);
    assert_eq!(tls.userinfo_endpoint.as_str(), "https://idp.test.invalid/realm/userinfo");
    let plain = Metadata::read(&profile(ClientAuth::None), &document(alias)).unwrap();
    assert_eq!(plain.token_endpoint.as_str(), "https://idp.test.invalid/realm/token");
    assert!(Metadata::read(&profile(ClientAuth::Tls), &document("https://evil.test.invalid/t")).is_err());
}
