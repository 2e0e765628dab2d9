//! One signature of the card serves many requests.

use crate::{
    streams::take,
    street::{NAME, Street, signatures},
};
use cps_sandbox::{
    card::{CardHandle, cards},
    service::Settings,
};

async fn logged_in(card: &CardHandle, settings: Settings) -> Street {
    let street = Street::to(settings, &[card], |_| {}).await;
    street.log_in().await;
    card.counters().clear();
    street
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_cost_one_signature() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let street = logged_in(&card, Settings::default()).await;
        for number in 0..1000 {
            let echo = street.echo(&format!("echo?n={number}")).await;
            assert_eq!(echo["target"], format!("/base/echo?n={number}"));
        }
        assert_eq!(signatures(&card), 1);
        let counts = street.service.counts();
        assert_eq!((counts.whole(), counts.requests()), (1, 1000));
        assert_eq!(street.desk.person().questions().len(), 1, "the login's");
        street.desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_time_cost_one_signature_too() {
    static OLD: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    static NEW: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    for versions in [&OLD[..], &NEW[..]] {
        let card = cards::doctor_cps4();
        let street = logged_in(&card, Settings { versions, ..Settings::default() }).await;
        let (path, address) = (street.path(), street.socket());
        let line =
            format!("GET {path}bytes/2000000 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let asked: Vec<_> = (0..12).map(|_| tokio::spawn(take(address, line.clone()))).collect();
        for answer in asked {
            let taken = answer.await.expect("no panic");
            assert!(taken.head.starts_with("HTTP/1.1 200"), "{}", taken.head);
            assert_eq!(taken.bytes, 2_000_000);
        }
        assert_eq!(signatures(&card), 1, "{versions:?}");
        let counts = street.service.counts();
        assert_eq!(counts.whole(), 1);
        assert!(counts.resumed() > 0, "more than one connection was wanted");
        street.desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_reconnection_the_session_of_tls_is_resumed() {
    for card in [cards::doctor_cps3(), cards::doctor_cps4()] {
        let street = logged_in(&card, Settings::default()).await;
        for _ in 0..5 {
            street.echo("echo").await;
            // The service cuts the connection: the next request needs a new one.
            assert_eq!(street.refusal("reset").await, (502, "gateway_broken".to_owned()));
        }
        street.echo("echo").await;
        assert_eq!(signatures(&card), 1);
        let counts = street.service.counts();
        assert_eq!((counts.whole(), counts.resumed()), (1, 5));
        street.desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_speaks_tls_1_2_and_a_cps4_tls_1_3() {
    for (card, version) in [(cards::doctor_cps3(), "TLS 1.2"), (cards::doctor_cps4(), "TLS 1.3")] {
        let street = logged_in(&card, Settings::default()).await;
        let echo = street.echo("echo").await;
        assert!(echo["client"].as_str().is_some_and(|name| !name.is_empty()), "{echo}");
        assert_eq!(street.service.counts().versions(), [version]);
        street.desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_and_every_signature_is_in_the_audit_trail_without_path_or_query() {
    let card = cards::doctor_cps3();
    let street = logged_in(&card, Settings::default()).await;
    street.echo("echo/DOSSIER-SECRET?nom=DUPONT").await;
    street.ask("bytes/1234").await;
    street.refusal("reset").await;
    let trail = street.trail();
    let events: Vec<_> = trail.iter().map(|line| (line["event"].as_str(), line["result"].as_str())).collect();
    assert_eq!(
        events,
        [
            (Some("gateway_handshake"), Some("done")),
            (Some("gateway"), Some("done")),
            (Some("gateway"), Some("done")),
            (Some("gateway"), Some("refused")),
        ]
    );
    assert_eq!(trail[0]["card"], card.serial());
    assert_eq!(trail[2]["gateway"]["received"], 1234);
    assert_eq!((&trail[2]["client"], &trail[2]["gateway"]["name"]), (&"logiciel".into(), &NAME.into()));
    assert_eq!(trail[3]["code"], "gateway_broken");
    let text = format!("{trail:?}");
    assert!(!text.contains("DOSSIER") && !text.contains("DUPONT") && !text.contains('~'), "{text}");
    street.desk.end().await;
}
