//! Bodies on their way: counted, bounded, and given up when nothing comes for too long.
//!
//! Nothing is kept: a part that one side does not take is not asked of the other.

use bytes::Bytes;
use cps_agent_core::{
    failure::{Code, REQUEST_TOO_LARGE},
    gateway::BrokenOff,
};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

/// A body on its way.
pub type Stream = UnsyncBoxBody<Bytes, BrokenOff>;

/// How far a body is, for those who wait at its other end.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    bytes: u64,
    /// When the last part came.
    moved: Instant,
    /// The next part is waited for.
    starving: bool,
    spoiled: Option<Code>,
    ended: bool,
}

impl Progress {
    fn new() -> Self {
        let moved = Instant::now();
        Self(Arc::new(Mutex::new(State { bytes: 0, moved, starving: false, spoiled: None, ended: false })))
    }

    /// Bytes that passed.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// Why it was given up here, if it was.
    #[must_use]
    pub fn spoiled(&self) -> Option<Code> {
        self.state().spoiled
    }

    /// Whether it came to its end.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.state().ended
    }

    /// Since when it is the taker's turn; `None` while a part is waited for.
    pub(super) fn taken_until(&self) -> Option<Instant> {
        let state = self.state();
        (!state.starving).then_some(state.moved)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bounds of a body.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Most bytes, where there is a most.
    pub bytes: Option<u64>,
    /// Longest wait for the next part.
    pub silence: Duration,
    /// What a longer one is called.
    pub late: Code,
}

/// Who is told of a body's end.
type Finish = Box<dyn FnOnce(&Progress) + Send>;

/// A body within bounds. Trailers do not pass.
pub struct Bounded<B> {
    inner: B,
    bounds: Bounds,
    progress: Progress,
    patience: Pin<Box<Sleep>>,
    /// Told when the body is dropped, whether it came to its end or not.
    finish: Option<Finish>,
}

/// The body was given up: its reason is the [`Progress`]'s to tell.
#[derive(Debug, thiserror::Error)]
#[error("the body was given up: {0}")]
struct GivenUp(Code);

impl<B> Bounded<B> {
    /// Sets bounds to a body.
    pub fn new(inner: B, bounds: Bounds) -> Self {
        let patience = Box::pin(tokio::time::sleep(bounds.silence));
        Self { inner, bounds, progress: Progress::new(), patience, finish: None }
    }

    /// Has somebody told of its end.
    #[must_use]
    pub fn then(mut self, finish: impl FnOnce(&Progress) + Send + 'static) -> Self {
        self.finish = Some(Box::new(finish));
        self
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn give_up<T>(&self, why: Code) -> Poll<Option<Result<T, BrokenOff>>> {
        self.progress.state().spoiled = Some(why);
        Poll::Ready(Some(Err(BrokenOff::new(GivenUp(why)))))
    }

    /// Waits, but not for ever.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, BrokenOff>>> {
        let mut state = self.progress.state();
        if !std::mem::replace(&mut state.starving, true) {
            self.patience.as_mut().reset(Instant::now() + self.bounds.silence);
        }
        drop(state);
        match self.patience.as_mut().poll(context) {
            Poll::Ready(()) => self.give_up(self.bounds.late),
            Poll::Pending => Poll::Pending,
        }
    }

    fn note(&self, bytes: usize) -> u64 {
        let mut state = self.progress.state();
        state.starving = false;
        state.moved = Instant::now();
        state.bytes = state.bytes.saturating_add(bytes as u64);
        state.bytes
    }
}

impl<B> Body for Bounded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        loop {
            match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Pending => return self.wait(context),
                Poll::Ready(None) => {
                    self.note(0);
                    self.progress.state().ended = true;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(BrokenOff::new(error)))),
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let bytes = self.note(data.len());
                    if self.bounds.bytes.is_some_and(|most| bytes > most) {
                        return self.give_up(REQUEST_TOO_LARGE);
                    }
                    self.progress.state().ended = self.inner.is_end_stream();
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Drop for Bounded<B> {
    fn drop(&mut self) {
        if let Some(finish) = self.finish.take() {
            finish(&self.progress);
        }
    }
}

impl<B> std::fmt::Debug for Bounded<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bounded({} bytes)", self.progress.bytes())
    }
}

#[cfg(test)]
mod tests;
