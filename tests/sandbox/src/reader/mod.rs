//! Readers that serve virtual cards: in process, or through a private real pcscd.
//!
//! | file | what |
//! | --- | --- |
//! | `in_process.rs`, `connection.rs`, `pad.rs` | [`InProcessReaders`]: the transport of `cps-card` without any PC/SC stack |
//! | `pcscd.rs`, `vpcd.rs` | [`PcscDaemon`]: a real pcscd of our own, with the virtual reader of vsmartcard (Linux) |

mod connection;
mod in_process;
mod pad;
#[cfg(target_os = "linux")]
mod pcscd;
#[cfg(target_os = "linux")]
mod vpcd;

pub use in_process::{ExclusiveUse, InProcessReaders};
pub use pad::{Keypress, PinPad};
#[cfg(target_os = "linux")]
pub use pcscd::{PcscDaemon, SLOTS};
