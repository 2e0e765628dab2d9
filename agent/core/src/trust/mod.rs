//! Whether a certificate may be believed here: the chain to a configured authority, what the key is for, which
//! environment it belongs to, and whether it was revoked.
//!
//! Anchors come from the configured folder alone: never from the card, never from the system's store. Nothing here says
//! "valid" when it does not know: an unknown revocation status is a value of its own.
//!
//! | file | what |
//! | --- | --- |
//! | [`anchors`] | the authorities of this environment, read from files |
//! | [`chain`] | from a leaf to a root (RFC 5280 §6), and the [`chain::Verdict`] on a card or token |
//! | [`revocation`] | what revocation lists say, and what is known by all that was brought |
//! | [`ocsp`] | asking a responder, and reading what it says |

pub mod anchors;
pub mod chain;
pub mod ocsp;
pub mod revocation;

pub use crate::identity::Environment;
pub use anchors::{AnchorFile, Anchors};
pub use chain::{Presented, Use, Verdict};
pub use revocation::{Evidence, Revocation, Status, Unknown, says};

#[cfg(test)]
mod tests;
