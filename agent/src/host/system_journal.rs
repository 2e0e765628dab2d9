//! Keeping heads of the audit trail in the system journal, which the person cannot rewrite (systemd's native protocol: one
//! datagram an entry, one `NAME=value` a line).
//!
//! A head in the journal proves that the trail had that many lines, and which. A machine without a journal is an ordinary one:
//! the first time an entry cannot be left, that is logged.

use cps_agent_core::audit::Head;
use std::{
    io,
    os::unix::net::UnixDatagram,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

/// What an entry is found by: `journalctl MESSAGE_ID=…`.
const MESSAGE_ID: &str = "7f6d8a0c3f6b4c0e9a4d5b1e2c90d7a3";
/// A syslog level: notice.
const PRIORITY: u8 = 5;

/// The journal's socket.
#[derive(Debug)]
pub struct SystemJournal {
    socket: Option<(UnixDatagram, PathBuf)>,
    complained: AtomicBool,
}

impl SystemJournal {
    /// A journal that listens at this path, or nowhere. Nothing is sent yet.
    #[must_use]
    pub fn new(path: Option<PathBuf>) -> Self {
        let socket = path.and_then(|path| {
            let socket = UnixDatagram::unbound().ok()?;
            // A journal that does not keep up must not hold up a login.
            socket.set_nonblocking(true).ok()?;
            Some((socket, path))
        });
        Self { socket, complained: AtomicBool::new(false) }
    }

    /// Leaves a head there.
    pub fn keep(&self, head: &Head) {
        let Some((socket, path)) = &self.socket else { return };
        if let Err(error) = send(socket, path, head)
            && !self.complained.swap(true, Ordering::Relaxed)
        {
            tracing::info!(%error, "the system journal keeps no heads of the audit trail");
        }
    }
}

fn send(socket: &UnixDatagram, path: &std::path::Path, head: &Head) -> io::Result<()> {
    let Head { sequence, hash } = head;
    let entry = format!(
        "MESSAGE=audit trail of cps-agent: line {sequence}, {hash}\nMESSAGE_ID={MESSAGE_ID}\nPRIORITY={PRIORITY}\n\
         SYSLOG_IDENTIFIER=cps-agent\nCPS_AGENT_AUDIT_SEQUENCE={sequence}\nCPS_AGENT_AUDIT_HASH={hash}\n"
    );
    socket.send_to(entry.as_bytes(), path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_journal_costs_nothing() {
        SystemJournal::new(None).keep(&Head::default());
        let journal = SystemJournal::new(Some("/nonexistent/socket".into()));
        journal.keep(&Head::default());
        assert!(journal.complained.load(Ordering::Relaxed));
    }

    #[test]
    fn an_entry_names_the_line_and_its_hash() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("socket");
        let listener = UnixDatagram::bind(&path).expect("a socket");
        SystemJournal::new(Some(path)).keep(&Head { sequence: 7, hash: "ab".repeat(32) });
        let mut entry = [0; 1024];
        let length = listener.recv(&mut entry).expect("an entry");
        let entry = std::str::from_utf8(&entry[..length]).expect("text");
        assert!(entry.contains("\nCPS_AGENT_AUDIT_SEQUENCE=7\n"), "{entry}");
        assert!(entry.contains(&format!("\nCPS_AGENT_AUDIT_HASH={}\n", "ab".repeat(32))), "{entry}");
    }
}
