//! A registered application: what a registration says, and what is checked when it is made.

use super::uri::{self, RedirectUri, UriError};
use crate::failure::{self, Code};
use crate::identity::Way;
use crate::jose::{Algorithm, JoseError, PublicKey};
use crate::secret::SecretHash;
use serde::{Deserialize, Serialize};

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
const MAX_WORDS: usize = 64;

/// How a client proves itself at the token endpoint (OpenID Connect Core §9): one proof a request, and only the registered kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// A public client: PKCE only.
    None,
    /// The secret, in the header or in the form as the client's library prefers: libraries differ in their default, and a
    /// client made by the person needs no setting for it.
    ClientSecret,
    /// The secret in the `Authorization` header.
    ClientSecretBasic,
    /// The secret in the form.
    ClientSecretPost,
    /// A signed assertion (RFC 7523).
    PrivateKeyJwt,
}

/// Signature of a client's ID tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum IdTokenAlg {
    /// RSA, which every certified library can check.
    #[default]
    RS256,
    /// P-256.
    ES256,
}

impl IdTokenAlg {
    /// The JOSE algorithm.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::RS256 => Algorithm::Rs256,
            Self::ES256 => Algorithm::Es256,
        }
    }
}

/// Whether PKCE can be left out (confidential clients only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pkce {
    /// Every request has a challenge.
    #[default]
    Required,
    /// A request may come without.
    Optional,
}

/// How strictly requests are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// `state` and `nonce` are required.
    #[default]
    Default,
    /// As OpenID Connect Core for the code flow: both are optional.
    OpenidBasic,
}

/// Whether the person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// Registering was the consent.
    #[default]
    Registered,
    /// A page asks at the first use by each person.
    FirstUse,
}

/// What happens when the person has several professional situations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SituationChoice {
    /// The application gets them all.
    #[default]
    All,
    /// The person chooses one, and the application gets that one.
    Choose,
}

/// Who registered a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The administrator's files.
    Administrator,
    /// The person of this account.
    Person,
}

/// A registration as it is written: the members of `clients.d/*.toml`, of the state file, and of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// `client_id`: 1 to 64 letters, digits and `.`, `_`, `-`, `~`.
    pub id: String,
    /// Name shown to people; the identifier when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where answers go. Only a client of CIBA can do without.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where the browser may go after a logout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens go: on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Origins whose pages may call the bridge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Scopes it may ask for; `openid profile scope_all` when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Claims it gets; `given_name`, `family_name` and `SubjectNameID` when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// Ways of login it accepts; the policy's when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<Way>,
    /// Signature of its ID tokens.
    #[serde(default)]
    pub id_token_alg: IdTokenAlg,
    /// Whether PKCE can be left out.
    #[serde(default)]
    pub pkce: Pkce,
    /// How strictly its requests are read.
    #[serde(default)]
    pub profile: Profile,
    /// Whether the person is asked.
    #[serde(default)]
    pub consent: Consent,
    /// What happens with several professional situations.
    #[serde(default)]
    pub situation: SituationChoice,
    /// Whether it may log people in without a browser (CIBA poll).
    #[serde(default)]
    pub ciba: bool,
    /// How it proves itself; when absent `private_key_jwt` with a public key and `none` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_auth: Option<ClientAuth>,
    /// Its public key: a JWK as JSON text, or PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
}

impl Registration {
    /// A public client with everything else at its default.
    #[must_use]
    pub fn new(id: impl Into<String>, redirect_uris: Vec<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            redirect_uris,
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            origins: Vec::new(),
            scopes: Vec::new(),
            claims: Vec::new(),
            ways: Vec::new(),
            id_token_alg: IdTokenAlg::default(),
            pkce: Pkce::default(),
            profile: Profile::default(),
            consent: Consent::default(),
            situation: SituationChoice::default(),
            ciba: false,
            client_auth: None,
            public_key: None,
        }
    }

    /// How the client proves itself, the default filled in.
    #[must_use]
    pub fn client_auth(&self) -> ClientAuth {
        match (self.client_auth, &self.public_key) {
            (Some(auth), _) => auth,
            (None, Some(_)) => ClientAuth::PrivateKeyJwt,
            (None, None) => ClientAuth::None,
        }
    }
}

/// Why a registration was refused. Quotes only what was to be registered, which is no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// The file is not TOML of this form; the message names line and member.
    #[error("the client file cannot be read: {0}")]
    File(String),
    /// The state file is not of this form.
    #[error("the stored clients cannot be read: {0}")]
    State(String),
    /// The identifier is not usable.
    #[error("the identifier must be 1 to 64 letters, digits, '.', '_', '-' or '~'")]
    Id,
    /// The name is too long or holds control characters.
    #[error("the name must be at most 100 characters without control characters")]
    Name,
    /// There is another client of this identifier.
    #[error("there is a client with the identifier {0} already")]
    Exists(String),
    /// There is no client of this identifier.
    #[error("there is no client with the identifier {0}")]
    Unknown(String),
    /// The client stands in the administrator's files.
    #[error("the client {0} is the administrator's and cannot be changed here")]
    Administrator(String),
    /// No redirect URI, or too many entries in a list.
    #[error("there must be at least one redirect URI, and no list may be longer than {MAX_WORDS}")]
    Count,
    /// A URI or origin is not usable.
    #[error("{uri} cannot be registered: {reason}")]
    Uri {
        /// The URI.
        uri: String,
        /// Why.
        #[source]
        reason: UriError,
    },
    /// A scope is not known.
    #[error("the scope {0} is not known")]
    Scope(String),
    /// The scope `psc_token` or `psc_evidence` without the administrator, or `psc_token` for a public client.
    #[error("the scope {0} is for the administrator to give, psc_token to confidential clients only")]
    ScopeReserved(String),
    /// A claim's name is not usable.
    #[error("the claim {0} is not a name")]
    Claim(String),
    /// The public key is missing where it is needed, present where it is not, or unusable.
    #[error(
        "private_key_jwt needs a public key, RSA of at least 2048 bits or P-256, and nothing else has one"
    )]
    PublicKey(#[source] Option<JoseError>),
    /// A shared secret in an administrator's file.
    #[error("the administrator's clients are public or use private_key_jwt: no shared secret")]
    SharedSecret,
    /// PKCE is optional for confidential clients only.
    #[error("only a confidential client can do without PKCE")]
    Pkce,
    /// The registry is full.
    #[error("there are too many clients")]
    Full,
}

impl RegistrationError {
    /// Its code in the failure table; [`failure::CLIENT_MALFORMED`] wants this error's text as `reason`.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Exists(_) => failure::CLIENT_EXISTS,
            Self::Unknown(_) => failure::UNKNOWN_CLIENT,
            Self::Administrator(_) => failure::CLIENT_LOCKED,
            _ => failure::CLIENT_MALFORMED,
        }
    }
}

/// What a client proves itself with.
#[derive(Debug)]
pub(super) enum Credentials {
    None,
    Secret(SecretHash),
    Key(PublicKey),
}

/// A checked registration.
#[derive(Debug)]
pub struct Client {
    registration: Registration,
    source: Source,
    credentials: Credentials,
    redirects: Vec<RedirectUri>,
    scopes: Vec<String>,
    claims: Vec<String>,
}

impl Client {
    /// Checks a registration. `secret` is the hash of the secret of a client that has one.
    pub(super) fn new(
        registration: Registration,
        source: Source,
        secret: Option<SecretHash>,
    ) -> Result<Self, RegistrationError> {
        check_words(&registration)?;
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
        let credentials = credentials(&registration, source, secret)?;
        let confidential = !matches!(credentials, Credentials::None);
        if registration.pkce == Pkce::Optional && !confidential {
            return Err(RegistrationError::Pkce);
        }
        let scopes = or_default(&registration.scopes, &DEFAULT_SCOPES);
        for scope in &scopes {
            check_scope(scope, source, confidential)?;
        }
        let claims = or_default(&registration.claims, &DEFAULT_CLAIMS);
        Ok(Self { registration, source, credentials, redirects, scopes, claims })
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
    let words = [&registration.scopes, &registration.claims];
    if (registration.redirect_uris.is_empty() && !registration.ciba)
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

fn check_scope(scope: &str, source: Source, confidential: bool) -> Result<(), RegistrationError> {
    let gateway = scope.strip_prefix(GATEWAY_SCOPE).is_some_and(|name| {
        !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
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
