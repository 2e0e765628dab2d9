//! Failures, as the quiet half meets them: the table of `cps-agent-failure`, and what the card crate's errors are in it.

pub use cps_agent_failure::*;

use cps_card::Error as CardError;
use cps_card::transport::TransportError;

/// What a person is told when the card crate could not do its part. Technical reasons stay in the error, for the log.
#[must_use]
pub fn of_card(error: &CardError) -> Failure {
    match error {
        CardError::WrongPin { left } => Failure::new(PIN_WRONG).with("tries_left", *left),
        CardError::PinBlocked => Failure::new(PIN_BLOCKED),
        CardError::PukBlocked => Failure::new(PUK_BLOCKED),
        CardError::PinFormat { min, max } => pin_format(*min, *max),
        CardError::LastTry => Failure::new(PIN_LAST_TRY),
        CardError::PinRequired => Failure::new(PIN_REQUIRED),
        CardError::Removed => Failure::new(CARD_REMOVED),
        CardError::Transport(error) => of_transport(error),
        CardError::NotCps => Failure::new(CARD_NOT_CPS),
        CardError::InterruptedUpdate => Failure::new(CARD_UPDATE_INTERRUPTED),
        CardError::Content { .. } => Failure::new(CARD_GARBLED),
        CardError::Refused { status, .. } => {
            Failure::new(CARD_REFUSED).with("status", format!("{status:04X}"))
        }
        CardError::Unsupported(_) => Failure::new(CARD_UNSUPPORTED),
        CardError::Token(_) => Failure::new(TOKEN_FILE_DAMAGED),
        _ => Failure::new(INTERNAL),
    }
}

/// A PIN that is too short or too long for its card.
#[must_use]
pub fn pin_format(min: u8, max: u8) -> Failure {
    let length = if min == max { min.to_string() } else { format!("{min}–{max}") };
    Failure::new(PIN_FORMAT).with("min", min).with("max", max).with("length", length)
}

/// The same for what carries commands to a card.
#[must_use]
pub fn of_transport(error: &TransportError) -> Failure {
    Failure::new(match error {
        TransportError::Removed => CARD_REMOVED,
        TransportError::Reset => PIN_REQUIRED,
        TransportError::Sharing => CARD_BUSY,
        TransportError::Mute => CARD_MUTE,
        TransportError::NoReader => NO_READER,
        TransportError::NoService => NO_CARD_SERVICE,
        TransportError::Refused => CARD_SERVICE_REFUSED,
        TransportError::Cancelled => PIN_CANCELLED,
        _ => READER_FAILED,
    })
}

#[cfg(test)]
mod tests;
