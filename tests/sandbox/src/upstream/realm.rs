//! The stand-in's memory: clients, logins under way, codes, sessions and tokens.

use super::{
    fault::{Endpoint, Faults},
    judge::{Judge, Refusal},
    keys::Keys,
};
use crate::pki::Holder;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// How a client proves itself at the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// It does not (a public client): PKCE is compulsory.
    None,
    /// `client_secret_basic` or `client_secret_post` with this TEST secret.
    Secret(String),
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// Its proof.
    pub authentication: ClientAuthentication,
    /// Redirect URIs; on a loopback address the port may differ (RFC 8252 §7.3).
    pub redirect_uris: Vec<String>,
}

/// Lifetimes in seconds (`pro-sante-connect.md` §3.4).
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Authorization code.
    pub code: u64,
    /// Access token and ID token.
    pub token: u64,
    /// Refresh token, and the longest idle time of a session.
    pub refresh: u64,
    /// A session at the longest.
    pub session: u64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { code: 60, token: 120, refresh: 30 * 60, session: 4 * 60 * 60 }
    }
}

/// One visit of a card page.
#[derive(Debug, Clone)]
pub struct CardLogin {
    /// Whose card, or why it was refused.
    pub outcome: Result<&'static Holder, Refusal>,
    /// Version of TLS.
    pub tls: &'static str,
}

/// A login between the authorization endpoint and the code.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
    pub(super) scope: String,
    /// Set by the card page.
    pub(super) outcome: Option<Result<&'static Holder, Refusal>>,
}

/// A code, kept after its use so that a second use is seen.
pub(super) struct Code {
    pub(super) login: Pending,
    pub(super) session: String,
    pub(super) expires: u64,
    pub(super) used: bool,
}

/// A login of a person.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) holder: &'static Holder,
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) auth_time: u64,
    /// Last refresh.
    pub(super) seen: u64,
    /// The only refresh token that is good; an older one ends the session.
    pub(super) refresh: String,
}

/// Everything that changes.
pub(super) struct Memory {
    pub(super) clients: Vec<Client>,
    pub(super) judge: Judge,
    pub(super) keys: Keys,
    pub(super) faults: Faults,
    pub(super) pending: HashMap<String, Pending>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) sessions: HashMap<String, Session>,
    /// Access token to session and expiry.
    pub(super) access: HashMap<String, (String, u64)>,
    /// Refresh tokens ever issued to their session.
    pub(super) refresh: HashMap<String, String>,
    hits: BTreeMap<Endpoint, u64>,
    pub(super) cards: Vec<CardLogin>,
}

/// The stand-in's addresses and memory.
pub(super) struct Realm {
    pub(super) issuer: String,
    /// Origin of the wallet: authorization endpoint.
    pub(super) wallet: String,
    /// Origin of the card page.
    pub(super) card: String,
    pub(super) lifetimes: Lifetimes,
    memory: Mutex<Memory>,
}

impl Realm {
    pub(super) fn new(
        (issuer, wallet, card): (String, String, String),
        lifetimes: Lifetimes,
        clients: Vec<Client>,
        judge: Judge,
    ) -> Self {
        let memory = Memory {
            clients,
            judge,
            keys: Keys::new(),
            faults: Faults::default(),
            pending: HashMap::new(),
            codes: HashMap::new(),
            sessions: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            hits: BTreeMap::new(),
            cards: Vec::new(),
        };
        Self { issuer, wallet, card, lifetimes, memory: Mutex::new(memory) }
    }

    /// The memory. It is locked for the length of one request and never across a wait.
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, endpoint: Endpoint) {
        *self.memory().hits.entry(endpoint).or_default() += 1;
    }

    pub(super) fn hits(&self) -> BTreeMap<Endpoint, u64> {
        self.memory().hits.clone()
    }

    pub(super) fn faults(&self) -> Faults {
        self.memory().faults.clone()
    }
}

impl Memory {
    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// The session behind an identifier while it lives.
    pub(super) fn session(&self, id: &str, lifetimes: Lifetimes) -> Option<&Session> {
        let now = now();
        self.sessions.get(id).filter(|session| {
            now < session.auth_time + lifetimes.session && now < session.seen + lifetimes.refresh
        })
    }

    /// Ends a session and everything it gave.
    pub(super) fn end(&mut self, id: &str) -> bool {
        self.access.retain(|_, (session, _)| session != id);
        self.refresh.retain(|_, session| session != id);
        self.sessions.remove(id).is_some()
    }
}

impl Client {
    /// Whether a redirect URI is registered: to the character, or for a loopback address in all but the port.
    pub(super) fn redirects_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| {
            known == uri
                || matches!((without_port(known), without_port(uri)), (Some(known), Some(uri)) if known == uri)
        })
    }
}

/// A loopback address (RFC 8252 §7.3) without its port, `None` for any other.
fn without_port(uri: &str) -> Option<url::Url> {
    let mut uri = url::Url::parse(uri).ok()?;
    let loopback = match uri.host()? {
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
        url::Host::Domain(_) => false,
    };
    if !loopback || uri.scheme() != "http" {
        return None;
    }
    uri.set_port(None).ok()?;
    Some(uri)
}

/// Seconds since 1 January 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// 256 random bits, base64url.
pub(super) fn random() -> String {
    let mut bytes = [0; 32];
    // Without randomness the stand-in would have failed to make its server keys.
    let _ = SystemRandom::new().fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
