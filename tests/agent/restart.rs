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
