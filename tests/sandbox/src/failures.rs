//! `cps-sandbox failures`: the failure table as a page of the documentation.

use cps_agent_failure::{self as failure, Language};
use std::io::Write;

/// Flags of `failures`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Language of the page: fr or en
    #[arg(long, default_value = "fr")]
    language: Spoken,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Spoken {
    Fr,
    En,
}

/// Prints the page.
///
/// # Errors
/// When standard output is closed.
pub fn run(wish: &Arguments) -> Result<(), String> {
    let page = failure::document(match wish.language {
        Spoken::Fr => Language::French,
        Spoken::En => Language::English,
    });
    std::io::stdout().write_all(page.as_bytes()).map_err(|error| error.to_string())
}
