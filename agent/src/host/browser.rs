//! Opens a page in the person's own browser (RFC 8252 §4.1): never a window of ours, and never by way of a shell.

use cps_agent_api::words::Screen;
use std::{io, process::Stdio};
use tokio::process::Command;
use url::Url;

/// What opens a page where the settings name no program.
const OPENER: &str = "xdg-open";

/// Opens a page. `program` is a program with its arguments, or nothing for the system's; the address is its last argument,
/// where every user of the machine can read it: no address with a secret in it.
/// Whether a page really appears nobody can tell: whoever asks shows the address as well.
///
/// # Errors
/// The system's, when the program cannot be started or the address is no page of the web.
pub fn open(program: &[String], address: &Url, screen: &Screen) -> io::Result<()> {
    if !matches!(address.scheme(), "https" | "http") {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no page of the web"));
    }
    let (name, arguments) = match program.split_first() {
        Some((name, arguments)) => (name.as_str(), arguments),
        None => (OPENER, &[][..]),
    };
    let mut command = Command::new(name);
    command.args(arguments).arg(address.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // The agent may have been started before there was a screen: the caller's counts.
    for (variable, value) in [("DISPLAY", &screen.display), ("WAYLAND_DISPLAY", &screen.wayland_display)] {
        if let Some(value) = value {
            command.env(variable, value);
        }
    }
    let mut child = command.spawn()?;
    tokio::spawn(async move {
        // Openers end at once, browsers when the person closes them: either way nobody asks how.
        let _ended = child.wait().await;
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn the_address_is_one_argument_whatever_it_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let noted = folder.path().join("noted");
        let script = "printf '%s\\n' \"$#\" \"$2\" > \"$1.part\" && mv \"$1.part\" \"$1\"";
        let program = ["sh", "-c", script, "opener", noted.to_str().expect("text")].map(str::to_owned);
        let address = Url::parse("https://idp.example/?a=$(touch%20x)&b=`id`;c").expect("an address");
        open(&program, &address, &Screen::default()).expect("started");
        let waited = tokio::time::timeout(Duration::from_secs(60), async {
            while !noted.exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.expect("the program ran");
        assert_eq!(std::fs::read_to_string(&noted).expect("read"), format!("2\n{address}\n"));
    }

    #[tokio::test]
    async fn what_is_no_page_or_no_program_is_an_error() {
        let file = Url::parse("file:///etc/passwd").expect("an address");
        assert!(open(&[], &file, &Screen::default()).is_err());
        let page = Url::parse("https://idp.example/").expect("an address");
        assert!(open(&["/no/such/program".to_owned()], &page, &Screen::default()).is_err());
    }
}
