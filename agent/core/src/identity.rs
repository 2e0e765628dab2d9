//! The person, how surely we know them, and the session as its users see it: the words shared by all rooms below.

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z. The quiet half never reads a clock: the present moment is always an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// This moment plus a number of seconds (saturating).
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Production or test: decides the anchors, which cards count, and the TEST mark in every face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Environment {
    /// Real cards and authorities only.
    #[default]
    Production,
    /// TEST cards and authorities only.
    Test,
}

/// A national identifier of a person (PS_IdNat, OID 1.2.250.1.71.4.2.1), as it stands: never built, never taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NationalId(pub String);

/// A person, from a card's certificate or from Pro Santé Connect's UserInfo.
///
/// The claims are kept as they were received (`claims`), because services read members we do not interpret; only what
/// the agent itself needs has a field.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The identifier chosen by the matching rule (RPPS first): our `sub`.
    pub id: NationalId,
    /// Every identifier the person is known by, `id` included.
    pub aliases: Vec<NationalId>,
    /// Given name, when the person has one on record.
    pub given_name: Option<String>,
    /// Family name, when the person has one on record (some CPE cards have none).
    pub family_name: Option<String>,
    /// All claims about the person that may be given to applications: a JSON object with the names of
    /// `pro-sante-connect` UserInfo (`SubjectNameID`, `SubjectRole`, `SubjectRefPro`, …).
    pub claims: serde_json::Map<String, serde_json::Value>,
}

impl Person {
    /// Whether two records speak of the same person: they share an identifier. Never by name.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.aliases.iter().any(|a| other.aliases.contains(a)) || self.id == other.id
    }

    /// Whether an identifier is this person's.
    #[must_use]
    pub fn has(&self, id: &NationalId) -> bool {
        self.id == *id || self.aliases.contains(id)
    }

    /// The name as people read it, or the identifier where there is none.
    #[must_use]
    pub fn display_name(&self) -> String {
        match (&self.given_name, &self.family_name) {
            (Some(g), Some(f)) => format!("{g} {f}"),
            (None, Some(n)) | (Some(n), None) => n.clone(),
            (None, None) => self.id.0.clone(),
        }
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(…)")
    }
}

/// How a login was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// System browser at the upstream.
    Browser,
    /// e-CPS on the phone (CIBA).
    Ecps,
    /// CPS card at the upstream.
    Card,
    /// e-CPS token at the upstream.
    Token,
    /// Challenge signed by card or token, no upstream.
    Local,
}

impl Way {
    /// Its word in settings, forms, the API and the audit trail.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Ecps => "ecps",
            Self::Card => "card",
            Self::Token => "token",
            Self::Local => "local",
        }
    }

    /// The way of a word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Browser, Self::Ecps, Self::Card, Self::Token, Self::Local]
            .into_iter()
            .find(|way| way.word() == word)
    }
}

/// How surely, by what, and when the person was authenticated: the provenance that ID tokens carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assurance {
    /// Way of the login.
    pub way: Way,
    /// `acr`: the upstream's own value, or `urn:cps-agent:acr:local`.
    pub acr: String,
    /// `amr` values of RFC 8176.
    pub amr: Vec<String>,
    /// When the person authenticated (the upstream's word where there is one).
    pub auth_time: UnixTime,
    /// Issuer of the upstream, or `None` for a local login.
    pub idp: Option<String>,
    /// Pro Santé Connect's `authMode` (`CARD`, `MOBILE`), where there is one.
    pub psc_auth_mode: Option<String>,
    /// Which card or token was used, where there was one.
    pub credential: Option<Credential>,
}

/// The `acr` of local sessions.
pub const ACR_LOCAL: &str = "urn:cps-agent:acr:local";

/// The card or token behind a session. Identifies the plastic and the certificate, not the person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Credential {
    /// Serial number of card or token.
    pub serial: String,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub certificate: String,
}

/// A session identifier (`sid`): random, known to clients, no authority by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

/// A session as the provider sees it. The table in `session` owns sessions; `oidc` only ever sees this.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// Its identifier.
    pub sid: SessionId,
    /// Whose it is.
    pub person: std::sync::Arc<Person>,
    /// How the login was done.
    pub assurance: Assurance,
    /// The card is out or the workstation locked: nothing may be issued or answered until it is resumed.
    pub locked: bool,
    /// When it ends at the latest (`session_expiry`).
    pub expires: UnixTime,
}

/// Where the provider finds sessions. Implemented by the session table.
pub trait Sessions {
    /// The live session of this identifier, locked ones included; `None` once ended.
    fn session(&self, sid: &SessionId) -> Option<SessionView>;
}
