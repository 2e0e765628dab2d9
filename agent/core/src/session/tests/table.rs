//! The table of sessions: one person, four modes, and time.

use super::{alone, purpose, with_upstream};
use crate::audit::What;
use crate::audit::event::SessionEnd;
use crate::failure;
use crate::identity::{NationalId, SessionId, Sessions, UnixTime, Way};
use crate::psc::Fresh;
use crate::session::login::Outcome;
use crate::session::step::{Purpose, SamePerson};
use crate::session::table::{Effect, Happening, LONGEST_GAP, MAX_IDLE, MAX_LIFE, Mode, Rules, Table};
use crate::tests::authority::{Card, DOCTOR, NURSE, Pki, Plan};
use crate::tests::provider::Play;
use crate::tests::{Counted, NOW};
use std::sync::Arc;

/// The doctor, the nurse, and the logins they make.
pub(super) struct Scene {
    pki: Pki,
    pub(super) doctor: Card,
    pub(super) nurse: Card,
    pub(super) entropy: Counted,
}

impl Scene {
    pub(super) fn new() -> Self {
        let pki = Pki::default();
        let (doctor, nurse) =
            (Plan::default().issued_by(&pki.persons), Plan::nurse().issued_by(&pki.persons));
        Self { pki, doctor, nurse, entropy: Counted::default() }
    }

    pub(super) fn upstream(&self) -> Outcome {
        self.login(&self.doctor, purpose(Way::Card), true)
    }

    pub(super) fn local(&self, card: &Card, same: Option<SamePerson>) -> Outcome {
        self.login(card, Purpose { same_person_as: same, ..purpose(Way::Local) }, false)
    }

    /// A login of the doctor whose ID token names this session of the upstream.
    fn upstream_session(&self, sid: &str) -> Outcome {
        let mut play = Play::new(&self.doctor);
        play.lists = vec![self.pki.persons.list(&[1], (2026, 2027), None)];
        play.provider.claims = vec![("sid", sid.into())];
        play.run(purpose(Way::Card), &Arc::new(with_upstream(&self.pki))).unwrap()
    }

    fn login(&self, card: &Card, purpose: Purpose, upstream: bool) -> Outcome {
        let settings = if upstream { with_upstream(&self.pki) } else { alone(&self.pki) };
        let mut play = Play::new(card);
        play.lists = vec![self.pki.persons.list(&[1], (2026, 2027), None)];
        play.run(purpose, &Arc::new(settings)).unwrap()
    }

    /// The doctor's card leaves.
    pub(super) fn card_leaves(&self) -> Happening {
        removed(&self.doctor)
    }

    /// A table with the doctor's upstream session in it.
    pub(super) fn table(&mut self, mode: Mode) -> (Table, SessionId) {
        let mut table = Table::new(Rules { mode, ..Rules::default() });
        let (sid, _) = table.open(self.upstream(), NOW, &mut self.entropy);
        (table, sid.unwrap())
    }
}

pub(super) fn removed(card: &Card) -> Happening {
    Happening::CardRemoved { serial: card.plan.serial.to_owned() }
}

pub(super) fn inserted(card: &Card) -> Happening {
    Happening::CardInserted {
        serial: card.plan.serial.to_owned(),
        holder: Some(NationalId(card.plan.id.to_owned())),
    }
}

/// Effects in words.
fn words(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::EndProviderSession(_) => "end provider".to_owned(),
            Effect::ReleaseToken { serial } => format!("release {serial}"),
            Effect::UpstreamLogout { .. } => "upstream logout".to_owned(),
            Effect::UpstreamReplaced { .. } => "upstream replaced".to_owned(),
            Effect::Announce { what, .. } => (*what).to_owned(),
            Effect::Audit(event) => format!("audit {:?}", event.what),
        })
        .collect()
}

fn ended(why: SessionEnd, explicit: bool) -> Vec<String> {
    let mut all = vec!["end provider".to_owned(), "release 10000001".to_owned()];
    all.extend(explicit.then(|| "upstream logout".to_owned()));
    all.extend([format!("audit {:?}", What::SessionEnded(why)), "ended".to_owned()]);
    all
}

const LOCKED: [&str; 3] = ["release 10000001", "audit Locked", "locked"];

#[test]
fn strict_ends_everything_when_the_card_leaves() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Strict);
    assert!(table.session(&sid).is_some());
    let effects = table.on(removed(&scene.doctor), NOW);
    assert_eq!(words(&effects), ended(SessionEnd::CardRemoved, true));
    assert!(table.session(&sid).is_none());
    assert_eq!(words(&table.on(removed(&scene.doctor), NOW)), [""; 0]);
}

#[test]
fn lock_locks_when_the_card_leaves_and_the_same_card_and_pin_resume_it() {
    let mut scene = Scene::new();
    for mode in [Mode::Lock, Mode::Relock] {
        let (mut table, sid) = scene.table(mode);
        assert_eq!(words(&table.on(removed(&scene.doctor), NOW)), LOCKED);
        let view = table.session(&sid).unwrap();
        assert!(view.locked);
        // The card alone does not resume it.
        assert_eq!(words(&table.on(inserted(&scene.doctor), NOW)), [""; 0]);
        assert!(table.session(&sid).unwrap().locked);
        let same = SamePerson { sid: sid.clone(), person: view.person };
        let outcome = scene.local(&scene.doctor, Some(same));
        let (again, effects) = table.open(outcome, NOW.plus(60), &mut scene.entropy);
        assert_eq!(
            (again, words(&effects)),
            (Ok(sid.clone()), vec!["audit Resumed".to_owned(), "resumed".to_owned()])
        );
        // What the upstream said of the session still holds.
        let view = table.session(&sid).unwrap();
        assert!(!view.locked);
        assert_eq!((view.assurance.way, view.assurance.acr.as_str()), (Way::Card, "eidas1"));
        assert!(table.upstream().is_some());
    }
}

#[test]
fn relock_locks_with_the_workstation_and_the_other_modes_do_not() {
    let mut scene = Scene::new();
    for mode in [Mode::Strict, Mode::Lock, Mode::Mobile] {
        let (mut table, _) = scene.table(mode);
        assert_eq!(words(&table.on(Happening::WorkstationLocked, NOW)), [""; 0]);
    }
    let (mut table, sid) = scene.table(Mode::Relock);
    assert_eq!(words(&table.on(Happening::WorkstationLocked, NOW)), LOCKED);
    assert_eq!(words(&table.on(Happening::WorkstationLocked, NOW)), [""; 0]);
    assert!(table.session(&sid).unwrap().locked);
}

#[test]
fn a_reader_that_is_left_alone_locks_what_rests_on_its_card() {
    let mut scene = Scene::new();
    let unseen = Happening::CardUnseen { serial: scene.doctor.plan.serial.to_owned() };
    for mode in [Mode::Strict, Mode::Lock, Mode::Relock] {
        let (mut table, sid) = scene.table(mode);
        let others = Happening::CardUnseen { serial: "9".into() };
        assert_eq!(words(&table.on(others, NOW)), [""; 0]);
        assert_eq!(words(&table.on(unseen.clone(), NOW)), LOCKED);
        assert!(table.session(&sid).unwrap().locked, "{mode:?}");
    }
    let (mut table, _) = scene.table(Mode::Mobile);
    assert_eq!(words(&table.on(unseen, NOW)), [""; 0]);
}

#[test]
fn a_strict_session_that_waited_for_its_card_ends_without_it() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Strict);
    let serial = scene.doctor.plan.serial.to_owned();
    table.on(Happening::CardUnseen { serial }, NOW);
    let person = table.session(&sid).unwrap().person;
    let (again, _) = table.open(
        scene.local(&scene.doctor, Some(SamePerson { sid: sid.clone(), person })),
        NOW,
        &mut scene.entropy,
    );
    assert_eq!(again, Ok(sid), "its own card and PIN resume it");
    assert_eq!(words(&table.on(removed(&scene.doctor), NOW)), ended(SessionEnd::CardRemoved, true));
}

#[test]
fn mobile_lets_the_card_leave() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Mobile);
    assert_eq!(words(&table.on(removed(&scene.doctor), NOW)), [""; 0]);
    assert!(!table.session(&sid).unwrap().locked);
}

#[test]
fn another_persons_card_ends_or_locks_the_session() {
    let mut scene = Scene::new();
    let (mut table, _) = scene.table(Mode::Strict);
    let effects = table.on(inserted(&scene.nurse), NOW);
    assert_eq!(words(&effects), ended(SessionEnd::OtherPerson, true));
    for mode in [Mode::Lock, Mode::Relock, Mode::Mobile] {
        let (mut table, sid) = scene.table(mode);
        assert_eq!(words(&table.on(inserted(&scene.nurse), NOW)), LOCKED);
        assert!(table.session(&sid).unwrap().locked);
    }
}

#[test]
fn cards_of_the_same_person_or_of_nobody_and_other_cards_leaving_change_nothing() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Strict);
    let second = Happening::CardInserted { serial: "9".into(), holder: Some(NationalId(DOCTOR.into())) };
    let nobody = Happening::CardInserted { serial: "8".into(), holder: None };
    let other_left = Happening::CardRemoved { serial: "9".into() };
    for happening in [second, nobody, other_left] {
        assert_eq!(words(&table.on(happening, NOW)), [""; 0]);
    }
    assert!(!table.session(&sid).unwrap().locked);
}

#[test]
fn another_persons_login_ends_the_session_and_begins_a_new_one() {
    let mut scene = Scene::new();
    for mode in [Mode::Strict, Mode::Lock, Mode::Relock, Mode::Mobile] {
        let (mut table, sid) = scene.table(mode);
        let outcome = scene.local(&scene.nurse, None);
        let (new, effects) = table.open(outcome, NOW, &mut scene.entropy);
        let mut expected = ended(SessionEnd::OtherPerson, true);
        expected.extend(["audit Login(Local)".to_owned(), "started".to_owned()]);
        assert_eq!(words(&effects), expected);
        let new = new.unwrap();
        assert_ne!(new, sid);
        assert!(table.session(&sid).is_none());
        assert_eq!(table.session(&new).unwrap().person.id, NationalId(NURSE.into()));
        assert!(table.upstream().is_none());
    }
}

/// The policy was not asked, since the session was allowed once: no other session may come of it.
#[test]
fn a_locked_session_is_resumed_by_its_own_card_only() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Lock);
    table.on(removed(&scene.doctor), NOW);
    let person = table.session(&sid).unwrap().person;
    let second = Plan { serial: "10000009", card_number: Some("8025000001/0010000009"), ..Plan::default() };
    let second = second.issued_by(&scene.pki.persons);
    let outcome = scene.local(&second, Some(SamePerson { sid: sid.clone(), person }));
    let (refused, effects) = table.open(outcome, NOW, &mut scene.entropy);
    assert_eq!(refused, Err(failure::SESSION_OTHER_CARD));
    assert_eq!(words(&effects), ["audit Login(Local)", "release 10000009"]);
    assert!(table.session(&sid).unwrap().locked, "the session waits on for its own card");
}

#[test]
fn a_session_that_ended_while_the_person_was_asked_is_not_replaced() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Lock);
    table.on(removed(&scene.doctor), NOW);
    let person = table.session(&sid).unwrap().person;
    let resuming = || Some(SamePerson { sid: sid.clone(), person: Arc::clone(&person) });
    // It idles out in the very moment of the resumption.
    let outcome = scene.local(&scene.doctor, resuming());
    let (refused, effects) = table.open(outcome, NOW.plus(MAX_IDLE), &mut scene.entropy);
    assert_eq!(refused, Err(failure::SESSION_OVER));
    let said = words(&effects);
    assert!(said.contains(&format!("audit {:?}", What::SessionEnded(SessionEnd::Idle))), "{said:?}");
    assert_eq!(said.iter().filter(|word| *word == "release 10000001").count(), 1, "{said:?}");
    assert!(table.current().is_none());
    // Another session of the same person is not the one that was to be resumed either.
    let (other, _) = table.open(scene.local(&scene.doctor, None), NOW, &mut scene.entropy);
    let outcome = scene.local(&scene.doctor, resuming());
    let (refused, _) = table.open(outcome, NOW, &mut scene.entropy);
    assert_eq!(refused, Err(failure::SESSION_OVER));
    assert_eq!(table.current().unwrap().sid, other.unwrap());
}

#[test]
fn a_login_of_the_same_person_and_kind_renews_the_session_under_its_name() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Lock);
    table.on(removed(&scene.doctor), NOW);
    let (again, effects) = table.open(scene.upstream(), NOW.plus(600), &mut scene.entropy);
    assert_eq!(again, Ok(sid.clone()));
    assert_eq!(words(&effects), ["audit Login(Card)", "renewed"]);
    assert!(!table.session(&sid).unwrap().locked);
}

#[test]
fn a_session_of_the_upstream_that_is_replaced_is_taken_back_there() {
    let mut scene = Scene::new();
    let mut table = Table::new(Rules::default());
    table.open(scene.upstream_session("one"), NOW, &mut scene.entropy).0.unwrap();
    // The upstream answered out of the session it had: taking it back would end what was just given.
    let (_, effects) = table.open(scene.upstream_session("one"), NOW, &mut scene.entropy);
    assert_eq!(words(&effects), ["audit Login(Card)", "renewed"]);
    let (_, effects) = table.open(scene.upstream_session("two"), NOW, &mut scene.entropy);
    assert_eq!(words(&effects), ["upstream replaced", "audit Login(Card)", "renewed"]);
    let Some(Effect::UpstreamReplaced { upstream, .. }) = effects.into_iter().next() else { unreachable!() };
    assert_eq!(upstream.session.as_deref(), Some("one"));
    assert_eq!(table.upstream().unwrap().session.as_deref(), Some("two"));
}

#[test]
fn local_and_upstream_sessions_are_never_mixed() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Strict);
    let (local, effects) = table.open(scene.local(&scene.doctor, None), NOW, &mut scene.entropy);
    let local = local.unwrap();
    assert_ne!(local, sid);
    // The card's verified state now belongs to the new session: it is not released.
    assert!(!words(&effects).iter().any(|word| word.starts_with("release")));
    let (upstream, _) = table.open(scene.upstream(), NOW, &mut scene.entropy);
    let upstream = upstream.unwrap();
    assert_ne!(upstream, local);
    assert_eq!(table.session(&upstream).unwrap().assurance.acr, "eidas1");
}

#[test]
fn a_session_ends_four_hours_after_the_authentication_at_the_latest() {
    let mut scene = Scene::new();
    let mut table = Table::new(Rules { max: i64::MAX, idle: i64::MAX, ..Rules::default() });
    let (sid, _) = table.open(scene.upstream(), NOW, &mut scene.entropy);
    let sid = sid.unwrap();
    // The upstream authenticated the person 50 seconds before.
    let end = UnixTime(NOW.0 - 50 + MAX_LIFE);
    assert_eq!(table.session(&sid).unwrap().expires, end);
    let mut now = NOW;
    while now.plus(MAX_IDLE) < end {
        now = now.plus(MAX_IDLE - 1);
        assert_eq!(words(&table.on(Happening::Activity, now)), [""; 0]);
    }
    assert_eq!(table.deadline(), Some(end));
    assert_eq!(words(&table.on(Happening::Tick, end)), ended(SessionEnd::Expired, false));
}

#[test]
fn an_idle_session_ends_and_the_upstreams_is_left_alone() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Mobile);
    assert_eq!(table.deadline(), Some(NOW.plus(MAX_IDLE)));
    assert_eq!(words(&table.on(Happening::Tick, NOW.plus(MAX_IDLE - 1))), [""; 0]);
    assert!(table.session(&sid).is_some());
    assert_eq!(words(&table.on(Happening::Tick, NOW.plus(MAX_IDLE))), ended(SessionEnd::Idle, false));
}

#[test]
fn input_keeps_a_session_awake_as_long_as_it_lasts() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Mobile);
    table.on(Happening::InputSeen, NOW);
    let end = table.session(&sid).unwrap().expires;
    assert_eq!(table.deadline(), Some(end), "only the longest time counts");
    let later = NOW.plus(2 * MAX_IDLE);
    for seconds in (0..=2 * MAX_IDLE).step_by(60) {
        assert_eq!(words(&table.on(Happening::Tick, NOW.plus(seconds))), [""; 0], "{seconds}");
    }
    table.on(Happening::InputStopped, later);
    assert_eq!(table.deadline(), Some(later.plus(MAX_IDLE)));
    assert_eq!(words(&table.on(Happening::Tick, later.plus(MAX_IDLE))), ended(SessionEnd::Idle, false));
}

#[test]
fn a_machine_that_stood_still_saw_nobody() {
    let mut scene = Scene::new();
    let (mut table, _) = scene.table(Mode::Mobile);
    table.on(Happening::InputSeen, NOW);
    let shorter = NOW.plus(MAX_IDLE - 1);
    assert_eq!(words(&table.on(Happening::Tick, shorter)), [""; 0]);
    // Whoever is there afterwards is seen again.
    let again = shorter.plus(LONGEST_GAP);
    assert_eq!(words(&table.on(Happening::Tick, again)), [""; 0]);
    let longer = again.plus(MAX_IDLE);
    assert_eq!(words(&table.on(Happening::Tick, longer)), ended(SessionEnd::Idle, false));
}

#[test]
fn input_that_is_seen_too_late_revives_nothing() {
    let mut scene = Scene::new();
    let (mut table, _) = scene.table(Mode::Mobile);
    assert_eq!(words(&table.on(Happening::InputSeen, NOW.plus(MAX_IDLE))), ended(SessionEnd::Idle, false));
    // It lasts, and the next session has it from its first moment.
    let (sid, _) = table.open(scene.upstream(), NOW.plus(MAX_IDLE), &mut scene.entropy);
    let end = table.session(&sid.unwrap()).unwrap().expires;
    assert_eq!(table.deadline(), Some(end));
}

#[test]
fn input_at_a_locked_session_is_not_its_persons() {
    let mut scene = Scene::new();
    let (mut table, _) = scene.table(Mode::Lock);
    table.on(Happening::InputSeen, NOW);
    table.on(removed(&scene.doctor), NOW);
    assert_eq!(table.deadline(), Some(NOW.plus(MAX_IDLE)));
    assert_eq!(words(&table.on(Happening::Tick, NOW.plus(MAX_IDLE))), ended(SessionEnd::Idle, false));
}

#[test]
fn activity_does_not_keep_a_locked_session() {
    let mut scene = Scene::new();
    let (mut table, _) = scene.table(Mode::Lock);
    table.on(removed(&scene.doctor), NOW);
    table.on(Happening::Activity, NOW.plus(MAX_IDLE - 1));
    assert_eq!(words(&table.on(Happening::Tick, NOW.plus(MAX_IDLE))), ended(SessionEnd::Idle, false));
}

#[test]
fn activity_that_comes_too_late_revives_nothing() {
    let mut scene = Scene::new();
    let (mut table, sid) = scene.table(Mode::Mobile);
    assert_eq!(words(&table.on(Happening::Activity, NOW.plus(MAX_IDLE))), ended(SessionEnd::Idle, false));
    assert!(table.session(&sid).is_none());
}

#[test]
fn a_local_session_has_a_shorter_life() {
    let mut scene = Scene::new();
    let mut table = Table::new(Rules::default());
    let (sid, _) = table.open(scene.local(&scene.doctor, None), NOW, &mut scene.entropy);
    assert_eq!(table.session(&sid.unwrap()).unwrap().expires, NOW.plus(3600));
}

#[test]
fn only_an_explicit_end_reaches_the_upstream() {
    let mut scene = Scene::new();
    for (happening, why, explicit) in [
        (Happening::Logout, SessionEnd::Logout, true),
        (Happening::UpstreamEnded, SessionEnd::Upstream, false),
        (Happening::Stopping, SessionEnd::Stopped, false),
    ] {
        let (mut table, _) = scene.table(Mode::Strict);
        assert_eq!(words(&table.on(happening, NOW)), ended(why, explicit));
    }
}

#[test]
fn an_upstream_logout_carries_the_requests_that_end_it() {
    let mut scene = Scene::new();
    let (mut table, _) = scene.table(Mode::Strict);
    let effects = table.on(Happening::Logout, NOW);
    let upstream = effects
        .into_iter()
        .find_map(|effect| match effect {
            Effect::UpstreamLogout { upstream, .. } => Some(upstream),
            _ => None,
        })
        .unwrap();
    let random = crate::tests::authority::random();
    let mut entropy = crate::tests::Counted::default();
    let requests = upstream.logout(&mut Fresh { now: NOW, entropy: &mut entropy, random: &random });
    let forms: Vec<&str> = requests.iter().map(|r| r.form.as_ref().unwrap().expose()).collect();
    assert_eq!(requests[0].url.path(), "/realm/logout");
    assert!(forms[0].starts_with("id_token_hint=eyJ") && forms[0].ends_with("&client_id=agent"));
    assert_eq!(requests[1].url.path(), "/realm/revoke");
    assert_eq!(forms[1], "token=refresh-1&token_type_hint=refresh_token");
}

#[test]
fn a_session_is_found_by_its_own_identifier_only() {
    let mut scene = Scene::new();
    let (table, sid) = scene.table(Mode::Strict);
    assert_eq!(table.current().unwrap().sid, sid);
    assert!(sid.0.len() >= 22);
    assert!(table.session(&SessionId("other".into())).is_none());
    assert!(Table::new(Rules::default()).current().is_none());
}
