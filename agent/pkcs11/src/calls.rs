//! Calls that wait for a person or an event, and how `C_Finalize` in another thread ends them.

use crate::Answer;
use pkcs11_sys::CKR_CRYPTOKI_NOT_INITIALIZED;
use std::{
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

/// The calls under way between `C_Initialize` and `C_Finalize`.
#[derive(Default)]
pub(crate) struct Calls {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    over: bool,
    sockets: Vec<Weak<UnixStream>>,
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call waits on this socket from now on, as long as it keeps it.
    pub(crate) fn wait_on(&self, socket: &Arc<UnixStream>) -> Answer<()> {
        let mut state = self.lock();
        if state.over {
            return Err(CKR_CRYPTOKI_NOT_INITIALIZED);
        }
        state.sockets.retain(|socket| socket.strong_count() > 0);
        state.sockets.push(Arc::downgrade(socket));
        Ok(())
    }

    /// Why a call failed: the library's end, or else its own reason.
    pub(crate) fn or_over<T>(&self, answer: Answer<T>) -> Answer<T> {
        if answer.is_err() && self.lock().over { Err(CKR_CRYPTOKI_NOT_INITIALIZED) } else { answer }
    }

    /// Waits for a time, or for the end.
    pub(crate) fn pause(&self, time: Duration) -> Answer<()> {
        let waited = self.ended.wait_timeout_while(self.lock(), time, |state| !state.over);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.over { Err(CKR_CRYPTOKI_NOT_INITIALIZED) } else { Ok(()) }
    }

    /// Ends them all. The agent sees its callers hang up, and withdraws what it was asking.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.over = true;
        for socket in state.sockets.drain(..).filter_map(|socket| socket.upgrade()) {
            // One that is closed already needs no end.
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.ended.notify_all();
    }
}
