//! The newest lines of the trail as a person looks at them: what happened lately, and what can be counted.
//!
//! Whoever runs as the user can write what they like into the trail, so every member is hostile text here: it is bounded,
//! shown as text, and proves nothing (that is [`super::verify`]'s business). A line that says nothing we know is passed over.

use super::event::Application;
use crate::identity::UnixTime;
use serde::Deserialize;
use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
};

/// Days that are counted, today included.
pub const DAYS: usize = 14;
/// Newest events that are shown.
pub const RECENT: usize = 50;
/// Longest time, seconds, between a card and its login that is a person who waits: beyond it the card just lay there.
pub const LONGEST_DELAY: i64 = 600;
/// Where the classes of these times end, seconds, the end included.
pub const DELAYS: [i64; 6] = [5, 10, 20, 30, 60, LONGEST_DELAY];

/// Longest line that is looked at, bytes; ours are under 2,000.
const LINE: usize = 8 * 1024;
/// Longest text that is kept of a member, characters.
const TEXT: usize = 256;
/// Most different causes, and cards that wait for their login, that are told apart.
const MOST: usize = 64;
/// Ways of a login, in the order in which they are shown.
pub const WAYS: [&str; 5] = ["card", "ecps", "browser", "token", "local"];
/// What happens all the time, and is no news when it was done.
const ROUTINE: [&str; 8] = [
    "token",
    "policy",
    "signing_key",
    "upstream",
    "gateway",
    "gateway_handshake",
    "logout_notice",
    "revocation_unknown",
];

/// One event, as far as people are told of it. Every text is as it stands in the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub time: UnixTime,
    /// Its word.
    pub event: String,
    /// The way of a login, the reason of an end, the name of a reader, `up` or `down` of a service: its one detail.
    pub detail: Option<String>,
    /// Why it was refused, when it was: a code of the failure table, or a protocol's.
    pub refused: Option<String>,
    /// How often, where the line stands for several.
    pub times: Option<u32>,
    /// Whose it is.
    pub person: Option<String>,
    /// Who asked.
    pub application: Application,
}

/// The logins of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its number, by the counting of whoever asked.
    pub day: i64,
    /// Logins by way, in the order of [`WAYS`].
    pub logins: [u32; WAYS.len()],
}

/// What the newest part of the trail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The newest events first.
    pub recent: Vec<Entry>,
    /// The last [`DAYS`] days, the oldest first.
    pub days: Vec<Day>,
    /// Refusals of these days by code of the failure table, the most frequent first.
    pub failures: Vec<(String, u32)>,
    /// Logins of these days by the time since their card came, in the classes of [`DELAYS`].
    pub delays: [u32; DELAYS.len()],
    /// Half of them took at most so many seconds.
    pub median: Option<i64>,
    /// When the oldest line that was looked at was written: what came before is counted nowhere.
    pub since: Option<UnixTime>,
}

/// Reads lines, the oldest first.
#[derive(Debug)]
pub struct Reader<F> {
    day_of: F,
    today: i64,
    recent: VecDeque<Entry>,
    days: Vec<Day>,
    failures: BTreeMap<String, u32>,
    /// Cards that came and have not logged anybody in yet.
    waiting: BTreeMap<String, UnixTime>,
    /// Logins by seconds since their card came.
    seconds: BTreeMap<i64, u32>,
    since: Option<UnixTime>,
}

/// The members that are looked at.
#[derive(Deserialize)]
struct Line<'a> {
    time: i64,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    result: Cow<'a, str>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    #[serde(borrow)]
    person: Option<Cow<'a, str>>,
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    pid: Option<i32>,
    #[serde(borrow)]
    program: Option<Cow<'a, str>>,
    #[serde(borrow)]
    card: Option<Cow<'a, str>>,
    #[serde(borrow)]
    way: Option<Cow<'a, str>>,
    #[serde(borrow)]
    why: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reader: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
    up: Option<bool>,
    /// How many refusals the line stands for; one where it does not say.
    times: Option<u32>,
}

impl<F: Fn(UnixTime) -> i64> Reader<F> {
    /// Counts the days up to now. `day_of` numbers them where the person is.
    pub fn new(now: UnixTime, day_of: F) -> Self {
        let today = day_of(now);
        let first = today.saturating_sub(DAYS as i64 - 1);
        let days = (first..=today).map(|day| Day { day, logins: [0; WAYS.len()] }).collect();
        Self {
            day_of,
            today,
            recent: VecDeque::new(),
            days,
            failures: BTreeMap::new(),
            waiting: BTreeMap::new(),
            seconds: BTreeMap::new(),
            since: None,
        }
    }

    /// Reads one line.
    pub fn line(&mut self, text: &[u8]) {
        if text.len() > LINE {
            return;
        }
        let Ok(line) = serde_json::from_slice::<Line<'_>>(text) else { return };
        let time = UnixTime(line.time);
        self.since.get_or_insert(time);
        self.follow_card(&line, time);
        let day = (self.day_of)(time);
        let counted = self.days.first().is_some_and(|first| first.day <= day) && day <= self.today;
        match &*line.result {
            "done" if counted && line.event == "login" => self.count_login(&line, day),
            "refused" if counted => self.count_failure(&line),
            _ => {}
        }
        if line.result == "refused" || !ROUTINE.contains(&&*line.event) {
            if self.recent.len() >= RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(entry(line, time));
        }
    }

    /// What the lines said.
    #[must_use]
    pub fn finish(self) -> Activity {
        let mut failures: Vec<(String, u32)> = self.failures.into_iter().collect();
        failures.sort_by(|(a, more), (b, less)| less.cmp(more).then(a.cmp(b)));
        let mut delays = [0; DELAYS.len()];
        for (seconds, count) in &self.seconds {
            let class = DELAYS.iter().position(|end| seconds <= end);
            if let Some(of_class) = class.and_then(|class| delays.get_mut(class)) {
                *of_class += count;
            }
        }
        Activity {
            recent: self.recent.into_iter().rev().collect(),
            days: self.days,
            failures,
            delays,
            median: median(&self.seconds),
            since: self.since,
        }
    }

    fn count_login(&mut self, line: &Line<'_>, day: i64) {
        let way = WAYS.iter().position(|way| line.way.as_deref() == Some(way));
        let day = self.days.iter_mut().find(|counted| counted.day == day);
        if let Some(count) = day.zip(way).and_then(|(day, way)| day.logins.get_mut(way)) {
            *count += 1;
        }
    }

    /// A refusal of the failure table. A protocol's is between programs.
    fn count_failure(&mut self, line: &Line<'_>) {
        let Some(code) = line.code.as_deref().map(cut) else { return };
        if self.failures.len() < MOST || self.failures.contains_key(&code) {
            let count = self.failures.entry(code).or_default();
            *count = count.saturating_add(line.times.unwrap_or(1));
        }
    }

    /// From the moment a card comes to the first login with it: what is counted of days that are counted, and measured
    /// only when both are in what was read.
    fn follow_card(&mut self, line: &Line<'_>, time: UnixTime) {
        let Some(card) = line.card.as_deref().map(cut) else { return };
        match (&*line.event, &*line.result) {
            ("card_inserted", "done") if self.waiting.len() < MOST || self.waiting.contains_key(&card) => {
                self.waiting.insert(card, time);
            }
            ("card_removed", _) => drop(self.waiting.remove(&card)),
            ("login", "done") => {
                let Some(came) = self.waiting.remove(&card) else { return };
                let seconds = time.since(came);
                let recent = self.days.first().is_some_and(|first| first.day <= (self.day_of)(time));
                if recent && (0..=LONGEST_DELAY).contains(&seconds) {
                    *self.seconds.entry(seconds).or_default() += 1;
                }
            }
            _ => {}
        }
    }
}

fn entry(line: Line<'_>, time: UnixTime) -> Entry {
    let kept = |text: Option<Cow<'_, str>>| text.as_deref().map(cut);
    let up = line.up.map(|up| Cow::Borrowed(if up { "up" } else { "down" }));
    Entry {
        time,
        event: cut(&line.event),
        detail: kept(line.way.or(line.why).or(line.reader).or(line.subject).or(line.state).or(up)),
        refused: (line.result == "refused").then(|| kept(line.code.or(line.error))).flatten(),
        times: line.times,
        person: kept(line.person),
        application: Application { client: kept(line.client), pid: line.pid, program: kept(line.program) },
    }
}

/// The lower median.
fn median(counts: &BTreeMap<i64, u32>) -> Option<i64> {
    let all: u64 = counts.values().map(|count| u64::from(*count)).sum();
    let mut seen = 0;
    counts.iter().find_map(|(seconds, count)| {
        seen += u64::from(*count);
        (seen * 2 >= all).then_some(*seconds)
    })
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

#[cfg(test)]
mod tests;
