//! `cps login`: answers when the login ended.

use super::session;
use crate::{args::Way, error::Error, output::Output, screen};
use cps_agent_api::{client::Agent, words::LoginRequest};

pub(super) async fn run(
    way: Option<Way>,
    card: Option<String>,
    agent: &mut Agent,
    output: &mut Output,
) -> Result<(), Error> {
    let request = LoginRequest {
        way: way.map(|way| way.word().to_owned()),
        card,
        screen: screen::of_caller(output.texts()),
    };
    let opened = agent.login(&request).await?;
    output.answer(&opened, |output| session::one(&opened, output))
}
