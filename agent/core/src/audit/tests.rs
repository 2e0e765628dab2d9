//! The chain shows every edit and forgives only a crash.

use super::*;
use crate::audit::event::{Grant, SessionEnd};
use crate::identity::{NationalId, SessionId, UnixTime, Way};

fn events() -> Vec<Event> {
    vec![
        Event::done(What::Started("1.0")),
        Event::done(What::Login(Way::Card))
            .of(NationalId("899700000001".into()))
            .within(SessionId("s1".into()))
            .by(Application {
                client: Some("dpi".into()),
                pid: Some(42),
                program: Some("/usr/bin/dpi".into()),
            }),
        Event::protocol(What::TokenIssued(Grant::Code), "invalid_grant"),
        Event::refused(What::Pin(Some(2)), crate::failure::PIN_WRONG),
        Event::done(What::SessionEnded(SessionEnd::CardRemoved)),
    ]
}

fn written() -> (String, Head) {
    let mut head = Head::default();
    let mut text = String::new();
    for (n, event) in events().iter().enumerate() {
        let (line, next) = chain(&head, event, UnixTime(1_800_000_000 + n as i64));
        text.push_str(&line);
        head = next;
    }
    (text, head)
}

#[test]
fn every_single_byte_that_is_changed_breaks_the_chain() {
    let (text, _) = written();
    for at in 0..text.len() - 1 {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 0x01;
        assert!(verify(&Head::default(), &bytes).is_err(), "byte {at}");
    }
}

#[test]
fn a_line_that_is_removed_repeated_or_moved_breaks_the_chain_at_its_place() {
    let (text, _) = written();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = [lines[0], lines[2], lines[3]].concat();
    assert_eq!(verify(&Head::default(), without.as_bytes()), Err(Broken { line: 2 }));
    let twice = [lines[0], lines[1], lines[1]].concat();
    assert_eq!(verify(&Head::default(), twice.as_bytes()), Err(Broken { line: 3 }));
    let moved = [lines[1], lines[0]].concat();
    assert_eq!(verify(&Head::default(), moved.as_bytes()), Err(Broken { line: 1 }));
}

#[test]
fn a_crash_at_any_byte_leaves_a_chain_that_verifies_to_the_last_complete_line() {
    let (text, head) = written();
    for end in 0..text.len() {
        let cut = &text.as_bytes()[..end];
        let found = verify(&Head::default(), cut).unwrap();
        let complete = cut.iter().filter(|b| **b == b'\n').count();
        assert_eq!(found.head.sequence, complete as u64);
        assert_eq!(found.truncated, found.length != end);
    }
    let whole = verify(&Head::default(), text.as_bytes()).unwrap();
    assert_eq!(whole, Verified { head, length: text.len(), truncated: false });
}

#[test]
fn a_new_file_continues_from_the_head_of_the_old_one() {
    let (_, head) = written();
    let (line, _) = chain(&head, &Event::done(What::Stopped), UnixTime(1_800_000_100));
    assert_eq!(verify(&head, line.as_bytes()).unwrap().head.sequence, 6);
    assert_eq!(verify(&Head::default(), line.as_bytes()), Err(Broken { line: 1 }));
}

#[test]
fn a_line_says_who_what_and_how_it_ended() {
    let (text, _) = written();
    let line: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    for (name, value) in [
        ("event", "login"),
        ("way", "card"),
        ("result", "done"),
        ("person", "899700000001"),
        ("client", "dpi"),
        ("program", "/usr/bin/dpi"),
        ("sid", "s1"),
    ] {
        assert_eq!(line[name], value);
    }
    let refused: serde_json::Value = serde_json::from_str(text.lines().nth(3).unwrap()).unwrap();
    assert_eq!((&refused["code"], &refused["tries_left"]), (&"pin_wrong".into(), &2.into()));
}

#[test]
fn a_hostile_name_stays_one_short_line() {
    let name = format!("reader\n{{\"seq\":9}}\",\"hash\":\"{}", "x".repeat(5000));
    let (line, _) = chain(&Head::default(), &Event::done(What::ReaderAdded(name)), UnixTime(1));
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.len() < 1000);
    verify(&Head::default(), line.as_bytes()).unwrap();
}
