//! The stand-in's memory: clients, logins under way, codes, sessions and tokens.

use super::{
    client::{ClientKey, Proof},
    fault::{Endpoint, Faults},
    judge::{Judge, Refusal},
    keys::Keys,
    organisation::Organisations,
    phone::{Habit, Push},
};
use crate::pki::Holder;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
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
    /// `private_key_jwt`: assertions signed by this key.
    Key(ClientKey),
    /// `tls_client_auth`: a certificate of [`Upstream::organisation`](super::Upstream::organisation) with this common name.
    Certificate(String),
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
    /// CIBA was activated for this client.
    pub ciba: bool,
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
    /// A CIBA request.
    pub request: u64,
    /// Between two polls of a CIBA request.
    pub interval: u64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { code: 60, token: 120, refresh: 30 * 60, session: 4 * 60 * 60, request: 120, interval: 5 }
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
    /// The request to the phone, once the person chose the e-CPS.
    pub(super) push: Option<String>,
}

/// A code, kept after its use so that a second use is seen.
pub(super) struct Code {
    pub(super) login: Pending,
    pub(super) session: String,
    pub(super) expires: u64,
    pub(super) used: bool,
}

/// How a person authenticated, in PSC's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Card,
    Mobile,
}

impl Mode {
    /// `authMode`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Card => "CARD",
            Self::Mobile => "MOBILE",
        }
    }
}

/// A login of a person.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) holder: &'static Holder,
    pub(super) mode: Mode,
    pub(super) client: String,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) auth_time: u64,
    /// Last refresh.
    pub(super) seen: u64,
    /// The only refresh token that is good; an older one ends the session.
    pub(super) refresh: String,
    /// SHA-256 of the client's certificate that its tokens are bound to (RFC 8705 §3), base64url.
    pub(super) bound: Option<String>,
    /// The browser it was made in.
    pub(super) browser: Option<String>,
}

/// Who is logged in in a browser, for single sign-on.
#[derive(Clone, Copy)]
pub(super) struct Browser {
    pub(super) holder: &'static Holder,
    pub(super) mode: Mode,
    pub(super) auth_time: u64,
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
    /// Who is logged in, by cookie.
    pub(super) browsers: HashMap<String, Browser>,
    /// Access token to session and expiry.
    pub(super) access: HashMap<String, (String, u64)>,
    /// Refresh tokens ever issued to their session.
    pub(super) refresh: HashMap<String, String>,
    /// Every CIBA request and every e-CPS login, in the order of their arrival.
    pub(super) pushes: Vec<Push>,
    pub(super) habit: Habit,
    pub(super) lifetimes: Lifetimes,
    hits: BTreeMap<Endpoint, u64>,
    pub(super) cards: Vec<CardLogin>,
    pub(super) proofs: Vec<Proof>,
    /// `jti` of client assertions, each good once.
    pub(super) assertions: HashSet<String>,
    /// Parameters of every authorization request.
    pub(super) authorizations: Vec<BTreeMap<String, String>>,
}

/// The stand-in's addresses and memory.
pub(super) struct Realm {
    pub(super) issuer: String,
    /// Origin of the wallet: authorization endpoint.
    pub(super) wallet: String,
    /// Origin of the card page.
    pub(super) card: String,
    pub(super) organisations: Organisations,
    memory: Mutex<Memory>,
}

impl Realm {
    pub(super) fn new(
        (issuer, wallet, card): (String, String, String),
        lifetimes: Lifetimes,
        clients: Vec<Client>,
        judge: Judge,
        organisations: Organisations,
    ) -> Self {
        let memory = Memory {
            clients,
            judge,
            keys: Keys::new(),
            faults: Faults::default(),
            pending: HashMap::new(),
            codes: HashMap::new(),
            sessions: HashMap::new(),
            browsers: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
            pushes: Vec::new(),
            habit: Habit::Wait,
            lifetimes,
            hits: BTreeMap::new(),
            cards: Vec::new(),
            proofs: Vec::new(),
            assertions: HashSet::new(),
            authorizations: Vec::new(),
        };
        Self { issuer, wallet, card, organisations, memory: Mutex::new(memory) }
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

    /// Seconds since 1 January 1970 by the stand-in's clock.
    pub(super) fn now(&self) -> u64 {
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        machine.saturating_add_signed(self.faults.clock())
    }

    /// The session behind an identifier while it lives.
    pub(super) fn session(&self, id: &str) -> Option<&Session> {
        let (now, lifetimes) = (self.now(), self.lifetimes);
        self.sessions.get(id).filter(|session| {
            now < session.auth_time + lifetimes.session && now < session.seen + lifetimes.refresh
        })
    }

    /// Who is logged in in the browser of a cookie.
    pub(super) fn browser(&self, cookie: &str) -> Option<Browser> {
        let end = |browser: &Browser| browser.auth_time + self.lifetimes.session;
        self.browsers.get(cookie).filter(|browser| self.now() < end(browser)).copied()
    }

    /// Ends a session and everything it gave.
    pub(super) fn end(&mut self, id: &str) -> bool {
        self.access.retain(|_, (session, _)| session != id);
        self.refresh.retain(|_, session| session != id);
        self.sessions.remove(id).is_some()
    }

    /// Ends a session as a logout does: the browser it was made in forgets the person, and its other sessions end too.
    pub(super) fn log_out(&mut self, id: &str) {
        let browser = self.sessions.get(id).and_then(|session| session.browser.clone());
        self.end(id);
        let Some(browser) = browser else { return };
        self.browsers.remove(&browser);
        let same = |session: &Session| session.browser.as_ref() == Some(&browser);
        let others: Vec<_> =
            self.sessions.iter().filter(|(_, s)| same(s)).map(|(id, _)| id.clone()).collect();
        for other in others {
            self.end(&other);
        }
    }

    /// Everything that is there becomes older, as if nobody had come for a while.
    pub(super) fn pass(&mut self, seconds: u64) {
        let earlier = |moment: &mut u64| *moment = moment.saturating_sub(seconds);
        for session in self.sessions.values_mut() {
            earlier(&mut session.auth_time);
            earlier(&mut session.seen);
        }
        self.browsers.values_mut().for_each(|browser| earlier(&mut browser.auth_time));
        self.access.values_mut().for_each(|(_, expires)| earlier(expires));
        self.codes.values_mut().for_each(|code| earlier(&mut code.expires));
        self.pushes.iter_mut().for_each(|push| earlier(&mut push.expires));
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

/// 256 random bits, base64url.
pub(super) fn random() -> String {
    let mut bytes = [0; 32];
    // Without randomness the stand-in would have failed to make its server keys.
    let _ = SystemRandom::new().fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A random UUID (RFC 9562 §5.4), the form of Keycloak's session identifiers.
pub(super) fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    let _ = SystemRandom::new().fill(&mut bytes);
    let number = u128::from_be_bytes(bytes) & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
