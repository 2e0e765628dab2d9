//! `cps readers`: one line per reader.

use crate::{error::Error, output::Output};
use cps_agent_api::client::Agent;

pub(super) async fn run(agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let readers = agent.readers().await?;
    let none = match readers.is_empty() && !agent.status().await?.card_service {
        true => "status-no-service",
        false => "readers-none",
    };
    output.answer(&readers, |output| {
        if readers.is_empty() {
            output.note(none);
        }
        readers.iter().try_for_each(|reader| {
            let name = format!("reader-{}", reader.state);
            let state = output.texts().find(&name).unwrap_or_else(|| reader.state.clone());
            let serial = reader.serial.as_ref().map_or_else(String::new, |serial| format!(" {serial}"));
            output.line(&format!("{}  {state}{serial}", reader.name))
        })
    })
}
