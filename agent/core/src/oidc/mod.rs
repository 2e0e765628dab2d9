//! We are the OpenID Provider of this workstation: requests in as values, answers out as values.
//!
//! [`Provider`] owns the registered clients, the waiting requests, codes, tokens and keys. Sessions belong to somebody else
//! and are seen through [`Sessions`]: nothing is issued or answered for one that is locked or over. Everything but the
//! registrations lives in memory only, and every collection has a bound.
//!
//! | file | what |
//! | --- | --- |
//! | [`registration`], [`client`], [`registry`], [`uri`] | registrations |
//! | [`parameters`], `request`, `transaction`, [`authorize`] | the authorization endpoint |
//! | [`pushed`] | requests that come before the browser |
//! | `code`, `grant`, `authenticate`, [`token`], [`exchange`] | the token endpoint |
//! | [`ciba`] | logins without a browser |
//! | [`introspection`], [`revocation`] | what became of a token, and its end |
//! | [`logout`], [`backchannel_logout`], `hint` | the end of a session: asked for by a client, told to all |
//! | [`disconnect`], `handed` | the end of one client's part in it, and what it has of the upstream |
//! | [`id_token`], `claims`, [`situation`], [`userinfo`] | what clients learn about the person |
//! | [`keys`], [`discovery`] | what clients learn about us |
//! | `shares` | how much each client may leave here |

mod authenticate;
pub mod authorize;
pub mod backchannel_logout;
pub mod ciba;
mod claims;
pub mod client;
mod code;
pub mod disconnect;
pub mod discovery;
pub mod exchange;
mod grant;
mod handed;
mod hint;
pub mod id_token;
pub mod introspection;
pub mod keys;
pub mod logout;
pub mod parameters;
pub mod pushed;
pub mod registration;
pub mod registry;
mod request;
pub mod revocation;
mod shares;
pub mod situation;
pub mod token;
mod transaction;
pub mod uri;
pub mod userinfo;

#[cfg(test)]
mod tests;

use crate::declined::{Asker, Declined};
use crate::identity::{SessionId, SessionView, Sessions, UnixTime, Way};
use crate::jose::{Algorithm, JoseError, SigningKey};
use crate::secret::{Entropy, SecretHash};
use authenticate::Assertions;
use backchannel_logout::Audiences;
use ciba::Requests;
use client::Client;
use code::Codes;
use exchange::UpstreamTokens;
use grant::Grants;
use handed::Handed;
use keys::{Keys, Retired};
use logout::Questions;
use pushed::References;
use registration::{Registration, RegistrationError};
use registry::{Registered, Registry, Stored};
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use situation::Situation;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use transaction::Transactions;

/// Version of the state's form.
const STATE_VERSION: u32 = 1;
/// Most consents remembered.
const MAX_CONSENTS: usize = 4096;

/// What a request needs from the world.
pub struct World<'a> {
    /// The present moment.
    pub now: UnixTime,
    /// The live sessions.
    pub sessions: &'a dyn Sessions,
    /// Where tokens come from.
    pub entropy: &'a mut dyn Entropy,
    /// Where signatures take their random numbers from.
    pub random: &'a dyn SecureRandom,
    /// The upstream's tokens of the live sessions.
    pub upstream: &'a dyn UpstreamTokens,
    /// What a new login could reach.
    pub levels: &'a Levels<'a>,
}

/// Whether a new login by one of these ways, any where there is none, would reach this `acr` now.
pub type Levels<'a> = dyn Fn(&[Way], &str) -> bool + 'a;

/// What is stored about clients: no token, and of a secret only its hash.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    version: u32,
    clients: Vec<Stored>,
    #[serde(default)]
    consents: Vec<(String, String)>,
    #[serde(default)]
    retired_keys: Vec<Retired>,
    /// Since when the signing keys are in use.
    #[serde(default)]
    signing_keys: BTreeMap<String, UnixTime>,
}

/// The provider.
pub struct Provider {
    issuer: String,
    token_endpoint: String,
    discovery: Arc<str>,
    registry: Registry,
    keys: Keys,
    transactions: Transactions,
    codes: Codes,
    grants: Grants,
    assertions: Assertions,
    references: References,
    backchannel: Requests,
    declined: Declined,
    questions: Questions,
    audiences: Audiences,
    /// Clients that a person agreed to: `client_id` and the hash of `sub`.
    consents: HashSet<(String, SecretHash)>,
    /// Professional situations that were chosen, by client and session.
    situations: HashMap<(String, SessionId), Situation>,
    /// Clients that the person disconnected, and the session that they come back into only by a click.
    disconnected: HashSet<(String, SessionId)>,
    /// The upstream's access tokens that clients have.
    handed: Handed,
    /// Requests are pushed or refused, whosever they are.
    require_pushed: bool,
    state_changed: bool,
}

impl Provider {
    /// A provider of this issuer (`http://127.0.0.1:24788`, without a slash at its end) with its P-256 key. It serves
    /// clients of ES256 at once and those of RS256 from [`Provider::set_rsa`] on.
    ///
    /// # Errors
    /// [`JoseError::Key`] when the key is not P-256.
    pub fn new(issuer: String, registry: Registry, es256: SigningKey) -> Result<Self, JoseError> {
        Ok(Self {
            token_endpoint: format!("{issuer}{}", discovery::TOKEN),
            discovery: discovery::document(&issuer, false).into(),
            issuer,
            registry,
            keys: Keys::new(es256)?,
            transactions: Transactions::default(),
            codes: Codes::default(),
            grants: Grants::default(),
            assertions: Assertions::default(),
            references: References::default(),
            backchannel: Requests::default(),
            declined: Declined::default(),
            questions: Questions::default(),
            audiences: Audiences::default(),
            consents: HashSet::new(),
            situations: HashMap::new(),
            disconnected: HashSet::new(),
            handed: Handed::default(),
            require_pushed: false,
            state_changed: false,
        })
    }

    /// Refuses every authorization request that was not pushed, and says so in the discovery document.
    #[must_use]
    pub fn requiring_pushed_requests(mut self, required: bool) -> Self {
        self.require_pushed = required;
        self.discovery = discovery::document(&self.issuer, required).into();
        self
    }

    /// Takes over what [`Provider::state`] gave in an earlier run. Clients of the administrator win.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub fn restore(&mut self, json: &[u8], now: UnixTime) -> Result<(), RegistrationError> {
        let state: State =
            serde_json::from_slice(json).map_err(|e| RegistrationError::State(e.to_string()))?;
        if state.version != STATE_VERSION {
            return Err(RegistrationError::State(format!("version {} is not known", state.version)));
        }
        for stored in state.clients {
            self.registry.restore(stored)?;
        }
        let consents = state.consents.into_iter().take(MAX_CONSENTS);
        let known = consents.filter_map(|(client, person)| Some((client, SecretHash::from_hex(&person)?)));
        self.consents.extend(known);
        self.keys.restore(state.retired_keys, state.signing_keys, now);
        Ok(())
    }

    /// What is to be stored: the person's clients, consents, and replaced keys (public halves). Never a token or secret.
    #[must_use]
    pub fn state(&self) -> String {
        let mut consents: Vec<(String, String)> =
            self.consents.iter().map(|(client, person)| (client.clone(), person.to_hex())).collect();
        consents.sort_unstable();
        let state = State {
            version: STATE_VERSION,
            clients: self.registry.stored(),
            consents,
            retired_keys: self.keys.retired().to_vec(),
            signing_keys: self.keys.since().clone(),
        };
        serde_json::to_string_pretty(&state).unwrap_or_default()
    }

    /// Whether [`Provider::state`] has changed since this was last asked.
    pub fn state_changed(&mut self) -> bool {
        std::mem::take(&mut self.state_changed)
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The discovery document, JSON text.
    #[must_use]
    pub fn discovery(&self) -> Arc<str> {
        Arc::clone(&self.discovery)
    }

    /// The published keys, JSON text.
    #[must_use]
    pub fn jwks(&self) -> Arc<str> {
        self.keys.jwks()
    }

    /// The signing keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Puts the RSA key in use, or replaces it.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn set_rsa(&mut self, key: SigningKey, now: UnixTime) -> Result<(), JoseError> {
        self.state_changed = true;
        self.keys.set_rsa(key, now)
    }

    /// Replaces the P-256 key.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn rotate_es256(&mut self, key: SigningKey, now: UnixTime) -> Result<(), JoseError> {
        self.state_changed = true;
        self.keys.rotate_es256(key, now)
    }

    /// Which algorithms want a new key now ([`keys::MAX_AGE`]). To be asked now and then: a key whose age is not known is
    /// counted from the first time.
    pub fn keys_due(&mut self, now: UnixTime) -> Vec<Algorithm> {
        let before = self.keys.since().clone();
        let due = self.keys.due(now);
        self.state_changed |= before != *self.keys.since();
        due
    }

    /// The registered clients.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The client of an identifier.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<&Arc<Client>> {
        self.registry.client(id)
    }

    /// Registers a client for the person.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub fn add_client(
        &mut self,
        registration: Registration,
        entropy: &mut dyn Entropy,
    ) -> Result<Registered, RegistrationError> {
        let registered = self.registry.add(registration, entropy)?;
        self.state_changed = true;
        Ok(registered)
    }

    /// Removes a client of the person, with everything it holds.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub fn remove_client(&mut self, id: &str) -> Result<(), RegistrationError> {
        self.registry.remove(id)?;
        self.grants.end_client(id);
        self.transactions.end_client(id);
        self.references.end_client(id);
        self.backchannel.end_client(id);
        self.declined.forget(&Asker::Client(id.to_owned()));
        self.audiences.end_client(id);
        self.consents.retain(|(client, _)| client != id);
        self.situations.retain(|(client, _), _| client != id);
        self.disconnected.retain(|(client, _)| client != id);
        self.state_changed = true;
        Ok(())
    }

    /// Clients that hold tokens of a session.
    #[must_use]
    pub fn clients_of(&self, sid: &SessionId) -> Vec<String> {
        self.grants.clients_of(sid)
    }

    /// Remembers that a person agreed to a client. Beyond the bound people are asked again.
    fn remember_consent(&mut self, client: &Client, session: &SessionView) {
        if self.consents.len() < MAX_CONSENTS {
            self.state_changed |= self.consents.insert(consent_key(client, session));
        }
    }

    /// Forgets what has expired. To be called now and then (once a minute); nothing depends on when.
    pub fn sweep(&mut self, sessions: &dyn Sessions, now: UnixTime) {
        self.transactions.sweep(now);
        self.codes.sweep(now);
        self.assertions.sweep(now);
        self.references.sweep(now);
        self.backchannel.sweep(now);
        self.declined.sweep(now);
        self.questions.sweep(now);
        self.audiences.sweep(|sid| sessions.session(sid).is_some());
        self.grants.sweep(now, |sid| sessions.session(sid).is_some());
        self.situations.retain(|(_, sid), _| sessions.session(sid).is_some());
        self.disconnected.retain(|(_, sid)| sessions.session(sid).is_some());
        let retired = self.keys.retired().len();
        self.keys.sweep(now);
        self.state_changed |= self.keys.retired().len() != retired;
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.issuer)
    }
}

/// A consent as it is remembered: client and person, the latter only as a hash.
fn consent_key(client: &Client, session: &SessionView) -> (String, SecretHash) {
    (client.id().to_owned(), SecretHash::of(&session.person.id.0))
}
