//! Answers of every form, from the other end of a pair of sockets.

use super::*;
use std::{cell::Cell, os::unix::net::UnixListener, thread};

fn request(patience: Patience<'_>) -> Request<'_> {
    Request { method: "GET", path: "/v1/x", language: "fr", patience }
}

/// What an answer of these bytes is understood as.
fn answered(answer: &[u8]) -> Result<Vec<u32>, Fault> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(answer).unwrap();
    theirs.shutdown(std::net::Shutdown::Write).unwrap();
    request(Patience::Endless).ask(&ours, None::<&()>)
}

fn with_head(head: &str, body: &str) -> Result<Vec<u32>, Fault> {
    answered(format!("HTTP/1.1 200 OK\r\nCPS-Agent-Protocol: {PROTOCOL}\r\n{head}\r\n{body}").as_bytes())
}

#[test]
fn an_answer_that_ends_early_is_lost() {
    assert!(matches!(answered(b""), Err(Fault::Lost(_))));
    assert!(matches!(answered(b"HTTP/1.1 200 OK\r\ncps-agent"), Err(Fault::Lost(_))));
    assert!(matches!(with_head("content-length: 4\r\n", "[1]"), Err(Fault::Lost(_))));
    assert!(matches!(with_head("transfer-encoding: chunked\r\n", "4\r\n[1]"), Err(Fault::Lost(_))));
    assert!(matches!(with_head("transfer-encoding: chunked\r\n", "3\r\n[1]\r\n"), Err(Fault::Lost(_))));
}

#[test]
fn nonsense_is_no_answer() {
    assert!(matches!(answered(b"hello\r\n\r\n"), Err(Fault::Garbled(_))));
    assert!(matches!(with_head("no header\r\n", ""), Err(Fault::Garbled(_))));
    assert!(matches!(with_head("content-length: many\r\n", ""), Err(Fault::Garbled(_))));
    assert!(matches!(with_head("transfer-encoding: chunked\r\n", "x\r\n"), Err(Fault::Lost(_))));
    assert!(matches!(with_head("content-length: 4\r\n", "[1,}"), Err(Fault::Garbled(_))));
    let endless = "x-long: ".to_owned() + &"x".repeat(20_000);
    assert!(matches!(with_head(&endless, ""), Err(Fault::Lost(_))));
}

#[test]
fn another_version_is_named_even_when_it_refuses() {
    assert!(matches!(answered(b"HTTP/1.1 200 OK\r\n\r\n"), Err(Fault::Version(None))));
    let newer = b"HTTP/1.1 409 Conflict\r\ncps-agent-protocol: 9\r\n\r\n{}";
    assert!(matches!(answered(newer), Err(Fault::Version(Some(9)))));
}

#[test]
fn each_form_of_a_body_is_read() {
    assert_eq!(with_head("Content-Length: 5\r\n", "[1,2]and more").unwrap(), [1, 2]);
    assert_eq!(with_head("", "[1,2]").unwrap(), [1, 2]);
    let chunks = "2;name=value\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n";
    assert_eq!(with_head("Transfer-Encoding: chunked\r\n", chunks).unwrap(), [1, 2]);
}

#[test]
fn a_body_without_end_is_given_up() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let writer = thread::spawn(move || {
        let head = format!("HTTP/1.1 200 OK\r\ncps-agent-protocol: {PROTOCOL}\r\n\r\n");
        let mut written = theirs.write_all(head.as_bytes());
        while written.is_ok() {
            written = theirs.write_all(&[b' '; 65_536]);
        }
    });
    let answer: Result<Vec<u32>, Fault> = request(Patience::Endless).ask(&ours, None::<&()>);
    assert!(matches!(answer, Err(Fault::Garbled(_))));
    drop(ours);
    writer.join().unwrap();
}

#[test]
fn silence_ends_at_the_deadline() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let patience = Patience::Until(Duration::from_millis(1));
    let answer: Result<Vec<u32>, Fault> = request(patience).ask(&ours, None::<&()>);
    assert!(matches!(answer, Err(Fault::Hung)));
}

#[test]
fn a_person_is_waited_for_as_long_as_the_agent_lives() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let looks = Cell::new(0);
    let lives = || {
        looks.set(looks.get() + 1);
        if looks.get() == 5 {
            let answer =
                format!("HTTP/1.1 200 OK\r\ncps-agent-protocol: {PROTOCOL}\r\ncontent-length: 3\r\n\r\n[7]");
            (&mut &theirs).write_all(answer.as_bytes()).unwrap();
        }
        true
    };
    let answer: Result<Vec<u32>, Fault> =
        request(Patience::Person(Duration::from_millis(1), &lives)).ask(&ours, None::<&()>);
    assert_eq!(answer.unwrap(), [7]);
    assert_eq!(looks.get(), 5);
}

#[test]
fn an_agent_that_died_asking_a_person_is_waited_for_no_longer() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let looks = Cell::new(0);
    let lives = || looks.replace(looks.get() + 1) < 3;
    let answer: Result<Vec<u32>, Fault> =
        request(Patience::Person(Duration::from_millis(1), &lives)).ask(&ours, None::<&()>);
    assert!(matches!(answer, Err(Fault::Hung)));
    assert_eq!(looks.get(), 4);
}

#[test]
fn a_queue_that_is_full_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("door");
    // Nobody ever takes a caller out of this queue.
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let callers: Vec<_> = std::iter::repeat_with(|| connect(&path)).take(10).collect();
    assert!(callers.first().is_some_and(Result::is_ok), "one may wait");
    assert!(matches!(callers.last(), Some(Err(Fault::Hung))));
}

#[test]
fn a_door_that_is_not_there_or_that_nobody_minds_is_no_agent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("door");
    assert!(matches!(connect(&path), Err(Fault::Absent(_))));
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(connect(&path), Err(Fault::Absent(_))), "its owner was killed");
}
