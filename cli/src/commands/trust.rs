//! `cps trust`: the agent makes the authority of its https bridge, this program tells the stores of the machine.

use crate::{
    args::TrustCommand,
    error::Error,
    output::{Output, day},
    stores::{self, Deed, Store},
    text::value,
};
use cps_agent_api::{
    client::Agent,
    words::{Authority, TrustRequest},
};
use serde_json::json;
use std::{io, path::PathBuf};

pub(super) async fn run(command: &TrustCommand, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    match command {
        TrustCommand::Install { renew, no_system } => {
            let before = agent.authority().await?;
            let authority = agent.make_authority(TrustRequest { renew: *renew }).await?;
            let before = before.filter(|before| before.sha256 != authority.sha256);
            let deed = Deed::Fill(&authority, before.as_ref());
            let stores = stores::carry_out(deed, home.as_deref(), !no_system);
            told(Some(&authority), &stores, output)?;
            if !authority.in_use {
                output.note("trust-setting");
            }
            judged(deed, &stores)
        }
        TrustCommand::Remove { no_system } => {
            let Some(authority) = agent.authority().await? else { return told(None, &[], output) };
            let deed = Deed::Empty(&authority);
            // Apart, because the stores take their time, and the connection must notice when the agent ends it meanwhile.
            let (gone, system) = (authority.clone(), !no_system);
            let emptied = move || stores::carry_out(Deed::Empty(&gone), home.as_deref(), system);
            let stores = tokio::task::spawn_blocking(emptied).await.map_err(io::Error::other)?;
            // As long as a store has it, it is not forgotten: the next try has to know its name.
            if stores.iter().all(Store::is_done) {
                agent.remove_authority().await?;
            }
            told(Some(&authority), &stores, output)?;
            judged(deed, &stores)
        }
    }
}

fn told(authority: Option<&Authority>, stores: &[Store], output: &mut Output) -> Result<(), Error> {
    output.answer(&json!({ "authority": authority, "stores": stores }), |output| {
        let Some(authority) = authority else {
            let none = output.texts().get("trust-none");
            return output.line(&none);
        };
        output.field("field-authority", &authority.file)?;
        output.field("field-sha256", &authority.sha256)?;
        output.field(
            "field-validity",
            &format!("{} – {}", day(authority.not_before), day(authority.not_after)),
        )?;
        for store in stores {
            let reason = store.reason.clone().unwrap_or_default();
            let state = output.texts().with(&format!("store-{}", store.state), &[("why", value(reason))]);
            output.field("field-store", &format!("{}: {state}", store.place))?;
        }
        if stores.is_empty() {
            output.note("trust-no-store");
        }
        Ok(())
    })
}

/// A store that could not be changed is something the person, or root, can do something about.
fn judged(deed: Deed<'_>, stores: &[Store]) -> Result<(), Error> {
    let left: Vec<_> = stores.iter().filter(|store| !store.is_done()).cloned().collect();
    if left.is_empty() { Ok(()) } else { Err(Error::Stores(left, stores::by_root(deed))) }
}
