//! `cps client`: the applications that may log people in. Registering is the consent.

use crate::{
    args::{ClientAdd, ClientCommand, word},
    error::Error,
    output::Output,
    text::value,
};
use cps_agent_api::{client::Agent, words::Client};

pub(super) async fn run(
    command: &ClientCommand,
    agent: &mut Agent,
    output: &mut Output,
) -> Result<(), Error> {
    match command {
        ClientCommand::Add(wanted) => add(&registration(wanted)?, agent, output).await,
        ClientCommand::List => list(agent, output).await,
        ClientCommand::Remove { id } => {
            agent.remove_client(id).await?;
            output.answer(&serde_json::json!({ "client_id": id }), |output| {
                let line = output.texts().with("client-removed", &[("id", value(id))]);
                output.line(&line)
            })
        }
    }
}

/// The registration of the command line's words; the public key is read from its file.
fn registration(add: &ClientAdd) -> Result<Client, Error> {
    let public_key = add
        .public_key
        .as_ref()
        .map(|path| std::fs::read_to_string(path).map_err(|error| Error::File(path.clone(), error)));
    let public_key = public_key.transpose()?;
    Ok(Client {
        client_id: add.id.clone(),
        name: add.name.clone(),
        redirect_uris: add.redirect_uri.clone(),
        confidential: add.confidential || public_key.is_some(),
        client_auth: add.client_auth.as_ref().and_then(word),
        public_key,
        scopes: add.scope.clone(),
        claims: add.claim.clone(),
        ways: add.way.iter().map(|way| way.word().to_owned()).collect(),
        id_token_alg: add.id_token_alg.map(|alg| alg.word().to_owned()),
        pkce: add.pkce.as_ref().and_then(word),
        profile: add.openid_basic.then(|| "openid-basic".to_owned()),
        consent: add.consent.as_ref().and_then(word),
        situation: add.choose_situation.then(|| "choose".to_owned()),
        origins: add.origin.clone(),
        post_logout_redirect_uris: add.post_logout_redirect_uri.clone(),
        backchannel_logout_uri: add.backchannel_logout_uri.clone(),
        ciba: add.ciba,
        require_pushed_authorization_requests: add.require_pushed,
        gateways: add.gateway.clone(),
        origin: None,
    })
}

async fn add(client: &Client, agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let registered = agent.add_client(client).await?;
    output.answer(&registered, |output| {
        output.field("field-client-id", &registered.client_id)?;
        if let Some(secret) = &registered.client_secret {
            output.field("field-client-secret", secret)?;
        }
        if let Some(issuer) = &registered.issuer {
            output.field("field-issuer-url", issuer)?;
        }
        for address in &registered.gateways {
            output.field("field-gateway", address)?;
        }
        if registered.client_secret.is_some() || !registered.gateways.is_empty() {
            output.note("client-secret-once");
        }
        Ok(())
    })
}

async fn list(agent: &mut Agent, output: &mut Output) -> Result<(), Error> {
    let clients = agent.clients().await?;
    output.answer(&clients, |output| {
        if clients.is_empty() {
            output.note("clients-none");
        }
        for (at, client) in clients.iter().enumerate() {
            if at > 0 {
                output.line("")?;
            }
            one(client, output)?;
        }
        Ok(())
    })
}

fn one(client: &Client, output: &mut Output) -> Result<(), Error> {
    output.field("field-client-id", &client.client_id)?;
    if let Some(name) = &client.name {
        output.field("field-name", name)?;
    }
    let kind = output.texts().get(if client.confidential { "client-confidential" } else { "client-public" });
    output.field("field-kind", &kind)?;
    client.redirect_uris.iter().try_for_each(|uri| output.field("field-redirect", uri))?;
    if !client.scopes.is_empty() {
        output.field("field-scopes", &client.scopes.join(" "))?;
    }
    if let Some(origin) = &client.origin {
        let words = output.texts().find(&format!("origin-{origin}")).unwrap_or_else(|| origin.clone());
        output.field("field-origin", &words)?;
    }
    Ok(())
}
