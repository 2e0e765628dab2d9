//! The agent as a program: flags, settings, the system's readers, and signals that stop it.

use clap::Parser as _;
use cps_agent::{config::Flags, host::key_store, start};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Started by an agent, for a key store whose module must not be in the agent's memory.
    if std::env::args_os().nth(1).is_some_and(|word| word == key_store::WORD) {
        return key_store::serve();
    }
    let flags = Flags::parse();
    start::logging(&flags.log);
    match start::program(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => start::report(error.as_ref()),
    }
}
