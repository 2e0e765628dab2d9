//! Which readers and cards are here, and when that changes.
//!
//! [`Readers`] turns successive lists of the service into events and does no I/O. [`Monitor`] asks the service for the
//! lists, one blocking step at a time, on a thread that its owner provides. States heal by themselves: a service that is
//! absent, stopped or started again is a pair of events, and after a time asleep the next list tells what changed.

use crate::transport::{ReaderService, ReaderState, TransportError};
use std::time::Duration;

/// How long one step waits for a change. The service wakes us when there is one; this only bounds what a lost wake-up costs.
const WAIT: Duration = Duration::from_secs(60);

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A reader came, empty or not.
    ReaderAdded {
        /// Its name.
        reader: String,
    },
    /// A reader went. Its card, if any, went just before.
    ReaderRemoved {
        /// Its name.
        reader: String,
    },
    /// A card was put in and answered.
    CardInserted {
        /// In which reader.
        reader: String,
        /// Its answer to reset.
        atr: Vec<u8>,
    },
    /// A card is in the reader but does not answer: upside down, dirty, or not a smart card.
    CardMute {
        /// In which reader.
        reader: String,
    },
    /// The card, mute or not, was taken out.
    CardRemoved {
        /// From which reader.
        reader: String,
    },
    /// The smart-card service does not answer. Readers and cards went just before.
    ServiceLost {
        /// [`TransportError::NoService`], [`TransportError::Refused`] or what else the service said.
        why: TransportError,
    },
    /// The service answers again. Readers and cards follow.
    ServiceBack,
}

/// The readers known so far.
#[derive(Debug, Default)]
pub struct Readers {
    known: Vec<ReaderState>,
    ignored: Vec<String>,
    lost: Option<TransportError>,
}

impl Readers {
    /// Knows no reader yet. Readers whose name contains one of `ignored`, whatever the case, stay unseen.
    #[must_use]
    pub fn new(ignored: impl IntoIterator<Item = String>) -> Self {
        let ignored =
            ignored.into_iter().map(|part| part.to_lowercase()).filter(|part| !part.is_empty()).collect();
        Self { known: Vec::new(), ignored, lost: None }
    }

    /// The readers that are here, as last told.
    #[must_use]
    pub fn now(&self) -> &[ReaderState] {
        &self.known
    }

    /// Why the service does not answer, while it does not.
    #[must_use]
    pub fn lost(&self) -> Option<&TransportError> {
        self.lost.as_ref()
    }

    /// Compares the service's new list with the known one. Removals come first, so that a card that moved from one
    /// reader to another left before it arrived.
    pub fn update(&mut self, list: &[ReaderState]) -> Vec<Event> {
        let list: Vec<_> = list.iter().filter(|state| self.is_wanted(&state.name)).cloned().collect();
        let mut events = Vec::new();
        if self.lost.take().is_some() {
            events.push(Event::ServiceBack);
        }
        for old in &self.known {
            let new = find(&list, &old.name);
            if has_card(old) && new.is_none_or(|new| !same_card(old, new)) {
                events.push(Event::CardRemoved { reader: old.name.clone() });
            }
            if new.is_none() {
                events.push(Event::ReaderRemoved { reader: old.name.clone() });
            }
        }
        for new in &list {
            let old = find(&self.known, &new.name);
            if old.is_none() {
                events.push(Event::ReaderAdded { reader: new.name.clone() });
            }
            if has_card(new) && old.is_none_or(|old| !same_card(old, new)) {
                let reader = new.name.clone();
                events.push(match &new.atr {
                    Some(atr) => Event::CardInserted { reader, atr: atr.clone() },
                    None => Event::CardMute { reader },
                });
            }
        }
        self.known = list;
        events
    }

    /// The service failed: everything is gone. Tells it once, and again only when the reason differs.
    pub fn lose(&mut self, why: TransportError) -> Vec<Event> {
        if self.lost.as_ref() == Some(&why) {
            return Vec::new();
        }
        self.lost = None;
        let mut events = self.update(&[]);
        self.lost = Some(why.clone());
        events.push(Event::ServiceLost { why });
        events
    }

    fn is_wanted(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        // The pseudo-reader by which PC/SC stacks announce new readers.
        !name.starts_with(r"\\?pnp?\") && !self.ignored.iter().any(|part| name.contains(part))
    }
}

fn find<'a>(list: &'a [ReaderState], name: &str) -> Option<&'a ReaderState> {
    list.iter().find(|state| state.name == name)
}

fn has_card(state: &ReaderState) -> bool {
    state.mute || state.atr.is_some()
}

/// The same card in place all the time: one that was pulled and put back quickly looks the same but for the counter.
fn same_card(old: &ReaderState, new: &ReaderState) -> bool {
    old.events == new.events && old.atr == new.atr && old.mute == new.mute
}

/// Asks the service for changes, step by step.
#[derive(Debug, Default)]
pub struct Monitor {
    readers: Readers,
    /// The service's list, ignored readers included, so that they do not end every wait at once.
    listed: Vec<ReaderState>,
    /// The service answered the last step.
    settled: bool,
    /// Failures in a row.
    failures: u32,
}

impl Monitor {
    /// Watches `readers`.
    #[must_use]
    pub fn new(readers: Readers) -> Self {
        Self { readers, ..Self::default() }
    }

    /// Waits for a change and returns the events, none when nothing changed that matters. The first step returns what is
    /// there. Ended early by [`ReaderService::interrupt`].
    ///
    /// After a failure the next step must come no sooner than [`Monitor::pause`] says.
    pub fn step(&mut self, service: &dyn ReaderService) -> Vec<Event> {
        // A service that answers for the first time, or again, may have no reader: no change to wait for, yet news.
        let timeout = if self.settled { WAIT } else { Duration::ZERO };
        match service.wait(&self.listed, timeout) {
            Ok(list) => {
                self.settled = true;
                self.failures = 0;
                let events = self.readers.update(&list);
                self.listed = list;
                events
            }
            Err(why) => {
                self.settled = false;
                self.failures = self.failures.saturating_add(1);
                self.listed.clear();
                self.readers.lose(why)
            }
        }
    }

    /// How long to pause before the next step: nothing while the service answers.
    #[must_use]
    pub fn pause(&self) -> Duration {
        back_off(self.failures)
    }

    /// The readers that are here.
    #[must_use]
    pub fn readers(&self) -> &Readers {
        &self.readers
    }
}

/// Pause after so many failures in a row: half a second, doubled each time up to half a minute. A service that starts
/// with the session is found quickly, and one that is not installed costs two looks a minute.
#[must_use]
pub fn back_off(failures: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(30);
    match failures {
        0 => Duration::ZERO,
        n => FIRST.saturating_mul(2_u32.saturating_pow(n - 1)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests;
