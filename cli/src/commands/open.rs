//! `cps open`: the agent's page in the person's own browser, or the link to it.

use crate::{args::View, browser, error::Error, output::Output};
use cps_agent_api::{client::Agent, words::PortalRequest};
use serde_json::json;

pub(super) async fn run(
    view: Option<View>,
    print: bool,
    agent: &mut Agent,
    output: &mut Output,
) -> Result<(), Error> {
    let view = view.map(|View::Help| "diagnosis".to_owned());
    let page = agent.portal(&PortalRequest { view }).await?;
    // A link that was opened is used up: it is shown only to whoever has to open it.
    if !print && browser::has_screen() && browser::open(&page.url).is_ok() {
        return output.answer(&json!({ "opened": true }), |output| {
            output.note("open-opened");
            Ok(())
        });
    }
    output.answer(&json!({ "opened": false, "url": page.url, "expires_in": page.expires_in }), |output| {
        output.line(&page.url)?;
        output.note("open-by-hand");
        Ok(())
    })
}
