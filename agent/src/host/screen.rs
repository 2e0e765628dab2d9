//! Where a question about a program appears: on the screen of the agent's session, which the program does not choose. On
//! one of its own it could click the answer itself.

use cps_agent_api::words::Screen;
use std::ffi::OsString;

/// The agent's own screen, which a prompt program inherits; where its session has none, the one that the program names.
/// Never a terminal: that is the program's.
#[must_use]
pub fn beside(named: Screen) -> Screen {
    of(named, |name| std::env::var_os(name))
}

fn of(named: Screen, variable: impl Fn(&str) -> Option<OsString>) -> Screen {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let Screen { display, wayland_display, language, .. } = named;
    if set("DISPLAY") || set("WAYLAND_DISPLAY") {
        Screen { language, ..Screen::default() }
    } else {
        Screen { display, wayland_display, language, ..Screen::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named() -> Screen {
        Screen {
            tty: Some("/dev/pts/7".to_owned()),
            term: Some("xterm".to_owned()),
            display: Some(":99".to_owned()),
            wayland_display: Some("wayland-9".to_owned()),
            language: Some("en".to_owned()),
        }
    }

    #[test]
    fn a_program_chooses_no_screen_where_the_session_has_one() {
        for own in ["DISPLAY", "WAYLAND_DISPLAY"] {
            let shown = of(named(), |name| (name == own).then(|| ":0".into()));
            assert_eq!((shown.display, shown.wayland_display), (None, None), "{own}");
            assert_eq!((shown.tty, shown.term), (None, None), "{own}");
            assert_eq!(shown.language.as_deref(), Some("en"));
        }
    }

    #[test]
    fn a_program_never_chooses_a_terminal() {
        let shown = of(named(), |_| Some(OsString::new()));
        assert_eq!((shown.tty, shown.term), (None, None));
        assert_eq!(shown.display.as_deref(), Some(":99"), "an empty variable is no screen");
    }
}
