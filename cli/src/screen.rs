//! Where the agent's prompter may appear for this command: the caller's terminal or display. Never a PIN.

use crate::text::Texts;
use cps_agent_api::words::Screen;
use std::io::IsTerminal as _;

/// The terminal and display of this process.
pub(crate) fn of_caller(texts: &Texts) -> Screen {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Screen {
        tty: terminal(),
        term: variable("TERM"),
        display: variable("DISPLAY"),
        wayland_display: variable("WAYLAND_DISPLAY"),
        language: Some(texts.tag().to_owned()),
    }
}

/// Path of the controlling terminal's device, when standard input is one.
fn terminal() -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let path = std::fs::read_link("/proc/self/fd/0").or_else(|_| std::fs::read_link("/dev/fd/0")).ok()?;
    path.starts_with("/dev").then(|| path.to_string_lossy().into_owned())
}
