//! The command line: next to nothing, since a desktop starts the tray and a person never types its name.

use crate::{icon, state::Look};
use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

const HELP: &str = "\
Shows the CPS agent on the panel: icon, menu, notifications. The desktop starts it with the session.

Usage: cps-tray [--help | --version | --write-icons FOLDER]

  --write-icons FOLDER  write the icons as SVG, for packages
  --version             print the version
  --help                print this
";

/// What is to be done.
pub(crate) enum Wish {
    /// Show the icon.
    Run,
    /// Nothing more.
    Done(ExitCode),
}

/// Reads the arguments, and does what takes no icon.
pub(crate) fn read(args: impl Iterator<Item = OsString>) -> Wish {
    let args: Vec<OsString> = args.collect();
    let words: Vec<&str> = args.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    Wish::Done(match words.as_slice() {
        [] => return Wish::Run,
        ["--help" | "-h"] => printed(HELP),
        ["--version" | "-V"] => printed(concat!("cps-tray ", env!("CARGO_PKG_VERSION"), "\n")),
        ["--write-icons", folder] => match write_icons(Path::new(folder)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed("the icons cannot be written", &error),
        },
        _ => {
            let _unread = io::stderr().write_all(HELP.as_bytes());
            ExitCode::from(2)
        }
    })
}

fn printed(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Says why the tray does not run.
pub(crate) fn failed(what: &str, error: &io::Error) -> ExitCode {
    let _unread = writeln!(io::stderr(), "cps-tray: {what}: {error}");
    ExitCode::FAILURE
}

fn write_icons(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for look in Look::ALL {
        fs::write(folder.join(icon::name(look)).with_extension("svg"), icon::svg(look))?;
    }
    Ok(())
}
