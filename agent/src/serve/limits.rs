//! How much a caller may take: sizes, times and numbers of connections, the same for both doors.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
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

/// Refusals of one kind that are told in [`TELLING_TIME`]; the rest are only refused and counted, so that nobody can
/// fill the audit trail.
pub const TOLD: u32 = 10;
/// See [`TOLD`].
pub const TELLING_TIME: Duration = Duration::from_secs(60);
/// Most kinds of refusals that are counted apart. Who is refused is part of the kind, and may be made up; whoever comes
/// beyond is counted together.
pub const KINDS: usize = 256;

/// Counts the refusals of each kind: who was refused, and why.
#[derive(Debug)]
pub struct Refusals<W> {
    /// Nobody in particular stands for all who come beyond [`KINDS`].
    told: Mutex<HashMap<(Option<W>, &'static str), Lately>>,
}

/// Refusals of one kind since the first of them.
#[derive(Debug)]
struct Lately {
    since: Instant,
    told: u32,
    /// Beyond [`TOLD`]. Shared with whoever waits to tell it, so that refusals which come in between begin a count of
    /// their own and take nothing from this one. Changed under the lock of all.
    untold: Arc<AtomicU32>,
}

/// What becomes of a refusal in the audit trail.
#[derive(Debug)]
pub enum Telling {
    /// It is told.
    Now,
    /// It is the first of its kind that is only counted: [`Refusals::untold`] says how many there were in its time.
    Later(Untold),
    /// It is counted.
    Counted,
}

/// Refusals that are only counted.
#[derive(Debug)]
pub struct Untold {
    /// They are those of one. False if they are of all who are not counted apart.
    pub of_one: bool,
    until: Instant,
    count: Arc<AtomicU32>,
}

impl<W> Default for Refusals<W> {
    fn default() -> Self {
        Self { told: Mutex::default() }
    }
}

impl<W: Eq + Hash> Refusals<W> {
    /// What becomes of this refusal.
    pub fn tell(&self, who: W, why: &'static str) -> Telling {
        let mut told = self.told();
        let now = Instant::now();
        let mut kind = (Some(who), why);
        if !told.contains_key(&kind) && told.len() >= KINDS {
            told.retain(|_, lately| !lately.is_over(now));
            if told.len() >= KINDS {
                kind.0 = None;
            }
        }
        let of_one = kind.0.is_some();
        let lately = told.entry(kind).or_insert_with(|| Lately::new(now));
        if lately.is_over(now) {
            *lately = Lately::new(now);
        }
        if lately.told < TOLD {
            lately.told += 1;
            return Telling::Now;
        }
        match lately.untold.fetch_add(1, Ordering::Relaxed) {
            0 => Telling::Later(Untold {
                of_one,
                until: lately.since + TELLING_TIME,
                count: Arc::clone(&lately.untold),
            }),
            _ => Telling::Counted,
        }
    }

    /// How many there were, once their time is over.
    pub async fn untold(&self, untold: Untold) -> u32 {
        tokio::time::sleep_until(untold.until).await;
        // Whoever holds the lock may still be counting into it; whoever comes later begins anew.
        let _told = self.told();
        untold.count.load(Ordering::Relaxed)
    }

    fn told(&self) -> MutexGuard<'_, HashMap<(Option<W>, &'static str), Lately>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lately {
    fn new(since: Instant) -> Self {
        Self { since, told: 0, untold: Arc::default() }
    }

    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= TELLING_TIME
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

    fn is_told(telling: &Telling) -> bool {
        matches!(telling, Telling::Now)
    }

    /// What waits to be told of these refusals.
    fn later(tellings: Vec<Telling>) -> Vec<Untold> {
        let later = tellings.into_iter().filter_map(|telling| match telling {
            Telling::Later(untold) => Some(untold),
            Telling::Now | Telling::Counted => None,
        });
        later.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_comes_in_masses_is_told_a_few_times_a_minute() {
        let refusals = Refusals::default();
        let mut told: Vec<_> = (0..100).map(|_| refusals.tell("page", "foreign_origin")).collect();
        assert!(told.drain(..10).all(|telling| is_told(&telling)));
        assert!(matches!(told[0], Telling::Later(_)));
        assert!(told[1..].iter().all(|telling| matches!(telling, Telling::Counted)));
        assert!(is_told(&refusals.tell("page", "foreign_host")), "another reason is still told");
        assert!(is_told(&refusals.tell("software", "foreign_origin")), "somebody else as well");
        let untold = later(told).remove(0);
        assert!(untold.of_one);
        // The clock jumps to the end of the wait.
        assert_eq!(refusals.untold(untold).await, 90);
        assert!(is_told(&refusals.tell("page", "foreign_origin")));
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_ever_new_kinds_are_told_no_more_often() {
        let refusals = Refusals::default();
        let told = |from: usize| {
            (from..from + 10 * KINDS).filter(|who| is_told(&refusals.tell(*who, "why"))).count()
        };
        let most = KINDS + usize::try_from(TOLD).unwrap();
        assert_eq!(told(0), most);
        tokio::time::advance(TELLING_TIME).await;
        assert_eq!(told(1_000_000), most, "and nothing is remembered for ever");
    }

    #[tokio::test(start_paused = true)]
    async fn no_refusal_is_lost_because_too_many_others_were_refused() {
        let refusals = Refusals::default();
        let tellings: Vec<_> = (0..1000).map(|who| refusals.tell(who, "why")).collect();
        let told = tellings.iter().filter(|telling| is_told(telling)).count();
        let [untold]: [Untold; 1] = later(tellings).try_into().unwrap();
        assert!(!untold.of_one, "they are of many");
        assert_eq!(told + usize::try_from(refusals.untold(untold).await).unwrap(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_just_after_the_minute_takes_nothing_from_the_count_before() {
        let refusals = Refusals::default();
        let masses = || (0..15).map(|_| refusals.tell("page", "foreign_origin")).collect::<Vec<_>>();
        let first = later(masses()).remove(0);
        tokio::time::advance(TELLING_TIME).await;
        // Whoever waits to tell the first did not wake yet.
        let second = masses();
        assert!(is_told(&second[0]));
        assert_eq!(refusals.untold(first).await, 5);
        assert_eq!(refusals.untold(later(second).remove(0)).await, 5);
    }

    #[test]
    fn a_place_is_given_back() {
        let slots = Slots::new(1, 1);
        drop(slots.take(Some("a")).unwrap());
        assert!(slots.take(Some("b")).is_some());
        assert!(slots.taken.lock().unwrap().is_empty(), "nothing is remembered of a peer that left");
    }
}
