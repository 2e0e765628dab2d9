//! A clock whose hands a test moves: it goes with the machine's and is ahead of it.

use cps_agent::host::clock::{Clock, SystemClock};
use cps_agent_core::identity::UnixTime;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

#[derive(Clone, Default)]
pub struct MovedClock(Arc<AtomicI64>);

impl MovedClock {
    /// Time passes.
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// By how much it is ahead of the machine's.
    pub fn ahead(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Clock for MovedClock {
    fn now(&self) -> UnixTime {
        SystemClock.now().plus(self.0.load(Ordering::SeqCst))
    }
}
