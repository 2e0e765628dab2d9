//! Cards kept verified for programs: no session, and every rule of one.

use super::table::{Scene, inserted, removed};
use crate::identity::{NationalId, UnixTime, Way};
use crate::session::login::Outcome;
use crate::session::step::Purpose;
use crate::session::table::{Effect, Happening, Keeper, MAX_IDLE, Mode, Rules, Table};
use crate::tests::NOW;
use crate::tests::authority::Card;

fn holder(card: &Card) -> Option<NationalId> {
    Some(NationalId(card.plan.id.to_owned()))
}

/// An empty table that keeps the doctor's card for programs.
fn keeping(scene: &Scene, mode: Mode) -> (Table, Keeper) {
    let mut table = Table::new(Rules { mode, ..Rules::default() });
    let keeper = table.keep(scene.doctor.plan.serial, holder(&scene.doctor), NOW).unwrap();
    (table, keeper)
}

/// Serial numbers of the cards that are to be released.
fn released(effects: &[Effect]) -> Vec<&str> {
    let serials = effects.iter().filter_map(|effect| match effect {
        Effect::ReleaseToken { serial } => Some(serial.as_str()),
        _ => None,
    });
    serials.collect()
}

/// A login that rests on no card, as by the browser.
fn without_card(outcome: Outcome) -> Outcome {
    let mut outcome = outcome;
    outcome.assurance.credential = None;
    outcome.assurance.way = Way::Browser;
    outcome
}

#[test]
fn what_ends_a_session_ends_what_is_kept_for_programs_in_every_mode() {
    let scene = Scene::new();
    let serial = scene.doctor.plan.serial;
    for mode in [Mode::Strict, Mode::Lock, Mode::Relock, Mode::Mobile] {
        for happening in [
            removed(&scene.doctor),
            Happening::CardUnseen { serial: serial.to_owned() },
            inserted(&scene.nurse),
            Happening::WorkstationLocked,
            Happening::Logout,
            Happening::Stopping,
        ] {
            let (mut table, keeper) = keeping(&scene, mode);
            assert_eq!(released(&table.on(happening.clone(), NOW)), [serial], "{mode:?}, {happening:?}");
            assert!(!table.keeps(&keeper, serial) && !table.keeps_for_programs());
        }
    }
}

#[test]
fn another_card_of_the_same_person_and_the_card_itself_end_nothing() {
    let scene = Scene::new();
    let (mut table, keeper) = keeping(&scene, Mode::Strict);
    let other = Happening::CardInserted { serial: "1".to_owned(), holder: holder(&scene.doctor) };
    for happening in [other, inserted(&scene.doctor), removed(&scene.nurse), Happening::UpstreamEnded] {
        assert!(table.on(happening, NOW).is_empty());
    }
    assert!(table.keeps(&keeper, scene.doctor.plan.serial));
}

#[test]
fn nobody_there_and_the_longest_time_end_it() {
    let scene = Scene::new();
    let serial = scene.doctor.plan.serial;
    let (mut table, _) = keeping(&scene, Mode::Strict);
    assert_eq!(table.deadline(), Some(NOW.plus(MAX_IDLE)));
    assert!(table.on(Happening::Tick, NOW.plus(MAX_IDLE - 1)).is_empty());
    assert_eq!(released(&table.on(Happening::Tick, NOW.plus(MAX_IDLE))), [serial]);

    let mut table = Table::new(Rules { max: 600, ..Rules::default() });
    table.keep(serial, holder(&scene.doctor), NOW);
    assert!(table.on(Happening::Activity, NOW.plus(599)).is_empty());
    assert_eq!(table.deadline(), Some(NOW.plus(600)));
    assert_eq!(released(&table.on(Happening::Tick, NOW.plus(600))), [serial]);
}

#[test]
fn a_person_who_is_there_keeps_it_awake() {
    let scene = Scene::new();
    let (mut table, keeper) = keeping(&scene, Mode::Strict);
    let mut now = NOW;
    for _ in 0..3 {
        now = UnixTime(now.0 + MAX_IDLE - 1);
        assert!(table.on(Happening::Activity, now).is_empty());
    }
    assert!(table.keeps(&keeper, scene.doctor.plan.serial));
}

#[test]
fn a_session_of_the_card_takes_it_over_with_what_the_person_said() {
    let mut scene = Scene::new();
    let serial = scene.doctor.plan.serial;
    let (mut table, keeper) = keeping(&scene, Mode::Strict);
    table.say(&keeper, "/usr/bin/firefox", true);
    table.say(&keeper, "/usr/bin/curl", false);
    let outcome = scene.local(&scene.doctor, None);
    let (sid, effects) = table.open(outcome, NOW, &mut scene.entropy);
    let session = Keeper::Session(sid.unwrap());
    assert!(released(&effects).is_empty(), "one PIN in all");
    assert_eq!(table.keeper(serial), Some(session.clone()));
    assert!(table.keeps(&keeper, serial), "an operation on its way finds the session");
    for keeper in [&keeper, &session] {
        assert_eq!(table.said(keeper, "/usr/bin/firefox"), Some(true));
        assert_eq!(table.said(keeper, "/usr/bin/curl"), Some(false));
    }
    assert_eq!(released(&table.on(Happening::Logout, NOW)), [serial]);
    assert!(!table.keeps(&keeper, serial) && !table.keeps(&session, serial));
}

#[test]
fn a_session_of_another_person_or_another_card_ends_it() {
    let mut scene = Scene::new();
    for outcome in [scene.local(&scene.nurse, None), without_card(scene.local(&scene.nurse, None))] {
        let (mut table, keeper) = keeping(&scene, Mode::Lock);
        let (opened, effects) = table.open(outcome, NOW, &mut scene.entropy);
        assert!(opened.is_ok());
        assert_eq!(released(&effects), [scene.doctor.plan.serial]);
        assert!(!table.keeps(&keeper, scene.doctor.plan.serial));
    }
}

#[test]
fn a_session_of_the_same_person_that_rests_on_no_card_leaves_it_until_it_is_locked() {
    let mut scene = Scene::new();
    let serial = scene.doctor.plan.serial;
    let (mut table, keeper) = keeping(&scene, Mode::Relock);
    let outcome = without_card(scene.local(&scene.doctor, None));
    let (opened, effects) = table.open(outcome, NOW, &mut scene.entropy);
    assert!(opened.is_ok() && released(&effects).is_empty());
    assert!(table.keeps(&keeper, serial));
    let effects =
        table.on(Happening::CardInserted { serial: "1".to_owned(), holder: holder(&scene.nurse) }, NOW);
    assert_eq!(released(&effects), [serial]);
    assert!(table.current().unwrap().locked && !table.keeps_for_programs());
}

#[test]
fn a_login_that_may_not_resume_takes_what_programs_had_of_its_card() {
    let mut scene = Scene::new();
    let serial = scene.doctor.plan.serial;
    let (mut table, keeper) = keeping(&scene, Mode::Lock);
    let person = scene.local(&scene.doctor, None).person;
    let same = crate::session::step::SamePerson { sid: crate::identity::SessionId("gone".into()), person };
    let mut outcome = scene.local(&scene.doctor, None);
    outcome.purpose = Purpose { same_person_as: Some(same), ..outcome.purpose };
    let (refused, effects) = table.open(outcome, NOW, &mut scene.entropy);
    assert!(refused.is_err());
    assert!(released(&effects).contains(&serial));
    assert!(!table.keeps(&keeper, serial));
}

#[test]
fn what_a_login_brought_about_is_let_go_with_it_and_nothing_older() {
    let scene = Scene::new();
    let (mut table, older) = keeping(&scene, Mode::Strict);
    let number = table.next_kept();
    let newer = table.keep("2", holder(&scene.doctor), NOW).unwrap();
    assert_eq!(released(&table.let_go_since(number)), ["2"]);
    assert!(table.keeps(&older, scene.doctor.plan.serial) && !table.keeps(&newer, "2"));
}

#[test]
fn a_locked_session_keeps_its_card_for_nobody() {
    let mut scene = Scene::new();
    let serial = scene.doctor.plan.serial;
    let mut table = Table::new(Rules { mode: Mode::Lock, ..Rules::default() });
    let outcome = scene.local(&scene.doctor, None);
    table.open(outcome, NOW, &mut scene.entropy).0.unwrap();
    assert!(matches!(table.keep(serial, holder(&scene.doctor), NOW), Some(Keeper::Session(_))));
    table.on(inserted(&scene.nurse), NOW);
    assert_eq!(table.keeper(serial), None);
    assert_eq!(table.keep(serial, holder(&scene.doctor), NOW), None);
}

#[test]
fn a_pin_that_was_wrong_keeps_nothing() {
    let scene = Scene::new();
    let (mut table, keeper) = keeping(&scene, Mode::Strict);
    table.keeps_nothing(&keeper);
    assert!(!table.keeps_for_programs());
    let again = table.keep(scene.doctor.plan.serial, holder(&scene.doctor), NOW).unwrap();
    assert_ne!(again, keeper, "the next one is another one");
}
