//! From settings to the values the quiet half takes.

use crate::{
    config::{self, ClientAuth, Config},
    host::{
        client_certificate::{ClientCertificate, ClientCertificateError},
        key_file::{self, KeyFileError},
    },
};
use cps_agent_core::{
    diagnosis::{self, Verdict},
    failure::{Failure, Language},
    identity::{UnixTime, Way},
    policy::{LocalLogin, Policy},
    psc::{self, Profile, client::Client, profile::Custom},
    session::table::Rules,
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// Why the upstream of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// A secret or key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The certificate of our client.
    #[error(transparent)]
    Certificate(#[from] ClientCertificateError),
    /// Host, port and path of the redirect URI make no address.
    #[error("upstream.redirect_path makes no address")]
    Redirect,
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
    let mut ways = Vec::new();
    if let Some(upstream) = &config.upstream {
        let card_login = matches!(&upstream.profile, config::Profile::Custom(custom) if custom.card_login);
        ways.push(Way::Card);
        if upstream.ciba {
            ways.push(Way::Ecps);
        }
        // Where the upstream documents a login by card, its pages are not needed.
        if !card_login {
            ways.push(Way::Browser);
        }
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
    Ok(match auth {
        ClientAuth::None => psc::ClientAuth::None,
        ClientAuth::SecretBasic(path) => psc::ClientAuth::SecretBasic(key_file::secret(path)?),
        ClientAuth::SecretPost(path) => psc::ClientAuth::SecretPost(key_file::secret(path)?),
        ClientAuth::PrivateKeyJwt(path) => {
            psc::ClientAuth::PrivateKeyJwt(Box::new(key_file::signing_key(path)?))
        }
        ClientAuth::Tls { .. } => psc::ClientAuth::Tls,
    })
}

/// The certificate that requests of [`psc::ClientAuth::Tls`] show.
///
/// # Errors
/// See [`UpstreamError`].
pub(super) fn identity(config: &Config) -> Result<Option<Arc<ClientCertificate>>, UpstreamError> {
    match config.upstream.as_ref().map(|upstream| &upstream.client_auth) {
        Some(ClientAuth::Tls { certificate, key }) => {
            Ok(Some(Arc::new(ClientCertificate::read(certificate, key)?)))
        }
        _ => Ok(None),
    }
}

/// Says in the log when the certificate of our client ends soon, or has ended: nothing else would, before it is refused.
pub(super) fn tell_of_end(certificate: &ClientCertificate, now: UnixTime) {
    match diagnosis::client_certificate(certificate.not_after(), now).verdict {
        Verdict::Good(_) => {}
        Verdict::Warning(failure) | Verdict::Bad(failure) => {
            let sentence = failure.what(Language::English);
            tracing::warn!(code = %failure.code, %sentence, "the certificate towards the upstream");
        }
    }
}
