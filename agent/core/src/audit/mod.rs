//! What happened, as typed events that cannot hold a secret, and the hash chain they are written in.
//!
//! An event has no member of free text from an application, a request or a card: only identifiers, numbers and words of
//! this program. That is why no care is needed where events are made.
//!
//! | file | what |
//! | --- | --- |
//! | [`event`] | the events |
//! | [`activity`] | what a person sees of it |
//! | [`chain`](mod@chain) | one JSON object a line, each with the hash of the line before |

pub mod activity;
pub mod chain;
pub mod event;

#[cfg(test)]
mod tests;

pub use chain::{Broken, Head, Verified, chain, verify};
pub use event::{Application, Event, Outcome, What};
