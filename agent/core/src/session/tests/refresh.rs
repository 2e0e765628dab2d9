//! When the upstream's session is refreshed: never without an act of the person since the last time.

use super::table::Scene;
use crate::identity::{SessionId, UnixTime};
use crate::session::table::{Happening, MAX_IDLE, Mode, Need, Table};
use crate::tests::NOW;

/// Two thirds into the refresh token of the test's provider, which lives thirty minutes.
const DUE: UnixTime = UnixTime(NOW.0 + 1200);

fn logged_in(scene: &mut Scene) -> (Table, SessionId) {
    scene.table(Mode::Lock)
}

#[test]
fn time_alone_refreshes_nothing() {
    let mut scene = Scene::new();
    let (table, _) = logged_in(&mut scene);
    assert_eq!(table.refresh_at(), None);
    for now in [NOW, DUE, NOW.plus(MAX_IDLE - 1)] {
        assert_eq!(table.refresh(Need::Session, now), None);
        assert_eq!(table.refresh(Need::AccessToken, now), None);
    }
}

#[test]
fn an_act_makes_it_due_in_time() {
    let mut scene = Scene::new();
    let (mut table, sid) = logged_in(&mut scene);
    table.on(Happening::Activity, NOW.plus(1));
    assert_eq!(table.refresh_at(), Some(DUE));
    assert_eq!(table.refresh(Need::Session, DUE.plus(-1)), None);
    let ticket = table.refresh(Need::Session, DUE).expect("due");
    assert_eq!(ticket.session(), &sid);
    // The new tokens begin a new term.
    table.refreshed(&ticket, DUE);
    assert_eq!(table.refresh_at(), None);
    assert_eq!(table.upstream_behind(&ticket).map(drop), None, "the old tokens are gone");
}

#[test]
fn input_that_lasts_is_one_long_act() {
    let mut scene = Scene::new();
    let (mut table, _) = logged_in(&mut scene);
    table.on(Happening::InputSeen, NOW);
    let ticket = table.refresh(Need::Session, DUE).expect("due");
    table.refreshed(&ticket, DUE);
    assert!(table.refresh_at().is_some(), "and again next time");
    table.on(Happening::InputStopped, DUE);
    assert_eq!(table.refresh_at(), None);
}

#[test]
fn an_access_token_that_is_over_is_replaced_for_an_active_person_only() {
    let mut scene = Scene::new();
    let (mut table, _) = logged_in(&mut scene);
    table.on(Happening::Activity, NOW.plus(1));
    assert_eq!(table.refresh(Need::AccessToken, NOW.plus(60)), None, "it is good");
    let ticket = table.refresh(Need::AccessToken, NOW.plus(119)).expect("as good as over");
    table.refreshed(&ticket, NOW.plus(119));
    assert_eq!(table.refresh(Need::AccessToken, NOW.plus(400)), None, "nobody did anything since");
}

#[test]
fn a_failure_is_tried_again_after_a_pause_that_grows() {
    let mut scene = Scene::new();
    let (mut table, _) = logged_in(&mut scene);
    table.on(Happening::Activity, NOW.plus(1));
    let mut now = DUE;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let ticket = table.refresh(Need::Session, now).expect("due");
        table.refresh_failed(&ticket, now);
        let again = table.refresh_at().expect("again");
        pauses.push(again.since(now));
        assert_eq!(table.refresh(Need::Session, again.plus(-1)), None);
        now = again;
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
    assert!(table.current().is_some(), "a network fault ends nothing");
}

#[test]
fn what_the_upstream_refuses_is_not_tried_again_before_the_next_login() {
    let mut scene = Scene::new();
    let (mut table, sid) = logged_in(&mut scene);
    table.on(Happening::Activity, NOW.plus(1));
    let ticket = table.refresh(Need::Session, DUE).expect("due");
    table.refresh_refused(&ticket);
    assert_eq!(table.refresh_at(), None);
    let again = scene.upstream();
    let (renewed, _) = table.open(again, DUE, &mut scene.entropy);
    assert_eq!(renewed, Ok(sid));
    table.on(Happening::Activity, DUE.plus(1));
    assert!(table.refresh_at().is_some());
}

#[test]
fn a_locked_session_is_not_refreshed() {
    let mut scene = Scene::new();
    let (mut table, _) = logged_in(&mut scene);
    table.on(Happening::Activity, NOW.plus(1));
    let removed = scene.card_leaves();
    table.on(removed, NOW.plus(2));
    assert_eq!(table.refresh_at(), None);
    assert_eq!(table.refresh(Need::AccessToken, DUE), None);
}

#[test]
fn an_answer_for_tokens_that_were_replaced_is_worth_nothing() {
    let mut scene = Scene::new();
    let (mut table, _) = logged_in(&mut scene);
    table.on(Happening::Activity, NOW.plus(1));
    let ticket = table.refresh(Need::Session, DUE).expect("due");
    // The person logs in again while the answer is on its way.
    let again = scene.upstream();
    table.open(again, DUE, &mut scene.entropy).0.expect("renewed");
    assert!(table.upstream_behind(&ticket).is_none());
    table.refresh_refused(&ticket);
    table.on(Happening::Activity, DUE.plus(1));
    assert!(table.refresh_at().is_some(), "the new tokens are not blamed");
}
