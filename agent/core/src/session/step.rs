//! What a login asks of the world (actions) and what the world answers (events).
//!
//! The login machine never sees a PIN: it asks for one ([`Action::AskPin`]) and learns that it was given
//! ([`Event::PinGiven`]); the PIN itself goes from the prompter into the card job inside the loop that runs the actions.
//! It serves the one token action that follows, and is wiped when that action ends, however it ends. With
//! `hold = "session"` the card then stays verified for the rest of this login and for its session; that a card is verified when
//! a login begins is never a reason to skip the person.
//!
//! Once a token was found, the loop reports its removal at any await as [`Event::TokenFailed`] with
//! [`TokenFault::Removed`], besides the answer that is outstanding: the login ends there.

pub use crate::fetch::{Fetch, FetchFault, Fetched, IfAsked};

use crate::failure::Failure;
use crate::identity::{NationalId, Person, SessionId, Way};
use crate::secret::{Secret, SecretHash};
use crate::trust::Evidence;
use cps_card::certificate::Certificate;
use cps_card::token::{Kind, Scheme};
use std::sync::Arc;
use url::Url;

/// A card or soft token that could be used, without its PIN.
#[derive(Debug, Clone)]
pub struct TokenSeen {
    /// Serial number: how later actions name it.
    pub serial: String,
    /// What it is.
    pub kind: Kind,
    /// Authentication (or technical) certificate.
    pub certificate: Arc<Certificate>,
    /// Schemes of that key, best first.
    pub schemes: Vec<Scheme>,
    /// The key needs the PIN.
    pub needs_pin: bool,
}

/// Which token a login wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenWanted {
    /// A card.
    Card {
        /// This serial only, when the person named one.
        serial: Option<String>,
    },
    /// A soft token.
    Soft {
        /// This serial only, when the person named one.
        serial: Option<String>,
    },
    /// Either.
    Any {
        /// This serial only, when the person named one.
        serial: Option<String>,
    },
}

/// What happened with a PIN prompt or the operation that used the PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinFault {
    /// The person closed the prompt.
    Cancelled,
    /// The card left while the prompt was up.
    Withdrawn,
    /// The prompt could not be shown.
    NoPrompter(String),
    /// The PIN was wrong.
    Wrong {
        /// Tries left, when the card said.
        left: Option<u8>,
    },
    /// The PIN is blocked.
    Blocked,
    /// The PIN has the wrong length; no try was spent.
    Format {
        /// Shortest.
        min: u8,
        /// Longest.
        max: u8,
    },
    /// The state was lost (reset by another program): ask again.
    Required,
}

/// Why the token could not do its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenFault {
    /// A matter of the PIN: the person may try again.
    Pin(PinFault),
    /// The card left.
    Removed,
    /// Anything else, as the failure table has it (`failure::of_card(&error)`).
    Other(Failure),
}

/// What a login asks for. Exactly one action that waits for an event is outstanding at a time.
#[derive(Debug)]
pub enum Action {
    /// Look for a token → [`Event::Token`], [`Event::NoToken`] or [`Event::SeveralTokens`].
    FindToken(TokenWanted),
    /// Send a request without client certificate → [`Event::Fetched`], [`Event::FetchFailed`], or
    /// [`Event::CertificateRequested`] when the server asked for a client certificate in the handshake and the request
    /// says [`IfAsked::Report`].
    Fetch(Fetch),
    /// Send a request over TLS with the token's key → as `Fetch`, and [`Event::TokenFailed`].
    FetchWithToken {
        /// The request.
        fetch: Fetch,
        /// Which token.
        serial: String,
    },
    /// Show the PIN prompt → [`Event::PinGiven`] or [`Event::TokenFailed`]. Tries left are asked fresh by the loop.
    AskPin {
        /// Which token.
        serial: String,
        /// What went wrong before, to be said in the prompt.
        previous: Option<PinFault>,
    },
    /// Sign a message with the authentication key → [`Event::Signed`] or [`Event::TokenFailed`].
    Sign {
        /// Which token.
        serial: String,
        /// With which scheme.
        scheme: Scheme,
        /// The message (the token hashes it).
        message: Vec<u8>,
    },
    /// Listen for the browser's return on the loopback interface, for this login only → [`Event::Listening`], or
    /// [`Event::Impossible`] when the port is taken.
    Listen,
    /// Send the person's browser there, and wait for its return → [`Event::Returned`] or [`Event::Impossible`]. Whatever
    /// else comes to the listener is not this login's: it is told so and ends nothing.
    Browse {
        /// The authorization request.
        address: Url,
        /// Hash of the `state` that the answer carries.
        state: SecretHash,
    },
    /// Send a request that makes somebody's phone ring → as `Fetch`, or [`Event::Impossible`] when it may not ring now
    /// ([`crate::psc::pushes::Pushes::ring`]). What [`super::Login::shows`] says is shown before.
    Ring {
        /// The request.
        fetch: Fetch,
        /// Whose phone.
        identifier: NationalId,
    },
    /// Wait this many seconds → [`Event::Waited`].
    Wait(i64),
    /// Bring revocation data for a certificate → [`Event::Revocation`].
    Revocation {
        /// Whose.
        certificate: Arc<Certificate>,
        /// The authority that issued it.
        issuer: Arc<Certificate>,
    },
}

/// What the world answers.
#[derive(Debug)]
pub enum Event {
    /// One token fits.
    Token(TokenSeen),
    /// None fits, and why: no reader, no card service, no card, a mute card, …
    NoToken(Failure),
    /// Several fit and none was named: never choose silently. Serial numbers.
    SeveralTokens(Vec<String>),
    /// An answer.
    Fetched(Fetched),
    /// No answer.
    FetchFailed(FetchFault),
    /// The server wants a client certificate; nothing was sent.
    CertificateRequested {
        /// The host that asked.
        host: String,
    },
    /// The person gave a PIN; the loop holds it for the next token action.
    PinGiven,
    /// The token or its PIN failed.
    TokenFailed(TokenFault),
    /// A signature.
    Signed(Vec<u8>),
    /// What was found about a certificate, possibly nothing.
    Revocation(Evidence),
    /// The listener listens; this is its address, which is the redirect URI of the request.
    Listening(Url),
    /// The browser came back.
    Returned {
        /// With this query.
        query: Secret,
        /// Cards and tokens whose authentication key signed for a program while it was away, each once.
        signed: Vec<TokenSeen>,
    },
    /// The time is over.
    Waited,
    /// The loop cannot or may not do it, and why.
    Impossible(Failure),
    /// The person or the agent gave the login up.
    Abandoned,
}

/// What a login is for; carried through so that the loop need not remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// Name of the application that asked, as registered, for the prompt and the audit trail.
    pub application: String,
    /// The way asked for.
    pub way: Way,
    /// Serial of the card or token to use, when one was named.
    pub serial: Option<String>,
    /// The session that must belong to the same person, when the login resumes, renews or raises one.
    pub same_person_as: Option<SamePerson>,
    /// Whose phone is asked ([`Way::Ecps`]).
    pub identifier: Option<NationalId>,
    /// How new the authentication at the upstream must be.
    pub demand: Demand,
}

/// What a waiting request asks of the upstream's authentication (OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demand {
    /// `prompt=login`: made now, whatever session the browser has there.
    pub login: bool,
    /// `max_age`, seconds.
    pub max_age: Option<i64>,
}

impl Demand {
    /// Whether an authentication that was made for this demand serves the other one as well.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        let young = |most: i64| self.max_age.is_some_and(|own| own <= most);
        self.login || (!other.login && other.max_age.is_none_or(young))
    }
}

/// A session and its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamePerson {
    /// The session.
    pub sid: SessionId,
    /// Whose it is.
    pub person: Arc<Person>,
}
