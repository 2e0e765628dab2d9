//! The agent as a program: flags, settings, the system's readers, and signals that stop it.

use clap::Parser as _;
use cps_agent::{config::Flags, start};
use std::process::ExitCode;

fn main() -> ExitCode {
    let flags = Flags::parse();
    start::logging(&flags.log);
    match start::program(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => start::report(error.as_ref()),
    }
}
