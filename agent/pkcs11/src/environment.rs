//! The environment of the host, as it was when the module was first called, and whether it may be believed.
//!
//! It is read once: another thread of the host may change it at any time, and the C library's reading is not safe then.
//!
//! Registered modules are loaded by whatever looks for keys, set-uid programs included. There the variables are those of
//! whoever started the program, who has less power than the program: they name no file and no agent then. libc says so by
//! `AT_SECURE` (getauxval(3)), as for its own variables.

use cps_agent_api::{door, words::Screen};
use std::{ffi::OsString, fs, io, path::PathBuf, sync::OnceLock};

/// `AT_SECURE` of `<elf.h>`.
const SECURE: usize = 23;
/// Bytes of a number of the list.
const NUMBER: usize = size_of::<usize>();

/// Names the file that calls are noted in.
const LOG: &str = "CPS_PKCS11_LOG";

/// What the module wants of it.
pub(crate) struct Environment {
    /// The agent's door.
    pub(crate) socket: Option<PathBuf>,
    /// Where calls are noted.
    pub(crate) log: Option<PathBuf>,
    /// `fr` or `en`.
    pub(crate) language: &'static str,
    /// This program's screen: the agent's prompter may appear there where the agent has none of its own. The terminal
    /// stays the program's.
    pub(crate) screen: Screen,
}

/// The environment.
pub(crate) fn environment() -> &'static Environment {
    static READ: OnceLock<Environment> = OnceLock::new();
    READ.get_or_init(|| {
        let believed = !is_secure(fs::read("/proc/self/auxv"));
        Environment::of(|name| std::env::var_os(name).filter(|value| believed && !value.is_empty()))
    })
}

impl Environment {
    /// What the variables say that are set to something.
    fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| variable(name)?.into_string().ok();
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(text).unwrap_or_default();
        let language = if locale.starts_with("en") { "en" } else { "fr" };
        let screen = Screen {
            display: text("DISPLAY"),
            wayland_display: text("WAYLAND_DISPLAY"),
            language: Some(language.to_owned()),
            ..Screen::default()
        };
        let log = variable(LOG).map(PathBuf::from);
        Self { socket: door::path_from(&variable), log, language, screen }
    }
}

/// Whether the list of the kernel says that the program has more power than its caller. A list that is kept from the
/// program is that of such a one; one that is not there at all says nothing.
fn is_secure(list: io::Result<Vec<u8>>) -> bool {
    match list {
        Ok(list) => {
            let mut pairs = list.chunks_exact(2 * NUMBER).map(|pair| pair.split_at(NUMBER));
            pairs.any(|(key, value)| key == SECURE.to_ne_bytes() && value.iter().any(|byte| *byte != 0))
        }
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[[usize; 2]]) -> io::Result<Vec<u8>> {
        Ok(pairs.iter().flatten().flat_map(|number| number.to_ne_bytes()).collect())
    }

    #[test]
    fn an_environment_that_says_nothing_names_no_door_no_file_and_no_screen() {
        let Environment { socket, log, language, screen } = Environment::of(|_| None);
        assert_eq!((socket, log, language), (None, None, "fr"));
        assert_eq!((screen.display, screen.wayland_display, screen.tty), (None, None, None));
    }

    #[test]
    fn the_language_of_messages_wins_over_that_of_the_rest() {
        let set = |name: &str| match name {
            "LC_MESSAGES" => Some("en_GB.UTF-8".into()),
            "LANG" => Some("fr_FR.UTF-8".into()),
            _ => None,
        };
        assert_eq!(Environment::of(set).language, "en");
    }

    #[test]
    fn a_program_with_more_power_than_its_caller_believes_no_variable() {
        assert!(is_secure(list(&[[6, 4096], [SECURE, 1], [0, 0]])));
        assert!(is_secure(Err(io::ErrorKind::PermissionDenied.into())), "the list is kept from it");
    }

    #[test]
    fn an_ordinary_program_does() {
        assert!(!is_secure(list(&[[SECURE, 0], [6, SECURE], [0, 0]])));
        assert!(!is_secure(fs::read("/proc/self/auxv")), "this one");
        assert!(!is_secure(Err(io::ErrorKind::NotFound.into())), "not on this system");
    }
}
