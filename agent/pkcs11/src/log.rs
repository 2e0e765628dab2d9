//! Lines for whoever looks into trouble, only where `CPS_PKCS11_LOG` names a file. A module has no right to its host's
//! terminal, so there is nothing else it writes to.

use crate::environment::environment;
use pkcs11_sys::CK_RV;
use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

fn path() -> Option<&'static Path> {
    environment().log.as_deref()
}

/// Adds a line, for its owner alone to read. Never a PIN, and never what is signed; what others wrote stays one line.
pub(crate) fn line(text: &str) {
    let Some(path) = path() else { return };
    // A log that cannot be written is no reason to fail.
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).mode(0o600).open(path) {
        let _ = writeln!(file, "{} {}", std::process::id(), text.escape_debug());
    }
}

/// Adds what a function returned.
pub(crate) fn call(name: &str, value: CK_RV) {
    if path().is_some() {
        line(&format!("{name} {value:#x}"));
    }
}
