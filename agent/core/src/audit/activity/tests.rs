//! The numbers are those of the trail, and nothing in it can do more than be shown.

use super::*;
use crate::{
    audit::{Event, Head, What, chain, event::SessionEnd},
    failure,
    identity::{Credential, NationalId, Way},
};

const DAY: i64 = 24 * 3600;
/// Noon of a day.
const NOW: UnixTime = UnixTime(20_000 * DAY + DAY / 2);

fn day_of(time: UnixTime) -> i64 {
    time.0.div_euclid(DAY)
}

/// A trail as the agent writes it.
#[derive(Default)]
struct Trail {
    head: Head,
    text: String,
}

impl Trail {
    fn write(&mut self, event: &Event, time: UnixTime) {
        let (line, head) = chain(&self.head, event, time);
        self.text.push_str(&line);
        self.head = head;
    }

    fn read(&self) -> Activity {
        read(&self.text)
    }
}

fn read(text: &str) -> Activity {
    let mut reader = Reader::new(NOW, day_of);
    text.lines().for_each(|line| reader.line(line.as_bytes()));
    reader.finish()
}

fn card(serial: &str) -> Option<Credential> {
    Some(Credential { serial: serial.to_owned(), certificate: "ab".to_owned() })
}

fn logins(activity: &Activity, days_ago: i64) -> [u32; 5] {
    activity.days.iter().find(|day| day.day == day_of(NOW) - days_ago).expect("a counted day").logins
}

#[test]
fn an_empty_trail_has_nothing_to_tell_of_any_day() {
    let activity = read("");
    assert_eq!((activity.days.len(), activity.since, activity.median), (DAYS, None, None));
    assert!(activity.days.iter().all(|day| day.logins == [0; 5]));
    assert!(activity.recent.is_empty() && activity.failures.is_empty() && activity.delays == [0; 6]);
}

#[test]
fn whatever_is_no_line_of_ours_is_passed_over() {
    let deep = "[".repeat(5_000);
    let long = format!("{{\"time\":1,\"event\":\"{}\"}}", "x".repeat(2 * LINE));
    for hostile in [
        "",
        "x",
        "null",
        "[]",
        "{}",
        "{\"time\":1}",
        "{\"time\":\"1\",\"event\":\"login\"}",
        "{\"time\":1e99,\"event\":\"login\"}",
        "{\"time\":1,\"event\":{\"login\":1}}",
        "{\"time\":1,\"event\":\"login\",\"way\":[]}",
        "{\"time\":1,\"event\":\"login\",\"event\":\"login\"}",
        "\u{feff}{\"time\":1,\"event\":\"login\"}",
        &deep,
        &long,
    ] {
        assert!(read(hostile).recent.is_empty(), "{}", &hostile[..hostile.len().min(60)]);
    }
    let mut reader = Reader::new(NOW, day_of);
    reader.line(b"{\"time\":1,\"event\":\"\xff\"}");
    assert!(reader.finish().recent.is_empty());
}

#[test]
fn a_hostile_member_is_cut_and_kept_as_it_is() {
    let evil = "<script>alert('x')</script>\\u0000\\u202e";
    let line = format!(
        "{{\"time\":{},\"event\":\"{evil}\",\"result\":\"refused\",\"code\":\"{evil}\",\"program\":\"{}\"}}",
        NOW.0,
        "é".repeat(1_000)
    );
    let entry = read(&line).recent.remove(0);
    assert_eq!(entry.event, "<script>alert('x')</script>\u{0}\u{202e}");
    assert_eq!(entry.refused.as_deref(), Some(entry.event.as_str()));
    assert_eq!(entry.application.program.expect("a program").chars().count(), TEXT);
}

#[test]
fn a_flood_of_different_words_takes_no_more_than_its_place() {
    let mut text = String::new();
    for n in 0..1_000 {
        text.push_str(&format!(
            "{{\"time\":{},\"event\":\"card_inserted\",\"result\":\"done\",\"card\":\"{n}\"}}\n\
             {{\"time\":{},\"event\":\"x\",\"result\":\"refused\",\"code\":\"c{n}\"}}\n",
            NOW.0, NOW.0
        ));
    }
    let activity = read(&text);
    assert_eq!((activity.failures.len(), activity.recent.len()), (MOST, RECENT));
}

#[test]
fn logins_are_counted_by_day_and_way_and_only_those_that_succeeded() {
    let mut trail = Trail::default();
    let login = |way| Event::done(What::Login(way)).of(NationalId("1".to_owned()));
    for (event, days_ago) in [
        (login(Way::Card), 14),
        (login(Way::Card), 13),
        (login(Way::Card), 1),
        (login(Way::Ecps), 1),
        (login(Way::Card), 1),
        (Event::refused(What::Login(Way::Card), failure::PIN_WRONG), 1),
        (login(Way::Local), 0),
        (login(Way::Card), -1),
    ] {
        trail.write(&event, NOW.plus(-days_ago * DAY));
    }
    let activity = trail.read();
    assert_eq!(logins(&activity, 13), [1, 0, 0, 0, 0]);
    assert_eq!(logins(&activity, 1), [2, 1, 0, 0, 0]);
    assert_eq!(logins(&activity, 0), [0, 0, 0, 0, 1]);
    let all: u32 = activity.days.iter().flat_map(|day| day.logins).sum();
    assert_eq!(all, 5, "neither older ones nor ones of days to come");
    assert_eq!(activity.since, Some(NOW.plus(-14 * DAY)));
}

#[test]
fn the_day_is_the_one_of_the_person() {
    let mut trail = Trail::default();
    trail.write(&Event::done(What::Login(Way::Card)), UnixTime(20_000 * DAY - 1));
    let mut reader = Reader::new(NOW, |time: UnixTime| day_of(time.plus(3600)));
    trail.text.lines().for_each(|line| reader.line(line.as_bytes()));
    assert_eq!(logins(&reader.finish(), 0), [1, 0, 0, 0, 0]);
}

#[test]
fn failures_are_counted_by_cause_and_the_most_frequent_comes_first() {
    let mut trail = Trail::default();
    for code in [failure::CARD_REMOVED, failure::PIN_WRONG, failure::PIN_WRONG, failure::NO_CARD] {
        trail.write(&Event::refused(What::Login(Way::Card), code), NOW);
    }
    trail.write(&Event::refused(What::Login(Way::Card), failure::NO_CARD), NOW.plus(-20 * DAY));
    trail.write(&Event::protocol(What::Authorization, "login_required"), NOW);
    let counted = trail.read().failures;
    let counted: Vec<(&str, u32)> = counted.iter().map(|(code, count)| (code.as_str(), *count)).collect();
    assert_eq!(counted, [("pin_wrong", 2), ("card_removed", 1), ("no_card", 1)]);
}

#[test]
fn a_line_that_stands_for_many_refusals_counts_as_many() {
    let mut reader = Reader::new(NOW, day_of);
    for times in ["", ",\"times\":490"] {
        let line = format!(
            "{{\"time\":{},\"event\":\"door_refused\",\"result\":\"refused\",\"code\":\"other_user\"{times}}}",
            NOW.0
        );
        reader.line(line.as_bytes());
    }
    let activity = reader.finish();
    assert_eq!(activity.failures, [("other_user".to_owned(), 491)]);
    assert_eq!(activity.recent[0].times, Some(490));
}

#[test]
fn the_time_from_a_card_to_its_login_is_measured_once_for_each_insertion() {
    let mut trail = Trail::default();
    let mut at = |seconds: i64, event: What, serial: &str| {
        trail.write(&Event::done(event).with(card(serial)), NOW.plus(seconds));
    };
    at(0, What::Login(Way::Card), "a");
    at(10, What::CardInserted, "a");
    at(12, What::CardInserted, "b");
    at(15, What::Login(Way::Card), "a");
    at(16, What::Login(Way::Card), "a");
    at(33, What::Login(Way::Card), "b");
    at(40, What::CardRemoved, "a");
    at(50, What::CardInserted, "a");
    at(51, What::CardRemoved, "a");
    at(52, What::Login(Way::Card), "a");
    at(60, What::CardInserted, "a");
    at(60 + LONGEST_DELAY + 1, What::Login(Way::Card), "a");
    at(2_000, What::CardInserted, "a");
    at(2_060, What::Login(Way::Card), "a");
    let activity = trail.read();
    assert_eq!(activity.delays, [1, 0, 0, 1, 1, 0], "5, 21 and 60 seconds");
    assert_eq!(activity.median, Some(21));
}

#[test]
fn what_happens_all_the_time_is_no_news_unless_it_was_refused() {
    let mut trail = Trail::default();
    let grant = crate::audit::event::Grant::Refresh;
    trail.write(&Event::done(What::TokenIssued(grant)), NOW);
    trail.write(&Event::protocol(What::TokenIssued(grant), "invalid_grant"), NOW);
    trail.write(&Event::done(What::SessionEnded(SessionEnd::CardRemoved)), NOW.plus(1));
    let recent = trail.read().recent;
    assert_eq!(recent.len(), 2);
    assert_eq!(
        (recent[0].event.as_str(), recent[0].detail.as_deref()),
        ("session_ended", Some("card_removed"))
    );
    assert_eq!((recent[1].event.as_str(), recent[1].refused.as_deref()), ("token", Some("invalid_grant")));
}
