//! What clients leave here for a while, by the hash of a random identifier: each has its share, and whoever has too much
//! loses its own oldest, never another's.

use crate::secret::SecretHash;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The entries of all owners, at most `MOST` of each.
pub(super) struct Shares<T, const MOST: usize> {
    entries: HashMap<SecretHash, Entry<T>>,
    /// Of each owner, in the order of their making.
    order: HashMap<Arc<str>, VecDeque<SecretHash>>,
}

struct Entry<T> {
    owner: Arc<str>,
    value: T,
}

impl<T, const MOST: usize> Default for Shares<T, MOST> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: HashMap::new() }
    }
}

impl<T, const MOST: usize> Shares<T, MOST> {
    /// Adds an entry.
    pub(super) fn add(&mut self, owner: &str, key: SecretHash, value: T) {
        self.add_sparing(owner, key, value, |_| false);
    }

    /// Adds an entry; the oldest one that is not spared makes room where there is none.
    pub(super) fn add_sparing(
        &mut self,
        owner: &str,
        key: SecretHash,
        value: T,
        spared: impl Fn(&T) -> bool,
    ) {
        let Self { entries, order } = self;
        let owner = order.get_key_value(owner).map_or_else(|| owner.into(), |(owner, _)| Arc::clone(owner));
        let own = order.entry(Arc::clone(&owner)).or_default();
        if own.len() >= MOST {
            let goes = |key: &SecretHash| entries.get(key).is_none_or(|entry| !spared(&entry.value));
            if let Some(oldest) = own.iter().position(goes).and_then(|at| own.remove(at)) {
                entries.remove(&oldest);
            }
        }
        own.push_back(key);
        entries.insert(key, Entry { owner, value });
    }

    /// An entry.
    pub(super) fn get(&self, key: &SecretHash) -> Option<&T> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, key: &SecretHash) -> Option<&mut T> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// The entries of an owner, oldest first.
    pub(super) fn of(&self, owner: &str) -> impl Iterator<Item = &T> {
        self.order.get(owner).into_iter().flatten().filter_map(|key| self.get(key))
    }

    /// The same, to be changed, in no order.
    pub(super) fn of_mut<'a>(&'a mut self, owner: &'a str) -> impl Iterator<Item = &'a mut T> {
        let own = self.entries.values_mut().filter(move |entry| *entry.owner == *owner);
        own.map(|entry| &mut entry.value)
    }

    /// Takes an entry out.
    pub(super) fn take(&mut self, key: &SecretHash) -> Option<T> {
        let Entry { owner, value } = self.entries.remove(key)?;
        if let Some(own) = self.order.get_mut(&owner) {
            own.retain(|other| other != key);
            if own.is_empty() {
                self.order.remove(&owner);
            }
        }
        Some(value)
    }

    /// Forgets everything of an owner.
    pub(super) fn end(&mut self, owner: &str) {
        for key in self.order.remove(owner).into_iter().flatten() {
            self.entries.remove(&key);
        }
    }

    /// Forgets, of each owner, the oldest entries that are over, up to the first that is not.
    pub(super) fn sweep(&mut self, over: impl Fn(&T) -> bool) {
        let Self { entries, order } = self;
        order.retain(|_, own| {
            while let Some(oldest) = own.front() {
                if entries.get(oldest).is_some_and(|entry| !over(&entry.value)) {
                    break;
                }
                entries.remove(oldest);
                own.pop_front();
            }
            !own.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> SecretHash {
        SecretHash::of(name)
    }

    fn held(shares: &Shares<u8, 2>, owner: &str) -> Vec<u8> {
        shares.of(owner).copied().collect()
    }

    #[test]
    fn whoever_has_too_much_loses_its_own_oldest() {
        let mut shares = Shares::<u8, 2>::default();
        shares.add("quiet", key("q"), 0);
        for (name, value) in [("a", 1), ("b", 2), ("c", 3)] {
            shares.add("loud", key(name), value);
        }
        assert_eq!((held(&shares, "quiet"), held(&shares, "loud")), (vec![0], vec![2, 3]));
        assert!(shares.get(&key("a")).is_none());
        shares.add_sparing("loud", key("d"), 4, |value| *value == 2);
        assert_eq!(held(&shares, "loud"), [2, 4]);
    }

    #[test]
    fn what_is_taken_or_ended_leaves_no_trace() {
        let mut shares = Shares::<u8, 2>::default();
        shares.add("one", key("a"), 1);
        shares.add("one", key("b"), 2);
        assert_eq!(shares.take(&key("a")), Some(1));
        assert_eq!(shares.take(&key("a")), None);
        shares.add("one", key("c"), 3);
        assert_eq!(held(&shares, "one"), [2, 3], "what was taken holds no place");
        shares.end("one");
        assert!(shares.entries.is_empty() && shares.order.is_empty());
    }

    #[test]
    fn what_is_over_is_forgotten_from_the_oldest_on() {
        let mut shares = Shares::<u8, 2>::default();
        for (owner, name, value) in [("one", "a", 1), ("one", "b", 2), ("two", "c", 1)] {
            shares.add(owner, key(name), value);
        }
        shares.sweep(|value| *value == 1);
        assert_eq!((held(&shares, "one"), shares.entries.len(), shares.order.len()), (vec![2], 1, 1));
    }
}
