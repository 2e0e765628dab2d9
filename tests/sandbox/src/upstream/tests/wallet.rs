//! The wallet's page: what a person with a browser meets.

use super::*;
use crate::browser::Choice;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Where the browser ended: on the wallet, or at the client, which does not run here.
async fn visit(
    browser: &Browser,
    upstream: &Upstream,
    change: impl Fn(&mut HashMap<&str, String>),
) -> String {
    let place = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirect = format!("http://{}/callback", place.local_addr().unwrap());
    let client = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = place.accept().await.unwrap();
        let mut request = vec![0; 8192];
        let read = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&request[..read]).lines().next().unwrap_or_default().to_owned()
    });
    let address = authorization(upstream, |parameters| {
        parameters.insert("redirect_uri", redirect.clone());
        change(parameters);
    });
    let visit = browser.open(&address, PATIENCE).await.unwrap();
    if visit.url.path() == "/callback" { client.await.unwrap() } else { visit.body }
}

fn plain(upstream: &Upstream, choice: Choice) -> Browser {
    Browser::new(&[upstream.ca_pem()]).unwrap().choosing(choice)
}

#[tokio::test]
async fn a_person_chooses_the_card_the_phone_or_neither() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let page = visit(&Browser::new(&[upstream.ca_pem()]).unwrap(), &upstream, |_| {}).await;
    assert!(page.contains("id=\"card\"") && page.contains("id=\"ecps\"") && page.contains("TEST"), "{page}");
    let line = visit(&doctor(&upstream).choosing(Choice::Card), &upstream, |_| {}).await;
    assert!(line.contains("code="), "{line}");
    let line = visit(&plain(&upstream, Choice::Cancel), &upstream, |_| {}).await;
    assert!(line.contains("error=access_denied") && line.contains("state=the-state"), "{line}");
    for (habit, expected) in [(Habit::Approve, "code="), (Habit::Deny, "error=access_denied")] {
        upstream.handle().phone().habit(habit);
        let ecps = Choice::Ecps(holder::NURSE.identifier.to_owned());
        let line = visit(&plain(&upstream, ecps), &upstream, |_| {}).await;
        assert!(line.contains(expected), "{line}");
    }
    let unknown = visit(&plain(&upstream, Choice::Ecps("899700999999".to_owned())), &upstream, |_| {}).await;
    assert!(unknown.contains("Identifiant inconnu"), "{unknown}");
}

#[tokio::test]
async fn a_browser_is_known_again_unless_the_client_wants_the_person_anew() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    upstream.handle().phone().habit(Habit::Approve);
    let rings = || upstream.handle().phone().requests().len();
    let browser = plain(&upstream, Choice::Ecps(holder::DOCTOR.identifier.to_owned()));
    let silent = |parameters: &mut HashMap<&str, String>| {
        parameters.insert("prompt", "none".to_owned());
    };
    assert!(visit(&browser, &upstream, silent).await.contains("error=login_required"));
    assert!(visit(&browser, &upstream, |_| {}).await.contains("code="));
    assert!(visit(&browser, &upstream, silent).await.contains("code="));
    assert_eq!(rings(), 1, "once for both");
    let anew = |parameters: &mut HashMap<&str, String>| {
        parameters.insert("prompt", "login".to_owned());
    };
    assert!(visit(&browser, &upstream, anew).await.contains("code="));
    assert_eq!(rings(), 2);
    upstream.handle().pass(100);
    let fresh = |parameters: &mut HashMap<&str, String>| {
        parameters.insert("max_age", "60".to_owned());
    };
    assert!(visit(&browser, &upstream, fresh).await.contains("code="));
    assert_eq!(rings(), 3);
    upstream.handle().end_sessions();
    assert!(visit(&browser, &upstream, silent).await.contains("error=login_required"), "logged out");
}

#[tokio::test]
async fn the_hint_of_an_establishment_is_seen() {
    let upstream = Upstream::start(Settings::default()).await.unwrap();
    let page = visit(&Browser::new(&[upstream.ca_pem()]).unwrap(), &upstream, |parameters| {
        parameters.insert("kc_idp_hint", "OKTA_test".to_owned());
    })
    .await;
    assert!(page.contains("id=\"delegation\""));
    assert_eq!(upstream.handle().authorizations()[0]["kc_idp_hint"], "OKTA_test");
}
