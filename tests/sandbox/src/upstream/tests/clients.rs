//! Clients that prove themselves in one way, and never in another.

use super::*;
use serde_json::json;

async fn upstream(authentication: ClientAuthentication) -> Upstream {
    let usual = Settings::default();
    let client = |client: Client| Client { authentication: authentication.clone(), ..client };
    let clients = usual.clients.into_iter().map(client).collect();
    Upstream::start(Settings { clients, ..Settings::default() }).await.unwrap()
}

/// What introspection answers to a client that proves itself like this: 200 or 401.
async fn status(upstream: &Upstream, browser: &Browser, form: &[(&str, &str)]) -> u16 {
    let body = url::form_urlencoded::Serializer::new("token=x".to_owned()).extend_pairs(form).finish();
    let request = Request::post(format!("{}/protocol/openid-connect/token/introspect", upstream.issuer()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(body))
        .unwrap();
    browser.fetch(request).await.unwrap().status().as_u16()
}

/// An assertion signed by a TEST key.
fn assertion(key: &TestKey, change: impl Fn(&mut Value)) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({"iss": CLIENT, "sub": CLIENT, "exp": now + 60, "jti": realm::random()});
    change(&mut claims);
    let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let input = format!("{}.{}", encode(&json!({"alg": "RS256"})), encode(&claims));
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes())))
}

#[tokio::test]
async fn an_assertion_is_good_once_and_for_us_alone() {
    let key = TestKey::named("card-technical-doctor");
    let upstream = upstream(ClientAuthentication::Key(ClientKey::Rsa(key.public().to_vec()))).await;
    let browser = Browser::new(&[upstream.ca_pem()]).unwrap();
    let issuer = upstream.issuer().to_owned();
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let good = assertion(&key, |claims| claims["aud"] = issuer.as_str().into());
    let form = [kind, ("client_assertion", good.as_str())];
    assert_eq!(status(&upstream, &browser, &form).await, 200);
    assert_eq!(status(&upstream, &browser, &form).await, 401, "a replay");
    let bad = [
        assertion(&key, |_| {}),
        assertion(&key, |claims| claims["aud"] = "https://elsewhere.example".into()),
        assertion(&key, |claims| {
            claims["aud"] = issuer.as_str().into();
            claims["exp"] = 1.into();
        }),
        assertion(&key, |claims| {
            claims["aud"] = issuer.as_str().into();
            claims["iss"] = "somebody".into();
        }),
        assertion(&TestKey::named("authority-stranger"), |claims| claims["aud"] = issuer.as_str().into()),
    ];
    for assertion in &bad {
        assert_eq!(status(&upstream, &browser, &[kind, ("client_assertion", assertion)]).await, 401);
    }
    assert_eq!(status(&upstream, &browser, &[("client_id", CLIENT), ("client_secret", SECRET)]).await, 401);
    assert_eq!(upstream.handle().proofs().len(), 1);
    assert_eq!(upstream.handle().proofs()[0].method, "private_key_jwt");
}

/// A browser that shows a certificate of an organisation.
fn certified(upstream: &Upstream, certificate: &str, key: &str) -> Browser {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(upstream.ca_pem().as_bytes()).unwrap()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    Browser::with_tls(
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .unwrap(),
    )
}

#[tokio::test]
async fn a_certificate_is_good_under_its_name_and_while_it_lasts() {
    let upstream = upstream(ClientAuthentication::Certificate(CLIENT.to_owned())).await;
    let form = [("client_id", CLIENT)];
    for (name, days, expected) in [(CLIENT, 30, 200), ("somebody", 30, 401), (CLIENT, -1, 401)] {
        let (certificate, key) = upstream.organisation(name, days).unwrap();
        let browser = certified(&upstream, &certificate, &key);
        assert_eq!(status(&upstream, &browser, &form).await, expected, "{name}, {days} days");
    }
    let without = Browser::new(&[upstream.ca_pem()]).unwrap();
    assert_eq!(status(&upstream, &without, &form).await, 401, "nobody has to show one, this client has");
    let card = doctor(&upstream);
    assert_eq!(status(&upstream, &card, &form).await, 401, "a card is no organisation");
}
