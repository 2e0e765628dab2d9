//! Registering and removing applications for the person.

use super::shared::Shared;
use crate::host::entropy::SystemEntropy;
use cps_agent_api::words::{Client, ClientRegistered, Event};
use cps_agent_core::{
    audit,
    declined::Asker,
    failure::{self, Failure},
    gateway,
    identity::Way,
    oidc::registration::{ClientAuth, Registration, RegistrationError},
    policy::Question,
    secret::Secret,
};
use serde::de::DeserializeOwned;

impl Shared {
    /// Registers an application. Whoever watches is told.
    ///
    /// # Errors
    /// The policy's refusal, or what is wrong with the registration.
    pub(super) fn register(
        &self,
        by: &audit::Application,
        client: Client,
    ) -> Result<ClientRegistered, Failure> {
        let id = client.client_id.clone();
        let registered = self.may_change_clients().and_then(|()| {
            let registration = registration(client)?;
            self.decide(|quiet, _| {
                let added = quiet.provider.add_client(registration, &mut SystemEntropy::new());
                let added = added.map_err(|error| refused(&error))?;
                Ok(ClientRegistered {
                    client_id: added.client.id().to_owned(),
                    client_secret: added.secret.map(|secret| secret.expose().to_owned()),
                    gateways: match &added.gateway_secret {
                        Some(secret) => paths(quiet.provider.issuer(), added.client.registration(), secret),
                        None => Vec::new(),
                    },
                    issuer: Some(quiet.provider.issuer().to_owned()),
                })
            })
        });
        self.record_change(audit::What::ClientAdded(id.clone()), &registered, by);
        if registered.is_ok() {
            let name =
                self.look(|quiet, _| quiet.provider.client(&id).map(|client| client.name().to_owned()));
            self.tell(Event {
                topic: "client".to_owned(),
                what: "added".to_owned(),
                subject: Some(id),
                name,
                ..Event::default()
            });
        }
        registered
    }

    /// Removes an application of the person.
    ///
    /// # Errors
    /// The policy's refusal, an application that is not there or is the administrator's.
    pub(super) fn unregister(&self, by: &audit::Application, id: &str) -> Result<(), Failure> {
        let removed = self.may_change_clients().and_then(|()| {
            self.decide(|quiet, _| {
                quiet.provider.remove_client(id).map_err(|error| refused(&error))?;
                quiet.declined.forget(&Asker::Client(id.to_owned()));
                Ok(())
            })
        });
        self.record_change(audit::What::ClientRemoved(id.to_owned()), &removed, by);
        if removed.is_ok() {
            self.announce("client", "removed", Some(id));
        }
        removed
    }

    fn may_change_clients(&self) -> Result<(), Failure> {
        self.fixed.policy.may(&Question::ChangeClients).map_err(|reason| reason.code().into())
    }

    fn record_change<T>(&self, what: audit::What, result: &Result<T, Failure>, by: &audit::Application) {
        let event = match result {
            Ok(_) => audit::Event::done(what),
            Err(failure) => audit::Event::refused(what, failure.code),
        };
        self.record([event], by);
    }
}

/// The secret addresses of an application, shown once.
fn paths(issuer: &str, registration: &Registration, secret: &Secret) -> Vec<String> {
    let path = |name: &String| format!("{issuer}{}{name}/~{}/", gateway::PREFIX, secret.expose());
    registration.gateways.iter().map(path).collect()
}

/// The registration of an application's words. Their spelling is that of `clients.d/*.toml`.
fn registration(client: Client) -> Result<Registration, Failure> {
    let client_auth = match (client.client_auth, client.confidential, &client.public_key) {
        (Some(word), _, _) => Some(chosen("client_auth", word)?),
        (None, true, None) => Some(ClientAuth::ClientSecret),
        (None, _, _) => None,
    };
    let ways = client.ways.iter().map(|word| Way::named(word).ok_or_else(|| malformed("ways")));
    Ok(Registration {
        id: client.client_id,
        name: client.name,
        redirect_uris: client.redirect_uris,
        post_logout_redirect_uris: client.post_logout_redirect_uris,
        backchannel_logout_uri: client.backchannel_logout_uri,
        origins: client.origins,
        scopes: client.scopes,
        claims: client.claims,
        ways: ways.collect::<Result<_, _>>()?,
        id_token_alg: choice("id_token_alg", client.id_token_alg)?,
        pkce: choice("pkce", client.pkce)?,
        profile: choice("profile", client.profile)?,
        consent: choice("consent", client.consent)?,
        situation: choice("situation", client.situation)?,
        ciba: client.ciba,
        require_pushed_authorization_requests: client.require_pushed_authorization_requests,
        client_auth,
        public_key: client.public_key,
        gateways: client.gateways,
    })
}

/// One of a member's words; its default when there is none.
fn choice<T: DeserializeOwned + Default>(member: &str, word: Option<String>) -> Result<T, Failure> {
    word.map_or_else(|| Ok(T::default()), |word| chosen(member, word))
}

fn chosen<T: DeserializeOwned>(member: &str, word: String) -> Result<T, Failure> {
    serde_json::from_value(word.into()).map_err(|_| malformed(member))
}

fn malformed(member: &str) -> Failure {
    Failure::new(failure::CLIENT_MALFORMED).with("reason", member)
}

fn refused(error: &RegistrationError) -> Failure {
    let failure = Failure::new(error.code());
    if error.code() == failure::CLIENT_MALFORMED {
        failure.with("reason", error.to_string())
    } else {
        failure
    }
}
