//! The audit trail as others may ask for it: whether its chain verifies.

use super::shared::Shared;
use cps_agent_api::words::AuditCheck;
use cps_agent_core::failure::{self, Failure};

impl Shared {
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
