//! How soon somebody may have the person asked again after they said no: a pause that grows with every no.
//!
//! A login without a browser, a program at the PKCS#11 module and a call through a gateway raise a prompt by themselves.
//! Without a pause they could raise the next one for as long as the person closes them. A yes ends the pause, and so does
//! a card that is put in, which is a person's act.

use crate::identity::UnixTime;
use std::collections::HashMap;

/// The first pause, seconds; each further one is twice as long.
const FIRST: i64 = 60;
/// The longest pause, and how long after its end a no is remembered, seconds.
const LONGEST: i64 = 960;

/// Most that are remembered; the pause that ends first makes room.
const MOST: usize = 256;

/// For whom the person was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A registered client.
    Client(String),
    /// A program, by the path of its executable. Those that the system does not name share one pause.
    Program(Option<String>),
}

/// Those whose prompts were closed.
#[derive(Debug, Default)]
pub struct Declined(HashMap<Asker, Pause>);

#[derive(Debug)]
struct Pause {
    length: i64,
    until: UnixTime,
}

impl Declined {
    /// The person closed a prompt of this one.
    pub fn note(&mut self, asker: Asker, now: UnixTime) {
        self.sweep(now);
        let length = self.0.get(&asker).map_or(FIRST, |pause| (2 * pause.length).min(LONGEST));
        if self.0.len() >= MOST && !self.0.contains_key(&asker) {
            let first = self.0.iter().min_by_key(|(_, pause)| pause.until.0).map(|(asker, _)| asker.clone());
            first.map(|first| self.0.remove(&first));
        }
        self.0.insert(asker, Pause { length, until: now.plus(length) });
    }

    /// Whether the person is not to be asked for this one now. A clock that was set back prolongs no pause.
    #[must_use]
    pub fn pauses(&self, asker: &Asker, now: UnixTime) -> bool {
        self.0.get(asker).is_some_and(|pause| (1..=pause.length).contains(&pause.until.since(now)))
    }

    /// The person said yes to this one, or it was removed.
    pub fn forget(&mut self, asker: &Asker) {
        self.0.remove(asker);
    }

    /// The person put a card in: whoever waits may ask again.
    pub fn forget_all(&mut self) {
        self.0.clear();
    }

    /// Forgets what was long ago.
    pub fn sweep(&mut self, now: UnixTime) {
        self.0.retain(|_, pause| now.since(pause.until) < LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn client(id: &str) -> Asker {
        Asker::Client(id.to_owned())
    }

    fn program(path: &str) -> Asker {
        Asker::Program(Some(path.to_owned()))
    }

    #[test]
    fn each_no_pauses_longer_and_only_its_own_asker() {
        let mut declined = Declined::default();
        let mut now = NOW;
        for length in [60, 120, 240, 480, 960, 960] {
            declined.note(client("heavy"), now);
            assert!(declined.pauses(&client("heavy"), now.plus(length - 1)), "{length}");
            assert!(!declined.pauses(&client("heavy"), now.plus(length)), "{length}");
            for other in [client("other"), program("heavy"), Asker::Program(None)] {
                assert!(!declined.pauses(&other, now));
            }
            now = now.plus(length);
        }
        declined.forget(&client("heavy"));
        declined.note(client("heavy"), now);
        assert!(!declined.pauses(&client("heavy"), now.plus(60)), "a yes begins anew");
    }

    #[test]
    fn programs_without_a_name_share_one_pause() {
        let mut declined = Declined::default();
        declined.note(Asker::Program(None), NOW);
        assert!(declined.pauses(&Asker::Program(None), NOW));
        assert!(!declined.pauses(&program("/usr/bin/curl"), NOW));
    }

    #[test]
    fn a_card_that_is_put_in_ends_every_pause() {
        let mut declined = Declined::default();
        declined.note(program("/usr/bin/firefox"), NOW);
        declined.note(client("heavy"), NOW);
        declined.forget_all();
        assert!(
            !declined.pauses(&program("/usr/bin/firefox"), NOW) && !declined.pauses(&client("heavy"), NOW)
        );
    }

    #[test]
    fn an_old_no_and_a_clock_that_was_set_back_count_for_nothing() {
        let mut declined = Declined::default();
        declined.note(client("heavy"), NOW);
        assert!(!declined.pauses(&client("heavy"), NOW.plus(-3600)));
        declined.note(client("heavy"), NOW.plus(60 + LONGEST));
        assert!(!declined.pauses(&client("heavy"), NOW.plus(60 + LONGEST + 60)));
    }

    #[test]
    fn pauses_do_not_grow_without_end_and_the_latest_holds() {
        let mut declined = Declined::default();
        for number in 0..2 * MOST {
            let now = NOW.plus(i64::try_from(number).unwrap() / 100);
            declined.note(program(&number.to_string()), now);
        }
        assert_eq!(declined.0.len(), MOST);
        assert!(declined.pauses(&program(&(2 * MOST - 1).to_string()), NOW.plus(10)));
    }
}
