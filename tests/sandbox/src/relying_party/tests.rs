//! The application against the stand-in, without an agent between: each judges the other, and the refusals are the
//! same that the agent will meet.

use super::{
    app::{App, Outcome, Place},
    *,
};
use crate::{
    browser::Choice,
    card::cards,
    pki::{Purpose, TestKey, holder},
    upstream::{CLIENT, Fault, SECRET, Settings, Upstream, Wrong},
};
use rsa::pkcs8::EncodePrivateKey;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// A browser that has the doctor's certificate and key.
fn browser(upstream: &Upstream) -> Browser {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(upstream.ca_pem().as_bytes()).unwrap()).unwrap();
    let key = TestKey::named("card-doctor-cps3-authentication").raw().to_pkcs8_der().unwrap();
    let key = PrivateKeyDer::try_from(key.as_bytes().to_vec()).unwrap();
    let certificate = cards::doctor_cps3().certificate(Purpose::Authentication).to_vec();
    Browser::with_tls(
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![CertificateDer::from(certificate)], key)
            .unwrap(),
    )
}

async fn party(upstream: &Upstream, redirect_uri: String) -> Result<RelyingParty, Error> {
    let registration = Registration {
        issuer: upstream.issuer().to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(SECRET.to_owned()),
        redirect_uri,
        scopes: vec!["scope_all".to_owned()],
        acr_values: Some("eidas1".to_owned()),
    };
    RelyingParty::discover(browser(upstream), registration).await
}

/// A whole login: the browser starts at the application and comes back to it.
async fn login(upstream: &Upstream) -> Outcome {
    let place = Place::take().await.unwrap();
    let party = party(upstream, place.redirect_uri()).await?;
    let (outcomes, mut ended) = mpsc::channel(1);
    let app = App::start(place, party, outcomes);
    let visit =
        browser(upstream).choosing(Choice::Card).open(&app.login(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(visit.status, 200, "{}", visit.body);
    ended.recv().await.unwrap()
}

#[tokio::test]
async fn a_login_is_accepted_and_renewed() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let place = Place::take().await.unwrap();
    let party = party(&upstream, place.redirect_uri()).await.unwrap();
    let accepted = login(&upstream).await.unwrap();
    assert_eq!(accepted.header["alg"], "RS256");
    assert_eq!(accepted.claims["SubjectNameID"], holder::DOCTOR.identifier);
    assert_eq!(accepted.userinfo["SubjectRefPro"]["exercices"][0]["codeProfession"], "10");
    let renewed = party.refresh(&accepted).await.unwrap();
    assert_eq!(renewed.claims["sub"], accepted.claims["sub"]);
    assert!(party.refresh(&accepted).await.is_err());
}

#[tokio::test]
async fn nothing_wrong_is_accepted() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let refusals = [
        (Wrong::Nonce, "ID token"),
        (Wrong::Audience, "ID token"),
        (Wrong::Issuer, "ID token"),
        (Wrong::Signature, "ID token"),
        (Wrong::Algorithm, "ID token"),
        (Wrong::Expiry, "ID token"),
        (Wrong::AccessTokenHash, "ID token"),
        (Wrong::ResponseIssuer, "response"),
        (Wrong::Subject, "UserInfo"),
        (Wrong::DiscoveryIssuer, "discovery"),
    ];
    for (what, expected) in refusals {
        upstream.handle().set(Fault::Wrong { what });
        let error = login(&upstream).await.err().unwrap_or_else(|| panic!("{what:?} was accepted"));
        assert!(error.to_string().contains(expected), "{what:?}: {error}");
        upstream.handle().heal();
    }
    assert!(login(&upstream).await.is_ok());
}

#[tokio::test]
async fn a_refused_card_comes_back_as_the_providers_refusal() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    upstream.handle().set(Fault::Refuse);
    assert!(matches!(login(&upstream).await, Err(Error::Refused(error)) if error == "access_denied"));
}

#[tokio::test]
async fn keys_that_rotated_before_the_login_are_found() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    upstream.handle().rotate_keys(true);
    assert!(login(&upstream).await.is_ok());
}
