//! The audit trail: uses of a key that end with their caller, and whether the chain verifies.

use super::shared::Shared;
use cps_agent_api::words::AuditCheck;
use cps_agent_core::{
    audit,
    failure::{self, Code, Failure},
};

/// A use of a key that is under way. Its caller may hang up at any moment, and what was done until then is done: so that is
/// written down as well.
pub(super) struct UnderWay<'a, E: Fn(Result<(), Code>) -> audit::Event> {
    shared: &'a Shared,
    by: &'a audit::Application,
    event: E,
    over: bool,
}

impl<E: Fn(Result<(), Code>) -> audit::Event> UnderWay<'_, E> {
    /// Writes down how it ended.
    pub(super) fn ended<T>(mut self, how: &Result<T, Failure>) {
        self.over = true;
        self.write(how.as_ref().map(drop).map_err(|failure| failure.code));
    }

    fn write(&self, how: Result<(), Code>) {
        self.shared.record([(self.event)(how)], self.by);
    }
}

impl<E: Fn(Result<(), Code>) -> audit::Event> Drop for UnderWay<'_, E> {
    fn drop(&mut self) {
        if !self.over {
            self.write(Err(failure::USE_GIVEN_UP));
        }
    }
}

impl Shared {
    /// A use of a key begins. `event` says what is written down about its end.
    pub(super) fn under_way<'a, E>(&'a self, by: &'a audit::Application, event: E) -> UnderWay<'a, E>
    where
        E: Fn(Result<(), Code>) -> audit::Event,
    {
        UnderWay { shared: self, by, event, over: false }
    }

    /// Checks the whole trail, on a thread of its own.
    ///
    /// # Errors
    /// [`failure::TRAIL_BROKEN`] with the first bad line, or [`failure::TRAIL_UNREADABLE`].
    pub(super) async fn check_trail(&self) -> Result<AuditCheck, Failure> {
        let shared = self.me.upgrade().ok_or(failure::SHUTTING_DOWN)?;
        let checked = tokio::task::spawn_blocking(move || shared.journal.check()).await;
        let checked = checked.ok().and_then(Result::ok).ok_or(failure::TRAIL_UNREADABLE)?;
        if let Some((file, line)) = checked.broken {
            return Err(Failure::new(failure::TRAIL_BROKEN)
                .with("file", file)
                .with("line", line.to_string()));
        }
        Ok(AuditCheck {
            lines: checked.head.sequence,
            hash: checked.head.hash,
            files: checked.files,
            aside: checked.aside,
        })
    }
}
