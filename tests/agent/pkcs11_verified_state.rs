//! A card that programs had verified stays so for them, by the rules of a session, until a session takes it over.

use crate::scene::Scene;
use cps_agent_api::words::LoginRequest;
use cps_sandbox::card::{CardHandle, cards};

/// A workstation on which a program just signed.
async fn signed(settings: &[(&str, &str)], card: &CardHandle) -> Scene {
    let scene = Scene::with(settings, &[card]).await;
    scene.program_signs(card).await.expect("signed");
    scene
}

impl Scene {
    async fn until_reset(&self, card: &CardHandle) {
        self.until("a card that was reset", async |_| (!card.verified()).then_some(())).await;
    }

    fn asked(&self) -> usize {
        self.person.questions().len()
    }
}

#[tokio::test]
async fn hold_by_operation_asks_for_each_signature() {
    let card = cards::doctor_cps3();
    let scene = signed(&[("pin.hold", "operation")], &card).await;
    assert!(!card.verified());
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn one_pin_serves_the_signatures_of_a_program_and_opens_no_session() {
    let card = cards::doctor_cps3();
    let scene = signed(&[], &card).await;
    assert!(card.verified());
    for _ in 0..3 {
        scene.program_signs(&card).await.expect("signed");
    }
    assert_eq!(scene.asked(), 1);
    assert!(scene.session().await.is_none());
}

#[tokio::test]
async fn an_application_does_not_get_what_programs_had_verified() {
    let card = cards::doctor_cps3();
    let scene = signed(&[], &card).await;
    scene.sign("login").await.expect("signed");
    assert_eq!(scene.asked(), 2, "a challenge asks for its own PIN");
    assert!(card.verified());
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.asked(), 2, "and takes nothing from the programs");
}

#[tokio::test]
async fn a_logout_without_a_session_ends_it() {
    let card = cards::doctor_cps3();
    let scene = signed(&[], &card).await;
    assert!(scene.control().await.end_session().await.expect("an answer"));
    scene.until_reset(&card).await;
    assert!(!scene.control().await.end_session().await.expect("an answer"), "there is nothing left to end");
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn nobody_there_for_half_an_hour_ends_it() {
    let card = cards::doctor_cps3();
    let scene = signed(&[], &card).await;
    scene.clock.pass(29 * 60);
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.asked(), 1);
    // A signature that asked nobody keeps nothing awake.
    scene.clock.pass(2 * 60);
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn the_longest_time_of_a_session_ends_it() {
    let card = cards::doctor_cps3();
    let scene = signed(&[("session.max", "10m")], &card).await;
    scene.clock.pass(11 * 60);
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn another_persons_card_ends_it() {
    let (card, other) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = signed(&[], &card).await;
    scene.insert(1, &other);
    scene.until_reset(&card).await;
}

#[tokio::test]
async fn a_stopping_agent_ends_it() {
    let card = cards::doctor_cps3();
    let mut scene = signed(&[], &card).await;
    scene.stop().await;
    assert!(!card.verified());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_locked_workstation_ends_it() {
    use crate::{
        private_bus::Bus,
        stand_in_logind::{Known, Logind, for_agent},
    };
    let bus = Bus::start();
    let logind = Logind::start(&bus, Known::Identifier).await;
    let card = cards::doctor_cps3();
    let mut scene = Scene::new(&[&card]).await;
    scene.on_bus(for_agent(&bus, Some("1"))).await;
    scene.until("that logind is followed", async |_| (logind.delays() == 1).then_some(())).await;
    scene.until_seen(&card).await;
    scene.program_signs(&card).await.expect("signed");
    logind.locked(true).await;
    scene.until_reset(&card).await;
}

#[tokio::test]
async fn a_reset_by_another_program_costs_one_prompt_and_no_try() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let scene = signed(&[], &card).await;
        for resets in 1..=3 {
            scene.readers.reset_by_another(0);
            scene.program_signs(&card).await.expect("signed after one prompt");
            scene.program_signs(&card).await.expect("signed");
            let questions = scene.person.questions();
            assert_eq!(questions.len(), 1 + resets, "{:?}", card.family());
            assert_eq!(questions[resets].error.as_deref(), Some("The card wants your PIN again."));
        }
        assert_eq!(card.pin_tries_spent(), 0);
    }
}

#[tokio::test]
async fn a_pin_that_the_card_forgets_in_the_very_moment_costs_one_prompt() {
    let card = cards::doctor_cps3();
    let scene = signed(&[], &card).await;
    card.faults().forget_pin_before_operation();
    scene.program_signs(&card).await.expect("signed after one prompt");
    assert_eq!(scene.asked(), 2);
    assert_eq!(card.pin_tries_spent(), 0);
}

#[tokio::test]
async fn a_session_of_this_card_takes_it_over_and_ends_it() {
    let card = cards::doctor_cps3();
    let scene = signed(&[], &card).await;
    scene.login().await.expect("logged in");
    assert_eq!(scene.asked(), 2, "a login is its person's act");
    scene.program_signs(&card).await.expect("signed");
    scene.sign("login").await.expect("signed");
    assert_eq!(scene.asked(), 2, "one verified card for all");
    assert!(scene.control().await.end_session().await.expect("an answer"));
    scene.until_reset(&card).await;
}

#[tokio::test]
async fn a_session_of_another_card_ends_it() {
    let (doctor, nurse) = (cards::doctor_cps3(), cards::nurse_cps3());
    let scene = Scene::with(&[], &[&doctor, &nurse]).await;
    scene.program_signs(&nurse).await.expect("signed");
    assert!(nurse.verified());
    let named = LoginRequest { card: Some(doctor.serial().to_owned()), ..LoginRequest::default() };
    scene.login_with(&named).await.expect("logged in");
    scene.until_reset(&nurse).await;
    assert!(doctor.verified());
}

#[tokio::test]
async fn a_login_that_fails_after_its_pin_leaves_no_verified_card() {
    let card = cards::doctor_cps3();
    let scene = Scene::with_upstream(&[], &[&card]).await;
    scene.program_signs(&card).await.expect("signed");
    card.faults().slow(std::time::Duration::from_millis(30));
    let mut control = scene.control().await;
    let wish = LoginRequest { way: Some("card".to_owned()), ..LoginRequest::default() };
    let command = tokio::spawn(async move { control.login(&wish).await });
    scene.until("the login's own prompt", async |_| (scene.asked() == 2).then_some(())).await;
    scene.until("its VERIFY", async |_| (card.counters().instruction(0x20) > 1).then_some(())).await;
    command.abort();
    scene.until_reset(&card).await;
    card.faults().clear();
    scene.program_signs(&card).await.expect("signed");
    assert_eq!(scene.asked(), 3, "programs ask again");
}
