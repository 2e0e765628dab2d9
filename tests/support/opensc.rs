//! OpenSC on the same reader as the agent, as somebody who knows nothing of it.

use std::{path::Path, process::Command};

/// Runs `opensc-tool` once on the daemon of that socket. False where it lost its card while connecting: there it probes
/// the card without a transaction (OpenSC 0.23, `sc_connect_card`), so that whoever signs in between has moved the
/// selection that its next READ BINARY relies on. It can only be run again; nothing of the agent is wrong.
///
/// # Panics
/// Where it is not installed, or fails in any other way.
pub fn looks(socket: &Path, wish: &[&str]) -> bool {
    let run = Command::new("opensc-tool")
        .args(wish)
        .env("PCSCLITE_CSOCK_NAME", socket)
        .env("LC_ALL", "C")
        .output()
        .expect("opensc-tool: tests/run.sh installs it");
    let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
    assert!(
        run.status.success() || said.contains("Failed to connect to card:"),
        "opensc-tool {wish:?}: {said}"
    );
    run.status.success()
}
