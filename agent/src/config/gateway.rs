//! `[gateway.NAME]`: a path of the bridge that leads to one https origin behind mutual TLS.

use super::{ConfigError, Profile, Upstream, layers::Layers, read::one_of};
use cps_agent_core::{
    gateway::{
        Route,
        key_uri::{KeyUri, KeyUriError},
    },
    psc::profile::belongs_to_psc,
};
use std::{path::PathBuf, time::Duration};
use toml::Value;
use url::Url;

/// Largest body of a request unless the gateway says otherwise, MiB.
const BODY: u64 = 256;
/// Requests under way at once, of one application.
const REQUESTS: usize = 16;
/// Longest silence.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Longest silence that can be set.
const LONGEST: Duration = Duration::from_secs(600);
/// Most requests under way that can be set: the bridge has this many connections for one program.
const MOST_REQUESTS: usize = 64;

/// One gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Where it leads and what passes.
    pub route: Route,
    /// Who may vouch for the origin.
    pub anchors: GatewayAnchors,
    /// Whose certificate is shown there.
    pub credential: GatewayCredential,
    /// Largest body of a request, bytes.
    pub body: u64,
    /// Requests under way at once, of one application.
    pub requests: usize,
    /// Longest silence: before the answer, and between two parts of a body in either direction.
    pub timeout: Duration,
}

/// `anchors` of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayAnchors {
    /// These files and folders, and nobody else.
    Files(Vec<PathBuf>),
    /// The web authorities of this system, by the administrator's own word.
    System,
}

/// `credential` of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayCredential {
    /// The card or e-CPS token of the person who is logged in.
    Card,
    /// A certificate of the organisation.
    Organisation(OrganisationKey),
}

/// Where a certificate of the organisation and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganisationKey {
    /// In two files.
    Pem {
        /// Certificate chain (PEM).
        certificate: PathBuf,
        /// Its key (PEM).
        key: PathBuf,
    },
    /// In one file behind a password (PKCS#12).
    Pkcs12 {
        /// The file.
        file: PathBuf,
        /// The file of its password.
        password: PathBuf,
    },
    /// In a key store that a PKCS#11 module reaches.
    Pkcs11 {
        /// The key there.
        uri: Box<KeyUri>,
        /// Certificate chain (PEM); in the key store too when absent.
        certificate: Option<PathBuf>,
    },
}

impl OrganisationKey {
    /// The form as people know it.
    #[must_use]
    pub const fn form(&self) -> &'static str {
        match self {
            Self::Pem { .. } => "PEM",
            Self::Pkcs12 { .. } => "PKCS#12",
            Self::Pkcs11 { .. } => "PKCS#11",
        }
    }
}

/// Reads every gateway.
pub(super) fn gateways(layers: &Layers, upstream: Option<&Upstream>) -> Result<Vec<Gateway>, ConfigError> {
    let names = layers.names("gateway");
    names.into_iter().map(|name| Section { layers, name }.gateway(upstream)).collect()
}

/// The settings of one gateway.
struct Section<'a> {
    layers: &'a Layers,
    name: String,
}

impl Section<'_> {
    fn key(&self, entry: &str) -> String {
        format!("gateway.{}.{entry}", self.name)
    }

    fn gateway(self, upstream: Option<&Upstream>) -> Result<Gateway, ConfigError> {
        let layers = self.layers;
        let requests = self.number("requests", 1..=MOST_REQUESTS as u64)?;
        Ok(Gateway {
            anchors: self.anchors()?,
            credential: self.credential()?,
            body: self.number("body", 1..=1024 * 1024)?.unwrap_or(BODY).saturating_mul(1024 * 1024),
            requests: requests.and_then(|n| usize::try_from(n).ok()).unwrap_or(REQUESTS),
            timeout: layers.duration(&self.key("timeout"), LONGEST)?.unwrap_or(TIMEOUT),
            route: Route {
                base: self.base(upstream)?,
                authorization: layers.flag(&self.key("authorization")).unwrap_or(false),
                cookies: layers.flag(&self.key("cookies")).unwrap_or(false),
                clients: layers.list(&self.key("clients")),
                name: self.name,
            },
        })
    }

    /// Origin and path. Neither may be one of the places where the agent logs people in: a program must not do that with
    /// somebody's card.
    fn base(&self, upstream: Option<&Upstream>) -> Result<Url, ConfigError> {
        let (layers, key) = (self.layers, self.key("origin"));
        let text = layers
            .needed(&key, ("une passerelle mène à une seule origine", "a gateway leads to one origin"))?;
        let wrong = || {
            let expected = (
                "une adresse https sans chemin, par exemple \"https://service.example\"",
                "an https address without path, as in \"https://service.example\"",
            );
            layers.wrong(&key, expected)
        };
        let origin = Url::parse(text).map_err(|_| wrong())?;
        let bare = origin.path() == "/" && origin.query().is_none() && origin.fragment().is_none();
        let anonymous = origin.username().is_empty() && origin.password().is_none();
        if origin.scheme() != "https" || !bare || !anonymous || !origin.has_host() {
            return Err(wrong());
        }
        if logs_people_in(&origin, upstream) {
            return Err(layers.conflict(
                &key,
                (
                    "est le service de connexion\u{a0}: seul l’agent y connecte les personnes",
                    "is the login service: the agent alone logs people in there",
                ),
            ));
        }
        let key = self.key("path");
        let path = layers.text(&key).unwrap_or("/");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        if !path.starts_with('/') || path.contains("//") || path.contains("/.") || !path.chars().all(plain) {
            return Err(layers.wrong(
                &key,
                ("un chemin simple, par exemple \"/services\"", "a plain path such as \"/services\""),
            ));
        }
        origin.join(&format!("{}/", path.trim_end_matches('/'))).map_err(|_| wrong())
    }

    fn anchors(&self) -> Result<GatewayAnchors, ConfigError> {
        let key = self.key("anchors");
        let names = self.layers.list(&key);
        if names.is_empty() {
            let why = (
                "les autorités qui peuvent garantir l’origine se nomment, par fichier ou par dossier",
                "the authorities that may vouch for the origin are named, as files or folders",
            );
            return Err(ConfigError::Missing { name: key, why: why.into() });
        }
        if names.iter().any(|name| name == "system") {
            return match names.as_slice() {
                [_] => Ok(GatewayAnchors::System),
                _ => Err(self.layers.conflict(
                    &key,
                    ("nomme \"system\", qui va seul", "names \"system\", which stands alone"),
                )),
            };
        }
        Ok(GatewayAnchors::Files(self.layers.paths(&key)))
    }

    fn credential(&self) -> Result<GatewayCredential, ConfigError> {
        let layers = self.layers;
        let why = (
            "il dit quel certificat est présenté\u{a0}: card ou organisation",
            "it says whose certificate is shown: card or organisation",
        );
        match layers.needed(&self.key("credential"), why)? {
            "card" => {
                let names = ["certificate", "key", "password_file"].map(|entry| self.key(entry));
                match names.iter().find(|name| layers.get(name).is_some()) {
                    None => Ok(GatewayCredential::Card),
                    Some(name) => Err(layers.conflict(
                        name,
                        (
                            "ne va qu’avec credential = \"organisation\"",
                            "is for credential = \"organisation\" only",
                        ),
                    )),
                }
            }
            "organisation" => self.organisation().map(GatewayCredential::Organisation),
            _ => Err(layers.wrong(&self.key("credential"), one_of(&["card", "organisation"]))),
        }
    }

    /// Which of the three forms the key has: a URI is one in a key store, a password opens a PKCS#12 file, and everything
    /// else is PEM.
    fn organisation(&self) -> Result<OrganisationKey, ConfigError> {
        let layers = self.layers;
        let [certificate, key, password] =
            ["certificate", "key", "password_file"].map(|entry| self.key(entry));
        let needs = ("credential = \"organisation\" en a besoin", "credential = \"organisation\" needs it");
        let text = layers.needed(&key, needs)?;
        let file = layers.path(&key).unwrap_or_default();
        match (layers.path(&certificate), layers.path(&password)) {
            (_, Some(_)) if KeyUri::is_one(text) => Err(layers.conflict(
                &password,
                (
                    "est fait pour un fichier PKCS#12\u{a0}: le code d’un magasin de clés est dans le pin-source de l’URI",
                    "is for a PKCS#12 file: a key store's PIN is in the URI's pin-source",
                ),
            )),
            (certificate, None) if KeyUri::is_one(text) => {
                let uri = KeyUri::parse(text).map_err(|error| {
                    layers.conflict(&key, (in_french(&error).as_str(), error.to_string().as_str()))
                })?;
                Ok(OrganisationKey::Pkcs11 { uri: Box::new(uri), certificate })
            }
            (Some(_), Some(_)) => {
                let why = (
                    "est dans le fichier PKCS#12 que password_file ouvre",
                    "is in the PKCS#12 file that password_file opens",
                );
                Err(layers.conflict(&certificate, why))
            }
            (None, Some(password)) => Ok(OrganisationKey::Pkcs12 { file, password }),
            (Some(certificate), None) => Ok(OrganisationKey::Pem { certificate, key: file }),
            (None, None) => {
                let why = (
                    "une clé en PEM en a besoin (un fichier PKCS#12 a besoin de password_file)",
                    "a key in PEM needs it (a PKCS#12 file needs password_file)",
                );
                Err(ConfigError::Missing { name: certificate, why: why.into() })
            }
        }
    }

    fn number(&self, entry: &str, within: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, ConfigError> {
        let key = self.key(entry);
        let Some((Value::Integer(given), _)) = self.layers.get(&key) else { return Ok(None) };
        match u64::try_from(*given).ok().filter(|number| within.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let (from, to) = (within.start(), within.end());
                let expected = (
                    format!("un nombre entier de {from} à {to}"),
                    format!("a whole number from {from} to {to}"),
                );
                Err(self.layers.wrong(&key, expected))
            }
        }
    }
}

/// Whether an origin is the upstream's own server, or one of Pro Santé Connect's whatever the upstream is.
fn logs_people_in(origin: &Url, upstream: Option<&Upstream>) -> bool {
    let host = origin.host_str().unwrap_or_default();
    let Some(Upstream { profile: Profile::Custom(custom), .. }) = upstream else {
        return belongs_to_psc(host);
    };
    let same = |text: &str| Url::parse(text).is_ok_and(|other| other.origin() == origin.origin());
    let named = |name: &String| name.eq_ignore_ascii_case(host) || same(&format!("https://{name}"));
    belongs_to_psc(host) || same(&custom.issuer) || custom.hosts.iter().any(named)
}

/// What is wrong with the name of a key, behind the name of its setting.
fn in_french(error: &KeyUriError) -> String {
    match error {
        KeyUriError::Garbled => {
            "n’est pas une URI PKCS#11 (pkcs11:token=…;object=…?module-path=…&pin-source=file:…)".to_owned()
        }
        KeyUriError::Unknown(name) => format!("contient l’attribut {name}, qui n’est pas compris ici"),
        KeyUriError::Twice(name) => format!("contient deux fois l’attribut {name}"),
        KeyUriError::Value(name) => format!("donne à {name} une valeur impossible"),
        KeyUriError::Missing(name) => format!("n’a pas d’attribut {name}"),
        KeyUriError::Pin => {
            "contient un code\u{a0}: mettez-le dans un fichier à vous, et nommez ce fichier (pin-source=file:…)"
                .to_owned()
        }
        KeyUriError::OurModule => {
            "nomme le module de la carte d’une personne\u{a0}: utilisez credential = \"card\"".to_owned()
        }
    }
}
