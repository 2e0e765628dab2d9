//! `cps`: parse, connect, dispatch, exit code.

mod args;
mod browser;
mod browsers;
mod commands;
mod error;
mod module;
mod output;
mod registration;
mod screen;
mod stores;
mod text;
mod usage;

use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (args, texts) = match usage::read(std::env::args_os().collect()) {
        Ok(read) => read,
        Err(done) => return done,
    };
    let mut output = Output::new(args.json, texts);
    match run(&args, &mut output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            error.exit_code()
        }
    }
}

fn run(args: &args::Args, output: &mut Output) -> Result<(), error::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(error::Error::Runtime)?;
    runtime.block_on(commands::run(args, output))
}
