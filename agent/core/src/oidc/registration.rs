//! A registration as it is written: the members of `clients.d/*.toml`, of the state file and of the API, and why one is
//! refused.

use super::uri::UriError;
use crate::failure::{self, Code};
use crate::identity::Way;
use crate::jose::{Algorithm, JoseError};
use serde::{Deserialize, Serialize};

/// Most words in a list of scopes or claims.
pub(super) const MAX_WORDS: usize = 64;

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

/// A registration as it is written: the members of `clients.d/*.toml`, of the state file, and of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// `client_id`: 1 to 64 letters, digits and `.`, `_`, `-`, `~`.
    pub id: String,
    /// Name shown to people; the identifier when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where answers go. Only a client of CIBA, or of gateways alone, can do without.
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
    /// Its requests come by the endpoint for pushed requests or not at all (RFC 9126 §6).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// How it proves itself; when absent `private_key_jwt` with a public key and `none` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_auth: Option<ClientAuth>,
    /// Its public key: a JWK as JSON text, or PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// Gateways that it calls by a secret path, without an access token. With none of them it has no such secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
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
            require_pushed_authorization_requests: false,
            client_auth: None,
            public_key: None,
            gateways: Vec::new(),
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
    /// A gateway's name is not usable.
    #[error("the gateway {0} is not a name")]
    Gateway(String),
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
