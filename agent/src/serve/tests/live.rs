//! The events of a login page: the state at once and whenever it changes, until the page is another one.

use super::fake::{FakeDesk, PORT, ask, ask_as, bridge, dial, dial_at, neighbour};
use crate::serve::{
    around::Around,
    desk::{Hint, LoginPage},
};
use cps_agent_core::identity::Way;
use std::{sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

fn working(hint: Hint) -> LoginPage {
    LoginPage::Working { application: "Dossier".to_owned(), way: Way::Card, hint, around: Around::default() }
}

fn desk(page: LoginPage) -> Arc<FakeDesk> {
    let desk = Arc::new(FakeDesk::default());
    desk.turn_page(page);
    desk
}

/// Opens a stream and leaves it open.
async fn follow(desk: &Arc<FakeDesk>) -> DuplexStream {
    let mut stream = dial(desk, neighbour());
    begin(&mut stream).await;
    stream
}

async fn begin(stream: &mut DuplexStream) {
    let request = format!("GET /login/t1/events HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// Reads until a text was said, and returns everything.
async fn until(stream: &mut DuplexStream, text: &str) -> String {
    let mut said = Vec::new();
    loop {
        let mut part = [0; 1024];
        let length = stream.read(&mut part).await.unwrap();
        said.extend_from_slice(&part[..length]);
        let heard = String::from_utf8_lossy(&said);
        if heard.contains(text) {
            return heard.into_owned();
        }
        assert_ne!(length, 0, "it ended without {text}: {heard}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_is_told_its_state_at_once_and_each_change_once() {
    let desk = desk(working(Hint::InsertCard));
    let mut stream = follow(&desk).await;
    let first = until(&mut stream, "Insérez").await;
    assert!(first.starts_with("HTTP/1.1 200") && first.contains("text/event-stream"), "{first}");
    assert!(first.contains("no-store") && first.contains("retry: 1000\nevent: show\ndata: \""), "{first}");
    desk.turn_page(working(Hint::TypePin));
    let second = until(&mut stream, "Tapez").await;
    assert_eq!(second.matches("event:").count(), 1, "{second}");
    assert!(!second.contains("<script") && !second.contains("<html"), "only what changes: {second}");
    desk.turn_page(LoginPage::Leave { location: "https://dpi.example/cb?code=secret".to_owned() });
    let last = until(&mut stream, "event: leave").await;
    assert!(!last.contains("secret"), "where it leads is for the browser to open: {last}");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(!rest.contains("event:"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn what_stays_the_same_is_not_said_again() {
    let desk = desk(working(Hint::InsertCard));
    let mut stream = follow(&desk).await;
    until(&mut stream, "event: show").await;
    let silence = until(&mut stream, ":\n\n").await;
    assert!(!silence.contains("event:"), "{silence}");
}

#[tokio::test]
async fn an_unknown_page_is_left_at_once() {
    let answer = ask(&desk(working(Hint::Wait)), "GET /login/other/events").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("event: leave"), "{}", answer.body);
}

#[tokio::test]
async fn looking_starts_nothing() {
    let page = LoginPage::Choose {
        application: "Dossier".to_owned(),
        ways: vec![Way::Card],
        starts: Some(Way::Card),
        identifier: None,
        expected: None,
        reason: None,
        around: Around::default(),
    };
    let desk = desk(page);
    until(&mut follow(&desk).await, "event: show").await;
    assert!(desk.noted().is_empty());
}

#[tokio::test]
async fn a_page_has_a_bounded_number_of_streams_and_gets_the_place_of_one_that_left() {
    let desk = desk(working(Hint::InsertCard));
    let bridge = bridge(&desk);
    let open = || dial_at(&bridge, neighbour());
    let (mut first, mut second, mut third) = (open(), open(), open());
    for stream in [&mut first, &mut second] {
        begin(stream).await;
        until(stream, "event: show").await;
    }
    let counted = format!("{:?}", bridge.followers);
    assert!(!counted.contains("t1"), "whoever has the page's identifier may act on it: {counted}");
    begin(&mut third).await;
    let refused = until(&mut third, "too_many_connections").await;
    assert!(refused.starts_with("HTTP/1.1 429"), "{refused}");
    drop(first);
    // The bridge notices who left when it next looks: the place is there soon, and until then it is refused.
    let followed = async {
        loop {
            let mut again = open();
            begin(&mut again).await;
            if until(&mut again, "\r\n\r\n").await.starts_with("HTTP/1.1 200") {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), followed).await.expect("the place is given back");
}

#[tokio::test]
async fn another_page_never_reads_them() {
    for headers in [
        "Origin: https://dpi.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty",
        "Sec-Fetch-Site: same-site\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty",
        "Sec-Fetch-Site: none\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document",
        "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe",
    ] {
        let request = format!("GET /login/t1/events\n{headers}");
        let answer = ask_as(&desk(working(Hint::Wait)), neighbour(), &request).await;
        assert_eq!(answer.status, 403, "{headers}");
    }
    let post = ask(&desk(working(Hint::Wait)), "POST /login/t1/events\n\nx=1").await;
    assert_eq!(post.status, 405);
}
