//! The settings, read once and parsed into types.
//!
//! Four layers, later ones winning except where the policy file locks a key: the administrator's policy file, the
//! person's file (or the one `--config` names), environment variables `CPS_AGENT_*`, flags. No configuration at all
//! means `profile = "none"`: the agent then serves cards, signatures and local logins, and no upstream.

mod error;
mod flags;
mod gateway;
mod keys;
mod layers;
mod proxy;
mod read;
#[cfg(test)]
mod tests;

pub use error::{ConfigError, Detail};
pub use flags::Flags;
pub use gateway::{Gateway, GatewayAnchors, GatewayCredential, OrganisationKey};
pub use layers::{Source, Sources};
pub use proxy::{Proxy, ProxyAddress};

use cps_agent_core::{
    identity::{Environment, Way},
    jose::Algorithm,
    policy::{LocalLogin, program::Programs},
    session::table::Mode,
    trust::Revocation,
};
use std::{path::PathBuf, time::Duration};

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The door for applications.
    pub bridge: Bridge,
    /// The upstream identity provider; `None` for `profile = "none"`.
    pub upstream: Option<Upstream>,
    /// How the network is reached, for the upstream and for what certificates point to.
    pub proxy: Proxy,
    /// Which logins are offered.
    pub login: Login,
    /// Logins without upstream.
    pub local: Local,
    /// How a PIN is asked and how long it serves.
    pub pin: Pin,
    /// How long a session lives.
    pub session: Session,
    /// Whom certificates must descend from.
    pub trust: Trust,
    /// Readers that are left alone: parts of their names.
    pub ignored_readers: Vec<String>,
    /// Registered applications.
    pub clients: Clients,
    /// What programs may do through the PKCS#11 module.
    pub programs: Programs,
    /// The administrator's files of the catalogue.
    pub services: PathBuf,
    /// Paths of the bridge that lead to an origin behind mutual TLS, by name.
    pub gateways: Vec<Gateway>,
    /// Where soft tokens lie; below the state directory when absent.
    pub tokens: Option<PathBuf>,
    /// When audit lines reach the disk.
    pub audit_sync: AuditSync,
    /// Socket of the system journal that keeps heads of the audit trail; the system's own when absent.
    pub audit_journal: Option<PathBuf>,
    /// Where state lies; the system's place for it when absent.
    pub state: Option<PathBuf>,
    /// SHA-256 of all settings that were given, for the audit trail.
    pub fingerprint: String,
    /// Settings of the person that the policy overruled, for the log.
    pub ignored: Vec<(Source, String)>,
}

impl Config {
    /// Reads all sources.
    ///
    /// # Errors
    /// See [`ConfigError`]: the first mistake found, with the place where it stands.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        read::config(layers::Layers::read(sources)?)
    }
}

/// `[bridge]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Port on both loopback families; 0 lets the system choose.
    pub port: u16,
    /// The bridge speaks https, with the certificate that `cps trust install` made.
    pub tls: bool,
}

/// `[upstream]`, checked against its profile.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Which profile.
    pub profile: Profile,
    /// Our `client_id` there.
    pub client_id: String,
    /// How we prove to be that client.
    pub client_auth: ClientAuth,
    /// Where the browser comes back to.
    pub redirect: Redirect,
    /// The upstream offers CIBA to this client.
    pub ciba: bool,
    /// Values of `acr` that are accepted; the profile's own set when absent.
    pub accepted_acr: Option<Vec<String>>,
    /// Signature algorithms of ID tokens; RS256 when absent.
    pub algorithms: Option<Vec<Algorithm>>,
    /// `kc_idp_hint`: the local identity provider that Pro Santé Connect or a broker sends the person to.
    pub idp_hint: Option<String>,
}

/// The redirect URI of the browser way, on the loopback interface (RFC 8252 §7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// `127.0.0.1`, `[::1]` or `localhost`, as it was declared to the upstream.
    pub host: &'static str,
    /// Path, as it was declared to the upstream.
    pub path: String,
}

/// `upstream.profile`. The two of Pro Santé Connect are built in: their issuer and hosts cannot be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// Pro Santé Connect, test environment.
    PscBas,
    /// Pro Santé Connect, production.
    PscProduction,
    /// Another OpenID provider, of an establishment or the sandbox.
    Custom(Box<Custom>),
}

impl Profile {
    /// The name used in files and answers.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PscBas => "psc-bas",
            Self::PscProduction => "psc-production",
            Self::Custom(_) => "custom",
        }
    }
}

/// What `profile = "custom"` says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom {
    /// Issuer, exactly as the upstream writes it.
    pub issuer: String,
    /// Suffix of the metadata document under `{issuer}/.well-known/`.
    pub discovery: String,
    /// TLS anchors of this upstream (PEM); the system's when absent.
    pub ca_file: Option<PathBuf>,
    /// Hosts besides the issuer's that belong to the upstream, `host` or `host:port`.
    pub hosts: Vec<String>,
    /// `scope` of our requests.
    pub scope: String,
    /// `acr_values` of our requests.
    pub acr_values: String,
    /// The upstream documents a login page that asks for a TLS client certificate.
    pub card_login: bool,
}

/// `upstream.client_auth` with the files it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAuth {
    /// Public client.
    None,
    /// HTTP Basic with the secret in this file.
    SecretBasic(PathBuf),
    /// Form members with the secret in this file.
    SecretPost(PathBuf),
    /// A signed assertion with the key in this file (PEM).
    PrivateKeyJwt(PathBuf),
    /// TLS client certificate.
    Tls {
        /// Certificate chain (PEM).
        certificate: PathBuf,
        /// Its key (PEM).
        key: PathBuf,
    },
}

/// `[login]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Ways offered, in the order they are offered; chosen by the profile when absent.
    pub ways: Option<Vec<Way>>,
    /// Program and arguments that open a page, the address is appended; the system's browser when empty.
    pub browser: Vec<String>,
    /// An e-CPS request starts with a click; `false` (`"automatic"`) is for tests.
    pub ecps_click: bool,
    /// Cards without a person's name may log in.
    pub non_nominative: bool,
    /// A login in the browser rests on the card whose key signed there.
    pub browser_card: bool,
}

/// `[local]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// When a login without upstream is allowed.
    pub allow: LocalLogin,
    /// What happens when a certificate's status is unknown.
    pub revocation: Revocation,
    /// Longest life of a local session.
    pub max: Duration,
}

/// `[pin]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Ways to ask, in the order they are tried.
    pub prompt: Vec<Prompter>,
    /// The Assuan program: a pinentry, or `cps-prompter`.
    pub pinentry: PathBuf,
    /// How long a PIN serves.
    pub hold: cps_card::token::Hold,
    /// How long a prompt stays.
    pub timeout: Duration,
}

/// An entry of `pin.prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompter {
    /// The reader's own pad.
    PinPad,
    /// The Assuan program.
    Pinentry,
}

/// `[session]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// What happens when the card leaves.
    pub mode: Mode,
    /// Longest life of a session, at most 4 h.
    pub max: Duration,
    /// Longest time without human activity, at most 30 min.
    pub idle: Duration,
}

/// `[trust]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Production or test, never both.
    pub environment: Environment,
    /// Directories with anchors (PEM or DER files).
    pub anchors: Vec<PathBuf>,
}

/// The name of an environment in files and answers.
#[must_use]
pub const fn environment_name(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "production",
        Environment::Test => "test",
    }
}

/// `[clients]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clients {
    /// The administrator's registrations.
    pub directory: PathBuf,
    /// The person may register applications.
    pub registration: bool,
    /// Authorization requests are pushed or refused.
    pub require_pushed: bool,
}

/// `audit.sync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSync {
    /// Every line is on the disk before its effect is told.
    Always,
    /// Lines are handed to the system at once and reach the disk when it pleases.
    System,
}
