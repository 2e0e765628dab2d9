//! Where things lie: state, run-time files, the control socket.

use super::logind::SystemBus;
use crate::config::ConfigError;
use std::path::{Path, PathBuf};

/// The places of one agent. The sandbox makes its own; the program takes the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Clients, keys, audit trail, certificate cache: private to the user and to this machine.
    pub state: PathBuf,
    /// `bridge.json`.
    pub runtime: PathBuf,
    /// The control door.
    pub control_socket: PathBuf,
    /// Where logind is asked about the workstation; nowhere when absent.
    pub system_bus: Option<SystemBus>,
    /// Socket of the system journal, which keeps heads of the audit trail; none are sent when absent.
    pub system_journal: Option<PathBuf>,
}

/// Where systemd-journald takes entries.
const SYSTEM_JOURNAL: &str = "/run/systemd/journal/socket";

impl Paths {
    /// The system's places: `$XDG_STATE_HOME/cps-agent/<machine-id>` and `$XDG_RUNTIME_DIR/cps-agent`.
    ///
    /// # Errors
    /// [`ConfigError::NoPlace`] when the environment names no home for them.
    pub fn of_system(
        state: Option<&Path>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let folder = |name: &str| variable(name).filter(|v| v.starts_with('/')).map(PathBuf::from);
        let state_home = match state {
            Some(path) => path.to_owned(),
            None => folder("XDG_STATE_HOME")
                .or_else(|| folder("HOME").map(|home| home.join(".local/state")))
                .ok_or(ConfigError::NoPlace { what: "state", variable: "XDG_STATE_HOME" })?
                .join("cps-agent"),
        };
        let runtime = folder("XDG_RUNTIME_DIR")
            .ok_or(ConfigError::NoPlace { what: "run-time files", variable: "XDG_RUNTIME_DIR" })?
            .join("cps-agent");
        let control_socket = folder("CPS_AGENT_SOCKET").unwrap_or_else(|| runtime.join("control.sock"));
        Ok(Self {
            state: state_home.join(machine_id()),
            runtime,
            control_socket,
            system_bus: Some(SystemBus::of_system(&variable)),
            system_journal: Some(SYSTEM_JOURNAL.into()),
        })
    }

    /// The information for local software on how to find the bridge.
    #[must_use]
    pub fn bridge_file(&self) -> PathBuf {
        self.runtime.join("bridge.json")
    }
}

/// Identifies this machine, so that a home directory shared by several machines keeps their state apart.
fn machine_id() -> String {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        .find(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_hexdigit()))
        .unwrap_or_else(|| "this-machine".to_owned())
}
/// Another program of the same installation: it lies beside this one.
#[must_use]
pub fn beside_us(name: &str) -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join(name))
}
