//! `cps status`: the three lines a help desk asks for.

use super::kind;
use crate::{
    error::Error,
    output::{Output, now},
    text::value,
};
use cps_agent_api::{
    client::Agent,
    words::{Card, Status},
};

pub(super) async fn run(agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let status = agent.status().await?;
    output.answer(&status, |output| {
        let line = agent_line(&status, output);
        output.field("field-agent", &line)?;
        let line = card_line(&status, output);
        output.field("field-card", &line)?;
        let line = session_line(&status, output);
        output.field("field-session", &line)
    })
}

fn agent_line(status: &Status, output: &Output) -> String {
    let texts = output.texts();
    let mut line = texts.with("status-running", &[("version", value(&status.version))]);
    if status.environment == "test" {
        line.push_str(&texts.get("status-test"));
    }
    match (&status.issuer, &status.bridge_problem) {
        (Some(issuer), _) => line.push_str(&format!(", {issuer}")),
        (None, Some(code)) => line.push_str(&texts.with("status-bridge-closed", &[("code", value(code))])),
        (None, None) => {}
    }
    line
}

fn card_line(status: &Status, output: &Output) -> String {
    let texts = output.texts();
    let cards: Vec<&Card> = status.cards.iter().filter(|card| card.kind != "token").collect();
    if cards.is_empty() {
        let name = match (status.card_service, status.readers.is_empty()) {
            (false, _) => "status-no-service",
            (true, true) => "status-no-reader",
            (true, false) => "status-no-card",
        };
        return texts.get(name);
    }
    let shown = cards.iter().map(|card| {
        let mut line = format!("{} ({})", card.serial, kind(&card.kind, output));
        if let Some(code) = &card.problem {
            line.push_str(&texts.with("status-card-problem", &[("code", value(code))]));
        }
        line
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn session_line(status: &Status, output: &Output) -> String {
    let texts = output.texts();
    let Some(session) = &status.session else { return texts.get("status-no-session") };
    let named = [("name", value(&session.name)), ("left", value(output.left(session.expires, now())))];
    texts.with(if session.locked { "status-session-locked" } else { "status-session" }, &named)
}
