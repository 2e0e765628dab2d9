//! What a login asks of the world (actions) and what the world answers (events).
//!
//! The login machine never sees a PIN: it asks for one ([`Action::AskPin`]) and learns that it was given
//! ([`Event::PinGiven`]); the PIN itself goes from the prompter into the card job inside the loop that runs the actions.

use crate::identity::{SessionId, Way};
use cps_card::certificate::Certificate;
use cps_card::token::{Kind, Scheme};
use std::sync::Arc;
use url::Url;

/// An HTTP request as a value. The fetcher sends it as it is and follows no redirect.
pub struct Fetch {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where to. Always https, or loopback http in tests of the sandbox.
    pub url: Url,
    /// Header names and values, besides `Host` and lengths. May hold credentials: no debug output.
    pub headers: Vec<(&'static str, String)>,
    /// Body of a form post. May hold credentials: no debug output.
    pub form: Option<crate::secret::Secret>,
}

impl std::fmt::Debug for Fetch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fetch({} {})", self.method, self.url.host_str().unwrap_or("?"))
    }
}

/// An HTTP response as a value. The fetcher bounds the body.
pub struct Fetched {
    /// Status code.
    pub status: u16,
    /// Header names (lower case) and values, in order; several of one name are possible.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// The `Date` header says how far the upstream's clock is from ours.
    pub received: crate::identity::UnixTime,
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fetched({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why a request had no answer. A transport fault is never a logout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// No connection: name, route, refused, time-out.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server's certificate is not one we trust for it; the issuer's name is given so that an intercepting proxy can be named.
    #[error("the server's certificate is not trusted (issued by {issuer})")]
    Untrusted {
        /// Issuer of the certificate that was presented.
        issuer: String,
    },
    /// The answer broke a limit or the protocol.
    #[error("the server's answer cannot be used: {0}")]
    Garbled(String),
}

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
    /// The card already holds the verified state for us (`hold = "session"`).
    pub unlocked: bool,
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
    /// Anything else, in the card crate's words.
    Other(String),
}

/// What a login asks for. Exactly one action that waits for an event is outstanding at a time.
#[derive(Debug)]
pub enum Action {
    /// Look for a token → [`Event::Token`], [`Event::NoToken`] or [`Event::SeveralTokens`].
    FindToken(TokenWanted),
    /// Send a request without client certificate → [`Event::Fetched`], [`Event::FetchFailed`], or
    /// [`Event::CertificateRequested`] when the server asked for a client certificate in the handshake.
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
    /// Bring revocation data for a certificate → [`Event::Revocation`].
    Revocation {
        /// Whose.
        certificate: Arc<Certificate>,
    },
}

/// What the world answers.
#[derive(Debug)]
pub enum Event {
    /// One token fits.
    Token(TokenSeen),
    /// None fits.
    NoToken,
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
    /// CRLs found for a certificate (DER), possibly none.
    Revocation(Vec<Vec<u8>>),
    /// The person or the agent gave the login up.
    Abandoned,
}

/// What a finished login was for; carried through so that the loop need not remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// Name of the application that asked, as registered, for the prompt and the audit trail.
    pub application: String,
    /// The way asked for.
    pub way: Way,
    /// A session that must belong to the same person, when the login resumes or raises one.
    pub same_person_as: Option<SessionId>,
}
