//! The library between `C_Initialize` and `C_Finalize`, one for each process.
//!
//! A child of a fork must initialise for itself (PKCS#11 v2.40 §2.5.3), and may find its parent's locks held by threads
//! it does not have. So each process of a line of forks has a state under its own number, found without any lock.

use crate::{
    Answer, agent,
    calls::Calls,
    sessions::{Session, Sessions},
    slots::{Slot, Slots},
};
use cps_agent_api::pkcs11::Tokens;
use pkcs11_sys::{
    CK_SESSION_HANDLE, CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_REMOVED,
    CKR_SESSION_HANDLE_INVALID,
};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What is known between `C_Initialize` and `C_Finalize`.
pub(crate) struct Module {
    /// Readers and what is in them.
    pub(crate) slots: Slots,
    /// Open sessions.
    pub(crate) sessions: Sessions,
    calls: Arc<Calls>,
}

impl Module {
    fn new() -> Self {
        Self { slots: Slots::default(), sessions: Sessions::default(), calls: Arc::default() }
    }

    /// Where a call that waits for a person or an event has to be known.
    pub(crate) fn calls(&self) -> Arc<Calls> {
        Arc::clone(&self.calls)
    }

    /// A session and the slot it is on.
    pub(crate) fn session(&mut self, handle: CK_SESSION_HANDLE) -> Answer<(&mut Session, &mut Slot)> {
        let session = self.sessions.get(handle).ok_or(CKR_SESSION_HANDLE_INVALID)?;
        let slot = self.slots.get(session.slot).ok_or(CKR_SESSION_HANDLE_INVALID)?;
        Ok((session, slot))
    }

    /// Takes in what the agent says now: sessions on what left are over.
    fn learn(&mut self, tokens: Option<Tokens>) {
        for slot in self.slots.learn(tokens) {
            self.sessions.close_all(slot);
        }
    }
}

/// The state of one process, and of its children behind it.
struct Process {
    pid: u32,
    module: Mutex<Option<Module>>,
    /// Held while the agent is asked, so that answers are taken in as they were given.
    asking: Mutex<()>,
    child: OnceLock<Box<Process>>,
}

impl Process {
    fn new(pid: u32) -> Self {
        Self { pid, module: Mutex::new(None), asking: Mutex::new(()), child: OnceLock::new() }
    }

    /// The state of a process of this line; made where there is none and `new` says so.
    fn find(&self, pid: u32, new: bool) -> Option<&Self> {
        if self.pid == pid {
            return Some(self);
        }
        let child =
            if new { Some(self.child.get_or_init(|| Box::new(Self::new(pid)))) } else { self.child.get() };
        child?.find(pid, new)
    }
}

static FIRST: OnceLock<Process> = OnceLock::new();

fn here() -> Answer<&'static Process> {
    FIRST.get().and_then(|first| first.find(std::process::id(), false)).ok_or(CKR_CRYPTOKI_NOT_INITIALIZED)
}

/// A panic while the lock was held has been told already, as `CKR_GENERAL_ERROR`; what it left is still the caller's.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `C_Initialize`. What is there at this moment is no event.
pub(crate) fn initialize() -> Answer<()> {
    let pid = std::process::id();
    let process =
        FIRST.get_or_init(|| Process::new(pid)).find(pid, true).ok_or(CKR_CRYPTOKI_NOT_INITIALIZED)?;
    let _order = lock(&process.asking);
    if lock(&process.module).is_some() {
        return Err(CKR_CRYPTOKI_ALREADY_INITIALIZED);
    }
    let tokens = agent::tokens();
    let mut module = Module::new();
    module.learn(tokens);
    module.slots.forget_events();
    *lock(&process.module) = Some(module);
    Ok(())
}

/// `C_Finalize`. Whatever waits in another thread ends with `CKR_CRYPTOKI_NOT_INITIALIZED`.
pub(crate) fn finalize() -> Answer<()> {
    let module = lock(&here()?.module).take().ok_or(CKR_CRYPTOKI_NOT_INITIALIZED)?;
    module.calls.end();
    Ok(())
}

/// Works with what is known.
pub(crate) fn with<T>(work: impl FnOnce(&mut Module) -> Answer<T>) -> Answer<T> {
    let mut module = lock(&here()?.module);
    work(module.as_mut().ok_or(CKR_CRYPTOKI_NOT_INITIALIZED)?)
}

/// Works with what is true now: asks the agent first.
///
/// Nothing is remembered for a time: whatever speaks of a slot, of a token's presence or begins something asks. What was
/// found in a session is read from memory until the session ends.
pub(crate) fn fresh<T>(work: impl FnOnce(&mut Module) -> Answer<T>) -> Answer<T> {
    let process = here()?;
    with(|_| Ok(()))?;
    let _order = lock(&process.asking);
    let tokens = agent::tokens();
    with(|module| {
        module.learn(tokens);
        work(module)
    })
}

/// The same within a session: `CKR_DEVICE_REMOVED` when this is how its end is found out.
pub(crate) fn fresh_session<T>(
    handle: CK_SESSION_HANDLE,
    work: impl FnOnce(&mut Session, &mut Slot) -> Answer<T>,
) -> Answer<T> {
    with(|module| module.session(handle).map(|_| ()))?;
    fresh(|module| {
        let (session, slot) = module.session(handle).map_err(|_| CKR_DEVICE_REMOVED)?;
        work(session, slot)
    })
}

/// Works within a session with what is known.
pub(crate) fn session<T>(
    handle: CK_SESSION_HANDLE,
    work: impl FnOnce(&mut Session, &mut Slot) -> Answer<T>,
) -> Answer<T> {
    with(|module| {
        let (session, slot) = module.session(handle)?;
        work(session, slot)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_does_not_have_its_parents_state() {
        let parent = Process::new(10);
        *lock(&parent.module) = Some(Module::new());
        assert!(parent.find(11, false).is_none());
        let child = parent.find(11, true).unwrap();
        assert!(lock(&child.module).is_none());
        assert!(lock(&parent.find(10, false).unwrap().module).is_some());
    }

    #[test]
    fn a_child_needs_no_lock_of_its_parent() {
        let parent = Process::new(10);
        let _held = (lock(&parent.module), lock(&parent.asking));
        let child = parent.find(11, true).unwrap();
        let grandchild = child.find(12, true).unwrap();
        *lock(&grandchild.module) = Some(Module::new());
        assert!(lock(&parent.find(12, false).unwrap().module).is_some());
        assert!(lock(&parent.find(11, false).unwrap().module).is_none());
    }
}
