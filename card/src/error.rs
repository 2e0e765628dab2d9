//! Errors by who can help: the person, the machine, the card, us.

use crate::transport::TransportError;

/// Why a token could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The person can help.
    /// The PIN (or PUK) was wrong; the card says how many tries are left.
    #[error("wrong PIN, {} left", tries(*left))]
    WrongPin {
        /// Tries left, when the card said.
        left: Option<u8>,
    },
    /// The PIN is blocked: the PUK is needed. No try was spent.
    #[error("the PIN is blocked")]
    PinBlocked,
    /// The PUK is blocked: the card must be replaced.
    #[error("the PUK is blocked")]
    PukBlocked,
    /// The PIN has a length or characters the card does not take; it was not sent and no try was spent.
    #[error("a PIN has {min} to {max} digits")]
    PinFormat {
        /// Shortest.
        min: u8,
        /// Longest.
        max: u8,
    },
    /// One try is left and the caller did not say that the person agreed to risk it.
    #[error("this is the last try")]
    LastTry,
    /// The operation needs the PIN: it was never given, or the card forgot it (reset by another program).
    #[error("the PIN is needed")]
    PinRequired,
    /// The token was taken away in the middle.
    #[error("the card was removed")]
    Removed,

    // The machine can help.
    /// Reader or service trouble.
    #[error(transparent)]
    Transport(TransportError),

    // The card is the reason.
    /// Not a CPS card, or one whose serial file is not a CPS one.
    #[error("not a CPS card")]
    NotCps,
    /// The card was being updated and the update was not finished (EF_ACTUA is unreadable or half written).
    #[error("an update of the card was interrupted")]
    InterruptedUpdate,
    /// The card's content cannot be understood.
    #[error("the card's {what} cannot be read: {why}")]
    Content {
        /// Which file or object.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The card refused a command.
    #[error("the card refused {command} with status {status:04X}")]
    Refused {
        /// The command's name in ISO 7816-4.
        command: &'static str,
        /// SW1 SW2.
        status: u16,
    },
    /// The token has no such key, or the key cannot do that.
    #[error("this token cannot do {0}")]
    Unsupported(&'static str),

    // Ours.
    /// The soft token's file is damaged, or something we did not foresee.
    #[error("{0}")]
    Token(String),
}

fn tries(left: Option<u8>) -> String {
    match left {
        Some(1) => "1 try".to_owned(),
        Some(n) => format!("{n} tries"),
        None => "an unknown number of tries".to_owned(),
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Removed | TransportError::NoReader => Self::Removed,
            other => Self::Transport(other),
        }
    }
}
