//! Which way leads to an address: directly, or through a proxy.
//!
//! `system` asks the environment first, as command-line programs do (`https_proxy`, `http_proxy`, `all_proxy`,
//! `no_proxy`), then the desktop, which also knows its automatic configuration (PAC).

use super::portal::Desktop;
use crate::config::{Proxy, ProxyAddress};
use url::Url;

/// One way to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Without a proxy.
    Direct,
    /// Through this one.
    Through(ProxyAddress),
    /// Through one of a kind that we do not speak; its scheme and host.
    Unsupported(String),
}

/// Who decided the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// `upstream.proxy`.
    Settings,
    /// Environment variables.
    Environment,
    /// The desktop's settings.
    Desktop,
    /// Nobody said anything: directly.
    Nobody,
}

impl Decided {
    /// Stable word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Environment => "environment",
            Self::Desktop => "desktop",
            Self::Nobody => "nobody",
        }
    }
}

/// Knows the proxies.
#[derive(Debug)]
pub struct Proxies {
    setting: Proxy,
    environment: Environment,
    desktop: Desktop,
}

impl Proxies {
    /// By this setting, and the environment of this process.
    #[must_use]
    pub fn new(setting: Proxy) -> Self {
        Self::with(setting, |name| std::env::var(name).ok(), Desktop::session())
    }

    fn with(setting: Proxy, variable: impl Fn(&str) -> Option<String>, desktop: Desktop) -> Self {
        Self { setting, environment: Environment::read(variable), desktop }
    }

    /// The ways to an address, best first and never none, and who decided them.
    pub async fn routes(&self, url: &Url) -> (Vec<Route>, Decided) {
        match &self.setting {
            Proxy::None => (vec![Route::Direct], Decided::Settings),
            Proxy::Address(address) => (vec![Route::Through(address.clone())], Decided::Settings),
            Proxy::System => {
                if let Some(route) = self.environment.route(url) {
                    return (vec![route], Decided::Environment);
                }
                match self.desktop.lookup(url).await {
                    Some(answers) if !answers.is_empty() => {
                        (answers.iter().map(|answer| named(answer)).collect(), Decided::Desktop)
                    }
                    _ => (vec![Route::Direct], Decided::Nobody),
                }
            }
        }
    }
}

/// A way as an environment variable or the desktop writes it; a bare `host:port` is an http proxy.
fn named(text: &str) -> Route {
    if text.starts_with("direct:") {
        return Route::Direct;
    }
    let address = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    match ProxyAddress::parse(&address) {
        Some(address) => Route::Through(address),
        None => {
            // Credentials may stand in it: nothing but scheme and host is repeated.
            let shown = Url::parse(&address).ok();
            let host = shown.as_ref().and_then(Url::host_str).unwrap_or("?");
            Route::Unsupported(format!("{}://{host}", shown.as_ref().map_or("?", Url::scheme)))
        }
    }
}

/// What the environment says.
#[derive(Debug, Default)]
struct Environment {
    https: Option<Route>,
    http: Option<Route>,
    /// Entries of `no_proxy`.
    exempt: Vec<String>,
}

impl Environment {
    /// Small letters win: a web server's `HTTP_PROXY` may come from a request header, as is well known.
    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value =
            |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|text| !text.is_empty()));
        let all = ["all_proxy", "ALL_PROXY"];
        let https = value(&["https_proxy", "HTTPS_PROXY"]).or_else(|| value(&all));
        let http = value(&["http_proxy"]).or_else(|| value(&all));
        let exempt = value(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
        Self {
            https: https.as_deref().map(named),
            http: http.as_deref().map(named),
            exempt: exempt.split(',').map(|entry| entry.trim().to_ascii_lowercase()).collect(),
        }
    }

    /// The way to an address, when the environment has an opinion.
    fn route(&self, url: &Url) -> Option<Route> {
        let route = if url.scheme() == "http" { &self.http } else { &self.https };
        let route = route.clone()?;
        Some(if self.exempts(url) { Route::Direct } else { route })
    }

    /// `no_proxy`: `*`, a host, a domain with everything below it, each with or without a port.
    fn exempts(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        let port = url.port_or_known_default();
        self.exempt.iter().any(|entry| {
            let (name, wanted) = match entry.rsplit_once(':') {
                Some((name, digits)) if !name.contains(':') => (name, digits.parse::<u16>().ok()),
                _ => (entry.as_str(), None),
            };
            let domain = name.trim_start_matches("*.").trim_start_matches('.').trim_matches(['[', ']']);
            let below =
                host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'));
            let named = name == "*" || (!domain.is_empty() && below);
            named && (wanted.is_none() || wanted == port)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::read(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    #[test]
    fn the_environment_names_a_proxy_for_each_scheme() {
        let said = environment(&[("https_proxy", "http://a.example:3128"), ("http_proxy", "b.example:8080")]);
        let through = |text: &str| Some(Route::Through(ProxyAddress::parse(text).expect("a proxy")));
        assert_eq!(said.route(&url("https://sso.example/")), through("http://a.example:3128"));
        assert_eq!(said.route(&url("http://crl.example/")), through("http://b.example:8080"));
        assert_eq!(environment(&[]).route(&url("https://sso.example/")), None);
        assert_eq!(
            environment(&[("ALL_PROXY", "c.example:1")]).route(&url("https://x/")),
            through("http://c.example:1")
        );
    }

    #[test]
    fn no_proxy_exempts_hosts_and_what_is_below_them_and_nothing_that_only_looks_so() {
        let said = environment(&[
            ("https_proxy", "http://p.example:3128"),
            ("no_proxy", "hopital.example, .intern, sso.example:8443,10.0.0.1, [::1]"),
        ]);
        for exempt in [
            "https://hopital.example/",
            "https://a.b.hopital.example/",
            "https://x.intern/",
            "https://sso.example:8443/",
            "https://10.0.0.1/",
            "https://[::1]:9/",
        ] {
            assert_eq!(said.route(&url(exempt)), Some(Route::Direct), "{exempt}");
        }
        for not in
            ["https://xhopital.example/", "https://sso.example/", "https://10.0.0.11/", "https://[::2]/"]
        {
            assert!(matches!(said.route(&url(not)), Some(Route::Through(_))), "{not}");
        }
        let all = environment(&[("https_proxy", "http://p.example:3128"), ("no_proxy", "*")]);
        assert_eq!(all.route(&url("https://sso.example/")), Some(Route::Direct));
    }

    #[test]
    fn a_proxy_of_another_kind_is_named_without_its_password_and_never_passed_by() {
        let said = environment(&[("https_proxy", "socks5://user:secret@s.example:1080")]);
        let route = said.route(&url("https://sso.example/"));
        assert_eq!(route, Some(Route::Unsupported("socks5://s.example".to_owned())));
    }

    #[tokio::test]
    async fn a_setting_wins_over_the_environment() {
        let variable = |name: &str| (name == "https_proxy").then(|| "http://p.example:3128".to_owned());
        let target = url("https://sso.example/");
        let none = Proxies::with(Proxy::None, variable, Desktop::none());
        assert_eq!(none.routes(&target).await, (vec![Route::Direct], Decided::Settings));
        let system = Proxies::with(Proxy::System, variable, Desktop::none());
        assert_eq!(system.routes(&target).await.1, Decided::Environment);
        let silent = Proxies::with(Proxy::System, |_| None, Desktop::none());
        assert_eq!(silent.routes(&target).await, (vec![Route::Direct], Decided::Nobody));
    }
}
