//! `cps services`: the catalogue, and one of them in the browser.

use crate::{args::ServicesCommand, browser, error::Error, output::Output};
use cps_agent_api::{client::Agent, words::Service};
use serde_json::json;

pub(super) async fn run(
    command: Option<&ServicesCommand>,
    agent: &mut Agent,
    output: &mut Output,
) -> Result<(), Error> {
    let services = agent.services().await?;
    match command {
        None => output.answer(&services, |output| {
            if services.is_empty() {
                output.note("services-none");
            }
            services.iter().try_for_each(|service| {
                let Service { id, name, address, .. } = service;
                let access = output.texts().find(&format!("access-{}", service.access));
                let access = access.unwrap_or_else(|| service.access.clone());
                output.line(&format!("{id:<16}{name} ({access})  {address}"))
            })
        }),
        Some(ServicesCommand::Open { service }) => {
            let found = services.iter().find(|known| known.id == *service);
            let found = found.ok_or_else(|| Error::NoService(service.clone()))?;
            // The catalogue leads to the web, never back to this machine.
            if !found.address.starts_with("https://") || browser::open(&found.address).is_err() {
                return Err(Error::NotOpened(found.address.clone()));
            }
            output.answer(&json!({ "opened": found.address }), |output| output.line(&found.address))
        }
    }
}
