//! A card or soft token that is here: its thread, and how others ask it for work.
//!
//! The token lives on its thread and nowhere else. Work comes as closures over a channel and is done one after the
//! other; the answer goes back to whoever waits. When the token leaves, everybody who waits learns it at once.

use cps_agent_core::session::step::{PinFault, TokenFault};
use cps_card::{
    Error, PinStatus, Token,
    certificate::Certificate,
    token::{Description, KeyRole},
};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc,
};
use tokio::sync::{oneshot, watch};

/// Work for a token's thread.
type Job = Box<dyn FnOnce(&mut dyn Token) + Send>;

/// Counts the tokens that came.
static CAME: AtomicU64 = AtomicU64::new(1);

/// What was last heard of a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tries {
    /// Tries left.
    pub(super) left: Option<u8>,
    /// Tries after a success.
    pub(super) max: Option<u8>,
}

/// A token that was described and is, as far as we know, still here.
pub(super) struct Present {
    /// Who and what it is.
    pub(super) description: Arc<Description>,
    /// Tells this insertion from every other one.
    pub(super) insertion: u64,
    jobs: mpsc::Sender<Job>,
    gone: watch::Receiver<bool>,
    /// Its PIN was verified for the session and, as far as we know, still is. The token itself has the last word.
    unlocked: Arc<AtomicBool>,
    tries: Mutex<Tries>,
    /// Certificate of the signature key, where it was read.
    signature: OnceLock<Arc<Certificate>>,
}

impl Present {
    /// Makes the two ends of a token that was just described: this one, and the work for its thread. `gone` becomes
    /// true when the token leaves.
    pub(super) fn new(description: Arc<Description>, gone: watch::Receiver<bool>) -> (Self, Work) {
        let (jobs, inbox) = mpsc::channel();
        let unlocked = Arc::new(AtomicBool::new(false));
        let present = Self {
            description,
            insertion: CAME.fetch_add(1, Ordering::Relaxed),
            jobs,
            gone,
            unlocked: Arc::clone(&unlocked),
            tries: Mutex::default(),
            signature: OnceLock::new(),
        };
        (present, Work { inbox, unlocked })
    }

    /// Serial number.
    pub(super) fn serial(&self) -> &str {
        &self.description.serial
    }

    /// Asks for work and waits for its result.
    ///
    /// # Errors
    /// [`Error::Removed`] when the token leaves meanwhile, or the work's own.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Token) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let (answer, answered) = oneshot::channel();
        // Nobody waits any more when the caller gave up: the work was done all the same.
        let job: Job = Box::new(move |token| drop(answer.send(work(token))));
        self.jobs.send(job).map_err(|_| Error::Removed)?;
        tokio::select! {
            biased;
            result = answered => result.unwrap_or(Err(Error::Removed)),
            () = self.gone() => Err(Error::Removed),
        }
    }

    /// Queues work for a thread of its own that waits for the result.
    pub(super) fn queue<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Token) -> Result<R, Error> + Send + 'static,
    ) -> Queued<R> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |token| drop(answer.send(work(token))));
        // A token that is gone drops the job, and the wait ends with that.
        let _ = self.jobs.send(job);
        Queued(answered)
    }

    /// Ends the verified state, without waiting for it.
    pub(super) fn release(&self) {
        if self.unlocked.swap(false, Ordering::Relaxed) {
            let job: Job = Box::new(|token| {
                if let Err(error) = token.release() {
                    tracing::debug!(%error, "the verified state of a token ended by itself");
                }
            });
            // A token that is gone holds no state.
            let _ = self.jobs.send(job);
        }
    }

    /// Waits until the token leaves.
    pub(super) async fn gone(&self) {
        // The other end is dropped only when the token's thread ended: gone as well.
        let _ = self.gone.clone().wait_for(|gone| *gone).await;
    }

    /// Whether it left.
    pub(super) fn left(&self) -> bool {
        *self.gone.borrow()
    }

    /// The token's PIN was verified and serves the session.
    pub(super) fn unlocked(&self) -> bool {
        self.unlocked.load(Ordering::Relaxed)
    }

    /// Notes what is known of its verified state. Said before an operation that may bring it about, so that it is ended
    /// even when nobody hears of the operation's end.
    pub(super) fn note_unlocked(&self, unlocked: bool) {
        self.unlocked.store(unlocked, Ordering::Relaxed);
    }

    /// The certificate of a key, as far as it was read.
    pub(super) fn certificate(&self, role: KeyRole) -> Option<Arc<Certificate>> {
        let described = self.description.key(role).and_then(|key| key.certificate.clone());
        described.or_else(|| self.signature.get().filter(|_| role == KeyRole::Signature).cloned())
    }

    /// Reads the certificate of the signature key, which the description does not wait for.
    pub(super) async fn read_signature_certificate(&self) {
        match self.run(|token| token.certificate(KeyRole::Signature)).await {
            // Two who read it read the same.
            Ok(certificate) => drop(self.signature.set(certificate)),
            Err(error) => tracing::warn!(%error, "the signature key's certificate cannot be read"),
        }
    }

    /// What was last heard of the PIN.
    pub(super) fn tries(&self) -> Tries {
        *self.known_tries()
    }

    /// Notes what the token says of its PIN.
    pub(super) fn note_tries(&self, status: &PinStatus) {
        *self.known_tries() = Tries { left: status.tries_left, max: status.tries_max };
    }

    /// The PIN was right: all tries are there again.
    pub(super) fn note_right_pin(&self) {
        let mut tries = self.known_tries();
        tries.left = tries.max;
    }

    fn known_tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a fault says of the verified state: it was lost, or never came about.
    pub(super) fn note_fault(&self, fault: &TokenFault) {
        match fault {
            TokenFault::Pin(PinFault::Wrong { left: Some(left) }) => self.known_tries().left = Some(*left),
            TokenFault::Pin(PinFault::Blocked) => self.known_tries().left = Some(0),
            _ => {}
        }
        if let TokenFault::Pin(PinFault::Wrong { .. } | PinFault::Blocked | PinFault::Required) = fault {
            self.note_unlocked(false);
        }
    }
}

/// Work that was queued.
pub(super) struct Queued<R>(mpsc::Receiver<Result<R, Error>>);

impl<R> Queued<R> {
    /// Blocks until it is done.
    ///
    /// # Errors
    /// The work's, and [`Error::Removed`] when the token left first.
    pub(super) fn wait(self) -> Result<R, Error> {
        self.0.recv().unwrap_or(Err(Error::Removed))
    }
}

impl std::fmt::Debug for Present {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Present({:?})", self.description.kind)
    }
}

/// The thread's end of the channel.
pub(super) struct Work {
    inbox: mpsc::Receiver<Job>,
    unlocked: Arc<AtomicBool>,
}

impl Work {
    /// Does all work until nobody can ask any more, then ends the verified state, if there is one.
    pub(super) fn serve(self, token: &mut dyn Token) {
        while let Ok(job) = self.inbox.recv() {
            job(token);
        }
        if self.unlocked.load(Ordering::Relaxed)
            && let Err(error) = token.release()
        {
            tracing::debug!(%error, "a token left before it was released");
        }
    }
}
