//! What others may see of this process's memory.

use rustix::process::{DumpableBehavior, Resource, Rlimit};

/// Forbids core dumps, and on Linux also reading the memory by other processes of the same user without privileges.
///
/// A failure is logged and not fatal: the agent still works, on a machine that protects it less.
pub fn harden() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = rustix::process::setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps cannot be forbidden");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the memory cannot be closed to other processes");
    }
}
