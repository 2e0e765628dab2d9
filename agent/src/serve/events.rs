//! Server-sent events (WHATWG HTML §9.2): those of `GET /v1/events`, and the body that any such stream is.

use super::problem;
use bytes::Bytes;
use cps_agent_api::words::Event;
use cps_agent_core::failure::Language;
use hyper::body::{Body, Frame};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::{broadcast, mpsc};

/// Topic of what programs do through the PKCS#11 module; the subject is their path.
const PROGRAM: &str = "program";
/// A comment is sent this often, so that a reader which left is noticed.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that wait for a slow reader before it loses some.
const WAITING: usize = 16;

/// A body that never ends by itself.
#[derive(Debug)]
pub struct EventStream {
    lines: mpsc::Receiver<Bytes>,
}

impl EventStream {
    /// A stream, and where its events are put. It ends when nobody puts any more.
    #[must_use]
    pub(super) fn channel() -> (mpsc::Sender<Bytes>, Self) {
        let (sender, lines) = mpsc::channel(WAITING);
        (sender, Self { lines })
    }

    /// Starts to pass events on, with the problems in a language or without them, as long as `admitted` says so (the
    /// reader's token may end). The task ends with the reader or with the agent.
    #[must_use]
    pub fn start(
        events: broadcast::Receiver<Event>,
        problems: Option<Language>,
        admitted: impl Fn() -> bool + Send + 'static,
    ) -> Self {
        let (sender, stream) = Self::channel();
        tokio::spawn(pass_on(events, problems, sender, admitted));
        stream
    }
}

async fn pass_on(
    mut events: broadcast::Receiver<Event>,
    problems: Option<Language>,
    reader: mpsc::Sender<Bytes>,
    admitted: impl Fn() -> bool + Send,
) {
    // The first line tells the reader that nothing is missed from now on.
    let mut line = Bytes::from_static(b": ready\n\n");
    loop {
        if !admitted() || reader.send(line).await.is_err() {
            return;
        }
        line = tokio::select! {
            () = reader.closed() => return,
            () = tokio::time::sleep(HEARTBEAT) => Bytes::from_static(b":\n\n"),
            event = next(&mut events, problems.is_some()) => match event {
                Ok(event) => format(&problem::reworded(event, problems)),
                // The reader was too slow: it must read the state afresh.
                Err(broadcast::error::RecvError::Lagged(_)) => Bytes::from_static(b"event: lost\ndata: {}\n\n"),
                Err(broadcast::error::RecvError::Closed) => return,
            },
        };
    }
}

/// The next event for a reader. Which programs the person runs is for the person's own to know.
async fn next(
    events: &mut broadcast::Receiver<Event>,
    own: bool,
) -> Result<Event, broadcast::error::RecvError> {
    loop {
        let event = events.recv().await?;
        if own || event.topic != PROGRAM {
            return Ok(event);
        }
    }
}

fn format(event: &Event) -> Bytes {
    // JSON has no line breaks, and topics are our own words: nothing can break out of its line.
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("event: {}\ndata: {data}\n\n", event.topic).into()
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.lines.poll_recv(context).map(|line| line.map(|bytes| Ok(Frame::data(bytes))))
    }
}
