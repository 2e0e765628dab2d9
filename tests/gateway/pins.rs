//! When the person is asked, and what the prompt says.

use crate::{
    desk::until,
    street::{Street, signatures},
};
use cps_sandbox::{
    card::{CardHandle, cards},
    pinentry::Answer,
    service::Settings,
};

async fn open(card: &CardHandle, hold: &str) -> Street {
    let hold = [("pin", "hold", toml::Value::from(hold))];
    let street = Street::configured(Settings::default(), &[card], &hold, |_, _| {}).await;
    street.log_in().await;
    street
}

/// Another program resets the card: its verified state is lost.
fn reset(card: &CardHandle) {
    card.faults().reset_at(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pin_of_the_login_serves_the_handshake_too() {
    let card = cards::doctor_cps3();
    let street = open(&card, "session").await;
    assert_eq!(street.ask("echo").await.status(), 200);
    assert_eq!(street.desk.person().questions().len(), 1);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_state_is_one_prompt_that_names_the_application_and_the_gateway() {
    let card = cards::doctor_cps3();
    let street = open(&card, "session").await;
    reset(&card);
    assert_eq!(street.ask("echo").await.status(), 200);
    let questions = street.desk.questions_after(1);
    assert_eq!(questions.len(), 1, "{questions:?}");
    let text = &questions[0].description;
    assert!(text.contains("Logiciel → https://localhost:") && text.contains("(service)"), "{text}");
    assert!(text.contains(card.serial()), "{text}");
    assert_eq!(card.pin_tries_spent(), 0);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_pin_serves_one_operation_a_new_connection_asks_and_a_kept_one_does_not() {
    let card = cards::doctor_cps3();
    let street = open(&card, "operation").await;
    for _ in 0..5 {
        assert_eq!(street.ask("echo").await.status(), 200);
    }
    assert_eq!(street.desk.person().questions().len(), 2, "one for the login, one for the handshake");
    assert!(!card.verified());
    // A resumed session needs no signature, and so no PIN.
    street.refusal("reset").await;
    assert_eq!(street.ask("echo").await.status(), 200);
    assert_eq!(street.desk.person().questions().len(), 2);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_is_asked_again_and_a_no_is_a_no_for_a_while() {
    let card = cards::doctor_cps3();
    let street = open(&card, "operation").await;
    street.desk.person().next(Answer::WrongPin).expect("a script");
    assert_eq!(street.ask("echo").await.status(), 200);
    let questions = street.desk.questions_after(1);
    assert_eq!(questions.len(), 2);
    assert!(questions[1].error.is_some(), "{questions:?}");
    assert_eq!(card.pin_tries_spent(), 1);
    street.desk.end().await;

    let card = cards::doctor_cps3();
    let street = open(&card, "operation").await;
    card.counters().clear();
    street.desk.person().always(Answer::Cancel).expect("a script");
    for _ in 0..3 {
        assert_eq!(street.refusal("echo").await.1, "pin_cancelled");
    }
    assert_eq!(street.desk.questions_after(1).len(), 1, "a program that insists brings no second prompt");
    assert_eq!(signatures(&card), 0);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_hangs_up_under_the_prompt_is_written_down() {
    let card = cards::doctor_cps3();
    let street = open(&card, "operation").await;
    street.desk.person().always(Answer::Wait).expect("a script");
    let asked = async {
        until("the prompt", async || (street.desk.questions_after(1).len() == 1).then_some(())).await
    };
    tokio::select! {
        answer = street.ask("echo") => panic!("nobody answered the prompt: {answer:?}"),
        () = asked => {}
    }
    let given_up = async || {
        street.trail().into_iter().find(|line| line["code"] == "use_given_up" && line["client"] == "logiciel")
    };
    let line = until("the end in the trail", given_up).await;
    assert_eq!((&line["event"], &line["gateway"]["name"]), (&"gateway".into(), &"service".into()));
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_for_a_service_that_is_not_there() {
    let card = cards::doctor_cps3();
    let hold = [("pin", "hold", toml::Value::from("operation"))];
    let street = Street::configured(
        Settings { names: &["elsewhere.example"], ..Settings::default() },
        &[&card],
        &hold,
        |_, _| {},
    )
    .await;
    street.log_in().await;
    assert_eq!(street.refusal("echo").await.1, "gateway_origin_name");
    assert_eq!(street.desk.questions_after(1).len(), 0);
    street.desk.end().await;
}
