//! `cps audit`: the audit trail.

use crate::{args::AuditCommand, error::Error, output::Output};
use cps_agent_api::client::Agent;

pub(super) async fn run(command: &AuditCommand, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    match command {
        AuditCommand::Verify => verify(agent, output).await,
    }
}

/// A broken chain is the agent's refusal, with its place.
async fn verify(agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let check = agent.check_audit().await?;
    output.answer(&check, |output| {
        output.field("field-lines", &check.lines.to_string())?;
        output.field("field-head", &check.hash)?;
        if !check.aside.is_empty() {
            output.field("field-aside", &check.aside.join(", "))?;
            output.note("audit-aside");
        }
        Ok(())
    })
}
