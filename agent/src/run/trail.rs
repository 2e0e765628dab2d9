//! The audit trail: uses of a key that end with their caller, refusals that come in masses, and whether the chain verifies.

use super::shared::Shared;
use crate::serve::limits::{Refusals, Telling};
use cps_agent_api::words::AuditCheck;
use cps_agent_core::{
    audit,
    failure::{self, Code, Failure},
};
use std::sync::{Arc, Weak};

/// A use of a key that is under way. Its caller may hang up at any moment, and what was done until then is done: so that is
/// written down as well.
pub(super) struct UnderWay<'a, E: Fn(Result<(), Code>) -> audit::Event> {
    shared: &'a Shared,
    by: &'a audit::Application,
    event: E,
    over: bool,
}

impl<E: Fn(Result<(), Code>) -> audit::Event> UnderWay<'_, E> {
    /// Writes down how it ended. Says whether that is told to others too, or only counted.
    pub(super) fn ended<T>(mut self, how: &Result<T, Failure>) -> bool {
        self.over = true;
        self.write(how.as_ref().map(drop).map_err(|failure| failure.code))
    }

    /// The same of one that failed.
    pub(super) fn failed(mut self, why: Code) {
        self.over = true;
        let _told = self.write(Err(why));
    }

    /// Its end comes later, and is written down there.
    pub(super) fn goes_on(mut self) {
        self.over = true;
    }

    fn write(&self, how: Result<(), Code>) -> bool {
        let event = (self.event)(how);
        match how {
            Ok(()) => {
                self.shared.record([event], self.by);
                true
            }
            Err(why) => self.shared.refuse(event, why, self.by),
        }
    }
}

/// Refusals as they are counted: apart for each client and program.
pub(super) type Refused = Refusals<(Option<String>, Option<String>)>;

impl<E: Fn(Result<(), Code>) -> audit::Event> Drop for UnderWay<'_, E> {
    fn drop(&mut self) {
        if !self.over {
            let _told = self.write(Err(failure::USE_GIVEN_UP));
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

    /// Writes down a refusal. Those of one application and one reason that come in masses are counted, and one line a
    /// minute says how many there were: whoever is refused at once could fill the trail. Beyond so many applications they
    /// are counted together. Says whether it is told.
    pub(super) fn refuse(&self, event: audit::Event, why: Code, by: &audit::Application) -> bool {
        match self.refused.tell((by.client.clone(), by.program.clone()), why.word()) {
            Telling::Now => {
                self.record([event], by);
                return true;
            }
            Telling::Later(untold) => {
                let (shared, refused) = (Weak::clone(&self.me), Arc::clone(&self.refused));
                // Where they are of many, no application is named.
                let by = if untold.of_one { by.clone() } else { audit::Application::default() };
                self.runtime.spawn(async move {
                    let times = refused.untold(untold).await;
                    if let Some(shared) = shared.upgrade() {
                        shared.record([event.times(times)], &by);
                    }
                });
            }
            Telling::Counted => {}
        }
        false
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
