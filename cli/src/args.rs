//! What can be typed. The words of the help live in the Fluent files (see `usage.rs`), so that it speaks both languages.

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "cps", version, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// Machine-readable output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Language of messages and help.
    #[arg(long, global = true, value_name = "fr|en")]
    pub(crate) lang: Option<Lang>,
    /// Socket of the agent.
    #[arg(long, global = true, value_name = "PATH", env = cps_agent_api::door::SOCKET, hide_env_values = true)]
    pub(crate) socket: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A language of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// French.
    Fr,
    /// English.
    En,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Status,
    Doctor,
    Readers,
    Card {
        #[command(subcommand)]
        command: CardCommand,
    },
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    Login(LoginArgs),
    Logout,
    Session,
    Sign {
        #[arg(long, value_name = "HEX")]
        challenge: String,
        #[arg(long, value_name = "AUDIENCE")]
        audience: Option<String>,
        #[arg(long, value_name = "PURPOSE")]
        purpose: Option<Purpose>,
        #[arg(long, value_name = "SERIAL")]
        card: Option<String>,
    },
    Open {
        #[arg(value_name = "VIEW")]
        view: Option<View>,
        #[arg(long)]
        print: bool,
    },
    Services {
        #[command(subcommand)]
        command: Option<ServicesCommand>,
    },
    Client {
        #[command(subcommand)]
        command: ClientCommand,
    },
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    Trust {
        #[command(subcommand)]
        command: TrustCommand,
    },
    Pkcs11 {
        #[command(subcommand)]
        command: Pkcs11Command,
    },
}

/// How to log in.
#[derive(Debug, clap::Args)]
pub(crate) struct LoginArgs {
    #[arg(long, value_name = "WAY")]
    way: Option<Way>,
    /// `--way ecps`.
    #[arg(long, conflicts_with_all = ["way", "browser", "card"])]
    ecps: bool,
    /// `--way browser`.
    #[arg(long, conflicts_with = "way")]
    browser: bool,
    #[arg(long, value_name = "SERIAL")]
    pub(crate) card: Option<String>,
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

impl LoginArgs {
    /// The way that was named; an identifier alone means the phone.
    pub(crate) fn way(&self) -> Option<Way> {
        let by_flag = match (self.ecps, self.browser) {
            (true, _) => Some(Way::Ecps),
            (_, true) => Some(Way::Browser),
            _ => None,
        };
        let by_id = self.id.as_ref().map(|_| Way::Ecps);
        self.way.or(by_flag).or(by_id)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum CardCommand {
    Show {
        #[arg(long, value_name = "SERIAL")]
        card: Option<String>,
    },
    Certs {
        #[arg(long, value_name = "SERIAL")]
        card: Option<String>,
        #[arg(long)]
        pem: bool,
    },
    Pin {
        #[command(subcommand)]
        command: PinCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PinCommand {
    Status {
        #[arg(long, value_name = "SERIAL")]
        card: Option<String>,
    },
    Change {
        #[arg(long, value_name = "SERIAL")]
        card: Option<String>,
    },
    Unblock {
        #[arg(long, value_name = "SERIAL")]
        card: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    Verify,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    New {
        #[arg(value_name = "NAME")]
        name: String,
        #[arg(long, value_name = "ID")]
        id: String,
        #[arg(long, value_name = "NAME")]
        given_name: Option<String>,
        #[arg(long, value_name = "NAME")]
        family_name: Option<String>,
        #[arg(long, value_name = "CODE")]
        profession: Option<u8>,
        #[arg(long)]
        csr: bool,
    },
    Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    Add(Box<ClientAdd>),
    List,
    Remove {
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// A registration: the members of `clients.d/*.toml` as flags.
#[derive(Debug, clap::Args)]
pub(crate) struct ClientAdd {
    #[arg(long, value_name = "ID")]
    pub(crate) id: String,
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[arg(long, value_name = "URI", required_unless_present_any = ["ciba", "gateway"])]
    pub(crate) redirect_uri: Vec<String>,
    #[arg(long)]
    pub(crate) confidential: bool,
    #[arg(long, value_name = "METHOD")]
    pub(crate) client_auth: Option<ClientAuth>,
    #[arg(long, value_name = "FILE")]
    pub(crate) public_key: Option<PathBuf>,
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,
    #[arg(long, value_name = "CLAIM")]
    pub(crate) claim: Vec<String>,
    #[arg(long, value_name = "WAY")]
    pub(crate) way: Vec<Way>,
    #[arg(long, value_name = "ALG")]
    pub(crate) id_token_alg: Option<Algorithm>,
    #[arg(long, value_name = "WHEN")]
    pub(crate) pkce: Option<Pkce>,
    #[arg(long)]
    pub(crate) openid_basic: bool,
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Vec<String>,
    #[arg(long, value_name = "URI")]
    pub(crate) post_logout_redirect_uri: Vec<String>,
    #[arg(long, value_name = "URI")]
    pub(crate) backchannel_logout_uri: Option<String>,
    #[arg(long, value_name = "WHEN")]
    pub(crate) consent: Option<Consent>,
    #[arg(long)]
    pub(crate) choose_situation: bool,
    #[arg(long)]
    pub(crate) ciba: bool,
    #[arg(long)]
    pub(crate) require_pushed: bool,
    #[arg(long, value_name = "NAME")]
    pub(crate) gateway: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServicesCommand {
    Open {
        #[arg(value_name = "SERVICE")]
        service: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    Install {
        #[arg(long)]
        renew: bool,
        #[arg(long)]
        no_system: bool,
    },
    Remove {
        #[arg(long)]
        no_system: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Pkcs11Command {
    Install {
        #[arg(long, value_name = "FILE")]
        module: Option<PathBuf>,
        #[arg(long)]
        no_system: bool,
    },
    Remove {
        #[arg(long)]
        no_system: bool,
    },
    Status {
        #[arg(long, value_name = "FILE")]
        module: Option<PathBuf>,
        #[arg(long)]
        no_system: bool,
    },
}

/// What the agent's page shows first.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum View {
    /// What is wrong, and what to do.
    Help,
}

/// A way to log in, in the words of the configuration.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Way {
    Browser,
    Ecps,
    Card,
    Token,
    Local,
}

impl Way {
    /// The word of the API.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Ecps => "ecps",
            Self::Card => "card",
            Self::Token => "token",
            Self::Local => "local",
        }
    }
}

/// What a challenge is signed for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Purpose {
    Login,
    Presence,
    Test,
}

impl Purpose {
    /// The word of the API.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Presence => "presence",
            Self::Test => "test",
        }
    }
}

/// How an application wants its ID tokens signed (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Algorithm {
    #[value(name = "RS256")]
    Rs256,
    #[value(name = "ES256")]
    Es256,
}

impl Algorithm {
    /// The word of JOSE.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// How an application proves itself (OpenID Connect Core §9).
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ClientAuth {
    None,
    #[value(name = "client_secret")]
    ClientSecret,
    #[value(name = "client_secret_basic")]
    ClientSecretBasic,
    #[value(name = "client_secret_post")]
    ClientSecretPost,
    #[value(name = "private_key_jwt")]
    PrivateKeyJwt,
}

/// Whether an application can do without PKCE.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Pkce {
    Required,
    Optional,
}

/// When the person is asked whether an application may know them.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Consent {
    Registered,
    FirstUse,
}

/// The word that a value has on the command line, which is that of the API.
pub(crate) fn word(value: &impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}
