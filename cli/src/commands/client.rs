//! `cps client`: the applications that may log people in. Registering is the consent.

use crate::{args::ClientCommand, error::Error, output::Output, text::value};
use cps_agent_api::{client::Agent, words::Client};

pub(super) async fn run(
    command: &ClientCommand,
    agent: &mut Agent,
    output: &mut Output,
) -> Result<(), Error> {
    match command {
        ClientCommand::Add { .. } => add(&registration(command)?, agent, output).await,
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
fn registration(command: &ClientCommand) -> Result<Client, Error> {
    let mut client = Client {
        client_id: String::new(),
        name: None,
        redirect_uris: Vec::new(),
        confidential: false,
        public_key: None,
        scopes: Vec::new(),
        claims: Vec::new(),
        ways: Vec::new(),
        id_token_alg: None,
        origin: None,
    };
    if let ClientCommand::Add {
        id,
        name,
        redirect_uri,
        confidential,
        public_key,
        scope,
        claim,
        way,
        id_token_alg,
    } = command
    {
        client.client_id.clone_from(id);
        client.name.clone_from(name);
        client.redirect_uris.clone_from(redirect_uri);
        client.confidential = *confidential || public_key.is_some();
        client.scopes.clone_from(scope);
        client.claims.clone_from(claim);
        client.ways = way.iter().map(|way| way.word().to_owned()).collect();
        client.id_token_alg = id_token_alg.map(|alg| alg.word().to_owned());
        if let Some(path) = public_key {
            let text = std::fs::read_to_string(path).map_err(|error| Error::File(path.clone(), error))?;
            client.public_key = Some(text);
        }
    }
    Ok(client)
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
        if registered.client_secret.is_some() {
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
