//! An origin that is not who it should be, speaks another language, or breaks: one clear code each, nothing stuck.

use crate::{
    desk::until,
    street::{Street, signatures},
};
use bytes::Bytes;
use cps_sandbox::{
    card::cards,
    pki::WebAuthority,
    service::{Service, Settings},
};
use hyper::Request;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
};

/// A gateway that leads elsewhere, or believes somebody else: every call is refused, and the card signs nothing for it.
async fn refused_without_a_signature(
    settings: Settings,
    differ: impl FnOnce(&mut toml::Table, &Service),
    code: &str,
) {
    let card = cards::doctor_cps3();
    let street = Street::configured(settings, &[&card], &[], differ).await;
    street.log_in().await;
    let before = signatures(&card);
    assert_eq!(street.refusal("echo").await.1, code);
    assert_eq!((before, signatures(&card)), (1, 1), "the card signed its login and nothing for {code}");
    street.desk.end().await;
}

fn leads_to(origin: String) -> impl FnOnce(&mut toml::Table, &Service) {
    |gateway, _| drop(gateway.insert("origin".to_owned(), origin.into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_from_elsewhere_is_refused_even_one_of_the_web() {
    let stranger = WebAuthority::new().expect("an authority");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("stranger.pem");
    fs::write(&file, stranger.pem()).expect("written");
    for anchor in [file.display().to_string(), "system".to_owned()] {
        let differ = |gateway: &mut toml::Table, _: &Service| {
            gateway.insert("anchors".to_owned(), vec![anchor].into());
        };
        refused_without_a_signature(Settings::default(), differ, "gateway_origin_untrusted").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_name_is_refused() {
    let settings = Settings { names: &["service.example"], ..Settings::default() };
    refused_without_a_signature(settings, |_, _| {}, "gateway_origin_name").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_an_older_tls_is_named_as_such() {
    // Says in a record of TLS 1.1 that it speaks no newer version (RFC 8446 §6.2, protocol_version).
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&[0x15, 0x03, 0x02, 0x00, 0x02, 0x02, 70]);
        }
    });
    refused_without_a_signature(Settings::default(), leads_to(origin), "gateway_tls").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cps3_and_a_server_of_tls_1_3_alone_have_nothing_in_common() {
    static NEW: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    let settings = Settings { versions: &NEW, ..Settings::default() };
    refused_without_a_signature(settings, |_, _| {}, "gateway_tls").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_or_speaks_no_tls_is_told_apart() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let origin = format!("https://localhost:{free}");
    refused_without_a_signature(Settings::default(), leads_to(origin), "gateway_unreachable").await;

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    refused_without_a_signature(Settings::default(), leads_to(origin), "gateway_broken").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_know_the_card_is_told_in_both_versions_of_tls() {
    for (card, version) in [(cards::doctor_cps3(), "1.2"), (cards::doctor_cps4(), "1.3")] {
        let settings = Settings { cards: false, ..Settings::default() };
        let street = Street::to(settings, &[&card], |_| {}).await;
        street.log_in().await;
        card.counters().clear();
        let refused = (502, "gateway_certificate_refused".to_owned());
        assert_eq!(street.refusal("echo").await, refused, "{version}");
        assert_eq!(signatures(&card), 1, "nothing is tried again by itself");
        assert_eq!(street.refusal("echo").await, refused, "{version}");
        let handshakes = street.trail().iter().filter(|line| line["event"] == "gateway_handshake").count();
        assert_eq!(
            handshakes,
            signatures(&card),
            "{version}: the card signed, whatever the service said to it"
        );
        street.desk.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_resets_or_never_answers_is_told_and_the_next_request_works() {
    let street = Street::to(Settings::default(), &[&cards::doctor_cps3()], |gateway| {
        gateway.insert("timeout".to_owned(), "1s".into());
    })
    .await;
    street.log_in().await;
    assert_eq!(street.refusal("reset").await, (502, "gateway_broken".to_owned()));
    assert_eq!(street.refusal("silent").await, (504, "gateway_slow".to_owned()));
    assert_eq!(street.ask("echo").await.status(), 200);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_never_taken_for_a_whole_one() {
    let street = Street::to(Settings::default(), &[&cards::doctor_cps3()], |gateway| {
        gateway.insert("timeout".to_owned(), "1s".into());
    })
    .await;
    street.log_in().await;
    for path in ["cut", "stall"] {
        let said = crate::wire::say(
            street.socket(),
            format!("GET {}{path} HTTP/1.1\r\nHost: {}\r\n\r\n", street.path(), street.socket()),
        )
        .await;
        assert!(said.starts_with("HTTP/1.1 200"), "{path}: {said}");
        assert!(!said.ends_with("0\r\n\r\n"), "{path}: a last chunk: {said}");
        assert!(said.len() < 1500, "{path}");
    }
    assert_eq!(street.ask("echo").await.status(), 200);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_sends_half_a_body_is_told_and_holds_nothing() {
    let street = Street::to(Settings::default(), &[&cards::doctor_cps3()], |gateway| {
        gateway.insert("timeout".to_owned(), "1s".into());
    })
    .await;
    street.log_in().await;
    let half = format!(
        "POST {}sink HTTP/1.1\r\nHost: {}\r\nContent-Length: 1000\r\n\r\nhalf",
        street.path(),
        street.socket()
    );
    let said = crate::wire::say(street.socket(), half).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("request_too_slow"), "{said}");
    let counts = street.service.counts();
    until("the half request is given up", async || (counts.open() == 0).then_some(())).await;
    assert_eq!(street.ask("echo").await.status(), 200);
    street.desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_refused_announced_or_not() {
    let street = Street::to(Settings::default(), &[&cards::doctor_cps3()], |gateway| {
        gateway.insert("body".to_owned(), 1.into());
    })
    .await;
    street.log_in().await;
    let body = Bytes::from(vec![0; 1024 * 1024 + 1]);
    let request = Request::post(street.address("sink")).body(body).expect("a request");
    assert_eq!(crate::street::refused(&street.send(request).await), (413, "request_too_large".to_owned()));
    assert_eq!(street.service.counts().requests(), 0);

    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let chunked = format!(
        "POST {}sink HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        street.path(),
        street.socket(),
        chunk.repeat(17)
    );
    let said = crate::wire::say(street.socket(), chunked).await;
    assert!(said.starts_with("HTTP/1.1 413"), "{said}");
    assert_eq!(street.ask("echo").await.status(), 200);
    street.desk.end().await;
}
