//! The events of the audit trail (product.md §11 says which there are).

use crate::challenge::Purpose;
use crate::failure::Code;
use crate::identity::{Credential, NationalId, SessionId, Way};
use serde_json::{Map, Value};

/// Longest text that is taken from outside (a path, a reader's name): the rest is cut.
const MAX_TEXT: usize = 256;

/// Which application asked, as far as the system and its registration say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Application {
    /// `client_id`, once it proved itself.
    pub client: Option<String>,
    /// Process.
    pub pid: Option<i32>,
    /// Path of its executable.
    pub program: Option<String>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused or failed, with the code of the failure table.
    Refused(Code),
    /// A protocol refusal, with the standard's error code (`invalid_grant`, …).
    Protocol(&'static str),
}

/// How tokens came to be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// For an authorization code.
    Code,
    /// For a refresh token.
    Refresh,
    /// For a login without a browser.
    Ciba,
    /// The upstream's token for ours.
    Exchange,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    /// The person asked for it.
    Logout,
    /// The card left.
    CardRemoved,
    /// Another person's card came.
    OtherPerson,
    /// The longest time was over.
    Expired,
    /// Nobody was active.
    Idle,
    /// The same person began another, at the upstream or without it.
    Replaced,
    /// The upstream ended it.
    Upstream,
    /// The agent stopped.
    Stopped,
}

/// Why a session rests on no card although the upstream says that one was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutCard {
    /// No card of this workstation signed meanwhile.
    Unseen,
    /// Those that signed are other people's.
    Another,
    /// The card that signed may not log in here, and why.
    Refused(Code),
    /// Several of the person's cards signed.
    Several,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The agent began to run, with this version.
    Started(&'static str),
    /// The agent ended as asked.
    Stopped,
    /// The chain of the last audit file did not verify; the name under which that file is kept.
    TrailBroken(String),
    /// Stored registrations could not be used; the name under which they are kept.
    StateAside(String),
    /// A login was tried.
    Login(Way),
    /// A session was opened by a card, and it cannot be told by which.
    SessionWithoutCard(WithoutCard),
    /// A session was locked.
    Locked,
    /// A locked session was resumed.
    Resumed,
    /// A session ended.
    SessionEnded(SessionEnd),
    /// An authorization request was answered.
    Authorization,
    /// Tokens were issued, or refused.
    TokenIssued(Grant),
    /// A spent code or refresh token came again, and what it had given was revoked.
    Replay(Grant),
    /// An application revoked a token, or could not.
    Revocation,
    /// An application asked about a token and was refused.
    Introspection,
    /// The person agreed that an application may know them.
    Consent,
    /// A challenge was signed, or not.
    Challenge(Purpose),
    /// A program had a key used through the PKCS#11 module, or not; for what.
    Pkcs11(&'static str),
    /// The revocation status of a certificate could not be learnt.
    RevocationUnknown,
    /// A PIN was verified, or not. Tries left, where the card said.
    Pin(Option<u8>),
    /// A PIN was changed, or not.
    PinChanged,
    /// A PIN was unblocked with the PUK, or not.
    PinUnblocked,
    /// The person ended a client's part in the session; its `client_id`.
    ClientDisconnected(String),
    /// The person's page was opened.
    PageOpened,
    /// A client was registered; its `client_id`.
    ClientAdded(String),
    /// A client was removed; its `client_id`.
    ClientRemoved(String),
    /// An e-CPS token was made.
    TokenMade,
    /// Configuration or policy was read; the SHA-256 of the effective text.
    Policy(String),
    /// A signing key was made or replaced; its `kid`.
    SigningKey(String),
    /// A certificate of the bridge and its authority were made; SHA-256 of the authority.
    BridgeCertificate(String),
    /// The bridge's certificate was removed.
    BridgeCertificateRemoved,
    /// A reader came.
    ReaderAdded(String),
    /// A reader left.
    ReaderRemoved(String),
    /// The smart-card service came or went.
    CardService(bool),
    /// The workstation was locked, left to another user, sent to sleep, or the contrary.
    Workstation(&'static str),
    /// A card was inserted.
    CardInserted,
    /// A card was removed.
    CardRemoved,
    /// A door refused a request; the route's name.
    DoorRefused(&'static str),
    /// A call to the upstream; which endpoint.
    Upstream(&'static str),
    /// The upstream could not be reached, or can be again.
    UpstreamReach(bool),
    /// A call through a gateway ended, or was refused.
    Gateway {
        /// Name of the gateway; none where there is no such gateway, since the name is the caller's text then.
        name: Option<String>,
        /// Bytes of the request's body that went out.
        sent: u64,
        /// Bytes of the answer's body that came back.
        received: u64,
    },
    /// A card, or the organisation's key, signed the handshake of a gateway; the gateway's name.
    GatewayHandshake(String),
    /// A client was told that a session ended, or could not be told.
    Notice,
}

/// One event: what, who, by which application, with which credential, in which session, with which result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub what: What,
    /// How it ended.
    pub outcome: Outcome,
    /// Who.
    pub person: Option<NationalId>,
    /// Which application asked.
    pub application: Option<Application>,
    /// With which card or token.
    pub credential: Option<Credential>,
    /// In which session.
    pub session: Option<SessionId>,
    /// For how many alike this one line stands that were not told one by one.
    pub times: Option<u32>,
}

impl Event {
    /// Something that was done; the rest is added by the `by`, `with`, … calls.
    #[must_use]
    pub fn done(what: What) -> Self {
        Self {
            what,
            outcome: Outcome::Done,
            person: None,
            application: None,
            credential: None,
            session: None,
            times: None,
        }
    }

    /// Something that was refused or failed.
    #[must_use]
    pub fn refused(what: What, why: Code) -> Self {
        Self { outcome: Outcome::Refused(why), ..Self::done(what) }
    }

    /// Something that was done or not.
    #[must_use]
    pub fn ended(what: What, how: Result<(), Code>) -> Self {
        match how {
            Ok(()) => Self::done(what),
            Err(why) => Self::refused(what, why),
        }
    }

    /// Something that was refused with a standard's error code.
    #[must_use]
    pub fn protocol(what: What, error: &'static str) -> Self {
        Self { outcome: Outcome::Protocol(error), ..Self::done(what) }
    }

    /// Names the application.
    #[must_use]
    pub fn by(mut self, application: Application) -> Self {
        self.application = Some(application);
        self
    }

    /// Names the card or token.
    #[must_use]
    pub fn with(mut self, credential: Option<Credential>) -> Self {
        self.credential = credential;
        self
    }

    /// Names the session.
    #[must_use]
    pub fn within(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Stands for so many alike.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Names the person.
    #[must_use]
    pub fn of(mut self, person: NationalId) -> Self {
        self.person = Some(person);
        self
    }

    /// The members of the event's line, without sequence number, time and hashes.
    pub(super) fn members(&self) -> Map<String, Value> {
        let mut line = Map::new();
        let (word, detail) = self.what.words();
        line.insert("event".into(), word.into());
        if let Some((name, value)) = detail {
            line.insert(name.into(), value);
        }
        match self.outcome {
            Outcome::Done => line.insert("result".into(), "done".into()),
            Outcome::Refused(code) => {
                line.insert("result".into(), "refused".into());
                line.insert("code".into(), code.word().into())
            }
            Outcome::Protocol(error) => {
                line.insert("result".into(), "refused".into());
                line.insert("error".into(), error.into())
            }
        };
        let mut optional = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                line.insert(name.to_owned(), value);
            }
        };
        optional("person", self.person.as_ref().map(|p| cut(&p.0)));
        if let Some(application) = &self.application {
            optional("client", application.client.as_deref().map(cut));
            optional("pid", application.pid.map(Value::from));
            optional("program", application.program.as_deref().map(cut));
        }
        if let Some(credential) = &self.credential {
            optional("card", Some(cut(&credential.serial)));
            optional("certificate", Some(cut(&credential.certificate)));
        }
        optional("sid", self.session.as_ref().map(|s| cut(&s.0)));
        optional("times", self.times.map(Value::from));
        line
    }
}

impl What {
    /// The event's word, and its one detail.
    fn words(&self) -> (&'static str, Option<(&'static str, Value)>) {
        let plain = |word| (word, None);
        match self {
            Self::Started(version) => ("started", Some(("version", (*version).into()))),
            Self::Stopped => plain("stopped"),
            Self::TrailBroken(kept) => ("trail_broken", Some(("kept", cut(kept)))),
            Self::StateAside(kept) => ("state_aside", Some(("kept", cut(kept)))),
            Self::Login(way) => ("login", Some(("way", way.word().into()))),
            Self::SessionWithoutCard(why) => ("session_without_card", Some(("why", why.name().into()))),
            Self::Locked => plain("session_locked"),
            Self::Resumed => plain("session_resumed"),
            Self::SessionEnded(why) => ("session_ended", Some(("why", why.name().into()))),
            Self::Authorization => plain("authorization"),
            Self::TokenIssued(grant) => ("token", Some(("grant", grant.name().into()))),
            Self::Revocation => plain("revocation"),
            Self::Introspection => plain("introspection"),
            Self::Consent => plain("consent"),
            Self::Replay(grant) => ("replay", Some(("grant", grant.name().into()))),
            Self::Challenge(purpose) => ("challenge", Some(("purpose", purpose.name().into()))),
            Self::Pkcs11(wish) => ("pkcs11", Some(("key", (*wish).into()))),
            Self::Pin(left) => ("pin", left.map(|n| ("tries_left", n.into()))),
            Self::RevocationUnknown => plain("revocation_unknown"),
            Self::PinChanged => plain("pin_changed"),
            Self::PinUnblocked => plain("pin_unblocked"),
            Self::ClientDisconnected(id) => ("client_disconnected", Some(("subject", cut(id)))),
            Self::PageOpened => plain("page_opened"),
            Self::ClientAdded(id) => ("client_added", Some(("subject", cut(id)))),
            Self::ClientRemoved(id) => ("client_removed", Some(("subject", cut(id)))),
            Self::TokenMade => plain("token_made"),
            Self::Policy(hash) => ("policy", Some(("sha256", cut(hash)))),
            Self::SigningKey(kid) => ("signing_key", Some(("kid", cut(kid)))),
            Self::BridgeCertificate(hash) => ("bridge_certificate", Some(("sha256", cut(hash)))),
            Self::BridgeCertificateRemoved => plain("bridge_certificate_removed"),
            Self::ReaderAdded(name) => ("reader_added", Some(("reader", cut(name)))),
            Self::ReaderRemoved(name) => ("reader_removed", Some(("reader", cut(name)))),
            Self::CardService(up) => ("card_service", Some(("up", (*up).into()))),
            Self::Workstation(state) => ("workstation", Some(("state", (*state).into()))),
            Self::CardInserted => plain("card_inserted"),
            Self::CardRemoved => plain("card_removed"),
            Self::DoorRefused(route) => ("door_refused", Some(("route", (*route).into()))),
            Self::UpstreamReach(up) => ("upstream_reach", Some(("up", (*up).into()))),
            Self::Gateway { name, sent, received } => {
                let name = name.as_deref().map(cut);
                let call = serde_json::json!({ "name": name, "sent": sent, "received": received });
                ("gateway", Some(("gateway", call)))
            }
            Self::GatewayHandshake(name) => ("gateway_handshake", Some(("gateway", cut(name)))),
            Self::Notice => plain("logout_notice"),
            Self::Upstream(endpoint) => ("upstream", Some(("endpoint", (*endpoint).into()))),
        }
    }
}

impl Grant {
    fn name(self) -> &'static str {
        match self {
            Self::Code => "authorization_code",
            Self::Refresh => "refresh_token",
            Self::Ciba => "ciba",
            Self::Exchange => "token_exchange",
        }
    }
}

impl WithoutCard {
    /// Stable word, for the trail.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Another => "another",
            Self::Refused(code) => code.word(),
            Self::Several => "several",
        }
    }
}

impl SessionEnd {
    /// Stable word, for the trail and for whoever listens.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::CardRemoved => "card_removed",
            Self::OtherPerson => "other_person",
            Self::Expired => "expired",
            Self::Idle => "idle",
            Self::Replaced => "replaced",
            Self::Upstream => "upstream",
            Self::Stopped => "stopped",
        }
    }
}

/// A text from outside, cut to a length that no flood can use.
fn cut(text: &str) -> Value {
    text.chars().take(MAX_TEXT).collect::<String>().into()
}
