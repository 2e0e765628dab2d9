//! How much a caller may take: sizes, times and numbers of connections, the same for both doors.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Longest request head. The longest honest one is an authorization request with a few hundred bytes of state.
pub const HEAD: usize = 16 * 1024;
/// Most header fields of a request.
pub const HEADERS: usize = 64;
/// Longest request body. The longest honest one is a client registration.
pub const BODY: usize = 64 * 1024;
/// A request head must be complete this long after its connection was opened or answered last.
pub const HEAD_TIME: Duration = Duration::from_secs(20);
/// A request body must be complete this long after its head.
pub const BODY_TIME: Duration = Duration::from_secs(10);
/// A caller that does not take our answer for this long is cut off.
pub const STALL_TIME: Duration = Duration::from_secs(20);
/// Longest path and query.
pub const TARGET: usize = 8 * 1024;
/// Connections of one door up to which nobody is counted apart.
pub const ROOMY: usize = 32;
/// Connections of one door.
pub const CONNECTIONS: usize = 256;
/// Connections of one process, of those that are counted apart.
pub const CONNECTIONS_OF_ONE: usize = 64;
/// Streams of events to login pages.
pub const FOLLOWERS: usize = 64;
/// Streams of events to one login page: a few windows of it.
pub const FOLLOWERS_OF_ONE: usize = 4;
/// Connections that are open at once, those included that nobody knows yet: finding out whose they are takes a moment,
/// during which they hold no place.
pub const OPEN: usize = CONNECTIONS + STRANGERS + 60;
/// Searches for the process behind a connection that run at once; each reads much of `/proc`.
pub const SEARCHES: usize = 2;
/// Connections from other users that may be waiting for their refusal.
pub const STRANGERS: usize = 4;

/// Refusals of one kind that are told in [`TELLING_TIME`]; the rest are only refused, so that a web page cannot fill the
/// audit trail.
pub const TOLD: u32 = 10;
/// See [`TOLD`].
pub const TELLING_TIME: Duration = Duration::from_secs(60);

/// Remembers how often each kind of refusal was told lately.
#[derive(Debug, Default)]
pub struct Refusals {
    told: Mutex<HashMap<&'static str, (Instant, u32)>>,
}

impl Refusals {
    /// Whether this refusal should be told, too.
    #[must_use]
    pub fn tell(&self, kind: &'static str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (since, count) = told.entry(kind).or_insert((now, 0));
        if now.duration_since(*since) >= TELLING_TIME {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= TOLD
    }
}

/// Counts connections, in total and for each peer.
#[derive(Debug)]
pub struct Slots<K> {
    total: usize,
    of_one: usize,
    taken: Mutex<HashMap<Option<K>, usize>>,
}

/// A counted connection; gives its place back when dropped.
#[derive(Debug)]
pub struct Slot<K: Eq + Hash> {
    slots: Arc<Slots<K>>,
    peer: Option<K>,
}

impl<K: Eq + Hash + Clone> Slots<K> {
    /// Sets the bounds.
    #[must_use]
    pub fn new(total: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Self { total, of_one, taken: Mutex::default() })
    }

    /// How many places are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Takes a place, counted apart for a peer or not, or says that none is left.
    #[must_use]
    pub fn take(self: &Arc<Self>, peer: Option<K>) -> Option<Slot<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&peer).copied().unwrap_or(0);
        if all >= self.total || (peer.is_some() && own >= self.of_one) {
            return None;
        }
        taken.insert(peer.clone(), own + 1);
        Some(Slot { slots: Arc::clone(self), peer })
    }
}

impl<K: Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.peer) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_cannot_take_the_places_of_the_others() {
        let slots = Slots::new(3, 2);
        let _first = slots.take(Some("page")).unwrap();
        let _second = slots.take(Some("page")).unwrap();
        assert!(slots.take(Some("page")).is_none(), "its own bound");
        let _third = slots.take(Some("software")).unwrap();
        assert!(slots.take(Some("third")).is_none(), "the door's bound");
        assert!(slots.take(None).is_none(), "which holds for everybody");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_comes_in_masses_is_told_a_few_times_a_minute() {
        let refusals = Refusals::default();
        assert_eq!((0..100).filter(|_| refusals.tell("foreign_origin")).count(), 10);
        assert!(refusals.tell("foreign_host"), "another kind is still told");
        tokio::time::advance(TELLING_TIME).await;
        assert!(refusals.tell("foreign_origin"));
    }

    #[test]
    fn a_place_is_given_back() {
        let slots = Slots::new(1, 1);
        drop(slots.take(Some("a")).unwrap());
        assert!(slots.take(Some("b")).is_some());
        assert!(slots.taken.lock().unwrap().is_empty(), "nothing is remembered of a peer that left");
    }
}
