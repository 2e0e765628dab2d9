//! Command in, response out: chaining, GET RESPONSE, corrected lengths, and the only logging of commands.
//!
//! A command that was marked sensitive where it was built is logged as header and length, and its answer as length and
//! status, at every level. The others show their bytes at `TRACE`.

use crate::apdu::command::Encoding;
use crate::apdu::{Command, Response, Status};
use crate::transport::{Connection, Disposition, Feature, Protocol, TransportError};
use zeroize::Zeroizing;

/// Most data one command may bring back, over all GET RESPONSE. Keys and files answer with far less at a time; a card
/// that announces more is broken or hostile.
const LONGEST_ANSWER: usize = 4096;

/// The conversation with one card, at the level of commands.
pub(crate) struct Channel {
    connection: Box<dyn Connection>,
    /// Most bytes to ask of one GET RESPONSE.
    piece: u16,
}

impl Channel {
    pub(crate) fn new(connection: Box<dyn Connection>) -> Self {
        Self { connection, piece: 256 }
    }

    /// Sets the most bytes the card gives in one piece: some cards fail on a GET RESPONSE of 256.
    pub(crate) fn limit_pieces(&mut self, piece: u16) {
        self.piece = piece;
    }

    pub(crate) fn atr(&self) -> &[u8] {
        self.connection.atr()
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.connection.protocol()
    }

    fn encoding(&self) -> Encoding {
        match self.protocol() {
            Protocol::T0 => Encoding::T0,
            Protocol::T1 => Encoding::T1,
        }
    }

    pub(crate) fn begin(&mut self) -> Result<(), TransportError> {
        self.connection.begin()
    }

    pub(crate) fn end(&mut self, disposition: Disposition) -> Result<(), TransportError> {
        tracing::debug!(?disposition, "end of transaction");
        self.connection.end(disposition)
    }

    pub(crate) fn reconnect(&mut self, disposition: Disposition) -> Result<(), TransportError> {
        tracing::debug!(?disposition, "reconnecting");
        self.connection.reconnect(disposition)
    }

    pub(crate) fn feature(&mut self, feature: Feature) -> Option<u32> {
        self.connection.feature(feature)
    }

    /// Sends a command and brings back its whole answer. A status that is not a success is an ordinary answer here.
    ///
    /// # Errors
    /// See [`TransportError`]; also when the card announces data without end.
    pub(crate) fn transmit(&mut self, command: &Command) -> Result<Response, TransportError> {
        let mut response = self.transmit_chain(command, None)?;
        if let (Some(exact), true) = (response.status.exact(), command.expects_answer()) {
            response = self.transmit_chain(command, Some(exact))?;
        }
        if command.expects_answer() && !command.is_unfetched() {
            self.fetch_rest(command, &mut response)?;
        }
        Ok(response)
    }

    /// Lets the person type the PIN on the reader's pad: `block` is the reader's own structure, without any PIN in it.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub(crate) fn control(&mut self, code: u32, block: &[u8]) -> Result<Response, TransportError> {
        tracing::debug!("PIN entry on the reader's pad");
        let response = parse(self.connection.control(code, block)?)?;
        tracing::debug!(status = %response.status, "answer of the pad");
        Ok(response)
    }

    /// Sends all blocks of a command and returns the answer to the last, or to the first that was refused.
    fn transmit_chain(
        &mut self,
        command: &Command,
        expected: Option<u16>,
    ) -> Result<Response, TransportError> {
        let blocks = command.encode(self.encoding(), expected);
        let mut last = None;
        for block in &blocks {
            let response = self.exchange(command, block)?;
            let refused = response.status != Status::OK;
            last = Some(response);
            if refused {
                break;
            }
        }
        last.ok_or(TransportError::Mute)
    }

    /// Appends what the card announced by `61xx`, piece by piece.
    fn fetch_rest(&mut self, command: &Command, response: &mut Response) -> Result<(), TransportError> {
        let [cla, ..] = command.header();
        while let Some(waiting) = response.status.waiting() {
            let get = Command::new("GET RESPONSE", cla, 0xC0, 0, 0).expect(waiting.min(self.piece));
            let get = if command.is_sensitive() { get.sensitive() } else { get };
            let mut next = self.transmit_chain(&get, None)?;
            if let Some(exact) = next.status.exact() {
                next = self.transmit_chain(&get, Some(exact))?;
            }
            let stuck = next.data.is_empty() && next.status.waiting().is_some();
            if stuck || response.data.len() + next.data.len() > LONGEST_ANSWER {
                return Err(TransportError::Other("the card announces data without end".to_owned()));
            }
            response.data.append(&mut next.data);
            response.status = next.status;
        }
        Ok(())
    }

    fn exchange(
        &mut self,
        command: &Command,
        bytes: &Zeroizing<Vec<u8>>,
    ) -> Result<Response, TransportError> {
        tracing::debug!(?command, "command");
        let response = parse(self.connection.transmit(bytes)?)?;
        tracing::debug!(?response, "response");
        if !command.is_sensitive() {
            tracing::trace!(command = %Hex(bytes), response = %Hex(&response.data), "bytes");
        }
        Ok(response)
    }
}

fn parse(bytes: Vec<u8>) -> Result<Response, TransportError> {
    Response::parse(bytes).ok_or(TransportError::Mute)
}

/// Bytes as they are read aloud.
struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X} "))
    }
}
