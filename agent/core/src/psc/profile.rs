//! Which upstream: its issuer and hosts, our client there, and what it may be asked.
//!
//! The profiles of Pro Santé Connect are built in and pinned. A `custom` profile is whatever the administrator wrote, save
//! that it never touches a host of Pro Santé Connect: the card login walks pages by itself, and there that is forbidden.

use super::client::Client;
use crate::failure::{self, Failure};
use crate::jose::Algorithm;
use url::{Host, Url};

/// Domains of Pro Santé Connect, past and present; every host below them belongs to it.
const PSC_DOMAINS: [&str; 2] = ["psc.esante.gouv.fr", "esw.esante.gouv.fr"];
/// Longest difference between the upstream's clock and ours, seconds (never widened).
pub const MAX_SKEW: i64 = 60;

/// Which profile it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name {
    /// Pro Santé Connect, sandbox ("bac à sable").
    PscBas,
    /// Pro Santé Connect, production.
    PscProduction,
    /// An upstream of the administrator's choice.
    Custom,
}

/// An upstream.
#[derive(Debug)]
pub struct Profile {
    /// Which one.
    pub name: Name,
    /// Issuer, compared as a string.
    pub issuer: String,
    /// Address of the discovery document.
    pub discovery: Url,
    /// Pinned authorization endpoint (the wallet's page at Pro Santé Connect).
    pub authorization_endpoint: Option<&'static str>,
    /// Hosts that belong to it.
    hosts: Vec<AllowedHost>,
    /// Our client.
    pub client: Client,
    /// `scope`.
    pub scope: String,
    /// `acr_values`; empty for none.
    pub acr_values: String,
    /// Values of `acr` that are accepted in the ID token; empty accepts any, or none at all.
    pub accepted_acr: Vec<String>,
    /// Signature algorithms of ID tokens.
    pub algorithms: Vec<Algorithm>,
    /// The client may use CIBA there.
    pub ciba: bool,
    /// The card login is allowed there.
    pub card_login: bool,
    /// `kc_idp_hint`.
    pub idp_hint: Option<String>,
}

/// What the administrator writes for a `custom` upstream.
#[derive(Debug)]
pub struct Custom {
    /// Issuer.
    pub issuer: String,
    /// Suffix of the discovery document under `{issuer}/.well-known/`.
    pub discovery: String,
    /// Hosts besides the issuer's, `host` or `host:port`. Without a port every port of that host is meant.
    pub hosts: Vec<String>,
    /// `scope`.
    pub scope: String,
    /// `acr_values`; empty for none.
    pub acr_values: String,
    /// Accepted `acr`; `None` for the default set.
    pub accepted_acr: Option<Vec<String>>,
    /// Signature algorithms of ID tokens; `None` for RS256 alone.
    pub algorithms: Option<Vec<Algorithm>>,
    /// CIBA is offered to this client.
    pub ciba: bool,
    /// The operator documents a login page that asks for a TLS client certificate.
    pub card_login: bool,
    /// `kc_idp_hint`.
    pub idp_hint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct AllowedHost {
    name: String,
    port: Option<u16>,
}

impl Profile {
    /// Pro Santé Connect, sandbox.
    ///
    /// # Errors
    /// None in practice: the pinned addresses are well formed.
    pub fn psc_bas(client: Client) -> Result<Self, Failure> {
        Self::psc(
            Name::PscBas,
            "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet",
            "https://wallet.bas.psc.esante.gouv.fr/auth",
            &["auth.bas.psc.esante.gouv.fr", "wallet.bas.psc.esante.gouv.fr"],
            client,
        )
    }

    /// Pro Santé Connect, production.
    ///
    /// # Errors
    /// None in practice: the pinned addresses are well formed.
    pub fn psc_production(client: Client) -> Result<Self, Failure> {
        Self::psc(
            Name::PscProduction,
            "https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet",
            "https://wallet.esw.esante.gouv.fr/auth",
            &["auth.esw.esante.gouv.fr", "wallet.esw.esante.gouv.fr"],
            client,
        )
    }

    fn psc(
        name: Name,
        issuer: &str,
        wallet: &'static str,
        hosts: &[&str],
        client: Client,
    ) -> Result<Self, Failure> {
        Ok(Self {
            name,
            issuer: issuer.to_owned(),
            discovery: discovery_address(issuer, "wallet-openid-configuration")?,
            authorization_endpoint: Some(wallet),
            hosts: hosts.iter().map(|h| AllowedHost { name: (*h).to_owned(), port: Some(443) }).collect(),
            client,
            scope: "openid scope_all".to_owned(),
            acr_values: "eidas1".to_owned(),
            accepted_acr: default_acr(),
            algorithms: vec![Algorithm::Rs256],
            ciba: true,
            card_login: false,
            idp_hint: None,
        })
    }

    /// An upstream of the administrator's choice.
    ///
    /// # Errors
    /// [`failure::CONFIG_MALFORMED`] when an address or host is not one, [`failure::PSC_HOST_IN_CUSTOM`] when one belongs
    /// to Pro Santé Connect.
    pub fn custom(custom: Custom, client: Client) -> Result<Self, Failure> {
        let malformed = |what: &str| Failure::new(failure::CONFIG_MALFORMED).with("reason", what);
        let issuer = Url::parse(&custom.issuer).map_err(|_| malformed("upstream.issuer"))?;
        let own = issuer
            .host_str()
            .filter(|_| is_plain_https(&issuer))
            .ok_or_else(|| malformed("upstream.issuer"))?;
        let mut hosts = vec![AllowedHost { name: own.to_owned(), port: None }];
        for text in &custom.hosts {
            hosts.push(AllowedHost::parse(text).ok_or_else(|| malformed("upstream.hosts"))?);
        }
        if let Some(host) = hosts.iter().find(|h| belongs_to_psc(&h.name)) {
            return Err(Failure::new(failure::PSC_HOST_IN_CUSTOM).with("host", host.name.as_str()));
        }
        if custom.algorithms.as_ref().is_some_and(Vec::is_empty) {
            return Err(malformed("upstream.algorithms"));
        }
        Ok(Self {
            name: Name::Custom,
            discovery: discovery_address(&custom.issuer, &custom.discovery)?,
            issuer: custom.issuer,
            authorization_endpoint: None,
            hosts,
            client,
            scope: custom.scope,
            acr_values: custom.acr_values,
            accepted_acr: custom.accepted_acr.unwrap_or_else(default_acr),
            algorithms: custom.algorithms.unwrap_or_else(|| vec![Algorithm::Rs256]),
            ciba: custom.ciba,
            card_login: custom.card_login,
            idp_hint: custom.idp_hint,
        })
    }

    /// Whether the agent may speak to this address: https, without user name or password in it, on a host of the profile.
    ///
    /// # Errors
    /// [`failure::UPSTREAM_HOST_REFUSED`] with the host.
    pub fn admits(&self, url: &Url) -> Result<(), Failure> {
        let refused = || {
            Failure::new(failure::UPSTREAM_HOST_REFUSED).with("host", url.host_str().unwrap_or(url.scheme()))
        };
        let host = url.host_str().ok_or_else(refused)?;
        let port = url.port_or_known_default();
        let ours = self.hosts.iter().any(|h| h.name == host && (h.port.is_none() || h.port == port));
        // The second look at Pro Santé Connect costs nothing and holds even if a profile was built wrongly.
        let foreign_psc = self.name == Name::Custom && belongs_to_psc(host);
        if is_plain_https(url) && ours && !foreign_psc { Ok(()) } else { Err(refused()) }
    }
}

impl AllowedHost {
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(&format!("https://{text}/")).ok().filter(is_plain_https)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        // `Url` forgets the default port, which here makes a difference.
        let port = if text.ends_with(":443") { Some(443) } else { url.port() };
        bare.then(|| Some(Self { name: url.host_str()?.to_owned(), port }))?
    }
}

fn default_acr() -> Vec<String> {
    vec!["eidas1".to_owned(), "eidas2".to_owned()]
}

/// `{issuer}/.well-known/{suffix}` (OpenID Connect Discovery §4, with the suffix as a parameter).
fn discovery_address(issuer: &str, suffix: &str) -> Result<Url, Failure> {
    let text = format!("{}/.well-known/{suffix}", issuer.trim_end_matches('/'));
    let plain = |url: &Url| is_plain_https(url) && url.query().is_none() && url.fragment().is_none();
    Url::parse(&text)
        .ok()
        .filter(plain)
        .ok_or_else(|| Failure::new(failure::CONFIG_MALFORMED).with("reason", "upstream.issuer"))
}

fn is_plain_https(url: &Url) -> bool {
    url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && url.has_host()
}

/// Whether a host is one of Pro Santé Connect, a trailing dot or not.
#[must_use]
pub fn belongs_to_psc(host: &str) -> bool {
    let Ok(Host::Domain(name)) = Host::parse(host) else { return false };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    PSC_DOMAINS.iter().any(|domain| {
        name.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}
