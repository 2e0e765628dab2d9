//! The events of a page of ours (WHATWG HTML §9.2): `show` carries its changing part, `leave` says that the page at this
//! address is another one now. Where that leads, the browser learns by opening it.

use super::{
    events::{EventStream, HEARTBEAT},
    limits::Slot,
    reply::{self, Reply},
};
use bytes::Bytes;
use cps_agent_api::words::Event;
use cps_agent_core::secret::SecretHash;
use std::{future::Future, time::Duration};
use tokio::{
    sync::{
        broadcast::{Receiver, error::RecvError},
        mpsc,
    },
    time::{Instant, sleep},
};

/// A page that can be followed.
pub(super) trait Followed: Send + 'static {
    /// What tells what it shows from what it showed before.
    type State: PartialEq + Send;
    /// How often it is looked at when nothing announces a change.
    const LOOK: Duration;
    /// Changes that come within this time are shown together.
    const TOGETHER: Duration;

    /// What announces changes.
    fn events(&self) -> Receiver<Event>;
    /// How it stands, and its changing part; nothing once the page is another one.
    fn look(&self) -> impl Future<Output = Option<(Self::State, String)>> + Send;
}

/// Follows a page until it is another one. The identifier in its path is the authority, as it is for the page; `slot` is
/// the reader's place among all that follow.
pub(super) fn follow(page: impl Followed, slot: Slot<SecretHash>) -> Reply {
    let (sender, stream) = EventStream::channel();
    tokio::spawn(pass_on(page, sender, slot));
    reply::events(stream)
}

async fn pass_on<F: Followed>(page: F, reader: mpsc::Sender<Bytes>, _slot: Slot<SecretHash>) {
    let mut events = page.events();
    let mut announced = true;
    let mut shown = None;
    let mut spoken = Instant::now();
    loop {
        let Some((state, part)) = page.look().await else {
            // The reader hangs up or not: this was the last word.
            let _ = reader.send(event("leave", "")).await;
            return;
        };
        let line = if shown.as_ref() == Some(&state) {
            // A comment now and then shows which readers left.
            (spoken.elapsed() >= HEARTBEAT).then(|| Bytes::from_static(b":\n\n"))
        } else {
            Some(event("show", &part))
        };
        if let Some(line) = line {
            spoken = Instant::now();
            if reader.send(line).await.is_err() {
                return;
            }
        }
        shown = Some(state);
        tokio::select! {
            () = reader.closed() => return,
            news = events.recv(), if announced => announced = !matches!(news, Err(RecvError::Closed)),
            () = sleep(F::LOOK) => {}
        }
        if !F::TOGETHER.is_zero() {
            sleep(F::TOGETHER).await;
            while events.try_recv().is_ok() {}
        }
    }
}

/// One event, and how soon a reader that was cut off comes back. JSON has no line breaks: nothing can break out of its line.
fn event(name: &str, data: &str) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("retry: 1000\nevent: {name}\ndata: {data}\n\n").into()
}
