//! One question, one answer with its reason: what the site's policy and an application's registration allow.
//!
//! The policy is a value read from the configuration; nothing here looks anything up. Every refusal is a [`Reason`], which
//! has its code in the failure table, so that the person, the program and the audit trail are told the same.

pub mod program;

use crate::challenge::{KeyUse, Purpose};
use crate::failure::{self, Code};
use crate::identity::{ACR_LOCAL, SessionView, Way};

pub use crate::identity::Environment;

/// `[local] allow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalLogin {
    /// No login without the upstream.
    Never,
    /// While the upstream cannot be reached.
    UpstreamDown,
    /// At any time; the default where there is no upstream.
    Always,
}

/// The policy in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Production or test.
    pub environment: Environment,
    /// `ways = […]`: ways of login, in the site's order of preference.
    pub ways: Vec<Way>,
    /// An upstream is configured (`profile` is not `none`).
    pub upstream: bool,
    /// Local logins.
    pub local: LocalLogin,
    /// Cards without a person's name may log in (`[login] non_nominative`).
    pub non_nominative: bool,
    /// The person may register applications.
    pub clients_by_person: bool,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// May a login go this way, for an application registered for these ways (none: all of the policy's)?
    Login {
        /// The way.
        way: Way,
        /// Ways of the registration; empty for the agent's own commands.
        registered: &'a [Way],
        /// The upstream was tried and cannot be reached.
        upstream_down: bool,
    },
    /// May this card or token log in here?
    Credential {
        /// Its certificates come from a test authority.
        test: bool,
        /// It names a person.
        named: bool,
    },
    /// May this session be used with this scope, by a client registered for these scopes?
    Scope {
        /// The scope.
        scope: &'a str,
        /// Scopes of the registration.
        registered: &'a [String],
        /// The client proved itself with a secret or key.
        confidential: bool,
        /// Its session.
        session: &'a SessionView,
    },
    /// May this key sign a challenge of this purpose?
    Challenge {
        /// The key.
        key: KeyUse,
        /// The purpose.
        purpose: Purpose,
    },
    /// May the person register or remove an application?
    ChangeClients,
    /// May a `custom` upstream live on these hosts? Never on those of the built-in profiles: there the agent must not
    /// walk a login by card itself.
    CustomUpstream {
        /// Hosts of the custom profile.
        hosts: &'a [&'a str],
        /// Hosts of the built-in profiles.
        built_in: &'a [&'a str],
    },
}

/// Why the answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The site's policy does not have this way.
    #[error("the policy does not allow this way of login")]
    WayNotInPolicy,
    /// The application is not registered for this way.
    #[error("the application is not registered for this way of login")]
    WayNotRegistered,
    /// The way needs an upstream and none is configured.
    #[error("no upstream is configured")]
    NoUpstream,
    /// Local logins are never allowed.
    #[error("local logins are not allowed")]
    LocalNever,
    /// Local logins are allowed only while the upstream cannot be reached.
    #[error("local logins are allowed only while the upstream cannot be reached")]
    LocalOnlyWhenDown,
    /// A test card in production.
    #[error("test cards are refused in the production environment")]
    TestCard,
    /// A real card in the test environment.
    #[error("real cards are refused in the test environment")]
    RealCard,
    /// The card names no person.
    #[error("the card does not name a person")]
    NotNominative,
    /// The application is not registered for this scope.
    #[error("the application is not registered for this scope")]
    ScopeNotRegistered,
    /// The scope is for applications with a secret or key only.
    #[error("the scope is for confidential applications only")]
    ScopeConfidential,
    /// The scope needs an upstream session.
    #[error("the scope needs a session of the upstream")]
    ScopeNeedsUpstream,
    /// The session is locked.
    #[error("the session is locked")]
    SessionLocked,
    /// The key does not sign for this purpose.
    #[error("this key does not sign for this purpose")]
    KeyPurpose,
    /// Registrations are the administrator's alone.
    #[error("only the administrator registers applications")]
    ClientsLocked,
    /// Programs are not offered this key, or this use of it.
    #[error("programs are not offered this key or this use of it")]
    KeyNotOffered,
    /// The policy denies the card to this program.
    #[error("the policy denies the card to this program")]
    ProgramDenied,
    /// The person denied the card to this program.
    #[error("the person denied the card to this program")]
    ProgramRefused,
    /// A custom profile names a host of a built-in one.
    #[error("a custom upstream may not use a host of a built-in profile")]
    BuiltInHost,
}

impl Reason {
    /// Its code in the failure table.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::WayNotInPolicy => failure::WAY_NOT_ALLOWED,
            Self::WayNotRegistered => failure::WAY_NOT_REGISTERED,
            Self::NoUpstream => failure::NO_UPSTREAM,
            Self::LocalNever => failure::LOCAL_NOT_ALLOWED,
            Self::LocalOnlyWhenDown => failure::LOCAL_ONLY_WHEN_DOWN,
            Self::TestCard => failure::TEST_CARD_IN_PRODUCTION,
            Self::RealCard => failure::REAL_CARD_IN_TEST,
            Self::NotNominative => failure::NON_NOMINATIVE,
            Self::ScopeNotRegistered => failure::SCOPE_NOT_REGISTERED,
            Self::ScopeConfidential => failure::SCOPE_CONFIDENTIAL,
            Self::ScopeNeedsUpstream => failure::SCOPE_NEEDS_UPSTREAM,
            Self::SessionLocked => failure::SESSION_LOCKED,
            Self::KeyPurpose => failure::KEY_PURPOSE,
            Self::ClientsLocked => failure::CLIENTS_LOCKED,
            Self::KeyNotOffered => failure::KEY_NOT_OFFERED,
            Self::ProgramDenied => failure::PROGRAM_DENIED,
            Self::ProgramRefused => failure::PROGRAM_REFUSED,
            Self::BuiltInHost => failure::PSC_HOST_IN_CUSTOM,
        }
    }
}

impl Policy {
    /// Answers a question.
    ///
    /// # Errors
    /// The reason why not.
    pub fn may(&self, question: &Question<'_>) -> Result<(), Reason> {
        match *question {
            Question::Login { way, registered, upstream_down } => self.login(way, registered, upstream_down),
            Question::Credential { test, named } => self.credential(test, named),
            Question::Scope { scope, registered, confidential, session } => {
                use_of_scope(scope, registered, confidential, session)
            }
            Question::Challenge { key, purpose } => {
                refuse_if((key == KeyUse::Technical) != (purpose == Purpose::Presence), Reason::KeyPurpose)
            }
            Question::ChangeClients => refuse_if(!self.clients_by_person, Reason::ClientsLocked),
            Question::CustomUpstream { hosts, built_in } => {
                let taken = |host: &&str| built_in.iter().any(|b| same_host(b, host));
                refuse_if(hosts.iter().any(taken), Reason::BuiltInHost)
            }
        }
    }

    /// The ways an application may use now, in the site's order: what a login page offers.
    #[must_use]
    pub fn ways(&self, registered: &[Way], upstream_down: bool) -> Vec<Way> {
        let allowed = |way: &Way| self.login(*way, registered, upstream_down).is_ok();
        self.ways.iter().copied().filter(allowed).collect()
    }

    /// Whether a live session answers a new request of an application without asking its person again. One that was opened
    /// the local way because the upstream could not be reached does so only as long as that lasts.
    #[must_use]
    pub fn answers(&self, session: &SessionView, upstream_down: bool) -> bool {
        session.assurance.acr != ACR_LOCAL || self.local != LocalLogin::UpstreamDown || upstream_down
    }

    /// Whether a new login of an application registered for these ways would reach this `acr` now. `upstream` is what is
    /// accepted from the upstream; none of it is within reach while that is down.
    #[must_use]
    pub fn reaches(&self, acr: &str, registered: &[Way], upstream: &[String], upstream_down: bool) -> bool {
        self.ways(registered, upstream_down).into_iter().any(|way| match way {
            Way::Local => acr == ACR_LOCAL,
            Way::Browser | Way::Ecps | Way::Card | Way::Token => {
                !upstream_down && upstream.iter().any(|level| level == acr)
            }
        })
    }

    fn login(&self, way: Way, registered: &[Way], upstream_down: bool) -> Result<(), Reason> {
        refuse_if(!self.ways.contains(&way), Reason::WayNotInPolicy)?;
        refuse_if(!registered.is_empty() && !registered.contains(&way), Reason::WayNotRegistered)?;
        match (way, self.local) {
            (Way::Local, LocalLogin::Always) => Ok(()),
            (Way::Local, LocalLogin::Never) => Err(Reason::LocalNever),
            (Way::Local, LocalLogin::UpstreamDown) => refuse_if(!upstream_down, Reason::LocalOnlyWhenDown),
            (Way::Browser | Way::Ecps | Way::Card | Way::Token, _) => {
                refuse_if(!self.upstream, Reason::NoUpstream)
            }
        }
    }

    fn credential(&self, test: bool, named: bool) -> Result<(), Reason> {
        refuse_if(test && self.environment == Environment::Production, Reason::TestCard)?;
        refuse_if(!test && self.environment == Environment::Test, Reason::RealCard)?;
        refuse_if(!named && !self.non_nominative, Reason::NotNominative)
    }
}

fn use_of_scope(
    scope: &str,
    registered: &[String],
    confidential: bool,
    session: &SessionView,
) -> Result<(), Reason> {
    refuse_if(!registered.iter().any(|r| r == scope), Reason::ScopeNotRegistered)?;
    refuse_if(scope == "psc_token" && !confidential, Reason::ScopeConfidential)?;
    let needs_upstream = matches!(scope, "psc_token" | "psc_evidence");
    refuse_if(needs_upstream && session.assurance.acr == ACR_LOCAL, Reason::ScopeNeedsUpstream)?;
    refuse_if(session.locked, Reason::SessionLocked)
}

fn refuse_if(refused: bool, reason: Reason) -> Result<(), Reason> {
    if refused { Err(reason) } else { Ok(()) }
}

/// Host names are equal without regard to case and to the dot of the root.
fn same_host(a: &str, b: &str) -> bool {
    a.trim_end_matches('.').eq_ignore_ascii_case(b.trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
