//! The agent keeps its session at the upstream alive, for a person who is active: a new ID token is believed only from the
//! same issuer about the same person, only `invalid_grant` is an end, and whatever else goes wrong logs nobody out.

use crate::scene::{Scene, Special};
use cps_agent_api::words::{ChallengeRequest, Screen};
use cps_sandbox::card::{CardHandle, cards};
use serde_json::{Value, json};

/// A person is logged in at an upstream whose refresh tokens are said to live three seconds, and types a PIN each time the
/// card signs: a signature that asks nobody is no act.
async fn active(card: &CardHandle) -> Scene {
    let settings = vec![("pin", "hold", "operation".into())];
    let mut scene = Scene::special(card, Special { upstream: json!({ "lives": 3 }), settings }).await;
    scene.login("card").await.expect("a login");
    scene
}

/// The person uses the card.
async fn act(scene: &mut Scene) {
    let request = ChallengeRequest {
        challenge: "00112233445566778899aabbccddeeff".to_owned(),
        audience: None,
        purpose: None,
        card: None,
        screen: Screen::default(),
    };
    scene.agent.control().await.expect("the control door").challenge(&request).await.expect("a signature");
}

/// The next line of the trail about a refresh, while the person goes on using the card.
async fn next_refresh(scene: &mut Scene, after: usize) -> Value {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let trail = scene.audit();
        let line =
            trail[after..].iter().find(|line| line["event"] == "upstream" && line["endpoint"] == "refresh");
        if let Some(line) = line {
            return line.clone();
        }
        assert!(std::time::Instant::now() < deadline, "no refresh:\n{}", scene.agent.log());
        act(scene).await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

async fn session(scene: &Scene) -> Option<String> {
    let mut control = scene.agent.control().await.expect("the control door");
    control.session().await.expect("an answer").map(|session| session.sid)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_persons_session_is_refreshed_and_outlives_every_bad_network() {
    let card = cards::doctor_cps3();
    let mut scene = active(&card).await;
    let sid = session(&scene).await;
    let told = scene.audit().len();
    assert_eq!(next_refresh(&mut scene, told).await["result"], "done");
    for (fault, code) in [("failing", "upstream_failing"), ("garbage", "upstream_garbled")] {
        let told = scene.audit().len();
        scene.upstream.fault_at(fault, "token");
        let line = next_refresh(&mut scene, told).await;
        assert_eq!((&line["result"], &line["code"]), (&json!("refused"), &json!(code)), "{fault}");
        assert_eq!(session(&scene).await, sid, "{fault} logged the person out");
        scene.upstream.heal();
    }
}

async fn not_believed(fault: &str, reason: &str) {
    let card = cards::doctor_cps3();
    let mut scene = active(&card).await;
    let sid = session(&scene).await;
    scene.upstream.fault(fault);
    let told = scene.audit().len();
    let line = next_refresh(&mut scene, told).await;
    let expected = (&json!("refused"), &json!("id_token_refused"));
    assert_eq!((&line["result"], &line["code"]), expected, "{fault} ({reason})\n{}", scene.agent.log());
    assert_eq!(session(&scene).await, sid, "{fault} logged the person out");
}

/// `oidcc-client-test-refresh-token-invalid-issuer`.
#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_id_token_of_another_issuer_is_not_believed() {
    not_believed("invalid-iss", "iss").await;
}

/// `oidcc-client-test-refresh-token-invalid-sub`.
#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_id_token_about_somebody_else_is_not_believed() {
    not_believed("another-person", "sub").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_upstream_ended_ends_here() {
    let card = cards::doctor_cps3();
    let mut scene = active(&card).await;
    scene.upstream.fault("token-invalid-grant");
    let told = scene.audit().len();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while session(&scene).await.is_some() {
        assert!(std::time::Instant::now() < deadline, "the session goes on:\n{}", scene.agent.log());
        act(&mut scene).await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let trail = scene.audit();
    let ended =
        trail[told..].iter().find(|line| line["event"] == "session_ended").expect("a line of the end");
    assert_eq!(ended["why"], "upstream");
}
