//! What a card saw: how many commands, which ones, and what became of the PIN.

use super::locked;
use std::sync::{Arc, Mutex};

/// One exchange. The data of commands that carry a PIN or a PUK are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// CLA, INS, P1, P2; shorter only when the command was.
    pub header: Vec<u8>,
    /// Everything after the header, or `None` when it is a secret.
    pub body: Option<Vec<u8>>,
    /// Bytes after the header.
    pub body_length: usize,
    /// Bytes of the response, status included.
    pub response_length: usize,
    /// Status word; 0 when the response had none.
    pub status: u16,
}

/// The log of one card. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Mutex<Vec<Exchanged>>>);

impl Counters {
    /// Commands executed since the last [`clear`](Counters::clear).
    #[must_use]
    pub fn commands(&self) -> usize {
        locked(&self.0).len()
    }

    /// Every exchange since the last [`clear`](Counters::clear).
    #[must_use]
    pub fn log(&self) -> Vec<Exchanged> {
        locked(&self.0).clone()
    }

    /// How many commands had an instruction byte, for instance `0x20` for VERIFY.
    #[must_use]
    pub fn instruction(&self, instruction: u8) -> usize {
        locked(&self.0).iter().filter(|exchange| exchange.header.get(1) == Some(&instruction)).count()
    }

    /// Starts the log again.
    pub fn clear(&self) {
        locked(&self.0).clear();
    }

    pub(super) fn record(&self, command: &[u8], response: &[u8]) {
        let (header, body) = command.split_at(command.len().min(4));
        let secret = matches!(header, [_, 0x20 | 0x24 | 0x2C, ..]);
        let status = response.last_chunk::<2>().map_or(0, |status| u16::from_be_bytes(*status));
        locked(&self.0).push(Exchanged {
            header: header.to_vec(),
            body: (!secret).then(|| body.to_vec()),
            body_length: body.len(),
            response_length: response.len(),
            status,
        });
    }
}

impl Exchanged {
    /// The exchange as a line for people: header, body or its length, status.
    #[must_use]
    pub fn line(&self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X} ")).collect::<String>();
        let body = match &self.body {
            Some(body) if body.len() <= 16 => hex(body),
            _ => format!("({} bytes) ", self.body_length),
        };
        let data = match self.response_length.saturating_sub(2) {
            0 => String::new(),
            length => format!("({length} bytes) "),
        };
        format!("{}{body}-> {data}{:04X}", hex(&self.header), self.status)
    }
}
