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
    /// The page beside it that says whose certificate it was shown, for programs that do not log in.
    Mirror,
    /// The wallet's page between the card and the client.
    Return,
    /// The wallet's pages for people: e-CPS, cancel.
    Wallet,
    /// Backchannel authentication endpoint (CIBA).
    Backchannel,
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
    /// `aud` of the ID token: this client and a stranger.
    SecondAudience,
    /// `aud` of the ID token is an array of this client alone, which is right.
    AudienceArray,
    /// The ID token has no `aud`.
    AudienceAbsent,
    /// `azp` of the ID token: another client.
    AuthorizedParty,
    /// `iss` of the ID token.
    Issuer,
    /// The ID token has no `sub`.
    SubjectAbsent,
    /// `sub` of the ID token: another person, whatever the rest says.
    IdTokenSubject,
    /// The whole login is another person's: ID token, access token and UserInfo agree.
    Person,
    /// The ID token has no `iat`.
    IssuedAtAbsent,
    /// `iat` and `auth_time` of the ID token are a week old, `exp` is not.
    IssuedAtOld,
    /// The ID token has no `exp`.
    ExpiryAbsent,
    /// The ID token expired an hour ago.
    Expiry,
    /// `auth_time` of the ID token is two hours ago.
    AuthTime,
    /// The ID token is signed by a stranger's key under the right `kid`.
    Signature,
    /// The ID token says `alg: none` and is not signed.
    Algorithm,
    /// The ID token is signed by the client's secret (HS256).
    Symmetric,
    /// The ID token is signed rightly with PS256.
    AlternateAlgorithm,
    /// The ID token names no key.
    KeyIdAbsent,
    /// The ID token names a key that was never published.
    KeyIdUnknown,
    /// The ID token holds a member twice.
    DuplicateMember,
    /// `at_hash` of the ID token.
    AccessTokenHash,
    /// `acr` of the ID token: a level that is not in use.
    Level,
    /// The token answer has no `id_token`.
    IdTokenAbsent,
    /// The token answer has no `scope`, which is right.
    ScopeAbsent,
    /// The token answer has no `expires_in`.
    LifetimeAbsent,
    /// `token_type` of the token answer.
    TokenType,
    /// `state` of the authorization response.
    State,
    /// `iss` of the authorization response (RFC 9207).
    ResponseIssuer,
    /// UserInfo speaks of another person.
    Subject,
    /// `issuer` of the discovery document.
    DiscoveryIssuer,
    /// `authorization_endpoint` of the discovery document: the realm's own instead of the wallet's.
    DiscoveryAuthorization,
    /// `token_endpoint` of the discovery document: another path on the same host.
    DiscoveryToken,
    /// `userinfo_endpoint` of the discovery document: a stranger's host.
    DiscoveryHost,
    /// The discovery document has no `backchannel_authentication_endpoint`.
    DiscoveryBackchannel,
    /// The acknowledgement of CIBA has no `auth_req_id`.
    RequestIdAbsent,
    /// The acknowledgement of CIBA has no `expires_in`.
    RequestLifetimeAbsent,
    /// The acknowledgement of CIBA has no `interval`, which is right and means five seconds.
    IntervalAbsent,
}

/// A shape that UserInfo has had, or may have, without being wrong (`pro-sante-connect.md` §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// `codeCivilite` inside `SubjectRefPro`, and no `codeGenreActivite`: before 2023.
    Before2023,
    /// `otherIDs` instead of `otherIds`.
    OtherIdsCapital,
    /// No `otherIds` at all.
    OtherIdsAbsent,
    /// Nobody's exercise: six members.
    NoExercise,
    /// `SubjectRefPro` without `exercices`.
    ExercisesAbsent,
    /// The same exercise twice.
    ExerciseTwice,
    /// An exercise without `activities`.
    ActivitiesAbsent,
    /// Members that nobody knows, at every level.
    UnknownMembers,
    /// Numbers and nulls where texts were.
    OtherKinds,
    /// The person's identifier is a UUID, the RPPS number stands among the others.
    AccountMerged,
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
    /// Requests are taken and never answered.
    Hang {
        /// Where.
        at: Endpoint,
    },
    /// The connection is closed instead of an answer.
    Drop {
        /// Where.
        at: Endpoint,
    },
    /// Status 500 with an HTML page, as a proxy in front of a broken service gives.
    Fail {
        /// Where.
        at: Endpoint,
    },
    /// Status 503, as a front without its service gives.
    Unavailable {
        /// Where.
        at: Endpoint,
    },
    /// Status 403 with an HTML page, as a wall in front of the service gives for an address it does not let through.
    Forbid {
        /// Where.
        at: Endpoint,
    },
    /// Status 200 with bytes that are not what they claim to be.
    Garbage {
        /// Where.
        at: Endpoint,
    },
    /// Status 200 with JSON of two megabytes.
    Huge {
        /// Where.
        at: Endpoint,
    },
    /// A right answer with one wrong member.
    Wrong {
        /// Which.
        what: Wrong,
    },
    /// UserInfo in another shape.
    Drift {
        /// Which.
        what: Drift,
    },
    /// The clock of the stand-in is ahead of ours, or behind: in tokens and in `Date`.
    Clock {
        /// Seconds ahead.
        seconds: i64,
    },
    /// Every signature is made with a new key, published at that moment, the old ones gone.
    RotateBeforeSigning,
    /// The channel to the phone is down: CIBA answers 503 `server_error`.
    Channel,
    /// The first poll of every CIBA request is answered `slow_down`, however late it came.
    SlowDown,
    /// The card page shows a form to be filled in instead of moving on.
    Form,
    /// The card page moves on to a host that does not belong to the profile.
    ForeignHost,
    /// The card page speaks TLS 1.2 at the latest, as a page must where CPS3 cards come with a browser: TLS 1.3 wants a
    /// signature (RSASSA-PSS) that they cannot make.
    Tls12,
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

    pub(super) fn drift(&self, what: Drift) -> bool {
        self.has(&Fault::Drift { what })
    }

    pub(super) fn delay(&self, endpoint: Endpoint) -> Option<std::time::Duration> {
        self.0.iter().find_map(|fault| match fault {
            Fault::Delay { at, milliseconds } if *at == endpoint => {
                Some(std::time::Duration::from_millis(*milliseconds))
            }
            _ => None,
        })
    }

    /// How far the stand-in's clock is ahead of the machine's, in seconds.
    pub(super) fn clock(&self) -> i64 {
        self.0
            .iter()
            .rev()
            .find_map(|fault| if let Fault::Clock { seconds } = fault { Some(*seconds) } else { None })
            .unwrap_or_default()
    }
}
