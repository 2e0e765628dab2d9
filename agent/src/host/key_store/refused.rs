//! PINs that a key store refused: a store counts wrong tries and locks itself, so none is tried twice.
//!
//! What is remembered is a keyed hash, in memory, until the agent ends: of the store and the PIN. Another PIN in the file
//! is tried; the same one, written again, is not. A PIN is remembered before it is tried, and forgotten when the store took
//! it: one whose answer was lost on the way may have been counted.

use ring::{hmac, rand::SystemRandom};
use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The refused PINs of all gateways: two of them may name the same store.
#[derive(Debug)]
pub struct RefusedPins {
    /// None where the system has no randomness: then every PIN counts as refused.
    key: Option<hmac::Key>,
    tags: Mutex<HashSet<Vec<u8>>>,
    /// Held by whoever tries one.
    turn: Mutex<()>,
}

impl Default for RefusedPins {
    fn default() -> Self {
        Self {
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
            tags: Mutex::default(),
            turn: Mutex::default(),
        }
    }
}

impl RefusedPins {
    /// One try at a time, over all gateways: to ask whether a PIN was refused and to try it is one act.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this PIN was refused by what is named so.
    pub(super) fn holds(&self, named: &str, pin: &str) -> bool {
        let tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        self.tag(named, pin).is_none_or(|tag| tags.contains(&tag))
    }

    /// Remembers a PIN as refused.
    pub(super) fn note(&self, named: &str, pin: &str) {
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        tags.extend(self.tag(named, pin));
    }

    /// Takes that back.
    pub(super) fn forget(&self, named: &str, pin: &str) {
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tag) = self.tag(named, pin) {
            tags.remove(&tag);
        }
    }

    fn tag(&self, named: &str, pin: &str) -> Option<Vec<u8>> {
        let mut context = hmac::Context::with_key(self.key.as_ref()?);
        // Where the name ends and the PIN begins is part of what is hashed.
        context.update(&named.len().to_be_bytes());
        context.update(named.as_bytes());
        context.update(pin.as_bytes());
        Some(context.sign().as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_pin_is_known_where_it_was_refused_and_nowhere_else() {
        let refused = RefusedPins::default();
        assert!(!refused.holds("a", "1234"));
        refused.note("a", "1234");
        assert!(refused.holds("a", "1234"));
        assert!(!refused.holds("a", "12345") && !refused.holds("b", "1234") && !refused.holds("a1", "234"));
        refused.forget("a", "1234");
        assert!(!refused.holds("a", "1234"));
    }
}
