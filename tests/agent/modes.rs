//! What the card's absence does: locked sessions, and another person's card.

use crate::scene::Scene;
use cps_sandbox::card::cards;

#[tokio::test]
async fn in_lock_mode_card_out_locks_and_the_same_card_and_pin_resume() {
    let (card, other) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::with(&[("session.mode", "lock")], &[&card]).await;
    let mut application = scene.application("dpi").await;
    let accepted = application.login().await.expect("accepted");
    let sid = scene.session().await.expect("a session").sid;
    scene.readers.remove(0);
    let locked = async |control: &mut cps_agent_api::client::Agent| {
        control.session().await.expect("an answer").filter(|session| session.locked)
    };
    scene.until("a locked session", locked).await;
    let refused = application.refresh(&accepted).await.err().expect("locked");
    assert!(refused.contains("interaction_required"), "{refused}");

    scene.insert(0, &other);
    scene.until_seen(&other).await;
    assert_eq!(scene.login().await.expect_err("somebody else's card"), "other_person");

    scene.readers.remove(0);
    scene.until_empty().await;
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    assert_eq!(scene.sign("login").await.expect_err("still locked"), "session_locked");
    let resumed = scene.login().await.expect("resumed");
    assert!(resumed.sid == sid && !resumed.locked);
    application.refresh(&accepted).await.expect("the family was kept");
}

#[tokio::test]
async fn in_strict_mode_another_persons_card_ends_the_session() {
    let (card, other) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::new(&[&card]).await;
    scene.login().await.expect("logged in");
    scene.readers.insert(1, &other);
    scene.until_nobody().await;
}

#[tokio::test]
async fn in_mobile_mode_the_card_may_leave() {
    let card = cards::doctor_cps3();
    let scene = Scene::with(&[("session.mode", "mobile")], &[&card]).await;
    let mut application = scene.application("dpi").await;
    let accepted = application.login().await.expect("accepted");
    scene.readers.remove(0);
    scene.until_empty().await;
    application.refresh(&accepted).await.expect("the session lives");
}
