//! Opens a page in the person's own browser: never by way of a shell.

use std::{
    io,
    process::{Command, Stdio},
};

/// Opens a page. Whether it really appears nobody can tell.
///
/// # Errors
/// The system's, when there is no opener, or it says that it opened nothing.
pub(crate) fn open(address: &str) -> io::Result<()> {
    let mut opener = Command::new("xdg-open");
    opener.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match opener.status()? {
        status if status.success() => Ok(()),
        _ => Err(io::Error::other("nothing was opened")),
    }
}

/// Whether a browser would have a place to appear: without one, openers start what runs in a terminal.
pub(crate) fn has_screen() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    set("DISPLAY") || set("WAYLAND_DISPLAY")
}
