//! The switches and counters of a running stand-in.

use super::{
    client::Proof,
    fault::{Endpoint, Fault},
    phone::Phone,
    realm::{CardLogin, Realm},
};
use std::{collections::BTreeMap, sync::Arc};

/// The switches and counters of a running stand-in.
#[derive(Clone)]
pub struct Handle {
    pub(super) realm: Arc<Realm>,
}

impl Handle {
    /// Something goes wrong from now on.
    pub fn set(&self, fault: Fault) {
        self.realm.memory().faults.add(fault);
    }

    /// Every fault and every opposition ends. Rotated keys stay.
    pub fn heal(&self) {
        let mut memory = self.realm.memory();
        memory.faults.clear();
        memory.judge.pardon();
    }

    /// Signs with a new key from now on; with `drop_old` the earlier ones disappear from the JWKS.
    pub fn rotate_keys(&self, drop_old: bool) {
        self.realm.memory().keys.rotate(drop_old);
    }

    /// Puts the cards of a person (national identifier) into opposition.
    pub fn revoke(&self, identifier: &str) {
        self.realm.memory().judge.revoke(identifier);
    }

    /// The phone with the e-CPS application, and CPS-Gestion.
    #[must_use]
    pub fn phone(&self) -> Phone {
        Phone { realm: self.realm.clone() }
    }

    /// Seconds between two polls of the CIBA requests that come from now on.
    pub fn interval(&self, seconds: u64) {
        self.realm.memory().lifetimes.interval = seconds;
    }

    /// Everything that is there becomes older by so many seconds: sessions, tokens, codes, requests to the phone.
    pub fn pass(&self, seconds: u64) {
        self.realm.memory().pass(seconds);
    }

    /// Requests seen so far, by endpoint. An endpoint that was never asked is absent.
    #[must_use]
    pub fn hits(&self) -> BTreeMap<Endpoint, u64> {
        self.realm.hits()
    }

    /// Visits of the card page so far.
    #[must_use]
    pub fn cards(&self) -> Vec<CardLogin> {
        self.realm.memory().cards.clone()
    }

    /// Clients that proved themselves so far, and how, in order.
    #[must_use]
    pub fn proofs(&self) -> Vec<Proof> {
        self.realm.memory().proofs.clone()
    }

    /// The parameters of every authorization request so far: `kc_idp_hint`, `prompt` and the others.
    #[must_use]
    pub fn authorizations(&self) -> Vec<BTreeMap<String, String>> {
        self.realm.memory().authorizations.clone()
    }

    /// Sessions that live.
    #[must_use]
    pub fn sessions(&self) -> usize {
        let memory = self.realm.memory();
        memory.sessions.keys().filter(|id| memory.session(id).is_some()).count()
    }

    /// Ends every session, as an operator would: the next refresh is refused.
    pub fn end_sessions(&self) {
        let mut memory = self.realm.memory();
        let all: Vec<_> = memory.sessions.keys().cloned().collect();
        for session in all {
            memory.log_out(&session);
        }
    }
}
