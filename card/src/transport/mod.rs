//! The reader and the card behind it, as bytes in and bytes out.
//!
//! Two traits are the whole seam: [`ReaderService`] says which readers and cards are here, [`Connection`] carries
//! commands to one card. The PC/SC stack implements both for real readers, the sandbox implements both for virtual
//! cards in process, and recordings implement the second for tests.

mod pcsc;
mod pcsclite;
#[cfg(any(test, feature = "replay"))]
pub mod replay;

pub use self::pcsc::PcscService;

use std::time::Duration;

/// The transmission protocol that reader and card agreed on (ISO 7816-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// T=0: character oriented; a response to a case-4 command is fetched with GET RESPONSE.
    T0,
    /// T=1: block oriented; the response comes back at once. Contactless cards look like T=1.
    T1,
}

/// What to do with the card when a transaction or a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Leave the card as it is: a verified PIN stays verified.
    Leave,
    /// Reset the card: every verified PIN and selected file is forgotten.
    Reset,
}

/// A conversation with one card.
///
/// Exchanges outside [`begin`](Connection::begin) … [`end`](Connection::end) may be interleaved with those of other programs.
pub trait Connection: Send {
    /// The card's answer to reset, as the reader reported it.
    fn atr(&self) -> &[u8];

    /// The protocol in use.
    fn protocol(&self) -> Protocol;

    /// Starts a transaction: no other program reaches the card until [`end`](Connection::end).
    ///
    /// # Errors
    /// [`TransportError::Reset`] when another program reset the card since the last exchange: call
    /// [`reconnect`](Connection::reconnect), then start again from recognition.
    fn begin(&mut self) -> Result<(), TransportError>;

    /// Sends one command and returns the response with its two status bytes.
    ///
    /// # Errors
    /// See [`TransportError`]; nothing is retried here.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// Ends the transaction. Ending one that is not open is not an error.
    ///
    /// # Errors
    /// See [`TransportError`]; the transaction is over in any case.
    fn end(&mut self, disposition: Disposition) -> Result<(), TransportError>;

    /// Joins the card again after [`TransportError::Reset`], or resets it when `Disposition::Reset` is given.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn reconnect(&mut self, disposition: Disposition) -> Result<(), TransportError>;

    /// Control code of a reader feature (PC/SC part 10), or `None` when the reader lacks it.
    fn feature(&mut self, feature: Feature) -> Option<u32>;

    /// Sends a control command to the reader itself, used for PIN entry on its pad (PC/SC part 10).
    ///
    /// # Errors
    /// See [`TransportError`].
    fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>, TransportError>;
}

/// Reader features of PC/SC part 10 that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// FEATURE_VERIFY_PIN_DIRECT (06).
    VerifyPinDirect,
    /// FEATURE_MODIFY_PIN_DIRECT (07).
    ModifyPinDirect,
}

/// One reader as the service sees it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderState {
    /// The service's name of the reader.
    pub name: String,
    /// ATR of the card inside, if one is there and answered.
    pub atr: Option<Vec<u8>>,
    /// A card is there but did not answer.
    pub mute: bool,
    /// The service's event counter where it has one (0 elsewhere): it differs after a quick pull and re-insertion.
    pub events: u32,
}

/// The owner of the readers: pcscd, the Windows smart-card service, or the sandbox.
pub trait ReaderService: Send + Sync {
    /// Lists readers and cards. Returns at once when they differ from `known`, else waits up to `timeout` for a change.
    /// An unchanged list after the time-out is an ordinary answer.
    ///
    /// # Errors
    /// [`TransportError::NoService`] when the service is absent, stopped or restarted: ask again later, with a pause.
    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<Vec<ReaderState>, TransportError>;

    /// Ends a [`wait`](ReaderService::wait) under way on another thread.
    fn interrupt(&self);

    /// Connects to the card in a reader, shared with other programs.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn connect(&self, reader: &str) -> Result<Box<dyn Connection>, TransportError>;
}

/// Why an exchange did not take place. None of them says anything about the PIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The card left the reader.
    #[error("the card was removed")]
    Removed,
    /// Another program reset the card, or it lost power: selected files and verified PINs are gone.
    #[error("the card was reset by another program")]
    Reset,
    /// Another program holds the card for itself.
    #[error("another program holds the card")]
    Sharing,
    /// The card does not answer, or not in a way the reader understands.
    #[error("the card does not answer")]
    Mute,
    /// No such reader any more.
    #[error("the reader is gone")]
    NoReader,
    /// The smart-card service is not installed, not running, or was stopped.
    #[error("the smart-card service is not running")]
    NoService,
    /// The smart-card service refused this session (polkit, remote desktop).
    #[error("the smart-card service refused access to this session")]
    Refused,
    /// The person pressed cancel on the reader's pad, or took too long.
    #[error("PIN entry was cancelled on the reader")]
    Cancelled,
    /// Anything else, in the service's words.
    #[error("smart-card service: {0}")]
    Other(String),
}
