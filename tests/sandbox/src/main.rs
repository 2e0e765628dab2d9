//! `cps-sandbox`: virtual CPS cards, a stand-in for Pro Santé Connect and a demonstration, all marked TEST.

use clap::{Parser, Subcommand};
use cps_sandbox::{
    browser::program,
    control, demo, failures,
    orders::{CardOrder, Order, PersonOrder, PhoneOrder, UpstreamOrder},
    pinentry, up,
};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// TEST sandbox of cps-agent: virtual CPS cards, a stand-in for Pro Santé Connect, and a demonstration.
///
/// Nothing here is real: holders, numbers, keys and authorities are made up.
#[derive(Parser)]
#[command(name = "cps-sandbox", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Control socket of the running sandbox, for `card`, `upstream`, `person` and `phone`
    #[arg(long, global = true, env = control::VARIABLE, value_name = "PATH")]
    socket: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Show how a card becomes an OpenID Connect login, step by step
    Demo(demo::Arguments),
    /// Start cards, upstream and person, and stay until interrupted
    Up(up::Arguments),
    /// Insert, remove or break a card of a running sandbox
    #[command(subcommand)]
    Card(CardOrder),
    /// Make the upstream of a running sandbox fail, or heal it
    #[command(subcommand)]
    Upstream(UpstreamOrder),
    /// Tell the person at the PIN prompt of a running sandbox what to do
    #[command(subcommand)]
    Person(PersonOrder),
    /// Answer on the phone with the e-CPS of a running sandbox
    #[command(subcommand)]
    Phone(PhoneOrder),
    /// Print the failure table as a page: every code, what happened, what to do, who can help
    Failures(failures::Arguments),
    /// Open a page as a person with a browser would, and make the choice of a profile on the wallet's page
    Browse(program::Arguments),
}

fn main() -> ExitCode {
    // Under the name of the link that `pinentry::Person` makes, this program is the PIN prompt.
    let name = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let result = match name.parent() {
        Some(folder) if name.file_stem().is_some_and(|stem| stem == pinentry::PROGRAM) => prompt(folder),
        _ => sandbox(Arguments::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "cps-sandbox: {why}");
            ExitCode::FAILURE
        }
    }
}

fn prompt(folder: &Path) -> Result<(), String> {
    pinentry::serve(folder, std::io::stdin(), std::io::stdout()).map_err(|e| e.to_string())
}

fn sandbox(arguments: Arguments) -> Result<(), String> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("CPS_SANDBOX_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no event loop: {error}"))?;
    runtime.block_on(async {
        match arguments.command {
            Command::Demo(wish) => demo::run(wish).await,
            Command::Up(wish) => up::run(wish).await,
            Command::Card(order) => tell(arguments.socket.as_deref(), Order::Card(order)).await,
            Command::Upstream(order) => tell(arguments.socket.as_deref(), Order::Upstream(order)).await,
            Command::Person(order) => tell(arguments.socket.as_deref(), Order::Person(order)).await,
            Command::Phone(order) => tell(arguments.socket.as_deref(), Order::Phone(order)).await,
            Command::Failures(wish) => failures::run(&wish),
            Command::Browse(wish) => program::run(wish).await,
        }
    })
}

/// Sends an order to the running sandbox and shows what it answers.
async fn tell(socket: Option<&Path>, order: Order) -> Result<(), String> {
    let socket = socket.ok_or_else(|| {
        format!(
            "which sandbox? `cps-sandbox up` prints the path of its control socket: give it with --socket or {}",
            control::VARIABLE
        )
    })?;
    let answer = control::send(socket, &order).await.map_err(|error| error.to_string())?;
    writeln!(std::io::stdout(), "{answer:#}").map_err(|error| error.to_string())
}
