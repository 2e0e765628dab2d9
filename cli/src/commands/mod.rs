//! One file per command. Each asks the agent and prints; none knows more than the words of the API.

mod audit;
mod card;
mod client;
mod doctor;
mod login;
mod open;
mod pin;
mod pkcs11;
mod readers;
mod services;
mod session;
mod sign;
mod status;
mod token;
mod trust;

use crate::{
    args::{Args, Command},
    error::Error,
    output::Output,
};
use cps_agent_api::{
    client::{Agent, ClientError},
    words::{Card, Code},
};

/// Connects and runs the command.
pub(crate) async fn run(args: &Args, output: &mut Output) -> Result<(), Error> {
    // What is told to other programs' files needs no agent.
    if let Command::Pkcs11 { command } = &args.command {
        return pkcs11::run(command, output);
    }
    let language = output.texts().tag();
    let mut agent = match &args.socket {
        Some(path) => Agent::connect_to(path, language).await,
        None => Agent::connect(language).await,
    }
    .map_err(|error: ClientError| Error::from(error))?;
    let agent = &mut agent;
    match &args.command {
        Command::Status => status::run(agent, output).await,
        Command::Readers => readers::run(agent, output).await,
        Command::Open { view, print } => open::run(*view, *print, agent, output).await,
        Command::Services { command } => services::run(command.as_ref(), agent, output).await,
        Command::Card { command } => card::run(command, agent, output).await,
        Command::Token { command } => token::run(command, agent, output).await,
        Command::Login(args) => login::run(args, agent, output).await,
        Command::Logout => session::end(agent, output).await,
        Command::Session => session::show(agent, output).await,
        Command::Sign { challenge, audience, purpose, card } => {
            let request = sign::request(challenge, audience.as_deref(), *purpose, card.as_deref(), output);
            sign::run(&request, agent, output).await
        }
        Command::Doctor => doctor::run(agent, output).await,
        Command::Audit { command } => audit::run(command, agent, output).await,
        Command::Client { command } => client::run(command, agent, output).await,
        Command::Trust { command } => trust::run(command, agent, output).await,
        Command::Pkcs11 { .. } => Ok(()),
    }
}

/// The card a command is about: the named one, or the only one. Never one of several.
async fn chosen(named: Option<&str>, agent: &mut Agent) -> Result<String, Error> {
    if let Some(serial) = named {
        return Ok(serial.to_owned());
    }
    let mut cards: Vec<Card> = agent.cards().await?;
    cards.retain(|card| card.kind != "token");
    match cards.as_slice() {
        [] => Err(Error::NoCard),
        [card] => Ok(card.serial.clone()),
        several => Err(Error::SeveralCards(several.iter().map(|card| card.serial.clone()).collect())),
    }
}

/// A code of a national table as people read it.
fn labelled(code: &Code) -> String {
    if code.label == code.code { code.code.clone() } else { format!("{} ({})", code.label, code.code) }
}

/// A kind of card or token as people call it.
fn kind(word: &str, output: &Output) -> String {
    output.texts().find(&format!("kind-{word}")).unwrap_or_else(|| word.to_owned())
}
