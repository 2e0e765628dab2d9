//! Pushed authorization requests (RFC 9126): the request goes straight from client to provider, the browser carries a
//! reference that is good for one client, one use and a minute.

use super::parameters::Parameters;
use super::request::{self, Fault};
use super::shares::Shares;
use super::token::{Refused, TokenRefusal, TokenRequest};
use super::{Provider, World, discovery};
use crate::identity::UnixTime;
use crate::secret::{Entropy, SecretHash, random_string};

/// What every reference of ours begins with (§2.2).
pub(super) const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// Lifetime of a reference, seconds.
const LIFETIME: i64 = 60;
/// References of one client that live at a time: the last ones.
const MAX_OF_CLIENT: usize = 32;
const REFERENCE_BYTES: usize = 32;
/// Parameters that prove the client and are no part of the request.
const PROOF: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// A pushed request: what the client is told.
#[derive(Debug, serde::Serialize)]
pub struct Pushed {
    /// The reference, for the browser.
    pub request_uri: String,
    /// Its lifetime, seconds.
    pub expires_in: i64,
}

struct Entry {
    client: String,
    parameters: Parameters,
    made: UnixTime,
}

/// All references that were not used yet.
#[derive(Default)]
pub(super) struct References(Shares<Entry, MAX_OF_CLIENT>);

impl References {
    fn add(&mut self, entry: Entry, entropy: &mut dyn Entropy) -> String {
        self.sweep(entry.made);
        let uri = format!("{PREFIX}{}", random_string(entropy, REFERENCE_BYTES));
        let client = entry.client.clone();
        self.0.add(&client, SecretHash::of(&uri), entry);
        uri
    }

    /// The request of a reference, for the client it was given to. A stranger cannot use it up.
    pub(super) fn take(&mut self, uri: &str, client: &str, now: UnixTime) -> Option<Parameters> {
        let hash = SecretHash::of(uri);
        self.0.get(&hash).filter(|entry| entry.client == client)?;
        self.0.take(&hash).filter(|entry| lives(entry, now)).map(|entry| entry.parameters)
    }

    /// Ends the references of a client.
    pub(super) fn end_client(&mut self, client: &str) {
        self.0.end(client);
    }

    /// Forgets references whose time is over.
    pub(super) fn sweep(&mut self, now: UnixTime) {
        self.0.sweep(|entry| !lives(entry, now));
    }
}

fn lives(entry: &Entry, now: UnixTime) -> bool {
    now.since(entry.made) < LIFETIME
}

impl Provider {
    /// Takes a pushed request. It is read at once, so that its client learns what is wrong; what it means is decided
    /// when the browser brings it.
    ///
    /// # Errors
    /// The refusal to be sent: of the client, or the authorization error as JSON (§2.3).
    pub fn push(&mut self, world: &mut World<'_>, request: &TokenRequest) -> Result<Pushed, Refused> {
        let client = self.authenticated(request, discovery::PUSHED, world.now)?;
        let refuse = |refusal| Refused { client: Some(client.id().to_owned()), ..Refused::from(refusal) };
        if request.parameters.one("request_uri").ok().flatten().is_some() {
            return Err(refuse(TokenRefusal::invalid_request("request_uri cannot be pushed")));
        }
        let parameters = request.parameters.0.iter().filter(|(name, _)| !PROOF.contains(&name.as_str()));
        let mut parameters = Parameters(parameters.cloned().collect());
        if parameters.one("client_id").ok().flatten().is_none() {
            parameters.0.push(("client_id".to_owned(), client.id().to_owned()));
        }
        match request::read(&self.registry, &self.keys, &parameters, world.now) {
            Ok(_) => {}
            Err(Fault::Page(_)) => {
                let description = "redirect_uri is missing or not registered";
                return Err(refuse(TokenRefusal::invalid_request(description)));
            }
            Err(Fault::Back(_, _, error)) => {
                return Err(refuse(TokenRefusal::bad(error.error, error.description)));
            }
        }
        let entry = Entry { client: client.id().to_owned(), parameters, made: world.now };
        Ok(Pushed { request_uri: self.references.add(entry, world.entropy), expires_in: LIFETIME })
    }
}
