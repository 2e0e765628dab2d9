//! From settings to types: every value is parsed here, once, and every contradiction is found here.

use super::{
    AuditSync, Bridge, ClientAuth, Clients, Config, ConfigError, Custom, Detail, Local, Login, Pin, Profile,
    Prompter, Proxy, Redirect, Session, Trust, Upstream, environment_name, gateway,
    layers::{Layers, Source},
    proxy::ProxyAddress,
};
use crate::host::paths;
use cps_agent_core::{
    identity::{Environment, Way},
    jose::Algorithm,
    policy::{
        LocalLogin,
        program::{Programs, Rule},
    },
    session::table::Mode,
    trust::Revocation,
};
use cps_card::token::Hold;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use toml::Value;
use url::Url;

/// The port of the bridge unless another is chosen.
const BRIDGE_PORT: u16 = 24788;
/// Pro Santé Connect bounds a session to four hours and thirty idle minutes.
const SESSION_MAX: Duration = Duration::from_secs(4 * 3600);
const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);
/// A local session rests on the card alone: it is short unless the site says otherwise.
const LOCAL_MAX: Duration = Duration::from_secs(3600);

/// Settings of the upstream that have a meaning for `profile = "custom"` only.
const CUSTOM_ONLY: [&str; 7] = [
    "upstream.issuer",
    "upstream.discovery",
    "upstream.ca_file",
    "upstream.hosts",
    "upstream.scope",
    "upstream.acr_values",
    "upstream.card_login",
];

/// Parses all settings.
pub(super) fn config(layers: Layers) -> Result<Config, ConfigError> {
    let kind = kind(&layers)?;
    let environment = environment(&layers, kind)?;
    let upstream = upstream(&layers, kind)?;
    Ok(Config {
        bridge: bridge(&layers)?,
        gateways: gateway::gateways(&layers, upstream.as_ref())?,
        upstream,
        proxy: proxy(&layers)?,
        login: login(&layers)?,
        local: local(&layers, kind)?,
        pin: pin(&layers)?,
        session: session(&layers)?,
        trust: Trust { environment, anchors: anchors(&layers, environment) },
        ignored_readers: layers.list("readers.ignore"),
        clients: Clients {
            directory: layers.path("clients.directory").unwrap_or_else(|| "/etc/cps-agent/clients.d".into()),
            registration: layers
                .choice("clients.registration", &[("allow", true), ("never", false)])?
                .unwrap_or(true),
            require_pushed: layers.flag("clients.require_pushed").unwrap_or(false),
        },
        programs: programs(&layers)?,
        services: layers.path("services.directory").unwrap_or_else(|| "/etc/cps-agent/services.d".into()),
        tokens: layers.path("tokens.directory"),
        audit_sync: layers
            .choice("audit.sync", &[("always", AuditSync::Always), ("system", AuditSync::System)])?
            .unwrap_or(AuditSync::System),
        audit_journal: layers.path("audit.journal"),
        state: layers.path("state.directory"),
        fingerprint: layers.fingerprint(),
        ignored: layers.ignored(),
    })
}

/// The word in `upstream.profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    PscBas,
    PscProduction,
    Custom,
}

fn kind(layers: &Layers) -> Result<Kind, ConfigError> {
    let choices = [
        ("none", Kind::None),
        ("psc-bas", Kind::PscBas),
        ("psc-production", Kind::PscProduction),
        ("custom", Kind::Custom),
    ];
    Ok(layers.choice("upstream.profile", &choices)?.unwrap_or(Kind::None))
}

/// The profile decides where it can; a setting that says otherwise is a contradiction, not a preference.
fn environment(layers: &Layers, kind: Kind) -> Result<Environment, ConfigError> {
    let choices = [("production", Environment::Production), ("test", Environment::Test)];
    let chosen = layers.choice("trust.environment", &choices)?;
    let forced = match kind {
        Kind::PscProduction => Some(Environment::Production),
        Kind::PscBas => Some(Environment::Test),
        Kind::Custom | Kind::None => None,
    };
    if let (Some(chosen), Some(forced)) = (chosen, forced)
        && chosen != forced
    {
        return Err(layers
            .conflict("trust.environment", ("contredit upstream.profile", "contradicts upstream.profile")));
    }
    Ok(forced.or(chosen).unwrap_or(Environment::Production))
}

fn bridge(layers: &Layers) -> Result<Bridge, ConfigError> {
    let port = match layers.text("bridge.listen") {
        None => BRIDGE_PORT,
        Some(text) => match text.parse::<SocketAddr>() {
            Ok(address) if is_loopback(address.ip()) => address.port(),
            _ => {
                return Err(layers.wrong(
                    "bridge.listen",
                    (
                        "127.0.0.1 ou [::1] avec un port, par exemple \"127.0.0.1:24788\"",
                        "127.0.0.1 or [::1] with a port, as in \"127.0.0.1:24788\"",
                    ),
                ));
            }
        },
    };
    Ok(Bridge { port, tls: layers.flag("bridge.tls").unwrap_or(false) })
}

fn is_loopback(address: IpAddr) -> bool {
    address == IpAddr::from([127, 0, 0, 1]) || address == IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])
}

fn upstream(layers: &Layers, kind: Kind) -> Result<Option<Upstream>, ConfigError> {
    if kind == Kind::PscProduction && !layers.flag("upstream.workstation_credentials").unwrap_or(false) {
        return Err(layers.conflict(
            "upstream.profile",
            (
                "place sur un poste de travail des secrets de Pro Santé Connect\u{a0}: le fichier de l’administrateur \
                 doit le permettre par workstation_credentials = true",
                "puts credentials of Pro Santé Connect on a workstation: the policy file must allow it by \
                 workstation_credentials = true",
            ),
        ));
    }
    if kind != Kind::Custom
        && let Some(name) = CUSTOM_ONLY.into_iter().find(|name| layers.get(name).is_some())
    {
        return Err(
            layers.conflict(name, ("ne va qu’avec profile = \"custom\"", "is for profile = \"custom\" only"))
        );
    }
    let profile = match kind {
        Kind::None => return Ok(None),
        Kind::PscBas => Profile::PscBas,
        Kind::PscProduction => Profile::PscProduction,
        Kind::Custom => Profile::Custom(Box::new(custom(layers)?)),
    };
    let algorithms = [("RS256", Algorithm::Rs256), ("PS256", Algorithm::Ps256), ("ES256", Algorithm::Es256)];
    let algorithms = layers.choices("upstream.algorithms", &algorithms)?;
    let client_id = layers.needed(
        "upstream.client_id",
        ("le service de connexion nous connaît par lui", "the upstream knows us by it"),
    )?;
    // Copied from a page or a letter, it brings along what nobody sees, and the upstream says invalid_client.
    if !client_id.chars().all(|c| c.is_ascii_graphic()) {
        return Err(layers.wrong(
            "upstream.client_id",
            (
                "des caractères simples, sans espace ni caractère invisible",
                "plain characters, without spaces or invisible ones",
            ),
        ));
    }
    if algorithms.as_ref().is_some_and(Vec::is_empty) {
        return Err(layers.wrong(
            "upstream.algorithms",
            (
                "une liste qui contient au moins RS256, PS256 ou ES256",
                "a list with at least one of RS256, PS256, ES256",
            ),
        ));
    }
    Ok(Some(Upstream {
        // Pro Santé Connect offers CIBA and activates it service by service; another upstream may not have it at all.
        ciba: layers.flag("upstream.ciba").unwrap_or(kind != Kind::Custom),
        accepted_acr: layers.get("upstream.accepted_acr").map(|_| layers.list("upstream.accepted_acr")),
        algorithms,
        idp_hint: layers.text("upstream.idp_hint").map(str::to_owned),
        profile,
        client_id: client_id.to_owned(),
        client_auth: client_auth(layers)?,
        redirect: redirect(layers)?,
    }))
}

/// The quiet half checks addresses and hosts once more, and against Pro Santé Connect's own, when it makes the profile.
fn custom(layers: &Layers) -> Result<Custom, ConfigError> {
    let issuer = layers.needed(
        "upstream.issuer",
        ("profile = \"custom\" nomme son émetteur", "profile = \"custom\" names its issuer"),
    )?;
    if !Url::parse(issuer).is_ok_and(|url| url.scheme() == "https" && url.has_host()) {
        return Err(layers.wrong("upstream.issuer", ("une adresse https", "an https address")));
    }
    Ok(Custom {
        issuer: issuer.to_owned(),
        discovery: layers.text("upstream.discovery").unwrap_or("openid-configuration").to_owned(),
        ca_file: layers.path("upstream.ca_file"),
        hosts: layers.list("upstream.hosts"),
        scope: layers.text("upstream.scope").unwrap_or("openid scope_all").to_owned(),
        acr_values: layers.text("upstream.acr_values").unwrap_or("eidas1").to_owned(),
        card_login: layers.flag("upstream.card_login").unwrap_or(false),
    })
}

fn client_auth(layers: &Layers) -> Result<ClientAuth, ConfigError> {
    let file = |name: &str| -> Result<PathBuf, ConfigError> {
        layers.path(name).ok_or_else(|| {
            let method = layers.text("upstream.client_auth").unwrap_or("none");
            let why = (
                format!("client_auth = \"{method}\" en a besoin"),
                format!("client_auth = \"{method}\" needs it"),
            );
            ConfigError::Missing { name: name.to_owned(), why: why.into() }
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
        _ => {
            let methods =
                ["none", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"];
            Err(layers.wrong("upstream.client_auth", one_of(&methods)))
        }
    }
}

/// Port, host and path of the redirect URI: a front page may compare it byte for byte with what was declared.
fn redirect(layers: &Layers) -> Result<Redirect, ConfigError> {
    let port = match layers.get("upstream.redirect_port") {
        Some((Value::Integer(port), _)) => u16::try_from(*port)
            .map_err(|_| layers.wrong("upstream.redirect_port", ("un numéro de port", "a port number")))?,
        _ => 0,
    };
    let hosts = [("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]"), ("localhost", "localhost")];
    let host = layers.choice("upstream.redirect_host", &hosts)?.unwrap_or("127.0.0.1");
    let path = layers.text("upstream.redirect_path").unwrap_or("/callback").to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if !path.starts_with('/') || path.contains("//") || path.contains("/.") || !path.chars().all(plain) {
        return Err(layers.wrong(
            "upstream.redirect_path",
            ("un chemin simple, par exemple \"/callback\"", "a plain path such as \"/callback\""),
        ));
    }
    Ok(Redirect { port, host, path })
}

fn proxy(layers: &Layers) -> Result<Proxy, ConfigError> {
    match layers.text("upstream.proxy") {
        None | Some("system") => Ok(Proxy::System),
        Some("none") => Ok(Proxy::None),
        Some(text) => ProxyAddress::parse(text).map(Proxy::Address).ok_or_else(|| {
            layers.wrong(
                "upstream.proxy",
                (
                    "system, none, ou une adresse comme \"http://proxy.example:3128\"",
                    "system, none, or an address such as \"http://proxy.example:3128\"",
                ),
            )
        }),
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
        return Err(
            layers.wrong("login.ways", ("une liste d’au moins une façon", "a list with at least one way"))
        );
    }
    Ok(Login {
        ways,
        browser: layers.list("login.browser"),
        ecps_click: layers
            .choice("login.ecps_start", &[("click", true), ("automatic", false)])?
            .unwrap_or(true),
        non_nominative: layers.flag("login.non_nominative").unwrap_or(false),
        browser_card: layers.flag("login.browser_card").unwrap_or(true),
    })
}

fn local(layers: &Layers, kind: Kind) -> Result<Local, ConfigError> {
    let allow = layers
        .choice(
            "local.allow",
            &[
                ("never", LocalLogin::Never),
                ("upstream-down", LocalLogin::UpstreamDown),
                ("always", LocalLogin::Always),
            ],
        )?
        .unwrap_or(if kind == Kind::None { LocalLogin::Always } else { LocalLogin::Never });
    let revocation = layers
        .choice("local.revocation", &[("require", Revocation::Require), ("warn", Revocation::Warn)])?
        .unwrap_or(Revocation::Require);
    let max = layers.duration("local.max", SESSION_MAX)?.unwrap_or(LOCAL_MAX);
    Ok(Local { allow, revocation, max })
}

fn pin(layers: &Layers) -> Result<Pin, ConfigError> {
    let prompt = layers
        .choices("pin.prompt", &[("pinpad", Prompter::PinPad), ("pinentry", Prompter::Pinentry)])?
        .unwrap_or_else(|| vec![Prompter::PinPad, Prompter::Pinentry]);
    if prompt.is_empty() {
        return Err(layers.wrong(
            "pin.prompt",
            (
                "une liste qui contient au moins pinpad ou pinentry",
                "a list with at least one of pinpad, pinentry",
            ),
        ));
    }
    Ok(Pin {
        prompt,
        pinentry: layers
            .path("pin.pinentry")
            .or_else(|| prompt_program(std::env::consts::OS, paths::beside_us))
            .ok_or_else(|| {
                layers.wrong("pin.pinentry", ("le chemin d’un programme", "the path of a program"))
            })?,
        hold: layers
            .choice("pin.hold", &[("session", Hold::Session), ("operation", Hold::Operation)])?
            .unwrap_or(Hold::Session),
        timeout: layers
            .duration("pin.timeout", Duration::from_secs(600))?
            .unwrap_or(Duration::from_secs(120)),
    })
}

/// The prompt program unless another is set: the desktop's own, or ours beside the agent on systems that have none.
///
/// Always a whole path, or none where it is not known where the agent lies: a name alone would be looked for in places that
/// others may fill.
pub(super) fn prompt_program(
    system: &str,
    beside_us: impl FnOnce(&str) -> Option<PathBuf>,
) -> Option<PathBuf> {
    match system {
        "windows" => beside_us("cps-prompter.exe"),
        "macos" => beside_us("cps-prompter"),
        _ => Some("/usr/bin/pinentry".into()),
    }
}

fn session(layers: &Layers) -> Result<Session, ConfigError> {
    let modes =
        [("strict", Mode::Strict), ("lock", Mode::Lock), ("relock", Mode::Relock), ("mobile", Mode::Mobile)];
    let mode = layers.choice("session.mode", &modes)?.unwrap_or(Mode::Strict);
    Ok(Session {
        mode,
        max: layers.duration("session.max", SESSION_MAX)?.unwrap_or(SESSION_MAX),
        idle: layers.duration("session.idle", SESSION_IDLE)?.unwrap_or(SESSION_IDLE),
    })
}

fn programs(layers: &Layers) -> Result<Programs, ConfigError> {
    let choices = [("ask", Rule::Ask), ("allow", Rule::Allow), ("deny", Rule::Deny)];
    let table = layers.get("pkcs11.programs").and_then(|(value, _)| value.as_table());
    let rule = |(path, word): (&String, &Value)| {
        // What is not a whole path would never be any program's.
        if !path.starts_with('/') {
            return Err(layers
                .wrong("pkcs11.programs", ("une table de chemins absolus", "a table of absolute paths")));
        }
        let rule = layers.one_of("pkcs11.programs", word.as_str().unwrap_or_default(), &choices)?;
        Ok((path.clone(), rule))
    };
    Ok(Programs {
        default: layers.choice("pkcs11.default", &choices)?.unwrap_or_default(),
        rules: table.into_iter().flatten().map(rule).collect::<Result<_, _>>()?,
        signature_key: layers.flag("pkcs11.signature_key").unwrap_or(false),
        decrypt: layers.flag("pkcs11.decrypt").unwrap_or(false),
    })
}

fn anchors(layers: &Layers, environment: Environment) -> Vec<PathBuf> {
    let given = layers.list("trust.anchors");
    if given.is_empty() {
        vec![PathBuf::from("/etc/cps-agent/trust").join(environment_name(environment))]
    } else {
        given.into_iter().map(PathBuf::from).collect()
    }
}

/// Typed access to the layers. Kinds were checked when they were read.
impl Layers {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|(value, _)| value.as_str()).filter(|text| !text.is_empty())
    }

    pub(super) fn needed(&self, name: &str, why: impl Into<Detail>) -> Result<&str, ConfigError> {
        self.text(name).ok_or_else(|| ConfigError::Missing { name: name.to_owned(), why: why.into() })
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(|(value, _)| value.as_bool())
    }

    /// A path; relative ones are relative to the file that names them, so that a folder can be moved as a whole.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        let (value, source) = self.get(name)?;
        Some(beside(source, value.as_str()?))
    }

    /// The same for a list of paths.
    pub(super) fn paths(&self, name: &str) -> Vec<PathBuf> {
        let source = self.origin(name);
        self.list(name).iter().map(|path| beside(&source, path)).collect()
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let items = self.get(name).and_then(|(value, _)| value.as_array());
        items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub(super) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        self.one_of(name, text, choices).map(Some)
    }

    fn choices<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<Vec<T>>, ConfigError> {
        if self.get(name).is_none() {
            return Ok(None);
        }
        self.list(name)
            .iter()
            .map(|text| self.one_of(name, text, choices))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn one_of<T: Copy>(&self, name: &str, text: &str, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.wrong(name, one_of(&words))
        })
    }

    /// A whole number with a unit (`s`, `m` or `h`), above zero and at most `limit`.
    pub(super) fn duration(&self, name: &str, limit: Duration) -> Result<Option<Duration>, ConfigError> {
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
                let most = limit.as_secs();
                let expected = (
                    format!("une durée comme \"90s\", \"30m\" ou \"4h\", d’au plus {most}\u{a0}s"),
                    format!("a time such as \"90s\", \"30m\" or \"4h\", at most {most} s"),
                );
                Err(self.wrong(name, expected))
            }
        }
    }

    fn origin(&self, name: &str) -> Source {
        self.get(name).map_or(Source::Flag, |(_, source)| source.clone())
    }

    pub(super) fn wrong(&self, name: &str, expected: impl Into<Detail>) -> ConfigError {
        ConfigError::Value { origin: self.origin(name), name: name.to_owned(), expected: expected.into() }
    }

    pub(super) fn conflict(&self, name: &str, why: impl Into<Detail>) -> ConfigError {
        ConfigError::Conflict { origin: self.origin(name), name: name.to_owned(), why: why.into() }
    }
}

/// One of these words is expected.
pub(super) fn one_of(words: &[&str]) -> Detail {
    let words = words.join(", ");
    (format!("l’un de {words}"), format!("one of {words}")).into()
}

fn beside(source: &Source, path: &str) -> PathBuf {
    let path = PathBuf::from(path);
    match source {
        Source::Policy(file) | Source::User(file) => file.parent().map(|p| p.join(&path)).unwrap_or(path),
        Source::Environment(_) | Source::Flag => path,
    }
}
