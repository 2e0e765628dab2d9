//! The time, as the quiet half takes it.

use cps_agent_core::identity::UnixTime;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time. A trait, so that tests can move the hands.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> UnixTime;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        UnixTime(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}
