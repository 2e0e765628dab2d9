//! `cps sign`: a challenge signed by card or token, as a compact JWS.

use crate::{args::Purpose, error::Error, output::Output, screen};
use cps_agent_api::{client::Agent, words::ChallengeRequest};

/// The request of the command line's words.
pub(super) fn request(
    challenge: &str,
    audience: Option<&str>,
    purpose: Option<Purpose>,
    card: Option<&str>,
    output: &Output,
) -> ChallengeRequest {
    ChallengeRequest {
        challenge: challenge.to_owned(),
        audience: audience.map(str::to_owned),
        purpose: purpose.map(|purpose| purpose.word().to_owned()),
        card: card.map(str::to_owned),
        screen: screen::of_caller(output.texts()),
    }
}

pub(super) async fn run(
    request: &ChallengeRequest,
    agent: &mut Agent,
    output: &mut Output,
) -> Result<(), Error> {
    let answer = agent.challenge(request).await?;
    output.answer(&answer, |output| output.line(&answer.jws))
}
