//! A session that was opened at the upstream's page by a card rests on that card: taking it out counts. Where it cannot be
//! told which card it was, the session says that none carries it.

use crate::{
    pkcs11_browser_login::{address, by, visit},
    scene::Scene,
};
use cps_agent_api::{events::News, words::Session};
use cps_sandbox::{
    card::{CardHandle, cards},
    pki::holder::DOCTOR,
    upstream::Habit,
};
use serde_json::Value;

/// A workstation where people log in at the upstream's page.
async fn scene(more: &[(&str, &str)], cards: &[&CardHandle]) -> Scene {
    // Nothing opens by itself: the person is let in when it suits the test.
    let usual = [("login.ways", "browser"), ("login.browser", "true"), ("pkcs11.default", "allow")];
    let settings: Vec<_> = usual.iter().chain(more).copied().collect();
    Scene::with_upstream(&settings, cards).await
}

/// Logs the doctor in, who makes this choice at the page. What happens meanwhile happens while the browser is there.
async fn logs_in(
    scene: &Scene,
    choice: &str,
    meanwhile: impl Future<Output = ()>,
) -> Result<Session, String> {
    let wish = by("browser");
    let there = async {
        let address = address(scene).await;
        meanwhile.await;
        visit(scene, &address, choice).await;
    };
    let (session, ()) = tokio::join!(scene.login_with(&wish), there);
    session
}

/// The same by the doctor's card, which signs the handshake.
async fn logs_in_by(scene: &Scene, card: &CardHandle) -> Session {
    let signs = async { drop(scene.program_signs(card).await.expect("the handshake")) };
    let session = logs_in(scene, "card", signs).await.expect("logged in");
    assert_eq!((session.way.as_str(), session.card.as_deref()), ("browser", Some(card.serial())));
    session
}

/// Why the trail says that no card carries the session.
fn without_card(scene: &Scene) -> Option<Value> {
    let told = scene.audit().into_iter().find(|line| line["event"] == "session_without_card");
    told.map(|line| line["why"].clone())
}

/// Takes the card out and waits until the agent knows.
async fn takes_it_out(scene: &Scene) {
    scene.readers.remove(0);
    scene.until_empty().await;
}

#[tokio::test]
async fn a_card_that_nobody_saw_sign_carries_no_session_and_the_person_is_told() {
    let card = cards::doctor_cps3();
    let scene = scene(&[], &[&card]).await;
    let mut events = scene.control().await.events().await.expect("events");
    let session = logs_in(&scene, "card", async {}).await.expect("logged in");
    assert_eq!((session.card, session.amr.contains(&"sc".to_owned())), (None, true));
    assert_eq!(without_card(&scene), Some("unseen".into()));
    let problem = loop {
        let news = events.next().await.expect("an event").expect("a warning");
        let News::Event(event) = news else { continue };
        if event.topic == "login" && event.what == "warning" {
            break event.problem.expect("sentences");
        }
    };
    assert_eq!(problem.code, "session_without_card");
    takes_it_out(&scene).await;
    assert!(scene.session().await.is_some());
}

#[tokio::test]
async fn who_logs_in_by_phone_rests_on_no_card_whatever_it_signed() {
    let card = cards::doctor_cps3();
    let scene = scene(&[], &[&card]).await;
    scene.upstream().phone().habit(Habit::Approve);
    let signs = async { drop(scene.program_signs(&card).await.expect("signed")) };
    let choice = format!("ecps {}", DOCTOR.identifier);
    let session = logs_in(&scene, &choice, signs).await.expect("logged in");
    assert_eq!((session.card, without_card(&scene)), (None, None));
    takes_it_out(&scene).await;
    assert!(scene.session().await.is_some());
}

#[tokio::test]
async fn a_card_of_somebody_else_and_two_of_the_person_carry_no_session() {
    let (card, other, second) = (cards::doctor_cps3(), cards::nurse_cps3(), cards::doctor_cps4());
    for (signers, why) in [([&other, &other], "another"), ([&card, &second], "several")] {
        let scene = scene(&[], &[&card, signers[1]]).await;
        let sign = async {
            for signer in signers {
                scene.program_signs(signer).await.expect("signed");
            }
        };
        let session = logs_in(&scene, "card", sign).await.expect("logged in");
        assert_eq!((session.card, without_card(&scene)), (None, Some(why.into())));
    }
}

#[tokio::test]
async fn a_site_that_wants_no_inference_has_none() {
    let card = cards::doctor_cps3();
    let scene = scene(&[("login.browser_card", "false")], &[&card]).await;
    let signs = async { drop(scene.program_signs(&card).await.expect("signed")) };
    let session = logs_in(&scene, "card", signs).await.expect("logged in");
    assert_eq!((session.card, without_card(&scene)), (None, None));
}

#[tokio::test]
async fn a_card_that_left_before_the_answer_opens_no_session_put_in_again_or_not() {
    let card = cards::doctor_cps3();
    for again in [false, true] {
        let scene = scene(&[], &[&card]).await;
        let leaves = async {
            scene.program_signs(&card).await.expect("the handshake");
            takes_it_out(&scene).await;
            if again {
                scene.insert(0, &card);
                scene.until_seen(&card).await;
            }
        };
        assert_eq!(logs_in(&scene, "card", leaves).await.expect_err("without its card"), "card_removed");
        assert!(scene.session().await.is_none());
    }
}

#[tokio::test]
async fn in_lock_mode_a_card_that_left_before_the_answer_leaves_a_locked_session() {
    let card = cards::doctor_cps3();
    let scene = scene(&[("session.mode", "lock")], &[&card]).await;
    let leaves = async {
        scene.program_signs(&card).await.expect("the handshake");
        takes_it_out(&scene).await;
    };
    assert!(logs_in(&scene, "card", leaves).await.expect("logged in").locked);
}

#[tokio::test]
async fn an_agent_that_stops_meanwhile_resets_the_card_that_signed() {
    let card = cards::doctor_cps3();
    let mut scene = scene(&[], &[&card]).await;
    let mut control = scene.control().await;
    let command = tokio::spawn(async move { control.login(&by("browser")).await });
    address(&scene).await;
    scene.program_signs(&card).await.expect("the handshake");
    assert!(card.verified());
    scene.stop().await;
    assert!(!card.verified(), "nobody holds it");
    command.abort();
}

#[tokio::test]
async fn in_strict_mode_card_out_ends_it() {
    let card = cards::doctor_cps3();
    let scene = scene(&[], &[&card]).await;
    logs_in_by(&scene, &card).await;
    assert_eq!(without_card(&scene), None);
    takes_it_out(&scene).await;
    scene.until_nobody().await;
    let trail = scene.audit();
    let end = trail.iter().find(|line| line["event"] == "session_ended").expect("told");
    assert_eq!((&end["why"], &end["card"]), (&"card_removed".into(), &card.serial().into()));
}

#[tokio::test]
async fn in_strict_mode_another_persons_card_ends_it() {
    let (card, other) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = scene(&[], &[&card]).await;
    logs_in_by(&scene, &card).await;
    scene.insert(1, &other);
    scene.until_nobody().await;
}

#[tokio::test]
async fn in_lock_mode_card_out_locks_and_only_the_same_card_and_pin_resume() {
    let (card, second, other) = (cards::doctor_cps3(), cards::doctor_cps4(), cards::nurse_cps3());
    let scene = scene(&[("session.mode", "lock")], &[&card]).await;
    let session = logs_in_by(&scene, &card).await;
    takes_it_out(&scene).await;
    scene.until_locked().await;
    for (stranger, code) in [(&other, "other_person"), (&second, "session_other_card")] {
        scene.insert(0, stranger);
        scene.until_seen(stranger).await;
        assert_eq!(scene.login_with(&by("browser")).await.expect_err("another card"), code);
        takes_it_out(&scene).await;
    }
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    assert!(scene.session().await.expect("a session").locked, "a card alone resumes nothing");
    let asked = scene.person.questions().len();
    let resumed = scene.login_with(&by("browser")).await.expect("resumed");
    assert_eq!((resumed.sid, resumed.locked), (session.sid, false));
    assert_eq!(scene.upstream().authorizations().len(), 1, "the upstream is not asked again");
    assert_eq!(scene.person.questions().len(), asked + 1);
}

#[tokio::test]
async fn in_lock_mode_the_page_of_an_application_resumes_it() {
    let card = cards::doctor_cps3();
    let scene = scene(&[("session.mode", "lock")], &[&card]).await;
    logs_in_by(&scene, &card).await;
    takes_it_out(&scene).await;
    scene.until_locked().await;
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.application("dpi").await.login().await.expect("resumed by card and PIN");
    assert!(!scene.session().await.expect("a session").locked);
}

#[tokio::test]
async fn in_mobile_mode_the_card_may_leave() {
    let card = cards::doctor_cps3();
    let scene = scene(&[("session.mode", "mobile")], &[&card]).await;
    logs_in_by(&scene, &card).await;
    takes_it_out(&scene).await;
    assert!(!scene.session().await.expect("a session").locked);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn in_relock_mode_the_lock_of_the_workstation_wants_card_and_pin_again() {
    use crate::{
        private_bus::Bus,
        stand_in_logind::{Known, Logind, for_agent},
    };
    let bus = Bus::start();
    let logind = Logind::start(&bus, Known::Identifier).await;
    let card = cards::doctor_cps3();
    let mut scene = scene(&[("session.mode", "relock")], &[&card]).await;
    scene.on_bus(for_agent(&bus, Some("1"))).await;
    scene.until("that logind is followed", async |_| (logind.delays() == 1).then_some(())).await;
    scene.until_seen(&card).await;
    logs_in_by(&scene, &card).await;
    logind.locked(true).await;
    scene.until_locked().await;
    scene.until("a card that was reset", async |_| (!card.verified()).then_some(())).await;
    logind.locked(false).await;
    assert!(!scene.login_with(&by("browser")).await.expect("resumed").locked);
    takes_it_out(&scene).await;
    scene.until_locked().await;
}

#[tokio::test]
async fn the_pin_of_the_handshake_serves_the_session_until_its_end() {
    let card = cards::doctor_cps3();
    let scene = scene(&[], &[&card]).await;
    logs_in_by(&scene, &card).await;
    scene.sign("login").await.expect("the session's own card");
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.person.questions().len(), 1, "one PIN in all");
    assert!(scene.control().await.end_session().await.expect("an answer"));
    scene.until("a card that was reset", async |_| (!card.verified()).then_some(())).await;
}
