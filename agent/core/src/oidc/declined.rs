//! How soon a client may have the person asked again after they said no: a pause that grows with every no.
//!
//! A request without a browser raises a prompt by itself. Without a pause a client could raise the next one for as long as
//! the person closes them.

use crate::identity::UnixTime;
use std::collections::HashMap;

/// The first pause, seconds; each further one is twice as long.
const FIRST: i64 = 60;
/// The longest pause, and how long after its end a no is remembered, seconds.
const LONGEST: i64 = 960;

/// Clients whose prompts were closed. None but registered ones come here.
#[derive(Default)]
pub(super) struct Declined(HashMap<String, Pause>);

struct Pause {
    length: i64,
    until: UnixTime,
}

impl Declined {
    /// The person closed a prompt of this client.
    pub(super) fn note(&mut self, client: &str, now: UnixTime) {
        self.sweep(now);
        let length = self.0.get(client).map_or(FIRST, |pause| (2 * pause.length).min(LONGEST));
        self.0.insert(client.to_owned(), Pause { length, until: now.plus(length) });
    }

    /// Whether the person is not to be asked for this client now. A clock that was set back prolongs no pause.
    pub(super) fn pauses(&self, client: &str, now: UnixTime) -> bool {
        self.0.get(client).is_some_and(|pause| (1..=pause.length).contains(&pause.until.since(now)))
    }

    /// The person said yes to this client, or it was removed.
    pub(super) fn forget(&mut self, client: &str) {
        self.0.remove(client);
    }

    /// Forgets what was long ago.
    pub(super) fn sweep(&mut self, now: UnixTime) {
        self.0.retain(|_, pause| now.since(pause.until) < LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[test]
    fn each_no_pauses_longer_and_only_its_own_client() {
        let mut declined = Declined::default();
        let mut now = NOW;
        for length in [60, 120, 240, 480, 960, 960] {
            declined.note("heavy", now);
            assert!(declined.pauses("heavy", now.plus(length - 1)), "{length}");
            assert!(!declined.pauses("heavy", now.plus(length)), "{length}");
            assert!(!declined.pauses("other", now));
            now = now.plus(length);
        }
        declined.forget("heavy");
        declined.note("heavy", now);
        assert!(!declined.pauses("heavy", now.plus(60)), "a yes begins anew");
    }

    #[test]
    fn an_old_no_and_a_clock_that_was_set_back_count_for_nothing() {
        let mut declined = Declined::default();
        declined.note("heavy", NOW);
        assert!(!declined.pauses("heavy", NOW.plus(-3600)));
        declined.note("heavy", NOW.plus(60 + LONGEST));
        assert!(!declined.pauses("heavy", NOW.plus(60 + LONGEST + 60)));
    }
}
