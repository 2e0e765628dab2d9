//! The library between `C_Initialize` and `C_Finalize`, one for each process.
//!
//! A child of a fork must initialise for itself (PKCS#11 v2.40 §2.5.3), and may find its parent's locks held by threads
//! it does not have. So each process of a line of forks has a state under its own number, found without any lock.

use crate::{
    Answer,
    agent::{self, Told},
    calls::Calls,
    sessions::{Session, Sessions},
    slots::{Slot, Slots},
};
use pkcs11_sys::{
    CK_SESSION_HANDLE, CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_REMOVED,
    CKR_SESSION_HANDLE_INVALID,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

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
    fn learn(&mut self, told: Told) {
        for slot in self.slots.learn(told) {
            self.sessions.close_all(slot);
        }
    }
}

/// A process: its number, and when it began, where the system tells. A number alone may be that of an ancestor who died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    pid: u32,
    began: Option<u64>,
}

impl Identity {
    /// This process.
    fn own() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name of the program is in parentheses and may hold anything; `starttime` is the 20th field after it (proc(5)).
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields.split_ascii_whitespace());
        let began = fields.and_then(|mut fields| fields.nth(19)?.parse().ok());
        Self { pid: std::process::id(), began }
    }
}

/// The state of one process, and of its children behind it.
struct Process {
    identity: Identity,
    module: Mutex<Option<Module>>,
    /// Held while the agent is asked, so that answers are taken in as they were given. One that hung rests until then.
    asking: Mutex<Option<Instant>>,
    child: OnceLock<Box<Process>>,
}

impl Process {
    fn new(identity: Identity) -> Self {
        Self { identity, module: Mutex::new(None), asking: Mutex::new(None), child: OnceLock::new() }
    }

    /// The state of the process that has this number now: the last one of the line.
    fn find(&self, pid: u32) -> Option<&Self> {
        let later = self.child.get().and_then(|child| child.find(pid));
        later.or_else(|| (self.identity.pid == pid).then_some(self))
    }

    /// The state of a process; made where there is none.
    fn of(&self, identity: Identity) -> &Self {
        if self.identity == identity {
            return self;
        }
        self.child.get_or_init(|| Box::new(Self::new(identity))).of(identity)
    }
}

static FIRST: OnceLock<Process> = OnceLock::new();

fn here() -> Answer<&'static Process> {
    FIRST.get().and_then(|first| first.find(std::process::id())).ok_or(CKR_CRYPTOKI_NOT_INITIALIZED)
}

/// A panic while the lock was held has been told already, as `CKR_GENERAL_ERROR`; what it left is still the caller's.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `C_Initialize`. What is there at this moment is no event.
pub(crate) fn initialize() -> Answer<()> {
    let identity = Identity::own();
    let process = FIRST.get_or_init(|| Process::new(identity)).of(identity);
    let mut rest = lock(&process.asking);
    if lock(&process.module).is_some() {
        return Err(CKR_CRYPTOKI_ALREADY_INITIALIZED);
    }
    // Nothing is known that could stand for an answer.
    *rest = None;
    let told = agent::tokens(&mut rest);
    let mut module = Module::new();
    module.learn(told);
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
    let mut rest = lock(&process.asking);
    let told = agent::tokens(&mut rest);
    with(|module| {
        module.learn(told);
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

    fn identity(pid: u32, began: u64) -> Identity {
        Identity { pid, began: Some(began) }
    }

    #[test]
    fn a_child_does_not_have_its_parents_state() {
        let parent = Process::new(identity(10, 1));
        *lock(&parent.module) = Some(Module::new());
        assert!(parent.find(11).is_none());
        let child = parent.of(identity(11, 2));
        assert!(lock(&child.module).is_none());
        assert!(lock(&parent.find(10).unwrap().module).is_some());
    }

    #[test]
    fn a_child_needs_no_lock_of_its_parent() {
        let parent = Process::new(identity(10, 1));
        let _held = (lock(&parent.module), lock(&parent.asking));
        let child = parent.of(identity(11, 2));
        let grandchild = child.of(identity(12, 3));
        *lock(&grandchild.module) = Some(Module::new());
        assert!(lock(&parent.find(12).unwrap().module).is_some());
        assert!(lock(&parent.find(11).unwrap().module).is_none());
    }

    #[test]
    fn a_grandchild_with_the_number_of_an_ancestor_who_died_has_a_state_of_its_own() {
        let ancestor = Process::new(identity(10, 1));
        let _held = (lock(&ancestor.module), lock(&ancestor.asking));
        ancestor.of(identity(11, 2));
        let grandchild = ancestor.of(identity(10, 3));
        *lock(&grandchild.module) = Some(Module::new());
        assert!(lock(&ancestor.find(10).unwrap().module).is_some());
    }

    #[test]
    fn this_system_says_when_this_process_began() {
        assert_eq!(Identity::own(), Identity::own());
        assert!(!cfg!(target_os = "linux") || Identity::own().began.is_some());
    }
}
