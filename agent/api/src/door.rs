//! Where the agent's control door is, and how to knock at it.

use std::path::PathBuf;

/// Environment variable that names the control door's socket.
pub const SOCKET: &str = "CPS_AGENT_SOCKET";

/// Finds the control door: `CPS_AGENT_SOCKET`, else `$XDG_RUNTIME_DIR/cps-agent/control.sock`.
///
/// `None` when neither variable is set: the system then has no place that is private to a session.
#[must_use]
pub fn path() -> Option<PathBuf> {
    path_from(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
}

/// The same in another environment: `variable` gives the value of a variable that is set to something.
pub fn path_from(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    variable(SOCKET)
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("XDG_RUNTIME_DIR")?).join("cps-agent/control.sock")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(set: &[(&str, &str)]) -> Option<PathBuf> {
        path_from(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn the_named_socket_wins() {
        let set = [(SOCKET, "/s/agent.sock"), ("XDG_RUNTIME_DIR", "/run/user/1000")];
        assert_eq!(with(&set), Some("/s/agent.sock".into()));
    }

    #[test]
    fn the_session_directory_is_the_usual_place() {
        let set = [("XDG_RUNTIME_DIR", "/run/user/1000")];
        assert_eq!(with(&set), Some("/run/user/1000/cps-agent/control.sock".into()));
    }

    #[test]
    fn without_a_session_there_is_no_place() {
        assert_eq!(with(&[]), None);
    }
}
