//! What the doors can ask of the agent: the one seam between `serve/` and the loop in `run/`.
//!
//! A door decides who may enter and turns bytes into these calls; the loop implements them and alone holds the cards.

use super::{around::Around, oidc::desk::OidcDesk, portal::desk::PortalDesk, problem::Fault};
use bytes::Bytes;
use cps_agent_api::{pkcs11, words};
use cps_agent_core::{
    failure::Failure, gateway::BrokenOff, identity::UnixTime, oidc::token::BearerError, secret::Secret,
};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{Request, Response};
use std::future::Future;

/// A body that is carried on as it comes.
pub type Stream = UnsyncBoxBody<Bytes, BrokenOff>;

/// Which door a call came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// TCP loopback.
    Bridge,
    /// The private socket.
    Control,
}

/// Who is at the door. A caller known to be of another operating-system user never gets this far.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Which door.
    pub door: Door,
    /// The system said that the caller is of our user. Where it cannot tell, public clients are refused.
    pub same_user: bool,
    /// Process, where the system can tell.
    pub pid: Option<i32>,
    /// Its executable, where the system can tell: a help to people and the audit trail, not a barrier.
    pub program: Option<String>,
    /// The registered application, once it proved itself (client authentication or access token).
    pub client: Option<String>,
    /// Language for problem texts: `fr` unless the request prefers English.
    pub language: cps_agent_core::failure::Language,
}

/// What the page of a waiting login shows.
#[derive(Debug, Clone, PartialEq)]
pub enum LoginPage {
    /// No login is under way: these ways may be started. `reason` is the failure that ended the last try.
    Choose {
        /// Application that asks, as registered.
        application: String,
        /// Ways allowed by policy and registration.
        ways: Vec<cps_agent_core::identity::Way>,
        /// The one of them that starts by itself, if one does.
        starts: Option<cps_agent_core::identity::Way>,
        /// Identifier of the person whose phone is to be asked: as it was typed on this very page before, else this
        /// account's last holder, whose phone may be asked without it being typed.
        identifier: Option<String>,
        /// Whom the application expects: shown, not used.
        expected: Option<String>,
        /// Why the last try ended.
        reason: Option<Failure>,
        /// What is there to log in with.
        around: Around,
    },
    /// A login is under way; the page reloads itself. `hint` is what the person should do now.
    Working {
        /// Application that asks.
        application: String,
        /// Way of the login, so that the page can start it again with the card that was chosen.
        way: cps_agent_core::identity::Way,
        /// What the person should do now.
        hint: Hint,
        /// What the person logs in with.
        around: Around,
    },
    /// The person logged in, and is asked whether the application may know them.
    Consent {
        /// Application that asks.
        application: String,
        /// Who is logged in.
        person: String,
        /// The session of that person: who agrees says in which.
        session: String,
        /// Names of the claims, and of the scopes that give more, that it would get.
        claims: Vec<String>,
    },
    /// The person logged in, and chooses one of several professional situations.
    Situation {
        /// Application that asks.
        application: String,
        /// The situations: their names for [`Said::Situation`], and what they are in the caller's language.
        situations: Vec<(String, String)>,
    },
    /// Done (or refused for good): go here at once.
    Leave {
        /// The client's redirect URI with `code` or `error`.
        location: String,
    },
    /// The transaction ended or never was.
    Gone,
}

/// What the person should do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Insert a card.
    InsertCard,
    /// Several cards are present: leave one, or choose one of these serial numbers.
    ChooseCard(Vec<String>),
    /// A PIN prompt is on the screen (or the reader's pad waits).
    TypePin,
    /// Compare a number: the person is asked elsewhere.
    Number(Number),
    /// Go on in the browser, at this address of the upstream.
    Browser {
        /// The authorization request.
        address: String,
    },
    /// Nothing: the agent is working.
    Wait,
}

impl Hint {
    /// It in one word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::InsertCard => "insert-card",
            Self::ChooseCard(_) => "choose-card",
            Self::TypePin => "type-pin",
            Self::Number(_) => "compare-number",
            Self::Browser { .. } => "browse",
            Self::Wait => "wait",
        }
    }
}

/// What the person compares on the phone, or at the card tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Two digits.
    pub digits: String,
    /// Identifier of the person who is asked.
    pub identifier: String,
    /// The person is asked on the phone, not at the card tool of this workstation.
    pub phone: bool,
    /// When the request is over, Unix seconds, once it was sent.
    pub expires: Option<i64>,
}

/// What the person chose on a login page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The way.
    pub way: cps_agent_core::identity::Way,
    /// Serial of the card.
    pub card: Option<String>,
    /// Identifier, as it was typed.
    pub identifier: Option<String>,
}

/// What a person says on a page after the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The application may know the person of this session; of another one that came meanwhile it says nothing.
    Agreed {
        /// The session that the page showed.
        session: String,
    },
    /// This is the situation.
    Situation(String),
}

/// A request to a gateway that no web page made.
#[derive(Debug)]
pub struct GatewayCall {
    /// Name of the gateway, as it was called.
    pub name: String,
    /// What the caller proves itself with.
    pub proof: Proof,
    /// The path from there on.
    pub rest: String,
    /// What stands before it.
    pub before: String,
    /// The request as it came.
    pub request: Request<Stream>,
}

/// What a caller of a gateway proves itself with.
#[derive(Debug)]
pub enum Proof {
    /// An access token, or none at all.
    Token(Option<Secret>),
    /// The secret of its path.
    Secret(Secret),
}

/// The desk behind both doors.
pub trait Desk: OidcDesk + PortalDesk {
    /// Says which client and session an access token speaks for, if it has the scope.
    fn bearer(&self, bearer: &str, scope: &str) -> Result<String, BearerError>;
    /// State of a login page that is opened; the id is the random one of its path. Who is sent on to the upstream by it
    /// is sent once.
    fn login_page(&self, caller: &Caller, transaction: &str) -> LoginPage;
    /// The same for whoever only looks: nobody is sent anywhere by it.
    fn login_state(&self, caller: &Caller, transaction: &str) -> LoginPage;
    /// What the person said on a page after the login.
    fn approve(&self, caller: &Caller, transaction: &str, said: Said);
    /// Starts a login for a page. Returns at once; the page shows the progress.
    fn start_login(&self, caller: &Caller, transaction: &str, choice: Choice) -> Result<(), Failure>;
    /// The person gives up: the application gets `access_denied`.
    fn abandon_login(&self, caller: &Caller, transaction: &str);

    /// The time.
    fn now(&self) -> UnixTime;
    /// `GET /v1/status` (the control door shows the session, the bridge only with a token).
    fn status(&self, caller: &Caller) -> words::Status;
    /// What works and what does not. Asks the upstream, and takes as long as it does.
    fn diagnosis(&self, caller: &Caller) -> impl Future<Output = words::Diagnosis> + Send;
    /// `GET /v1/readers`.
    fn readers(&self) -> Vec<words::Reader>;
    /// Pages that ask the person something.
    fn waiting(&self) -> Vec<words::Waiting>;
    /// The catalogue.
    fn services(&self, caller: &Caller) -> Vec<words::Service>;
    /// `GET /v1/cards`.
    fn cards(&self, caller: &Caller) -> Vec<words::Card>;
    /// `GET /v1/cards/{serial}/certificates`.
    fn certificates(
        &self,
        serial: &str,
    ) -> impl Future<Output = Result<Vec<words::CardCertificate>, Failure>> + Send;
    /// `GET /v1/cards/{serial}/pin`.
    fn pin_state(&self, serial: &str) -> impl Future<Output = Result<words::PinState, Failure>> + Send;
    /// `POST /v1/cards/{serial}/pin/change`.
    fn change_pin(
        &self,
        caller: &Caller,
        serial: &str,
        request: words::PinRequest,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
    /// `POST /v1/cards/{serial}/pin/unblock`.
    fn unblock_pin(
        &self,
        caller: &Caller,
        serial: &str,
        request: words::PinRequest,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
    /// `POST /v1/challenges`.
    fn challenge(
        &self,
        caller: &Caller,
        request: words::ChallengeRequest,
    ) -> impl Future<Output = Result<words::ChallengeAnswer, Failure>> + Send;
    /// `GET /v1/session`.
    fn session(&self, caller: &Caller) -> Option<words::Session>;
    /// `DELETE /v1/session`: an explicit disconnect.
    fn end_session(&self, caller: &Caller) -> impl Future<Output = bool> + Send;
    /// `POST /v1/login`: answers when the login ended.
    fn login(
        &self,
        caller: &Caller,
        request: words::LoginRequest,
    ) -> impl Future<Output = Result<words::Session, Failure>> + Send;
    /// `GET /v1/login`: the login under way.
    fn login_progress(&self) -> Option<words::LoginProgress>;
    /// `GET /v1/events`: what happens from now on. A slow reader loses events, never the agent time.
    fn events(&self) -> tokio::sync::broadcast::Receiver<words::Event>;
    /// `GET /v1/clients`.
    fn clients(&self) -> Vec<words::Client>;
    /// `POST /v1/clients`.
    fn add_client(&self, caller: &Caller, client: words::Client) -> Result<words::ClientRegistered, Failure>;
    /// `DELETE /v1/clients/{id}`.
    fn remove_client(&self, caller: &Caller, id: &str) -> Result<(), Failure>;
    /// `GET /v1/tokens`: the soft tokens.
    fn tokens(&self) -> Vec<words::Card>;
    /// `POST /v1/tokens`.
    fn add_token(
        &self,
        caller: &Caller,
        request: words::TokenRequest,
    ) -> impl Future<Output = Result<words::TokenAnswer, Failure>> + Send;
    /// `GET /v1/audit`: checks the chain of the audit trail.
    fn check_audit(&self) -> impl Future<Output = Result<words::AuditCheck, Failure>> + Send;
    /// `GET /v1/pkcs11`: readers and tokens as the module shows them, from memory.
    fn module_tokens(&self) -> pkcs11::Tokens;
    /// `POST /v1/pkcs11/sign`. The caller's program is the one its process shows now.
    fn module_signs(
        &self,
        caller: &Caller,
        request: pkcs11::SignRequest,
    ) -> impl Future<Output = Result<pkcs11::SignAnswer, Failure>> + Send;
    /// `POST /v1/pkcs11/decrypt`: likewise.
    fn module_deciphers(
        &self,
        caller: &Caller,
        request: pkcs11::DecryptRequest,
    ) -> impl Future<Output = Result<pkcs11::DecryptAnswer, Failure>> + Send;
    /// `GET /v1/trust`: who vouches for the bridge's certificate, when there is one.
    fn authority(&self) -> Option<words::Authority>;
    /// `POST /v1/trust`.
    fn make_authority(
        &self,
        caller: &Caller,
        request: words::TrustRequest,
    ) -> Result<words::Authority, Failure>;
    /// `DELETE /v1/trust`. That there is none is no failure.
    fn remove_authority(&self, caller: &Caller) -> Result<(), Failure>;
    /// Carries a request to the origin of a gateway, and the answer back.
    fn carry(
        &self,
        caller: &Caller,
        call: GatewayCall,
    ) -> impl Future<Output = Result<Response<Stream>, Fault>> + Send;
    /// Exact origins that registered clients may call the bridge from, besides its own.
    fn origin_allowed(&self, origin: &str) -> bool;
    /// Writes a refusal of a door (foreign Host, foreign Origin, other user, …) into the audit trail.
    fn refused_at_door(&self, door: Door, failure: cps_agent_core::failure::Code, program: Option<&str>);
}
