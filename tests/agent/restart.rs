//! A restart ends sessions cleanly and forgets no registration.

use crate::scene::Scene;
use cps_sandbox::card::cards;

#[tokio::test]
async fn sessions_end_and_registrations_stay() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&[&card]).await;
    scene.application("dpi").await.login().await.expect("accepted");
    scene.stop().await;
    scene.start().await;
    scene.until_seen(&card).await;
    assert!(scene.session().await.is_none());
    let clients = scene.control().await.clients().await.expect("clients");
    assert_eq!(clients.iter().map(|client| client.client_id.as_str()).collect::<Vec<_>>(), ["dpi"]);
    let trail = scene.audit();
    let ended = trail.iter().find(|line| line["event"] == "session_ended").expect("an end");
    assert_eq!(ended["why"], "stopped");
}

/// The bridge keeps its port, so that the application finds the next agent where the last one was.
#[tokio::test]
async fn tokens_of_an_earlier_run_are_refused() {
    let card = cards::doctor_cps3();
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let mut scene = Scene::with(&[("bridge.listen", &port.to_string())], &[&card]).await;
    let mut application = scene.application("dpi").await;
    let accepted = application.login().await.expect("accepted");
    let accepted = application.refresh(&accepted).await.expect("renewed");
    scene.stop().await;
    scene.start().await;
    let refused = application.refresh(&accepted).await.err().expect("an unknown token");
    assert!(refused.contains("invalid_grant"), "{refused}");
    scene.until_seen(&card).await;
    let again = application.login().await.expect("logged in anew");
    assert_ne!(again.claims["sid"], accepted.claims["sid"]);
    assert_eq!(scene.person.questions().len(), 2, "the PIN was asked again");
}

#[tokio::test]
async fn a_known_card_is_read_with_a_few_commands() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&[&card]).await;
    scene.stop().await;
    let before = card.counters().commands();
    scene.start().await;
    scene.until_seen(&card).await;
    assert_eq!(card.counters().commands() - before, 3);
}
