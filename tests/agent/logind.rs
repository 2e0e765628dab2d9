//! What the system says of the workstation reaches sessions, cards and tokens; a system that says nothing is no trouble.

use crate::{
    private_bus::Bus,
    scene::Scene,
    stand_in_logind::{Known, Logind, for_agent, stranger_signals},
};
use cps_agent::host::logind::{Input, News, SystemBus, follow};
use cps_sandbox::card::cards;
use tokio::sync::mpsc;

/// The next news that are not skipped.
async fn next(news: &mut mpsc::UnboundedReceiver<News>, wanted: impl Fn(&News) -> bool) -> News {
    let found = async {
        loop {
            let said = news.recv().await.expect("it is followed");
            if wanted(&said) {
                return said;
            }
        }
    };
    tokio::time::timeout(crate::scene::PATIENCE, found).await.expect("news")
}

/// An agent that follows the stand-in.
async fn followed(settings: &[(&str, &str)], known: Known) -> (Bus, Logind, Scene) {
    let bus = Bus::start();
    let logind = Logind::start(&bus, known).await;
    let mut scene = Scene::with(settings, &[]).await;
    scene.on_bus(for_agent(&bus, Some("1"))).await;
    scene.until("that logind is followed", async |_| (logind.delays() == 1).then_some(())).await;
    (bus, logind, scene)
}

/// The agent heard the last thing that logind said.
async fn heard(scene: &Scene, state: &str) {
    let heard = async |_: &mut _| {
        scene
            .audit()
            .iter()
            .any(|line| line["event"] == "workstation" && line["state"] == state)
            .then_some(())
    };
    scene.until(state, heard).await;
}

#[tokio::test]
async fn an_agent_without_a_bus_works() {
    let card = cards::doctor_cps3();
    let mut scene = Scene::with(&[("session.mode", "relock")], &[&card]).await;
    let nowhere = SystemBus { address: "unix:path=/nonexistent/bus".to_owned(), session: None };
    scene.on_bus(nowhere).await;
    scene.until_seen(&card).await;
    scene.login().await.expect("logged in");
    let checks = scene.control().await.diagnosis().await.expect("a diagnosis").checks;
    let line = checks.iter().find(|check| check.name == "workstation").expect("a line");
    assert_eq!((line.state.as_str(), line.code.as_deref()), ("warning", Some("workstation_unwatched")));
}

#[tokio::test]
async fn a_stranger_on_the_bus_locks_nothing() {
    let (bus, logind, scene) = followed(&[("session.mode", "relock")], Known::Identifier).await;
    let card = cards::doctor_cps3();
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("logged in");
    stranger_signals(&bus).await;
    // What logind itself says afterwards is heard, so that the stranger's word would have been heard before.
    logind.active(false).await;
    logind.active(true).await;
    heard(&scene, "active").await;
    let told = scene.audit();
    assert!(!told.iter().any(|line| line["event"] == "workstation" && line["state"] == "locked"));
}

#[tokio::test]
async fn the_session_is_found_by_its_identifier_its_process_or_the_users_screen() {
    for known in [Known::Identifier, Known::Process, Known::Display] {
        let bus = Bus::start();
        let logind = Logind::start(&bus, known).await;
        let (tell, mut news) = mpsc::unbounded_channel();
        let address = for_agent(&bus, None).address;
        let id = (known == Known::Identifier).then_some("1");
        let following = tokio::spawn(async move { follow(&address, id, tell).await });
        next(&mut news, |said| matches!(said, News::Answers(true))).await;
        logind.locked(true).await;
        next(&mut news, |said| matches!(said, News::Locked(true))).await;
        logind.idle(true).await;
        next(&mut news, |said| matches!(said, News::Input(Input::Idle))).await;
        logind.idle(false).await;
        next(&mut news, |said| matches!(said, News::Input(Input::Seen))).await;
        following.abort();
    }
}

#[tokio::test]
async fn a_logind_that_ends_is_told_and_found_again() {
    let bus = Bus::start();
    let logind = Logind::start(&bus, Known::Process).await;
    let (tell, mut news) = mpsc::unbounded_channel();
    let address = for_agent(&bus, None).address;
    let following = tokio::spawn(async move { follow(&address, None, tell).await });
    next(&mut news, |said| matches!(said, News::Answers(true))).await;
    logind.end().await;
    next(&mut news, |said| matches!(said, News::Answers(false))).await;
    let logind = Logind::start(&bus, Known::Process).await;
    next(&mut news, |said| matches!(said, News::Answers(true))).await;
    logind.locked(true).await;
    next(&mut news, |said| matches!(said, News::Locked(true))).await;
    following.abort();
}

#[tokio::test]
async fn in_relock_mode_a_locked_screen_locks_the_session_and_the_pin_resumes_it() {
    let (_bus, logind, scene) = followed(&[("session.mode", "relock")], Known::Identifier).await;
    let card = cards::doctor_cps3();
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    let mut application = scene.application("dpi").await;
    let accepted = application.login().await.expect("accepted");
    for (round, wished) in [(1, true), (2, false)] {
        match wished {
            true => logind.wants_lock().await,
            false => logind.locked(true).await,
        }
        scene.until_locked().await;
        scene.until("a card that was reset", async |_| (!card.verified()).then_some(())).await;
        let refused = application.refresh(&accepted).await.err().expect("locked");
        assert!(refused.contains("interaction_required"), "{refused}");
        logind.locked(false).await;
        assert!(scene.session().await.expect("a session").locked, "an unlocked screen is no PIN");
        scene.login().await.expect("resumed");
        assert_eq!(scene.person.questions().len(), 1 + round, "the PIN was asked again");
    }
    application.refresh(&accepted).await.expect("the family was kept");
}

#[tokio::test]
async fn the_session_is_locked_before_the_machine_sleeps() {
    let (_bus, logind, scene) = followed(&[("session.mode", "relock")], Known::Identifier).await;
    let card = cards::doctor_cps3();
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("logged in");
    logind.sleeps(true).await;
    let let_go = async |_: &mut _| (logind.delays() == 0).then_some(());
    scene.until("that the machine may sleep", let_go).await;
    // It was waited for: what had to happen before has happened.
    assert!(scene.session().await.expect("a session").locked);
    logind.sleeps(false).await;
    scene.until("the next delay", async |_| (logind.delays() == 1).then_some(())).await;
    scene.login().await.expect("resumed");
}

#[tokio::test]
async fn an_agent_whose_session_lost_the_screen_leaves_the_readers_alone() {
    for mode in ["strict", "lock", "relock"] {
        let (_bus, logind, scene) = followed(&[("session.mode", mode)], Known::Identifier).await;
        let card = cards::doctor_cps3();
        scene.insert(0, &card);
        scene.until_seen(&card).await;
        let sid = scene.login().await.expect("logged in").sid;
        assert!(card.verified());
        logind.active(false).await;
        scene.until_locked().await;
        scene.until_empty().await;
        scene.until("the reset", async |_| (!card.verified()).then_some(())).await;
        let commands = card.counters().commands();
        scene.readers.remove(0);
        scene.insert(0, &card);
        assert_eq!(card.counters().commands(), commands, "another user's card is not looked at");

        logind.active(true).await;
        scene.until_seen(&card).await;
        let session = scene.session().await.expect("it waited");
        assert!(session.locked && session.sid == sid);
        assert!(!scene.login().await.expect("resumed").locked);
    }
}

#[tokio::test]
async fn a_card_that_left_meanwhile_ends_a_strict_session_at_the_return() {
    let (_bus, logind, scene) = followed(&[], Known::Identifier).await;
    let card = cards::doctor_cps3();
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("logged in");
    logind.active(false).await;
    scene.until_locked().await;
    scene.readers.remove(0);
    logind.active(true).await;
    scene.until_nobody().await;
    let trail = scene.audit();
    let ended = trail.iter().find(|line| line["event"] == "session_ended").expect("an end");
    assert_eq!(ended["why"], "card_removed");
}

#[tokio::test]
async fn input_that_the_desktop_reports_keeps_a_session_awake_and_its_end_lets_it_go() {
    let (_bus, logind, scene) = followed(&[("local.max", "4h")], Known::Identifier).await;
    let card = cards::doctor_cps3();
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("logged in");
    // The desktop was never heard before: somebody came back.
    let mut events = scene.control().await.events().await.expect("events");
    logind.idle(true).await;
    logind.idle(false).await;
    let seen = async {
        loop {
            match events.next().await.expect("an event") {
                Some(cps_agent_api::events::News::Event(event)) if event.what == "in_use" => return,
                Some(_) => {}
                None => panic!("the agent ended"),
            }
        }
    };
    tokio::time::timeout(crate::scene::PATIENCE, seen).await.expect("input is seen");
    for _ in 0..80 {
        scene.clock.pass(60);
        assert!(scene.session().await.is_some(), "somebody is there");
    }
    logind.locked(true).await;
    heard(&scene, "locked").await;
    scene.clock.pass(29 * 60);
    assert!(scene.session().await.is_some());
    scene.clock.pass(60);
    assert!(scene.session().await.is_none(), "nobody was there for thirty minutes");
}

#[tokio::test]
async fn a_desktop_that_never_reports_input_keeps_nothing_awake() {
    let (_bus, _logind, scene) = followed(&[], Known::Identifier).await;
    let card = cards::doctor_cps3();
    scene.insert(0, &card);
    scene.until_seen(&card).await;
    scene.login().await.expect("logged in");
    scene.clock.pass(30 * 60);
    assert!(scene.session().await.is_none());
}
