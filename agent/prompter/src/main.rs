//! `cps-prompter`: asks for a PIN in a window of the system, for the agent at the other end of its pipes.

// A program of the desktop: no console window beside the question.
#![cfg_attr(windows, windows_subsystem = "windows")]

use cps_prompter::{Native, serve};
use std::{
    fs::File,
    io::{self, Write as _},
    process::ExitCode,
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(io::stderr(), "cps-prompter: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut window = Native::new()?;
    let output = unbuffered().map_err(|error| format!("no standard output ({error})"))?;
    serve(io::stdin(), output, &mut window).map_err(|error| error.to_string())
}

/// Standard output without the buffer of the standard library, where a PIN would stay.
fn unbuffered() -> io::Result<File> {
    #[cfg(unix)]
    let output = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let output = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(File::from(output))
}
