//! Readers that serve virtual cards: in process, or through a private real pcscd.
//!
//! | file | what |
//! | --- | --- |
//! | `in_process.rs`, `connection.rs`, `pad.rs` | [`InProcessReaders`]: the transport of `cps-card` without any PC/SC stack |

mod connection;
mod in_process;
mod pad;

pub use in_process::{ExclusiveUse, InProcessReaders};
pub use pad::{Keypress, PinPad};
