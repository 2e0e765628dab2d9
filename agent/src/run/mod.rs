//! The loop.

mod cards;
mod present;
