//! The five ways in which this workstation proves upstream which client it is (OpenID Connect Core §9, RFC 8705).

use crate::scene::Scene;
use cps_sandbox::{
    card::cards,
    pki::TestKey,
    upstream::{
        self, CLIENT, Client, ClientAuthentication, ClientKey, Endpoint, Fault, SECRET, Upstream, Wrong,
    },
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// An upstream where our client is registered in one way.
async fn upstream(authentication: ClientAuthentication) -> Upstream {
    let usual = upstream::Settings::default();
    let clients = usual
        .clients
        .iter()
        .cloned()
        .map(|client| Client { authentication: authentication.clone(), ..client });
    Upstream::start(upstream::Settings { clients: clients.collect(), ..usual }).await.expect("an upstream")
}

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).expect("written");
    path
}

/// Logs in with these settings, ends the session, and returns the methods that the upstream saw.
async fn methods(upstream: Upstream, settings: &[(&str, &str)]) -> Vec<&'static str> {
    let card = cards::doctor_cps3();
    let scene = Scene::at(upstream, settings, &[&card]).await;
    let session = scene.login().await.expect("logged in");
    assert_eq!(session.sub, card.holder().identifier);
    assert_eq!(scene.upstream().hits().get(&Endpoint::UserInfo), Some(&1));
    scene.control().await.end_session().await.expect("an answer");
    scene.until("the end upstream", async |_| (scene.upstream().sessions() == 0).then_some(())).await;
    let revoked = async |_: &mut _| scene.upstream().hits().contains_key(&Endpoint::Revocation).then_some(());
    scene.until("the revocation", revoked).await;
    scene.upstream().proofs().iter().map(|proof| proof.method).collect()
}

fn all_by(method: &str, seen: &[&str]) {
    assert!(seen.len() >= 2, "token and revocation endpoints: {seen:?}");
    assert!(seen.iter().all(|seen| *seen == method), "{method}: {seen:?}");
}

#[tokio::test]
async fn a_public_client_has_pkce_alone() {
    let seen = methods(upstream(ClientAuthentication::None).await, &[("upstream.client_auth", "none")]).await;
    all_by("none", &seen);
}

#[tokio::test]
async fn a_secret_goes_into_the_header_or_into_the_form() {
    for method in ["client_secret_basic", "client_secret_post"] {
        let upstream = upstream(ClientAuthentication::Secret(SECRET.to_owned())).await;
        all_by(method, &methods(upstream, &[("upstream.client_auth", method)]).await);
    }
}

#[tokio::test]
async fn a_secret_that_was_pasted_with_a_line_feed_is_the_same_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "secret", &format!("\u{FEFF}  {SECRET}\r\n")).display().to_string();
    let upstream = upstream(ClientAuthentication::Secret(SECRET.to_owned())).await;
    all_by("client_secret_basic", &methods(upstream, &[("upstream.client_secret_file", &file)]).await);
}

#[tokio::test]
async fn assertions_are_signed_by_the_key_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let rsa = TestKey::named("card-technical-nurse");
    let p256 = rcgen::KeyPair::generate().expect("a key");
    for (key, pem) in [
        (ClientKey::Rsa(rsa.public().to_vec()), rsa.pem()),
        (ClientKey::P256(p256.public_key_raw().to_vec()), p256.serialize_pem()),
    ] {
        let file = write(folder.path(), "key.pem", &pem).display().to_string();
        let upstream = upstream(ClientAuthentication::Key(key)).await;
        let settings = [("upstream.client_auth", "private_key_jwt"), ("upstream.client_key", file.as_str())];
        all_by("private_key_jwt", &methods(upstream, &settings).await);
    }
}

/// Certificate and key of our client in a folder, and the settings that name them.
fn certified(upstream: &Upstream, folder: &Path, name: &str, days: i64) -> Vec<(&'static str, String)> {
    let (certificate, key) = upstream.organisation(name, days).expect("a certificate");
    vec![
        ("upstream.client_auth", "tls_client_auth".to_owned()),
        ("upstream.client_certificate", write(folder, "client.pem", &certificate).display().to_string()),
        ("upstream.client_key", write(folder, "client.key", &key).display().to_string()),
    ]
}

fn borrowed<'s>(settings: &'s [(&'static str, String)]) -> Vec<(&'static str, &'s str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn a_certificate_proves_the_client_and_binds_its_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let upstream = upstream(ClientAuthentication::Certificate(CLIENT.to_owned())).await;
    let settings = certified(&upstream, folder.path(), CLIENT, 90);
    // UserInfo refuses a bound token without the certificate: the login shows that it was presented there as well.
    all_by("tls_client_auth", &methods(upstream, &borrowed(&settings)).await);
}

#[tokio::test]
async fn a_certificate_of_another_name_or_past_its_end_is_no_proof_and_the_person_is_told() {
    let card = cards::doctor_cps3();
    for (name, days) in [("somebody-else", 90), (CLIENT, -1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let upstream = upstream(ClientAuthentication::Certificate(CLIENT.to_owned())).await;
        let settings = certified(&upstream, folder.path(), name, days);
        let scene = Scene::at(upstream, &borrowed(&settings), &[&card]).await;
        assert_eq!(scene.login().await.expect_err("no client"), "upstream_refused", "{name}, {days} days");
        assert!(scene.session().await.is_none());
    }
}

#[tokio::test]
async fn a_client_that_proves_nothing_gets_nothing() {
    let card = cards::doctor_cps3();
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "secret", "not-the-secret").display().to_string();
    let upstream = upstream(ClientAuthentication::Secret(SECRET.to_owned())).await;
    let scene = Scene::at(upstream, &[("upstream.client_secret_file", &file)], &[&card]).await;
    assert_eq!(scene.login().await.expect_err("no client"), "upstream_refused");
    assert_eq!(scene.upstream().sessions(), 1, "the person was known there, and our client was not");
}

#[tokio::test]
async fn a_token_that_hangs_on_the_clients_secret_is_refused() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    scene.upstream().set(Fault::Wrong { what: Wrong::Symmetric });
    assert_eq!(scene.login().await.expect_err("HS256"), "id_token_refused");
}
