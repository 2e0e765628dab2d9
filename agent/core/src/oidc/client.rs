//! A registered application: a registration that was checked, by a client's own words and by who registered it.

use super::registration::{ClientAuth, MAX_WORDS, Pkce, Registration, RegistrationError};
use super::uri::{self, RedirectUri, UriError};
use crate::identity::Way;
use crate::jose::PublicKey;
use crate::secret::SecretHash;

/// Scopes a client has when its registration names none.
const DEFAULT_SCOPES: [&str; 3] = ["openid", "profile", "scope_all"];
/// Claims a client gets when its registration names none.
const DEFAULT_CLAIMS: [&str; 3] = ["given_name", "family_name", "SubjectNameID"];
/// Scopes that a registration can name. The four of OpenID Connect Core §5.4 and §11 that many libraries always send
/// are known and give nothing: there is no e-mail, address or telephone number here, and no offline access.
const SCOPES: [&str; 13] = [
    "openid",
    "profile",
    "scope_all",
    "email",
    "address",
    "phone",
    "offline_access",
    "cps:cards",
    "cps:sign",
    "cps:services",
    "cps:dmp",
    "psc_token",
    "psc_evidence",
];
const GATEWAY_SCOPE: &str = "cps:gateway:";
const MAX_URIS: usize = 32;

/// Who registered a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The administrator's files.
    Administrator,
    /// The person of this account.
    Person,
}

/// What a client proves itself with.
#[derive(Debug)]
pub(super) enum Credentials {
    None,
    Secret(SecretHash),
    Key(PublicKey),
}

/// What is kept of the secrets of a client: their hashes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hashes {
    /// Of the one it proves itself with at the token endpoint.
    pub(super) client: Option<SecretHash>,
    /// Of the one in its paths at gateways.
    pub(super) gateway: Option<SecretHash>,
}

/// A checked registration.
#[derive(Debug)]
pub struct Client {
    registration: Registration,
    source: Source,
    credentials: Credentials,
    gateway_secret: Option<SecretHash>,
    redirects: Vec<RedirectUri>,
    scopes: Vec<String>,
    claims: Vec<String>,
}

impl Client {
    /// Checks a registration, with the hashes of the secrets of a client that has some.
    pub(super) fn new(
        registration: Registration,
        source: Source,
        secrets: Hashes,
    ) -> Result<Self, RegistrationError> {
        check_words(&registration)?;
        check_gateways(&registration, source, secrets.gateway)?;
        let redirects = registration
            .redirect_uris
            .iter()
            .chain(&registration.post_logout_redirect_uris)
            .map(|uri| checked(uri, RedirectUri::parse(uri)))
            .collect::<Result<Vec<_>, _>>()?;
        let redirects = redirects.into_iter().take(registration.redirect_uris.len()).collect();
        if let Some(uri) = &registration.backchannel_logout_uri {
            checked(uri, uri::loopback(uri))?;
        }
        for origin in &registration.origins {
            checked(origin, uri::origin(origin))?;
        }
        let credentials = credentials(&registration, source, secrets.client)?;
        let confidential = !matches!(credentials, Credentials::None);
        if registration.pkce == Pkce::Optional && !confidential {
            return Err(RegistrationError::Pkce);
        }
        let scopes = or_default(&registration.scopes, &DEFAULT_SCOPES);
        for scope in &scopes {
            check_scope(scope, source, confidential)?;
        }
        let claims = or_default(&registration.claims, &DEFAULT_CLAIMS);
        Ok(Self {
            registration,
            source,
            credentials,
            gateway_secret: secrets.gateway,
            redirects,
            scopes,
            claims,
        })
    }

    /// `client_id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.registration.id
    }

    /// Name shown to people.
    #[must_use]
    pub fn name(&self) -> &str {
        self.registration.name.as_deref().unwrap_or(&self.registration.id)
    }

    /// The registration as it was written; holds no secret.
    #[must_use]
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Who registered it.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// Whether it has a secret or a key.
    #[must_use]
    pub fn confidential(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
    }

    /// Scopes it may ask for.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Claims it gets.
    #[must_use]
    pub fn claims(&self) -> &[String] {
        &self.claims
    }

    /// Ways of login it accepts; empty for all of the policy's.
    #[must_use]
    pub fn ways(&self) -> &[Way] {
        &self.registration.ways
    }

    /// Whether a requested redirect URI is a registered one.
    #[must_use]
    pub fn redirects_to(&self, requested: &str) -> bool {
        self.redirects.iter().any(|registered| registered.matches(requested))
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The hash of the secret of its paths at gateways.
    pub(super) fn gateway_hash(&self) -> Option<&SecretHash> {
        self.gateway_secret.as_ref()
    }

    /// The hash of its secret, for the store.
    pub(super) fn secret_hash(&self) -> Option<&SecretHash> {
        match &self.credentials {
            Credentials::Secret(hash) => Some(hash),
            Credentials::None | Credentials::Key(_) => None,
        }
    }
}

fn checked<T>(uri: &str, result: Result<T, UriError>) -> Result<T, RegistrationError> {
    result.map_err(|reason| RegistrationError::Uri { uri: uri.chars().take(200).collect(), reason })
}

fn or_default(given: &[String], default: &[&str]) -> Vec<String> {
    if given.is_empty() { default.iter().map(|&word| word.to_owned()).collect() } else { given.to_vec() }
}

fn check_words(registration: &Registration) -> Result<(), RegistrationError> {
    let id = &registration.id;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-~".contains(&b);
    if id.is_empty() || id.len() > 64 || !id.bytes().all(plain) {
        return Err(RegistrationError::Id);
    }
    let unfit =
        |name: &String| name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control);
    if registration.name.as_ref().is_some_and(unfit) {
        return Err(RegistrationError::Name);
    }
    let uris = [&registration.redirect_uris, &registration.post_logout_redirect_uris, &registration.origins];
    let words = [&registration.scopes, &registration.claims, &registration.gateways];
    let elsewhere = registration.ciba || !registration.gateways.is_empty();
    if (registration.redirect_uris.is_empty() && !elsewhere)
        || uris.iter().any(|list| list.len() > MAX_URIS)
        || words.iter().any(|list| list.len() > MAX_WORDS)
    {
        return Err(RegistrationError::Count);
    }
    let named = |claim: &&String| {
        !claim.is_empty() && claim.len() <= 64 && claim.bytes().all(|b| b.is_ascii_graphic() && b != b'"')
    };
    match registration.claims.iter().find(|claim| !named(claim)) {
        Some(claim) => Err(RegistrationError::Claim(claim.chars().take(64).collect())),
        None => Ok(()),
    }
}

/// A secret path is a shared secret, which the administrator's files do not have.
fn check_gateways(
    registration: &Registration,
    source: Source,
    secret: Option<SecretHash>,
) -> Result<(), RegistrationError> {
    if let Some(name) = registration.gateways.iter().find(|name| !is_gateway(name)) {
        return Err(RegistrationError::Gateway(name.chars().take(64).collect()));
    }
    match (registration.gateways.is_empty(), source, secret) {
        (true, _, _) | (false, Source::Person, Some(_)) => Ok(()),
        (false, Source::Administrator, _) => Err(RegistrationError::SharedSecret),
        (false, Source::Person, None) => {
            Err(RegistrationError::State(format!("the client {} has no secret path", registration.id)))
        }
    }
}

fn is_gateway(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn check_scope(scope: &str, source: Source, confidential: bool) -> Result<(), RegistrationError> {
    let gateway = scope.strip_prefix(GATEWAY_SCOPE).is_some_and(is_gateway);
    if !gateway && !SCOPES.contains(&scope) {
        return Err(RegistrationError::Scope(scope.chars().take(64).collect()));
    }
    let reserved = matches!(scope, "psc_token" | "psc_evidence");
    if reserved && (source != Source::Administrator || (scope == "psc_token" && !confidential)) {
        return Err(RegistrationError::ScopeReserved(scope.to_owned()));
    }
    Ok(())
}

fn credentials(
    registration: &Registration,
    source: Source,
    secret: Option<SecretHash>,
) -> Result<Credentials, RegistrationError> {
    let auth = registration.client_auth();
    if registration.public_key.is_some() != (auth == ClientAuth::PrivateKeyJwt) {
        return Err(RegistrationError::PublicKey(None));
    }
    match auth {
        ClientAuth::None => Ok(Credentials::None),
        ClientAuth::PrivateKeyJwt => {
            let text = registration.public_key.as_deref().unwrap_or_default();
            let key = PublicKey::from_text(text).map_err(|e| RegistrationError::PublicKey(Some(e)))?;
            Ok(Credentials::Key(key))
        }
        ClientAuth::ClientSecret | ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => {
            match (source, secret) {
                (Source::Administrator, _) => Err(RegistrationError::SharedSecret),
                (Source::Person, Some(hash)) => Ok(Credentials::Secret(hash)),
                (Source::Person, None) => {
                    Err(RegistrationError::State(format!("the client {} has no secret", registration.id)))
                }
            }
        }
    }
}
