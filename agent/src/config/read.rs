//! From settings to types: every value is parsed here, once, and every contradiction is found here.

use super::{
    AuditSync, Bridge, ClientAuth, Clients, Config, ConfigError, Environment, Local, LocalAllow, Login, Mode,
    Pin, Profile, Prompter, Revocation, Session, Trust, Upstream,
    layers::{Layers, Source},
};
use cps_agent_core::identity::Way;
use cps_card::token::Hold;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use toml::Value;
use url::{Host, Url};

/// The port of the bridge unless another is chosen.
const BRIDGE_PORT: u16 = 24788;
/// Pro Santé Connect bounds a session to four hours and thirty idle minutes.
const SESSION_MAX: Duration = Duration::from_secs(4 * 3600);
const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);

/// Issuers of the built-in profiles. The realm's name is part of Pro Santé Connect's own address.
const PSC_BAS: &str = "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet";
const PSC_PRODUCTION: &str = "https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet";
/// Hosts of the wallet pages, where the authorization endpoint of each built-in profile lives.
const PSC_BAS_WALLET: &str = "wallet.bas.psc.esante.gouv.fr";
const PSC_PRODUCTION_WALLET: &str = "wallet.esw.esante.gouv.fr";

/// Parses all settings.
pub(super) fn config(layers: Layers) -> Result<Config, ConfigError> {
    let profile = profile(&layers)?;
    let environment = environment(&layers, profile)?;
    Ok(Config {
        bridge: bridge(&layers)?,
        upstream: profile.map(|p| upstream(&layers, p, environment)).transpose()?,
        login: login(&layers)?,
        local: local(&layers, profile)?,
        pin: pin(&layers)?,
        session: session(&layers)?,
        trust: Trust { environment, anchors: anchors(&layers, environment) },
        ignored_readers: layers.list("readers.ignore"),
        clients: Clients {
            directory: layers.path("clients.directory").unwrap_or_else(|| "/etc/cps-agent/clients.d".into()),
            registration: layers
                .choice("clients.registration", &[("allow", true), ("never", false)])?
                .unwrap_or(true),
        },
        tokens: layers.path("tokens.directory"),
        audit_sync: layers
            .choice("audit.sync", &[("always", AuditSync::Always), ("system", AuditSync::System)])?
            .unwrap_or(AuditSync::System),
        state: layers.path("state.directory"),
        ignored: layers.ignored(),
    })
}

fn profile(layers: &Layers) -> Result<Option<Profile>, ConfigError> {
    let choices = [
        ("none", None),
        ("psc-bas", Some(Profile::PscBas)),
        ("psc-production", Some(Profile::PscProduction)),
        ("custom", Some(Profile::Custom)),
    ];
    Ok(layers.choice("upstream.profile", &choices)?.flatten())
}

/// The profile decides where it can; a setting that says otherwise is a contradiction, not a preference.
fn environment(layers: &Layers, profile: Option<Profile>) -> Result<Environment, ConfigError> {
    let choices = [("production", Environment::Production), ("test", Environment::Test)];
    let chosen = layers.choice("trust.environment", &choices)?;
    let forced = match profile {
        Some(Profile::PscProduction) => Some(Environment::Production),
        Some(Profile::PscBas) => Some(Environment::Test),
        Some(Profile::Custom) | None => None,
    };
    if let (Some(chosen), Some(forced)) = (chosen, forced)
        && chosen != forced
    {
        return Err(layers.conflict("trust.environment", "contradicts upstream.profile"));
    }
    Ok(forced.or(chosen).unwrap_or(Environment::Production))
}

fn bridge(layers: &Layers) -> Result<Bridge, ConfigError> {
    let port = match layers.text("bridge.listen") {
        None => BRIDGE_PORT,
        Some(text) => match text.parse::<SocketAddr>() {
            Ok(address) if is_loopback(address.ip()) => address.port(),
            _ => {
                return Err(layers
                    .wrong("bridge.listen", "127.0.0.1 or [::1] with a port, as in \"127.0.0.1:24788\""));
            }
        },
    };
    let tls = layers.flag("bridge.tls").unwrap_or(false);
    Ok(Bridge { port, tls })
}

fn is_loopback(address: IpAddr) -> bool {
    address == IpAddr::from([127, 0, 0, 1]) || address == IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])
}

fn upstream(layers: &Layers, profile: Profile, environment: Environment) -> Result<Upstream, ConfigError> {
    if profile == Profile::PscProduction && !layers.flag("upstream.workstation_credentials").unwrap_or(false)
    {
        return Err(layers.conflict(
            "upstream.profile",
            "puts credentials of Pro Santé Connect on a workstation: the policy file must allow it by \
             workstation_credentials = true",
        ));
    }
    let (issuer, hosts) = match profile {
        Profile::PscBas => (pinned(layers, PSC_BAS)?, vec![PSC_BAS_WALLET.to_owned()]),
        Profile::PscProduction => (pinned(layers, PSC_PRODUCTION)?, vec![PSC_PRODUCTION_WALLET.to_owned()]),
        Profile::Custom => (custom_issuer(layers, environment)?, custom_hosts(layers)?),
    };
    let card_login = layers.flag("upstream.card_login").unwrap_or(false);
    if card_login && profile != Profile::Custom {
        return Err(layers.conflict("upstream.card_login", "is for profile = \"custom\" only"));
    }
    let discovery = match profile {
        Profile::Custom => layers.text("upstream.discovery").unwrap_or("openid-configuration"),
        Profile::PscBas | Profile::PscProduction => "wallet-openid-configuration",
    };
    Ok(Upstream {
        profile,
        client_id: layers.needed("upstream.client_id", "the upstream knows us by it")?.to_owned(),
        client_auth: client_auth(layers)?,
        redirect_port: redirect_port(layers)?,
        issuer,
        discovery: discovery.to_owned(),
        ca_file: layers.path("upstream.ca_file"),
        hosts,
        scope: layers.text("upstream.scope").unwrap_or("openid scope_all").to_owned(),
        acr_values: layers.text("upstream.acr_values").unwrap_or("eidas1").to_owned(),
        ciba: layers.flag("upstream.ciba").unwrap_or(profile != Profile::Custom),
        card_login,
        idp_hint: layers.text("upstream.idp_hint").map(str::to_owned),
    })
}

/// The built-in profiles cannot be led elsewhere.
fn pinned(layers: &Layers, issuer: &str) -> Result<String, ConfigError> {
    for name in ["upstream.issuer", "upstream.discovery", "upstream.ca_file", "upstream.hosts"] {
        if layers.get(name).is_some() {
            return Err(layers.conflict(name, "is for profile = \"custom\" only"));
        }
    }
    Ok(issuer.to_owned())
}

fn custom_issuer(layers: &Layers, environment: Environment) -> Result<String, ConfigError> {
    let text = layers.needed("upstream.issuer", "profile = \"custom\" names its issuer")?;
    let url = Url::parse(text).map_err(|_| layers.wrong("upstream.issuer", "an https address"))?;
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let plain_for_tests = url.scheme() == "http" && loopback && environment == Environment::Test;
    if (url.scheme() != "https" && !plain_for_tests) || url.query().is_some() || url.fragment().is_some() {
        return Err(layers.wrong("upstream.issuer", "an https address without query"));
    }
    if url.host_str().is_some_and(is_psc) {
        return Err(layers.conflict("upstream.issuer", "is Pro Santé Connect: use its own profile"));
    }
    Ok(text.to_owned())
}

fn custom_hosts(layers: &Layers) -> Result<Vec<String>, ConfigError> {
    let hosts = layers.list("upstream.hosts");
    if hosts.iter().any(|h| Host::parse(h).is_err()) {
        return Err(layers.wrong("upstream.hosts", "a list of host names without scheme or port"));
    }
    if hosts.iter().any(|h| is_psc(h)) {
        return Err(layers.conflict("upstream.hosts", "names Pro Santé Connect: use its own profile"));
    }
    Ok(hosts)
}

/// Pro Santé Connect's own hosts, present and past, end in the names of its two zones.
fn is_psc(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    ["psc.esante.gouv.fr", "esw.esante.gouv.fr"]
        .iter()
        .any(|zone| host.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn client_auth(layers: &Layers) -> Result<ClientAuth, ConfigError> {
    let file = |name| -> Result<PathBuf, ConfigError> {
        layers.path(name).ok_or_else(|| ConfigError::Missing {
            name,
            why: format!(
                "client_auth = \"{}\" needs it",
                layers.text("upstream.client_auth").unwrap_or("none")
            ),
        })
    };
    match layers.text("upstream.client_auth").unwrap_or("none") {
        "none" => Ok(ClientAuth::None),
        "client_secret_basic" => file("upstream.client_secret_file").map(ClientAuth::SecretBasic),
        "client_secret_post" => file("upstream.client_secret_file").map(ClientAuth::SecretPost),
        "private_key_jwt" => file("upstream.client_key").map(ClientAuth::PrivateKeyJwt),
        "tls_client_auth" => Ok(ClientAuth::Tls {
            certificate: file("upstream.client_certificate")?,
            key: file("upstream.client_key")?,
        }),
        _ => Err(layers.wrong(
            "upstream.client_auth",
            "one of none, client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth",
        )),
    }
}

fn redirect_port(layers: &Layers) -> Result<u16, ConfigError> {
    match layers.get("upstream.redirect_port") {
        Some((Value::Integer(port), _)) => {
            u16::try_from(*port).map_err(|_| layers.wrong("upstream.redirect_port", "a port number"))
        }
        _ => Ok(0),
    }
}

fn login(layers: &Layers) -> Result<Login, ConfigError> {
    let names = [
        ("browser", Way::Browser),
        ("ecps", Way::Ecps),
        ("card", Way::Card),
        ("token", Way::Token),
        ("local", Way::Local),
    ];
    let ways = layers.choices("login.ways", &names)?;
    if ways.as_ref().is_some_and(Vec::is_empty) {
        return Err(layers.wrong("login.ways", "a list with at least one way"));
    }
    Ok(Login {
        ways,
        ecps_click: layers
            .choice("login.ecps_start", &[("click", true), ("automatic", false)])?
            .unwrap_or(true),
        non_nominative: layers.flag("login.non_nominative").unwrap_or(false),
    })
}

fn local(layers: &Layers, profile: Option<Profile>) -> Result<Local, ConfigError> {
    let allow = layers
        .choice(
            "local.allow",
            &[
                ("never", LocalAllow::Never),
                ("upstream-down", LocalAllow::UpstreamDown),
                ("always", LocalAllow::Always),
            ],
        )?
        .unwrap_or(if profile.is_some() { LocalAllow::Never } else { LocalAllow::Always });
    let revocation = layers
        .choice("local.revocation", &[("require", Revocation::Require), ("warn", Revocation::Warn)])?
        .unwrap_or(Revocation::Require);
    Ok(Local { allow, revocation })
}

fn pin(layers: &Layers) -> Result<Pin, ConfigError> {
    let prompt = layers
        .choices("pin.prompt", &[("pinpad", Prompter::PinPad), ("pinentry", Prompter::Pinentry)])?
        .unwrap_or_else(|| vec![Prompter::PinPad, Prompter::Pinentry]);
    if prompt.is_empty() {
        return Err(layers.wrong("pin.prompt", "a list with at least one of pinpad, pinentry"));
    }
    Ok(Pin {
        prompt,
        pinentry: layers.path("pin.pinentry").unwrap_or_else(|| "/usr/bin/pinentry".into()),
        hold: layers
            .choice("pin.hold", &[("session", Hold::Session), ("operation", Hold::Operation)])?
            .unwrap_or(Hold::Session),
        timeout: layers
            .duration("pin.timeout", Duration::from_secs(600))?
            .unwrap_or(Duration::from_secs(120)),
    })
}

fn session(layers: &Layers) -> Result<Session, ConfigError> {
    Ok(Session {
        mode: layers
            .choice(
                "session.mode",
                &[
                    ("strict", Mode::Strict),
                    ("lock", Mode::Lock),
                    ("relock", Mode::Relock),
                    ("mobile", Mode::Mobile),
                ],
            )?
            .unwrap_or(Mode::Strict),
        max: layers.duration("session.max", SESSION_MAX)?.unwrap_or(SESSION_MAX),
        idle: layers.duration("session.idle", SESSION_IDLE)?.unwrap_or(SESSION_IDLE),
    })
}

fn anchors(layers: &Layers, environment: Environment) -> Vec<PathBuf> {
    let given = layers.list("trust.anchors");
    if given.is_empty() {
        vec![PathBuf::from("/etc/cps-agent/trust").join(environment.name())]
    } else {
        given.into_iter().map(PathBuf::from).collect()
    }
}

/// Typed access to the layers. Kinds were checked when they were read.
impl Layers {
    fn text(&self, name: &'static str) -> Option<&str> {
        self.get(name).and_then(|(value, _)| value.as_str()).filter(|text| !text.is_empty())
    }

    fn needed(&self, name: &'static str, why: &str) -> Result<&str, ConfigError> {
        self.text(name).ok_or_else(|| ConfigError::Missing { name, why: why.to_owned() })
    }

    fn flag(&self, name: &'static str) -> Option<bool> {
        self.get(name).and_then(|(value, _)| value.as_bool())
    }

    /// A path; relative ones are relative to the file that names them, so that a folder can be moved as a whole.
    fn path(&self, name: &'static str) -> Option<PathBuf> {
        let (value, source) = self.get(name)?;
        let path = PathBuf::from(value.as_str()?);
        Some(match source {
            Source::Policy(file) | Source::User(file) => file.parent().map(|p| p.join(&path)).unwrap_or(path),
            Source::Environment(_) | Source::Flag => path,
        })
    }

    fn list(&self, name: &'static str) -> Vec<String> {
        let items = self.get(name).and_then(|(value, _)| value.as_array());
        items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn choice<T: Copy>(&self, name: &'static str, choices: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        self.one_of(name, text, choices).map(Some)
    }

    fn choices<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<Vec<T>>, ConfigError> {
        if self.get(name).is_none() {
            return Ok(None);
        }
        self.list(name)
            .iter()
            .map(|text| self.one_of(name, text, choices))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn one_of<T: Copy>(
        &self,
        name: &'static str,
        text: &str,
        choices: &[(&str, T)],
    ) -> Result<T, ConfigError> {
        choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.wrong(name, &format!("one of {}", words.join(", ")))
        })
    }

    /// A whole number with a unit (`s`, `m` or `h`), above zero and at most `limit`.
    fn duration(&self, name: &'static str, limit: Duration) -> Result<Option<Duration>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let parsed = text.char_indices().next_back().and_then(|(at, unit)| {
            let number: u64 = text.get(..at)?.parse().ok()?;
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                _ => return None,
            };
            number.checked_mul(seconds).map(Duration::from_secs)
        });
        match parsed {
            Some(duration) if !duration.is_zero() && duration <= limit => Ok(Some(duration)),
            _ => {
                let expected =
                    format!("a time such as \"90s\", \"30m\" or \"4h\", at most {} s", limit.as_secs());
                Err(self.wrong(name, &expected))
            }
        }
    }

    fn origin(&self, name: &'static str) -> Source {
        self.get(name).map_or(Source::Flag, |(_, source)| source.clone())
    }

    fn wrong(&self, name: &'static str, expected: &str) -> ConfigError {
        ConfigError::Value { origin: self.origin(name), name, expected: expected.to_owned() }
    }

    fn conflict(&self, name: &'static str, why: &str) -> ConfigError {
        ConfigError::Conflict { origin: self.origin(name), name, why: why.to_owned() }
    }
}
