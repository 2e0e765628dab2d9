//! The end of a session is told a little before, so that nobody loses what they were writing.

use super::shared::{Quiet, Shared};
use cps_agent_core::{
    failure::{self, Failure},
    identity::{SessionId, UnixTime},
};
use std::time::Duration;

/// How long before its end a session is spoken of, seconds.
const BEFORE_END: i64 = 5 * 60;
/// The same before a session ends because nobody is active.
const BEFORE_IDLE: i64 = 2 * 60;
/// The longest time between two looks, seconds: clocks are moved, machines sleep.
const LOOK: i64 = 60;

/// The end of a session, as it is foreseen now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    sid: SessionId,
    at: UnixTime,
    idle: bool,
}

/// What is to be done about it.
#[derive(Debug, PartialEq, Eq)]
enum Now {
    /// Look again after so many seconds.
    Wait(i64),
    /// Tell.
    Tell(Failure),
}

/// The ends that were seen coming, and told.
#[derive(Debug, Default)]
struct Foreseen {
    end: Option<End>,
    told: bool,
}

/// Watches the session for ever.
pub(super) async fn warn(shared: &Shared) {
    let mut due = shared.due.subscribe();
    let mut foreseen = Foreseen::default();
    loop {
        let (end, now) = shared.look(|quiet, now| (foresee(quiet), now));
        let sid = end.as_ref().map(|end| end.sid.clone());
        let wait = match foreseen.look(end, now) {
            Now::Wait(seconds) => Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
            Now::Tell(failure) => {
                let sid = sid.map(|sid| sid.0);
                shared.announce_failure("session", "ending", sid.as_deref(), &failure);
                continue;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = due.changed() => drop(changed),
        }
    }
}

/// When the session ends if nothing happens. A locked one is nobody's to save.
fn foresee(quiet: &Quiet) -> Option<End> {
    let session = quiet.sessions.current().filter(|session| !session.locked)?;
    let at = quiet.sessions.deadline()?;
    Some(End { sid: session.sid, at, idle: at < session.expires })
}

impl Foreseen {
    /// Tells each end once, and only one that was seen coming: a session shorter than the warning needs none.
    fn look(&mut self, end: Option<End>, now: UnixTime) -> Now {
        let Some(end) = end else {
            self.end = None;
            return Now::Wait(LOOK);
        };
        let before = if end.idle { BEFORE_IDLE } else { BEFORE_END };
        let left = end.at.since(now);
        if self.end.as_ref() != Some(&end) {
            self.told = left <= before;
            self.end = Some(end);
        }
        let idle = self.end.as_ref().is_some_and(|end| end.idle);
        if self.told || left > before {
            return Now::Wait((left - before).clamp(1, LOOK));
        }
        self.told = true;
        let code = if idle { failure::SESSION_IDLE } else { failure::SESSION_ENDING };
        Now::Tell(Failure::new(code).with("minutes", left.div_euclid(60).max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(sid: &str, at: i64, idle: bool) -> Option<End> {
        Some(End { sid: SessionId(sid.to_owned()), at: UnixTime(at), idle })
    }

    fn told(now: Now) -> Option<(&'static str, i64)> {
        match now {
            Now::Tell(failure) => {
                Some((failure.code.word(), failure.values["minutes"].as_i64().expect("a number")))
            }
            Now::Wait(seconds) => {
                assert!((1..=LOOK).contains(&seconds), "{seconds}");
                None
            }
        }
    }

    #[test]
    fn an_end_is_told_once_a_little_before() {
        let mut foreseen = Foreseen::default();
        let mut at = |now| told(foreseen.look(end("s", 10_000, false), UnixTime(now)));
        assert_eq!(at(0), None);
        assert_eq!(at(9_699), None);
        assert_eq!(at(9_700), Some(("session_ending", 5)));
        assert_eq!(at(9_701), None);
        assert_eq!(at(9_999), None);
    }

    #[test]
    fn an_act_puts_the_end_off_and_the_next_one_is_told_again() {
        let mut foreseen = Foreseen::default();
        let mut at = |now, ends| told(foreseen.look(end("s", ends, true), UnixTime(now)));
        assert_eq!(at(0, 1_800), None);
        assert_eq!(at(1_680, 1_800), Some(("session_idle", 2)));
        assert_eq!(at(1_700, 3_500), None);
        assert_eq!(at(3_400, 3_500), Some(("session_idle", 1)));
    }

    #[test]
    fn a_session_shorter_than_the_warning_needs_none() {
        let mut foreseen = Foreseen::default();
        for now in 0..100 {
            assert_eq!(told(foreseen.look(end("s", 100, false), UnixTime(now))), None);
        }
    }

    #[test]
    fn nobody_is_told_of_a_session_that_is_over() {
        let mut foreseen = Foreseen::default();
        assert_eq!(told(foreseen.look(end("s", 1_000, false), UnixTime(0))), None);
        assert_eq!(told(foreseen.look(None, UnixTime(900))), None);
    }
}
