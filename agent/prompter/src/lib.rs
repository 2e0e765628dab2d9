//! The agent's own PIN prompt for Windows and macOS: a child process with one window of the system, spoken to like a
//! pinentry. Linux has pinentry.
//!
//! | file | what |
//! | --- | --- |
//! | [`assuan`] | lines, percent coding, refusals of libgpg-error |
//! | [`dialogue`] | one conversation as plain values: a line in, an answer or a question out |
//! | [`mod@serve`] | the same over two pipes; a question goes away with whoever asked it |
//! | [`layout`] | where things stand in a window that is laid out by us |
//! | [`Native`] | the window of this system: Win32, AppKit, or none |
//!
//! The protocol is that of pinentry (<https://www.gnupg.org/documentation/manuals/assuan/>) as far as the agent speaks it:
//! `GETPIN`, `CONFIRM`, `MESSAGE`, and the `SET…` commands for what they show.
//!
//! What a person types goes from the window's own field into [`Secret`] and from there into one line of the pipe. It is
//! wiped in each, and never in an argument, a variable of the environment or a log.

pub mod assuan;
pub mod dialogue;
pub mod layout;
mod secret;
pub mod serve;

#[cfg(not(any(windows, target_os = "macos")))]
mod elsewhere;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(windows)]
mod windows;

#[cfg(not(any(windows, target_os = "macos")))]
pub use elsewhere::Native;
#[cfg(target_os = "macos")]
pub use macos::Native;
#[cfg(windows)]
pub use windows::Native;

pub use dialogue::Question;
pub use secret::Secret;
pub use serve::{Asker, serve};

/// Where a question is shown. It goes away when its time is over or `asker` has left.
pub trait Window {
    /// Asks for something typed.
    ///
    /// # Errors
    /// See [`NoAnswer`].
    fn secret(&mut self, question: &Question, asker: &Asker) -> Result<Secret, NoAnswer>;

    /// Asks for a yes.
    ///
    /// # Errors
    /// See [`NoAnswer`].
    fn consent(&mut self, question: &Question, asker: &Asker) -> Result<(), NoAnswer>;
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// The person said no, or closed the window.
    Declined,
    /// Nobody answered in time.
    TimedOut,
    /// Whoever asked is gone: there is nobody to tell.
    Withdrawn,
    /// The system shows no window.
    NoWindow,
}
