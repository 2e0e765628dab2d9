//! All registered clients: the administrator's files and those the person added.

use super::client::{Client, Hashes, Source};
use super::registration::{ClientAuth, Registration, RegistrationError};
use crate::secret::{Entropy, Secret, SecretHash, random_string};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Most clients of one agent.
const MAX_CLIENTS: usize = 256;
/// Length of a client secret before encoding, bytes.
const SECRET_BYTES: usize = 32;

/// A client of the person as it is stored: its registration and the hashes of its secrets.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    registration: Registration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gateway_sha256: Option<String>,
}

/// A new registration with its secret, which is shown once and kept nowhere.
#[derive(Debug)]
pub struct Registered {
    /// The client.
    pub client: Arc<Client>,
    /// Its secret, for `client_secret_basic` and `client_secret_post`.
    pub secret: Option<Secret>,
    /// The secret of its paths at gateways.
    pub gateway_secret: Option<Secret>,
}

/// The registered clients.
#[derive(Debug, Default)]
pub struct Registry {
    clients: BTreeMap<String, Arc<Client>>,
    origins: HashSet<String>,
}

impl Registry {
    /// Reads one administrator file: the members of one [`Registration`] in TOML.
    ///
    /// # Errors
    /// [`RegistrationError`]; the registry is unchanged.
    pub fn load_file(&mut self, text: &str) -> Result<Arc<Client>, RegistrationError> {
        let registration: Registration =
            toml::from_str(text).map_err(|e| RegistrationError::File(without_contents(text, &e)))?;
        let client = Client::new(registration, Source::Administrator, Hashes::default())?;
        // The administrator's word stands against a client of the person with the same name, but not against another file.
        if self.clients.get(client.id()).is_some_and(|old| old.source() == Source::Administrator) {
            return Err(RegistrationError::Exists(client.id().to_owned()));
        }
        self.insert(client)
    }

    /// Takes a client over from the store. One that the administrator has registered meanwhile is left out.
    pub(super) fn restore(&mut self, stored: Stored) -> Result<(), RegistrationError> {
        let hash = |hex: Option<String>| {
            let read = |hex: String| SecretHash::from_hex(&hex);
            let malformed = || RegistrationError::State("a secret's hash is malformed".into());
            hex.map(|hex| read(hex).ok_or_else(malformed)).transpose()
        };
        let secrets = Hashes { client: hash(stored.secret_sha256)?, gateway: hash(stored.gateway_sha256)? };
        let client = Client::new(stored.registration, Source::Person, secrets)?;
        if !self.clients.contains_key(client.id()) {
            self.insert(client)?;
        }
        Ok(())
    }

    /// Registers a client for the person, with a new secret where its registration wants one.
    ///
    /// # Errors
    /// [`RegistrationError`]; the registry is unchanged.
    pub fn add(
        &mut self,
        registration: Registration,
        entropy: &mut dyn Entropy,
    ) -> Result<Registered, RegistrationError> {
        if self.clients.contains_key(&registration.id) {
            return Err(RegistrationError::Exists(registration.id));
        }
        let mut made = || Secret::new(random_string(entropy, SECRET_BYTES));
        let secret = match registration.client_auth() {
            ClientAuth::ClientSecret | ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => {
                Some(made())
            }
            ClientAuth::None | ClientAuth::PrivateKeyJwt => None,
        };
        let gateway_secret = (!registration.gateways.is_empty()).then(made);
        let hashes = Hashes {
            client: secret.as_ref().map(Secret::hash),
            gateway: gateway_secret.as_ref().map(Secret::hash),
        };
        let client = Client::new(registration, Source::Person, hashes)?;
        Ok(Registered { client: self.insert(client)?, secret, gateway_secret })
    }

    /// Removes a client of the person.
    ///
    /// # Errors
    /// [`RegistrationError::Unknown`] and [`RegistrationError::Administrator`].
    pub fn remove(&mut self, id: &str) -> Result<(), RegistrationError> {
        match self.clients.get(id).map(|client| client.source()) {
            None => Err(RegistrationError::Unknown(id.chars().take(64).collect())),
            Some(Source::Administrator) => Err(RegistrationError::Administrator(id.to_owned())),
            Some(Source::Person) => {
                self.clients.remove(id);
                self.index_origins();
                Ok(())
            }
        }
    }

    /// The client of an identifier.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<&Arc<Client>> {
        self.clients.get(id)
    }

    /// The client whose paths at this gateway hold this secret.
    #[must_use]
    pub fn of_gateway_secret(&self, secret: &Secret, gateway: &str) -> Option<&str> {
        let hash = secret.hash();
        let owner = self.clients().find(|client| client.gateway_hash() == Some(&hash))?;
        owner.registration().gateways.iter().any(|name| name == gateway).then(|| owner.id())
    }

    /// All clients, by identifier.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.values()
    }

    /// Whether a registered client named this origin.
    #[must_use]
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }

    /// The person's clients for the store.
    pub(super) fn stored(&self) -> Vec<Stored> {
        self.clients()
            .filter(|client| client.source() == Source::Person)
            .map(|client| Stored {
                registration: client.registration().clone(),
                secret_sha256: client.secret_hash().map(SecretHash::to_hex),
                gateway_sha256: client.gateway_hash().map(SecretHash::to_hex),
            })
            .collect()
    }

    fn insert(&mut self, client: Client) -> Result<Arc<Client>, RegistrationError> {
        if self.clients.len() >= MAX_CLIENTS && !self.clients.contains_key(client.id()) {
            return Err(RegistrationError::Full);
        }
        let client = Arc::new(client);
        self.clients.insert(client.id().to_owned(), Arc::clone(&client));
        self.index_origins();
        Ok(client)
    }

    fn index_origins(&mut self) {
        self.origins = self.clients.values().flat_map(|c| c.registration().origins.iter().cloned()).collect();
    }
}

/// What is wrong, and in which line. The line itself stays out: somebody may have written a secret there.
fn without_contents(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("line {line}: {}", error.message())
}
