//! What the tray has the desktop do: open a page, start the agent. Never by way of a shell.

use std::{io, process::Stdio};
use tokio::process::Command;

/// Opens a page in the person's own browser. Whether it really appears nobody can tell.
///
/// # Errors
/// The system's, when there is no opener, or the address is no page of the web.
pub(crate) fn open(address: &str) -> io::Result<()> {
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no page of the web"));
    }
    let mut child = quiet("xdg-open").arg(address).spawn()?;
    tokio::spawn(async move {
        // Openers end at once, browsers when the person closes them: either way nobody asks how.
        let _ended = child.wait().await;
    });
    Ok(())
}

/// Starts the agent as the service of this session; says whether that was possible.
pub(crate) async fn start_agent() -> bool {
    let started = quiet("systemctl").args(["--user", "start", "cps-agent.service"]).status().await;
    started.is_ok_and(|status| status.success())
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
