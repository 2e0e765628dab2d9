//! `cps session` and `cps logout`.

use crate::{
    error::Error,
    output::{Output, now},
    text::value,
};
use cps_agent_api::{client::Agent, words::Session};

pub(super) async fn show(agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    match agent.session().await? {
        Some(session) => output.answer(&session, |output| one(&session, output)),
        None => Err(Error::NoSession),
    }
}

/// Ends the session. None to end is as good as one ended: scripts may log out twice.
pub(super) async fn end(agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let ended = agent.end_session().await?;
    output.answer(&serde_json::json!({ "ended": ended }), |output| {
        let line = output.texts().get(if ended { "logout-done" } else { "logout-none" });
        output.line(&line)
    })
}

/// One session, field by field.
pub(super) fn one(session: &Session, output: &mut Output) -> Result<(), Error> {
    output.field("field-holder", &session.name)?;
    output.field("field-id", &session.sub)?;
    let way = format!("way-{}", session.way);
    let way = output.texts().find(&way).unwrap_or_else(|| session.way.clone());
    output.field("field-way", &way)?;
    let card = session.card.clone().unwrap_or_else(|| output.texts().get("session-no-card"));
    output.field("field-card", &card)?;
    let idp = session.idp.clone().unwrap_or_else(|| output.texts().get("session-local"));
    output.field("field-idp", &idp)?;
    output.field("field-acr", &session.acr)?;
    let left = output.texts().with("session-left", &[("left", value(output.left(session.expires, now())))]);
    output.field("field-end", &left)?;
    if session.locked {
        let locked = output.texts().get("session-locked");
        output.field("field-state", &locked)?;
    }
    if !session.clients.is_empty() {
        output.field("field-clients", &session.clients.join(", "))?;
    }
    Ok(())
}
