//! From settings to the values the quiet half takes.

use crate::config::{self, ClientAuth, Config};
use cps_agent_core::{
    failure::Failure,
    identity::Way,
    policy::{LocalLogin, Policy},
    psc::{self, Profile, client::Client, profile::Custom},
    secret::Secret,
    session::table::Rules,
};
use std::{io, path::PathBuf, time::Duration};
use url::Url;
use zeroize::Zeroizing;

/// Why the upstream of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// A file that cannot be read.
    #[error("{path}: cannot be read", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        #[source]
        cause: io::Error,
    },
    /// Host, port and path of the redirect URI make no address.
    #[error("upstream.redirect_path makes no address")]
    Redirect,
    /// Client authentication by a key.
    #[error("client_auth = \"{0}\" is not supported")]
    Unsupported(&'static str),
    /// The quiet half's refusal.
    #[error("the upstream of the configuration is refused")]
    Refused(#[from] Failure),
}

/// What the policy is asked by.
pub(super) fn policy(config: &Config) -> Policy {
    Policy {
        environment: config.trust.environment,
        ways: config.login.ways.clone().unwrap_or_else(|| default_ways(config)),
        upstream: config.upstream.is_some(),
        local: config.local.allow,
        non_nominative: config.login.non_nominative,
        clients_by_person: config.clients.registration,
    }
}

/// Ways that are offered when none are named: those that can lead somewhere.
fn default_ways(config: &Config) -> Vec<Way> {
    let card_login = matches!(
        config.upstream.as_ref().map(|upstream| &upstream.profile),
        Some(config::Profile::Custom(custom)) if custom.card_login
    );
    let mut ways = Vec::new();
    if card_login {
        ways.push(Way::Card);
    }
    if config.local.allow != LocalLogin::Never {
        ways.push(Way::Local);
    }
    ways
}

/// The rules sessions live by.
pub(super) fn rules(config: &Config) -> Rules {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Rules {
        mode: config.session.mode,
        max: seconds(config.session.max),
        idle: seconds(config.session.idle),
        local_max: seconds(config.local.max),
    }
}

/// The upstream.
///
/// # Errors
/// See [`UpstreamError`].
pub(super) fn upstream(config: &Config) -> Result<Option<Profile>, UpstreamError> {
    let Some(upstream) = &config.upstream else { return Ok(None) };
    let redirect_uri = redirect_uri(&upstream.redirect).ok_or(UpstreamError::Redirect)?;
    let client =
        Client { id: upstream.client_id.clone(), auth: client_auth(&upstream.client_auth)?, redirect_uri };
    let mut profile = match &upstream.profile {
        config::Profile::PscBas => Profile::psc_bas(client)?,
        config::Profile::PscProduction => Profile::psc_production(client)?,
        config::Profile::Custom(custom) => {
            let custom = Custom {
                issuer: custom.issuer.clone(),
                discovery: custom.discovery.clone(),
                hosts: custom.hosts.clone(),
                scope: custom.scope.clone(),
                acr_values: custom.acr_values.clone(),
                accepted_acr: None,
                algorithms: None,
                ciba: upstream.ciba,
                card_login: custom.card_login,
                idp_hint: None,
            };
            Profile::custom(custom, client)?
        }
    };
    profile.ciba = upstream.ciba;
    profile.idp_hint.clone_from(&upstream.idp_hint);
    if let Some(accepted) = &upstream.accepted_acr {
        profile.accepted_acr.clone_from(accepted);
    }
    if let Some(algorithms) = &upstream.algorithms {
        profile.algorithms.clone_from(algorithms);
    }
    Ok(Some(profile))
}

/// The redirect URI as it was declared to the upstream; without a port when any is good.
fn redirect_uri(redirect: &config::Redirect) -> Option<Url> {
    let port = if redirect.port == 0 { String::new() } else { format!(":{}", redirect.port) };
    Url::parse(&format!("http://{}{port}{}", redirect.host, redirect.path)).ok()
}

fn client_auth(auth: &ClientAuth) -> Result<psc::ClientAuth, UpstreamError> {
    let secret = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|cause| UpstreamError::File { path: path.clone(), cause })?;
        Ok(Secret::new(text.trim().to_owned()))
    };
    match auth {
        ClientAuth::None => Ok(psc::ClientAuth::None),
        ClientAuth::SecretBasic(path) => secret(path).map(psc::ClientAuth::SecretBasic),
        ClientAuth::SecretPost(path) => secret(path).map(psc::ClientAuth::SecretPost),
        ClientAuth::PrivateKeyJwt(_) => Err(UpstreamError::Unsupported("private_key_jwt")),
        ClientAuth::Tls { .. } => Err(UpstreamError::Unsupported("tls_client_auth")),
    }
}
