//! A stand-in for Pro Santé Connect: its paths, its claims, its lifetimes and its quirks, everything marked TEST.
//!
//! Three https fronts on loopback ports, as PSC has several hosts: the realm (issuer, tokens, keys), the wallet
//! (authorization endpoint) and a card page that demands a TLS client certificate of the TEST IGC-Santé (TLS 1.2 and
//! 1.3). Unlike PSC's, that page needs no browser: who walks the flow without one meets redirects only, which is what an
//! establishment's own login server does and what the agent's `card_login` is made for. Who comes with a browser meets
//! the wallet's page first. Beside it, `/mirror` only says whose certificate came: for programs that log in to nothing.
//!
//! ```text
//! client ─► wallet /auth ─► card page (certificate) ─► wallet /auth/return ─► client ─► realm: token, UserInfo
//!                  └─► page: card, e-CPS (phone) or cancel ─────────────────────┘
//! client ─► realm: CIBA request ─► phone ─► client polls the token endpoint
//! ```
//!
//! [`Upstream::start`] serves until it is dropped; [`Handle`] changes its behaviour while it runs.

mod authorize;
mod ciba;
mod client;
mod drift;
mod endpoints;
mod fault;
mod handle;
mod http;
mod issue;
mod judge;
mod keys;
mod organisation;
mod person;
mod phone;
mod realm;
#[cfg(test)]
mod tests;
mod token;
mod wallet;

pub use client::{ClientKey, Proof};
pub use fault::{Drift, Endpoint, Fault, Wrong};
pub use handle::Handle;
pub use judge::Refusal;
pub use phone::{Habit, Phone, PushState, Request as PhoneRequest};
pub use realm::{CardLogin, Client, ClientAuthentication, Lifetimes};

use crate::pki::{Holder, Pki, WebAuthority, holder};
use endpoints::{Front, REALM};
use http::Tls;
use judge::Judge;
use organisation::Organisations;
use realm::Realm;
use rustls::{
    ServerConfig, SupportedProtocolVersion, pki_types::CertificateDer, server::danger::ClientCertVerifier,
};
use std::sync::Arc;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// `client_id` of the agent at the stand-in.
pub const CLIENT: &str = "cps-agent-test";
/// Its TEST secret.
pub const SECRET: &str = "TEST-secret-of-the-sandbox";

/// Why the stand-in could not start or serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port could not be taken, or a connection broke.
    #[error("a port or connection of the stand-in failed")]
    Io(#[from] std::io::Error),
    /// TLS material that TLS does not take.
    #[error("the stand-in cannot set up TLS")]
    Tls(#[from] rustls::Error),
    /// A server certificate could not be made.
    #[error("the TEST server certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// Anything else.
    #[error("the stand-in for Pro Santé Connect: {0}")]
    Setup(String),
}

/// What a stand-in is made of.
pub struct Settings {
    /// Clients that may log in.
    pub clients: Vec<Client>,
    /// People whose cards are known.
    pub register: Vec<&'static Holder>,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// Ports of realm, wallet and card page; 0 for any.
    pub ports: [u16; 3],
}

impl Default for Settings {
    /// One confidential client with loopback redirects, every made-up holder, the lifetimes of PSC, any ports.
    fn default() -> Self {
        let redirect_uris = ["http://127.0.0.1/callback", "http://127.0.0.1/", "http://[::1]/callback"]
            .map(str::to_owned)
            .to_vec();
        let authentication = ClientAuthentication::Secret(SECRET.to_owned());
        Self {
            clients: vec![Client { id: CLIENT.to_owned(), authentication, redirect_uris, ciba: true }],
            register: vec![&holder::DOCTOR, &holder::NURSE, &holder::PHARMACIST, &holder::EMPLOYEE],
            lifetimes: Lifetimes::default(),
            ports: [0; 3],
        }
    }
}

/// A running stand-in. Dropping it closes its ports.
pub struct Upstream {
    handle: Handle,
    ca_pem: String,
    tasks: Vec<JoinHandle<()>>,
}

impl Upstream {
    /// Opens the three fronts and serves them on the current tokio runtime.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        let web = WebAuthority::new()?;
        let anchors: Vec<CertificateDer<'static>> =
            Pki::test().anchors_der().into_iter().map(CertificateDer::from).collect();
        let judge = Judge::new(&anchors, settings.register)?;
        let organisations = Organisations::new()?;
        let open = Tls { usual: tls(&web, None, &BOTH)?, old: None };
        let asking = Tls { usual: tls(&web, Some(organisations.handshake()), &BOTH)?, old: None };
        let demanding = Tls {
            usual: tls(&web, Some(judge.handshake()), &BOTH)?,
            old: Some(tls(&web, Some(judge.handshake()), &[&rustls::version::TLS12])?),
        };
        let (mut listeners, mut origins) = (Vec::new(), Vec::new());
        for port in settings.ports {
            let listener = TcpListener::bind(("127.0.0.1", port)).await?;
            origins.push(format!("https://localhost:{}", listener.local_addr()?.port()));
            listeners.push(listener);
        }
        let [realm, wallet, card]: [String; 3] =
            origins.try_into().map_err(|_| Error::Setup("three fronts".to_owned()))?;
        let issuer = format!("{realm}{REALM}");
        let addresses = (issuer, wallet, card);
        let realm = Realm::new(addresses, settings.lifetimes, settings.clients, judge, organisations);
        let realm = Arc::new(realm);
        let fronts = [(Front::Realm, &asking), (Front::Wallet, &open), (Front::Card, &demanding)];
        let tasks = listeners
            .into_iter()
            .zip(fronts)
            .map(|(listener, (front, tls))| {
                tokio::spawn(http::serve(listener, tls.clone(), front, realm.clone()))
            })
            .collect();
        Ok(Self { handle: Handle { realm }, ca_pem: web.pem().to_owned(), tasks })
    }

    /// The issuer. Its discovery document has PSC's own suffix, `wallet-openid-configuration`, and the standard one.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.handle.realm.issuer
    }

    /// The TLS anchor of the three fronts, PEM, for a `ca_file`.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The page that demands a card's certificate and says whose it was shown.
    #[must_use]
    pub fn mirror(&self) -> String {
        format!("{}/mirror", self.handle.realm.card)
    }

    /// A certificate of an organisation and its key (P-256), both PEM, that ends in `days` days: what a client of
    /// [`ClientAuthentication::Certificate`] shows.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn organisation(&self, common_name: &str, days: i64) -> Result<(String, String), Error> {
        self.handle.realm.organisations.issue(common_name, days)
    }

    /// The switches.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Versions of TLS, where nothing else is said.
const BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

fn tls(
    web: &WebAuthority,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<TlsAcceptor, Error> {
    let (chain, key) = web.server(&["localhost", "127.0.0.1", "::1"])?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    Ok(TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key)?)))
}
