//! `cps token`: e-CPS tokens of this workstation.

use super::card;
use crate::{args::TokenCommand, error::Error, output::Output, screen};
use cps_agent_api::{client::Agent, words::TokenRequest};

pub(super) async fn run(command: &TokenCommand, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    match command {
        TokenCommand::Show => show(agent, output).await,
        TokenCommand::New { name, id, given_name, family_name, profession, csr } => {
            let request = TokenRequest {
                name: name.clone(),
                authority: if *csr { "csr" } else { "test" }.to_owned(),
                id: id.clone(),
                given_name: given_name.clone(),
                family_name: family_name.clone(),
                profession: *profession,
                screen: screen::of_caller(output.texts()),
            };
            make(&request, agent, output).await
        }
    }
}

async fn show(agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let tokens = agent.tokens().await?;
    output.answer(&tokens, |output| {
        if tokens.is_empty() {
            output.note("tokens-none");
        }
        for (at, token) in tokens.iter().enumerate() {
            if at > 0 {
                output.line("")?;
            }
            card::one(token, output)?;
        }
        Ok(())
    })
}

async fn make(request: &TokenRequest, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    output.note("token-prompt");
    let answer = agent.add_token(request).await?;
    output.answer(&answer, |output| {
        // A request is data for the authority: alone on standard output, ready to be redirected.
        if let Some(csr) = &answer.csr {
            output.note("token-csr");
            return output.block(csr);
        }
        if let Some(serial) = &answer.serial {
            output.field("field-serial", serial)?;
        }
        output.field("field-file", &answer.file)?;
        if let Some(authority) = &answer.authority {
            output.field("field-authority", authority)?;
            output.note("token-anchor");
        }
        Ok(())
    })
}
