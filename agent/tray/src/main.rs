//! `cps-tray`: the agent's icon on the panel, its menu and its notifications.
//!
//! It shows what the agent says, and passes on what the person chooses. It never sees a PIN: the agent's own prompter asks.
//!
//! | file | what |
//! | --- | --- |
//! | `state/` | the quiet part: what is shown of what is known, as plain values |
//! | `run`, `tasks` | the loop, and what the agent is asked for the person |
//! | `link`, `bus` | the agent and the session bus: there, gone, and there again |
//! | `panel`, `menu`, `icon` | the icon on the panel, its menu, its pictures |
//! | `notify`, `desktop` | notifications, pages, the start of the agent |
//! | `memory`, `text` | what is remembered; French and English |
//!
//! Two threads: the first has the panel and no runtime, the second everything that waits.

mod args;
mod bus;
mod desktop;
mod icon;
mod link;
mod memory;
mod menu;
mod notify;
mod only;
mod panel;
mod run;
mod state;
mod tasks;
mod text;

use std::{io, process::ExitCode, sync::mpsc};

fn main() -> ExitCode {
    match args::read(std::env::args_os().skip(1)) {
        args::Wish::Run => {}
        args::Wish::Done(code) => return code,
    }
    let environment = |name: &str| std::env::var(name).ok();
    let _only = match only::one(environment) {
        Ok(Some(lock)) => lock,
        // The icon is there already: as good as done.
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => return args::failed("no place for the lock of this session", &error),
    };
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => args::failed("the system does not let the tray run", &error),
    }
}

/// Runs both threads until the person leaves.
fn start() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let memory = memory::Memory::of_person(|name| std::env::var(name).ok());
    let (orders, ordered) = mpsc::channel();
    let (commands, chosen) = tokio::sync::mpsc::unbounded_channel();
    let waiting = std::thread::Builder::new().name("agent".to_owned()).spawn(move || {
        runtime.block_on(run::run(memory, orders, chosen));
        // A name that is being looked up, or a bus that does not answer, keeps nobody from leaving.
        runtime.shutdown_background();
    })?;
    panel::run(&ordered, commands);
    waiting.join().map_err(|_| io::Error::other("the loop broke"))
}
