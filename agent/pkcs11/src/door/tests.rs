//! Answers of every form, from the other end of a pair of sockets.

use super::*;
use std::thread;

fn request(patience: Option<Duration>) -> Request<'static> {
    Request { method: "GET", path: "/v1/x", language: "fr", patience }
}

/// What an answer of these bytes is understood as.
fn answered(answer: &[u8]) -> Result<Vec<u32>, Fault> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(answer).unwrap();
    theirs.shutdown(std::net::Shutdown::Write).unwrap();
    request(None).ask(&ours, None::<&()>)
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
    let answer: Result<Vec<u32>, Fault> = request(None).ask(&ours, None::<&()>);
    assert!(matches!(answer, Err(Fault::Garbled(_))));
    drop(ours);
    writer.join().unwrap();
}

#[test]
fn silence_ends_at_the_deadline() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let answer: Result<Vec<u32>, Fault> = request(Some(Duration::from_millis(1))).ask(&ours, None::<&()>);
    assert!(matches!(answer, Err(Fault::Lost(_))));
}
