//! The session bus: there, gone, and there again.

use futures_core::Stream;
use std::{future::poll_fn, pin::Pin, time::Duration};
use tokio::sync::mpsc::UnboundedSender;
use zbus::{Connection, MessageStream};

/// Pauses before the bus is looked for again: the first, doubled up to the last.
const AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// Follows the bus for ever: tells our connection when there is one, and `None` when it broke.
pub(crate) async fn follow(news: UnboundedSender<Option<Connection>>) {
    let (first, longest) = AGAIN;
    let mut pause = first;
    loop {
        if let Ok(bus) = Connection::session().await {
            pause = first;
            let mut messages = MessageStream::from(&bus);
            if news.send(Some(bus)).is_err() {
                return;
            }
            // Nothing is sent to us that matters here; the stream ends with the connection.
            while let Some(Ok(_)) = poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await {}
            if news.send(None).is_err() {
                return;
            }
        }
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(longest);
    }
}
