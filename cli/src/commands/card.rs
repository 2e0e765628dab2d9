//! `cps card`: what a card says without its PIN.

use super::{chosen, kind, labelled, pin};
use crate::{
    args::CardCommand,
    error::Error,
    output::{Output, day},
    text::value,
};
use cps_agent_api::{
    client::Agent,
    words::{Card, CardCertificate, Holder},
};

pub(super) async fn run(command: &CardCommand, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    match command {
        CardCommand::Show { card } => show(card.as_deref(), agent, output).await,
        CardCommand::Certs { card, pem } => certificates(card.as_deref(), *pem, agent, output).await,
        CardCommand::Pin { command } => pin::run(command, agent, output).await,
    }
}

/// Shows the named card, or all of them: looking needs no choice.
async fn show(named: Option<&str>, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let mut cards = agent.cards().await?;
    cards.retain(|card| named.map_or(card.kind != "token", |serial| card.serial == serial));
    if cards.is_empty() {
        return Err(Error::NoCard);
    }
    output.answer(&cards, |output| {
        for (at, card) in cards.iter().enumerate() {
            if at > 0 {
                output.line("")?;
            }
            one(card, output)?;
        }
        Ok(())
    })
}

/// One card, field by field.
pub(super) fn one(card: &Card, output: &mut Output) -> Result<(), Error> {
    let mut what = kind(&card.kind, output);
    if card.test {
        what.push_str(&output.texts().get("status-test"));
    }
    output.field("field-serial", &card.serial)?;
    output.field("field-kind", &what)?;
    output.field("field-place", &card.place)?;
    if let Some(holder) = &card.holder {
        person(holder, output)?;
    }
    if card.unlocked {
        let yes = output.texts().get("card-unlocked");
        output.field("field-pin", &yes)?;
    }
    if let Some(code) = &card.problem {
        let problem = output.texts().with("card-problem", &[("code", value(code))]);
        output.field("field-problem", &problem)?;
    }
    Ok(())
}

fn person(holder: &Holder, output: &mut Output) -> Result<(), Error> {
    let name: Vec<&str> =
        [&holder.given_name, &holder.family_name].into_iter().flatten().map(String::as_str).collect();
    if !name.is_empty() {
        output.field("field-holder", &name.join(" "))?;
    }
    output.field("field-id", &holder.id)?;
    if let Some(code) = &holder.card_type {
        output.field("field-card-type", &labelled(code))?;
    }
    if let Some(code) = &holder.profession {
        output.field("field-profession", &labelled(code))?;
    }
    holder.specialities.iter().try_for_each(|code| output.field("field-speciality", &labelled(code)))
}

async fn certificates(
    named: Option<&str>,
    pem: bool,
    agent: &mut Agent,
    output: &mut Output,
) -> Result<(), Error> {
    let serial = chosen(named, agent).await?;
    let certificates: Vec<CardCertificate> = agent.certificates(&serial).await?;
    output.answer(&certificates, |output| {
        for (at, certificate) in certificates.iter().enumerate() {
            if pem {
                output.block(&certificate.pem)?;
                continue;
            }
            if at > 0 {
                output.line("")?;
            }
            let role = format!("role-{}", certificate.role);
            let role = output.texts().find(&role).unwrap_or_else(|| certificate.role.clone());
            output.field("field-role", &role)?;
            output.field("field-label", &certificate.label)?;
            output.field("field-subject", &certificate.subject)?;
            output.field("field-issuer", &certificate.issuer)?;
            output.field("field-serial", &certificate.serial)?;
            let validity = format!("{} – {}", day(certificate.not_before), day(certificate.not_after));
            output.field("field-validity", &validity)?;
            output.field("field-sha256", &certificate.sha256)?;
        }
        Ok(())
    })
}
