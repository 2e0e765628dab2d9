//! How much a caller may take: sizes, times and numbers of connections, the same for both doors.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
/// Streams of events to pages.
pub const FOLLOWERS: usize = 64;
/// Streams of events to one page: a few windows of it.
pub const FOLLOWERS_OF_ONE: usize = 4;
/// Connections that are open at once, those included that nobody knows yet: finding out whose they are takes a moment,
/// during which they hold no place.
pub const OPEN: usize = CONNECTIONS + STRANGERS + 60;
/// Searches for the process behind a connection that run at once; each reads much of `/proc`.
pub const SEARCHES: usize = 2;
/// Connections from other users that may be waiting for their refusal.
pub const STRANGERS: usize = 4;

/// Refusals of one kind that are told in [`TELLING_TIME`]; the rest are only refused and counted, so that nobody can fill
/// the audit trail.
pub const TOLD: u32 = 10;
/// See [`TOLD`].
pub const TELLING_TIME: Duration = Duration::from_secs(60);
/// Most kinds of refusals that are counted apart. Who is refused may be part of the kind, and may be made up.
pub const KINDS: usize = 256;

/// Remembers how often each kind of refusal was told lately.
#[derive(Debug)]
pub struct Refusals<K> {
    told: Mutex<HashMap<K, (Instant, u32)>>,
}

/// What becomes of a refusal in the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// It is told.
    Now,
    /// It is the first of its kind that is only counted: [`Refusals::untold`] says how many there were in this time.
    CountIn(Duration),
    /// It is counted.
    Counted,
}

impl<K> Default for Refusals<K> {
    fn default() -> Self {
        Self { told: Mutex::default() }
    }
}

impl<K: Eq + Hash> Refusals<K> {
    /// What becomes of this refusal.
    pub fn tell(&self, kind: K) -> Telling {
        let mut told = self.told();
        let now = Instant::now();
        if !told.contains_key(&kind) && told.len() >= KINDS {
            told.retain(|_, (since, _)| now.duration_since(*since) < TELLING_TIME);
            if told.len() >= KINDS {
                return Telling::Counted;
            }
        }
        let (since, count) = told.entry(kind).or_insert((now, 0));
        if now.duration_since(*since) >= TELLING_TIME {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        match (*count).checked_sub(TOLD) {
            None | Some(0) => Telling::Now,
            Some(1) => Telling::CountIn((*since + TELLING_TIME).duration_since(now)),
            Some(_) => Telling::Counted,
        }
    }

    /// How many of a kind were only counted, once this time is over. The count begins anew.
    pub async fn untold(&self, kind: &K, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        self.told().remove(kind).map_or(0, |(_, count)| count.saturating_sub(TOLD))
    }

    fn told(&self) -> MutexGuard<'_, HashMap<K, (Instant, u32)>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut told: Vec<Telling> = (0..100).map(|_| refusals.tell("foreign_origin")).collect();
        assert!(told.drain(..10).all(|telling| telling == Telling::Now));
        assert_eq!(told.remove(0), Telling::CountIn(TELLING_TIME));
        assert!(told.iter().all(|telling| *telling == Telling::Counted));
        assert_eq!(refusals.tell("foreign_host"), Telling::Now, "another kind is still told");
        // The clock jumps to the end of the wait.
        assert_eq!(refusals.untold(&"foreign_origin", TELLING_TIME).await, 90);
        assert_eq!(refusals.untold(&"foreign_host", TELLING_TIME).await, 0);
        assert_eq!(refusals.tell("foreign_origin"), Telling::Now);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_ever_new_kinds_are_told_no_more_often() {
        let refusals = Refusals::default();
        let told = |from: usize| {
            (from..from + 10 * KINDS).filter(|kind| refusals.tell(*kind) == Telling::Now).count()
        };
        assert_eq!(told(0), KINDS);
        tokio::time::advance(TELLING_TIME).await;
        assert_eq!(told(1_000_000), KINDS, "and nothing is remembered for ever");
    }

    #[test]
    fn a_place_is_given_back() {
        let slots = Slots::new(1, 1);
        drop(slots.take(Some("a")).unwrap());
        assert!(slots.take(Some("b")).is_some());
        assert!(slots.taken.lock().unwrap().is_empty(), "nothing is remembered of a peer that left");
    }
}
