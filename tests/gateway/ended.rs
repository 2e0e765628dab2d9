//! What a card and a session opened ends with them: connections, tickets, and what is under way.

use crate::{
    desk::until,
    streams,
    street::{Street, refused, signatures},
};
use cps_sandbox::{
    card::{CardHandle, cards},
    service::Settings,
};

async fn open(card: &CardHandle, mode: &str) -> Street {
    let mode = [("session", "mode", toml::Value::from(mode))];
    let street = Street::configured(Settings::default(), &[card], &mode, |_, _| {}).await;
    street.log_in().await;
    street
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_session_cuts_its_connections_and_forgets_its_tickets() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let street = open(&card, "strict").await;
        assert_eq!(street.ask("echo").await.status(), 200);
        let counts = street.service.counts();
        assert_eq!((counts.open(), counts.whole()), (1, 1));
        street.desk.control().await.end_session().await.expect("an answer");
        street.until_cut().await;
        assert_eq!(street.refusal("echo").await, (401, "gateway_nobody".to_owned()));

        street.log_in().await;
        card.counters().clear();
        assert_eq!(street.ask("echo").await.status(), 200);
        assert_eq!((counts.whole(), counts.resumed()), (2, 0), "a ticket outlived its session");
        assert_eq!(signatures(&card), 1);
        street.desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_pulled_cuts_what_is_under_way_and_says_so() {
    for mode in ["strict", "lock", "mobile"] {
        let card = cards::doctor_cps3();
        let street = open(&card, mode).await;
        let counts = street.service.counts();
        let pulled = async {
            until("the request is at the service", async || (counts.requests() == 1).then_some(())).await;
            street.desk.readers.remove(0);
        };
        let (answer, ()) = tokio::join!(street.ask("silent"), pulled);
        assert_eq!(refused(&answer).1, "card_removed", "{mode}");
        street.until_cut().await;
        street.desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_pulled_breaks_an_answer_off() {
    let card = cards::doctor_cps4();
    let street = open(&card, "strict").await;
    let request =
        format!("GET {}bytes/100000000000 HTTP/1.1\r\nHost: {}\r\n\r\n", street.path(), street.socket());
    let (head, stream) = streams::begin(street.socket(), request).await;
    assert_eq!(head, "HTTP/1.1 200");
    street.desk.readers.remove(0);
    let bytes = streams::rest(stream).await;
    assert!(bytes > 0, "an answer was under way");
    street.until_cut().await;
    assert_eq!(street.refusal("echo").await, (401, "gateway_nobody".to_owned()));
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_pulled_during_the_handshake_is_an_ordinary_event() {
    let card = cards::doctor_cps3();
    let street = open(&card, "strict").await;
    card.faults().remove_at(1);
    let (status, code) = street.refusal("echo").await;
    assert!(code == "card_removed" || code == "gateway_nobody", "{status} {code}");
    street.desk.take(0).await;
    card.faults().clear();
    street.desk.insert(0, &card).await;
    street.log_in().await;
    assert_eq!(street.ask("echo").await.status(), 200);
    assert_eq!(card.pin_tries_spent(), 0);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_no_activity_of_the_person() {
    let card = cards::doctor_cps3();
    let idle = [("session", "idle", toml::Value::from("2s"))];
    let street = Street::configured(Settings::default(), &[&card], &idle, |_, _| {}).await;
    street.log_in().await;
    // A program that never stops calling keeps nobody logged in.
    let deadline = std::time::Instant::now() + crate::desk::PATIENCE;
    while street.ask("echo").await.status() == 200 {
        assert!(std::time::Instant::now() < deadline, "kept awake");
    }
    assert_eq!(street.refusal("echo").await, (401, "gateway_nobody".to_owned()));
    street.until_cut().await;
    street.desk.end().await;
}
