//! What the stand-in can be told to do wrong, and where.

use serde::{Deserialize, Serialize};

/// An endpoint of the stand-in, the unit in which requests are counted and faults are placed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// Discovery document, under either suffix.
    Discovery,
    /// JWKS.
    Keys,
    /// Authorization endpoint, on the wallet's host.
    Authorize,
    /// The page that demands the card's certificate, on a host of its own.
    Card,
    /// The wallet's page between the card and the client.
    Return,
    /// Token endpoint.
    Token,
    /// UserInfo endpoint.
    UserInfo,
    /// Introspection endpoint.
    Introspection,
    /// Revocation endpoint.
    Revocation,
    /// End-session endpoint.
    Logout,
    /// Anything else: a page that does not exist.
    Unknown,
}

/// What is wrong in an answer that is otherwise right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Wrong {
    /// `nonce` of the ID token.
    Nonce,
    /// `aud` of the ID token: another client.
    Audience,
    /// `iss` of the ID token.
    Issuer,
    /// The ID token is signed by a stranger's key under the right `kid`.
    Signature,
    /// The ID token says `alg: none` and is not signed.
    Algorithm,
    /// The ID token expired an hour ago.
    Expiry,
    /// `at_hash` of the ID token.
    AccessTokenHash,
    /// `acr` of the ID token: a level that is not in use.
    Level,
    /// `state` of the authorization response.
    State,
    /// `iss` of the authorization response (RFC 9207).
    ResponseIssuer,
    /// UserInfo speaks of another person.
    Subject,
    /// `issuer` of the discovery document.
    DiscoveryIssuer,
}

/// One thing that goes wrong until [`heal`](super::Handle::heal).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// The card page refuses every card: `access_denied`.
    Refuse,
    /// Every answer of the endpoint comes late.
    Delay {
        /// Where.
        at: Endpoint,
        /// By how many milliseconds.
        milliseconds: u64,
    },
    /// Status 500 with an HTML page, as a proxy in front of a broken service gives.
    Fail {
        /// Where.
        at: Endpoint,
    },
    /// Status 200 with bytes that are not what they claim to be.
    Garbage {
        /// Where.
        at: Endpoint,
    },
    /// A right answer with one wrong member.
    Wrong {
        /// Which.
        what: Wrong,
    },
    /// The card page shows a form to be filled in instead of moving on.
    Form,
    /// The card page moves on to a host that does not belong to the profile.
    ForeignHost,
}

/// The faults in force.
#[derive(Debug, Default, Clone)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn has(&self, fault: &Fault) -> bool {
        self.0.contains(fault)
    }

    pub(super) fn wrong(&self, what: Wrong) -> bool {
        self.has(&Fault::Wrong { what })
    }

    pub(super) fn delay(&self, endpoint: Endpoint) -> Option<std::time::Duration> {
        self.0.iter().find_map(|fault| match fault {
            Fault::Delay { at, milliseconds } if *at == endpoint => {
                Some(std::time::Duration::from_millis(*milliseconds))
            }
            _ => None,
        })
    }
}
