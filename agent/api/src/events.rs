//! The reader of `GET /v1/events` (server-sent events, WHATWG HTML §9.2).

use crate::{client::ClientError, words::Event};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1::SendRequest};

/// Longest line that is kept while it is incomplete.
const LINE: usize = 64 * 1024;

/// What a reader of events gets.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one at a time, and looked at where it is read")]
pub enum News {
    /// Something happened.
    Event(Event),
    /// The reader was too slow and lost events: it must ask for the state afresh.
    Lost,
}

/// Events as they come. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    unread: Vec<u8>,
    lost: bool,
    /// Keeps the connection open as long as somebody listens.
    _sender: SendRequest<Full<Bytes>>,
}

impl Events {
    pub(crate) fn new(body: Incoming, sender: SendRequest<Full<Bytes>>) -> Self {
        Self { body, unread: Vec::new(), lost: false, _sender: sender }
    }

    /// Waits for the next one; `None` when the agent ends.
    ///
    /// # Errors
    /// [`ClientError::Lost`] when the connection breaks, [`ClientError::Garbled`] for what is no event.
    pub async fn next(&mut self) -> Result<Option<News>, ClientError> {
        loop {
            while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                if let Some(news) = self.read(&line)? {
                    return Ok(Some(news));
                }
            }
            if self.unread.len() > LINE {
                return Err(ClientError::Garbled("an endless line".to_owned()));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(data) = frame.map_err(ClientError::Lost)?.into_data() {
                        self.unread.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    /// Reads one line. Comments and blank lines say nothing; the topic is repeated in the data.
    fn read(&mut self, line: &[u8]) -> Result<Option<News>, ClientError> {
        let line = line.trim_ascii_end();
        if let Some(topic) = line.strip_prefix(b"event: ") {
            self.lost = topic == b"lost";
        }
        let Some(data) = line.strip_prefix(b"data: ") else { return Ok(None) };
        if self.lost {
            return Ok(Some(News::Lost));
        }
        let event = serde_json::from_slice(data).map_err(|error| ClientError::Garbled(error.to_string()))?;
        Ok(Some(News::Event(event)))
    }
}
