//! `cps card pin`: state, change, unblock. The agent's own prompter asks for every digit.

use super::chosen;
use crate::{
    args::PinCommand,
    error::Error,
    output::Output,
    screen,
    text::{number, value},
};
use cps_agent_api::{
    client::Agent,
    words::{PinRequest, PinState},
};

pub(super) async fn run(command: &PinCommand, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let request = PinRequest { screen: screen::of_caller(output.texts()) };
    match command {
        PinCommand::Status { card } => {
            let serial = chosen(card.as_deref(), agent).await?;
            let state = agent.pin_state(&serial).await?;
            output.answer(&state, |output| show(&state, output))
        }
        PinCommand::Change { card } => {
            let serial = chosen(card.as_deref(), agent).await?;
            output.note("pin-prompt");
            agent.change_pin(&serial, &request).await?;
            done(&serial, "pin-changed", output)
        }
        PinCommand::Unblock { card } => {
            let serial = chosen(card.as_deref(), agent).await?;
            output.note("pin-prompt");
            agent.unblock_pin(&serial, &request).await?;
            done(&serial, "pin-unblocked", output)
        }
    }
}

fn show(state: &PinState, output: &mut Output) -> Result<(), Error> {
    let line = match (state.blocked, state.tries_left) {
        (true, _) => output.texts().get("pin-blocked"),
        (false, Some(left)) => output.texts().with("pin-left", &[("left", number(left.into()))]),
        (false, None) => output.texts().get("pin-unknown"),
    };
    output.field("field-pin", &line)?;
    if state.verified {
        let line = output.texts().get("card-unlocked");
        output.field("field-state", &line)?;
    }
    let lengths = [("min", number(state.min_length.into())), ("max", number(state.max_length.into()))];
    let line = output
        .texts()
        .with(if state.min_length == state.max_length { "pin-digits" } else { "pin-lengths" }, &lengths);
    output.field("field-length", &line)?;
    let line = output.texts().get(if state.pad { "pin-on-pad" } else { "pin-in-window" });
    output.field("field-prompt", &line)
}

fn done(serial: &str, name: &str, output: &mut Output) -> Result<(), Error> {
    output.answer(&serde_json::json!({ "card": serial }), |output| {
        let line = output.texts().with(name, &[("serial", value(serial))]);
        output.line(&line)
    })
}
