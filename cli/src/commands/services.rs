//! `cps services`: the catalogue, and one of them in the browser.

use crate::{args::ServicesCommand, error::Error, output::Output};
use cps_agent_api::{client::Agent, words::Service};
use serde_json::json;
use std::process::{Command, Stdio};

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
            open(&found.address)?;
            output.answer(&json!({ "opened": found.address }), |output| output.line(&found.address))
        }
    }
}

/// Opens a page in the person's own browser: never by way of a shell. Whether it really appears nobody can tell.
fn open(address: &str) -> Result<(), Error> {
    let failed = || Error::NotOpened(address.to_owned());
    if !address.starts_with("https://") {
        return Err(failed());
    }
    let mut opener = Command::new("xdg-open");
    opener.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match opener.status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(failed()),
    }
}
