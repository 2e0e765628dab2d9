//! The authorization endpoint (OpenID Connect Core §3.1.2): answers at once, or a transaction that waits for a person.

pub use super::parameters::{Parameters, ParametersError};
pub use super::request::AuthorizationError;

use super::client::Client;
use super::code::Code;
use super::exchange::{PSC_EVIDENCE, PSC_TOKEN, has_upstream};
use super::grant::Grant;
use super::pushed;
use super::registration::{Consent, SituationChoice};
use super::request::{self, Fault, Request};
use super::situation::{Offer, Situation, offers};
use super::{Levels, Provider, World, consent_key};
use crate::failure::{self, Language};
use crate::identity::{ACR_LOCAL, SessionId, SessionView, UnixTime};
use std::sync::Arc;

/// How far an upstream's clock may be behind ours when the time of a login is compared, seconds.
const SKEW: i64 = 60;

/// What the authorization endpoint answers. Codes and page identifiers stay out of debug output.
pub enum Authorize {
    /// Redirect the browser to the client: with `code`, or with an error it is safe to send back.
    Redirect(String),
    /// A person is needed: send the browser to the login page of this transaction (random, ends with it, never logged).
    Login(String),
    /// The client or its redirect URI cannot be trusted: a page for the person, nothing for the client.
    Refuse(crate::failure::Code),
}

impl std::fmt::Debug for Authorize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Redirect(_) => f.write_str("Redirect(…)"),
            Self::Login(_) => f.write_str("Login(…)"),
            Self::Refuse(code) => write!(f, "Refuse({})", code),
        }
    }
}

/// An answer with what the audit trail wants to know.
#[derive(Debug)]
pub struct Authorized {
    /// The answer.
    pub answer: Authorize,
    /// The client, once it was known.
    pub client: Option<String>,
    /// The session that the answer rests on.
    pub session: Option<SessionId>,
    /// The error sent to the client.
    pub error: Option<&'static str>,
}

impl Authorized {
    fn refused(code: failure::Code) -> Self {
        Self { answer: Authorize::Refuse(code), client: None, session: None, error: None }
    }
}

/// A request that waits for a person, as its page and the login see it.
#[derive(Debug)]
pub struct Waiting {
    /// Who asks.
    pub client: Arc<Client>,
    /// Whom the client expects: to be shown, not used.
    pub login_hint: Option<String>,
    /// A new authentication is wanted, whatever session there is.
    pub fresh: bool,
    /// How old the authentication may be, seconds.
    pub max_age: Option<i64>,
    /// Only this person (`sub`) can answer.
    pub same_person: Option<String>,
    /// Language the client asked for.
    pub language: Option<Language>,
}

/// What the person said on the page, besides logging in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Approval {
    /// Agreed that the application learns who they are.
    pub consent: bool,
    /// Chose a professional situation.
    pub situation: Option<Situation>,
}

/// What became of a waiting request.
pub enum Completion {
    /// It ended: send the browser to the client. `error` is what the client is told, when it is not a code.
    Redirect {
        /// The client's redirect URI with `code` or `error`.
        location: String,
        /// The error sent to the client.
        error: Option<&'static str>,
    },
    /// It still waits: the person has to agree first ([`Approval::consent`]).
    AskConsent,
    /// It still waits: the person has to choose one of these ([`Approval::situation`]).
    AskSituation(Vec<Offer>),
    /// It still waits: this session does not satisfy the request, another login is needed.
    LoginNeeded,
    /// It ended before, or never was.
    Gone,
}

impl std::fmt::Debug for Completion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Redirect { error, .. } => {
                f.debug_struct("Redirect").field("error", error).finish_non_exhaustive()
            }
            Self::AskConsent => f.write_str("AskConsent"),
            Self::AskSituation(offers) => write!(f, "AskSituation({})", offers.len()),
            Self::LoginNeeded => f.write_str("LoginNeeded"),
            Self::Gone => f.write_str("Gone"),
        }
    }
}

/// What a client wants, with or without a browser.
pub(super) struct Wanted<'a> {
    pub(super) client: &'a Client,
    pub(super) scope: &'a str,
    /// `sub` of the only person who can answer.
    pub(super) person: Option<&'a str>,
}

/// What a request lacks with a session.
pub(super) enum Need {
    Nothing(Option<Situation>),
    Login,
    Consent,
    Situation(Vec<Offer>),
}

impl Provider {
    /// Answers an authorization request. `current` is the session of this person, if there is one, locked or not.
    pub fn authorize(
        &mut self,
        world: &mut World<'_>,
        parameters: &Parameters,
        current: Option<&SessionView>,
    ) -> Authorized {
        let pushed = match self.pushed(parameters, world.now) {
            Ok(pushed) => pushed,
            Err(code) => return Authorized::refused(code),
        };
        let parameters = pushed.as_ref().unwrap_or(parameters);
        let read = request::read(&self.registry, &self.keys, parameters, world.now);
        let mut request = match read.and_then(|request| self.came_as_it_must(request, pushed.is_some())) {
            Ok(request) => request,
            Err(Fault::Page(code)) => return Authorized::refused(code),
            Err(Fault::Back(client, reply, error)) => {
                let location = self.error_location(&reply, error);
                return Authorized {
                    answer: Authorize::Redirect(location),
                    client: Some(client.id().to_owned()),
                    session: None,
                    error: Some(error.error),
                };
            }
        };
        let client = Some(request.client.id().to_owned());
        // `prompt=login` is met only by a login made for this request, which is seen when the request is completed.
        let session = current.filter(|session| {
            !request.prompt.login && young(&request, session, 0) && suits(&request, session, world.levels)
        });
        let need = self.need(&request, session, Approval::default(), world.now);
        if session.is_none() {
            request.outdated = current.map(|s| (s.sid.clone(), s.assurance.auth_time));
        }
        let error = match (&need, session) {
            (Need::Nothing(situation), Some(session)) => {
                let location = self.grant_code(&request, session, *situation, world);
                let session = Some(session.sid.clone());
                return Authorized { answer: Authorize::Redirect(location), client, session, error: None };
            }
            (Need::Consent, _) => AuthorizationError::CONSENT_REQUIRED,
            (Need::Situation(_), _) => AuthorizationError::INTERACTION_REQUIRED,
            (Need::Login | Need::Nothing(_), _) => AuthorizationError::LOGIN_REQUIRED,
        };
        if request.prompt.none {
            let answer = Authorize::Redirect(self.error_location(&request.reply, error));
            return Authorized { answer, client, session: None, error: Some(error.error) };
        }
        let id = self.transactions.add(request, world.entropy);
        Authorized { answer: Authorize::Login(id), client, session: None, error: None }
    }

    /// Refuses a request of the browser's own where only pushed ones count (RFC 9126 §5, §6).
    fn came_as_it_must(&self, request: Request, pushed: bool) -> Result<Request, Fault> {
        let registration = request.client.registration();
        if pushed || !(self.require_pushed || registration.require_pushed_authorization_requests) {
            return Ok(request);
        }
        Err(Fault::Back(Arc::clone(&request.client), request.reply, AuthorizationError::NOT_PUSHED))
    }

    /// The request behind a reference of ours (RFC 9126 §4); `None` when the parameters are the request themselves.
    /// Whatever else stands beside the reference does not count.
    fn pushed(
        &mut self,
        parameters: &Parameters,
        now: UnixTime,
    ) -> Result<Option<Parameters>, failure::Code> {
        let gone = failure::REQUEST_URI_GONE;
        let uri = match parameters.one("request_uri") {
            Ok(Some(uri)) if uri.starts_with(pushed::PREFIX) => uri,
            Ok(_) => return Ok(None),
            Err(_) => return Err(gone),
        };
        let client = parameters.one("client_id").ok().flatten().ok_or(failure::UNKNOWN_CLIENT)?;
        self.references.take(uri, client, now).map(Some).ok_or(gone)
    }

    /// What waits under a transaction identifier.
    #[must_use]
    pub fn waiting(&self, transaction: &str, now: UnixTime) -> Option<Waiting> {
        let request = self.transactions.get(transaction, now)?;
        Some(Waiting {
            client: Arc::clone(&request.client),
            login_hint: request.login_hint.clone(),
            fresh: request.prompt.login,
            max_age: request.max_age,
            same_person: request.same_person.clone(),
            language: request.language,
        })
    }

    /// A login was made for a waiting request. The session that was too old for it may have been renewed under its name, and
    /// within the second: if its person was authenticated since the request came, it is not the old one any more. An
    /// upstream that answers from a session of its own authenticated nobody.
    pub fn login_made(&mut self, transaction: &str, session: &SessionView) {
        self.transactions.renewed(transaction, session.assurance.auth_time);
    }

    /// Answers a waiting request with a session: after a login, or with what the person said on the page.
    pub fn complete(
        &mut self,
        world: &mut World<'_>,
        transaction: &str,
        session: &SessionView,
        approval: Approval,
    ) -> Completion {
        if approval.consent {
            self.transactions.agreed(transaction, &session.sid);
        }
        let Some(request) = self.transactions.get(transaction, world.now) else { return Completion::Gone };
        // Whoever took the place of the person who agreed is asked anew.
        let approval = Approval { consent: request.agreed.as_ref() == Some(&session.sid), ..approval };
        let other_person = request.same_person.as_ref().is_some_and(|sub| *sub != session.person.id.0);
        if other_person {
            return self.fail(transaction, AuthorizationError::LOGIN_REQUIRED, world.now);
        }
        match self.need(request, Some(session), approval, world.now) {
            Need::Login => Completion::LoginNeeded,
            Need::Consent => Completion::AskConsent,
            Need::Situation(offers) => Completion::AskSituation(offers),
            Need::Nothing(situation) => {
                let Some(request) = self.transactions.take(transaction, world.now) else {
                    return Completion::Gone;
                };
                self.reconnect(request.client.id(), &session.sid);
                if request.client.registration().consent == Consent::FirstUse {
                    self.remember_consent(&request.client, session);
                }
                if let Some(situation) = situation {
                    let key = (request.client.id().to_owned(), session.sid.clone());
                    self.situations.insert(key, situation);
                }
                let location = self.grant_code(&request, session, situation, world);
                Completion::Redirect { location, error: None }
            }
        }
    }

    /// Ends a waiting request with an error.
    pub fn fail(&mut self, transaction: &str, error: AuthorizationError, now: UnixTime) -> Completion {
        match self.transactions.take(transaction, now) {
            None => Completion::Gone,
            Some(request) => {
                let location = self.error_location(&request.reply, error);
                Completion::Redirect { location, error: Some(error.error) }
            }
        }
    }

    /// What a request still lacks.
    fn need(
        &self,
        request: &Request,
        session: Option<&SessionView>,
        approval: Approval,
        now: UnixTime,
    ) -> Need {
        let Some(session) = session.filter(|session| fresh(request, session)) else {
            return Need::Login;
        };
        let person = request.same_person.as_deref();
        let wanted = Wanted { client: &request.client, scope: &request.scope, person };
        self.lacks(&wanted, session, approval, request.prompt.consent, now)
    }

    /// What a session lacks for what a client wants. `again` asks for consent even where it was given.
    pub(super) fn lacks(
        &self,
        wanted: &Wanted<'_>,
        session: &SessionView,
        approval: Approval,
        again: bool,
        now: UnixTime,
    ) -> Need {
        if !fits(wanted, session, now) {
            return Need::Login;
        }
        let registration = wanted.client.registration();
        let asks = registration.consent == Consent::FirstUse
            && !self.consents.contains(&consent_key(wanted.client, session));
        let again = again || self.is_disconnected(wanted.client.id(), &session.sid);
        if (asks || again) && !approval.consent {
            return Need::Consent;
        }
        if registration.situation == SituationChoice::All {
            return Need::Nothing(None);
        }
        let offers = offers(&session.person.claims);
        if offers.len() < 2 {
            return Need::Nothing(None);
        }
        let earlier = self.situations.get(&(wanted.client.id().to_owned(), session.sid.clone()));
        let chosen = approval.situation.or(earlier.copied());
        match offers.iter().find(|offer| Some(offer.situation) == chosen) {
            Some(offer) => Need::Nothing(Some(offer.situation)),
            None => Need::Situation(offers),
        }
    }

    fn grant_code(
        &mut self,
        request: &Request,
        session: &SessionView,
        situation: Option<Situation>,
        world: &mut World<'_>,
    ) -> String {
        let code = Code {
            client: Arc::clone(&request.client),
            redirect_uri: request.reply.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            grant: Grant {
                client: request.client.id().into(),
                sid: session.sid.clone(),
                auth_time: session.assurance.auth_time,
                scope: Arc::clone(&request.scope),
                situation,
            },
        };
        let code = self.codes.issue(code, world.now, world.entropy);
        request.reply.location(&self.issuer, &[("code", code.expose())])
    }

    fn error_location(&self, reply: &request::Reply, error: AuthorizationError) -> String {
        let members = [("error", error.error), ("error_description", error.description)];
        reply.location(&self.issuer, &members)
    }
}

/// Whether a session is of the kind that a request wishes for, or the best there is: `acr_values` is a wish (OpenID Connect
/// Core §3.1.2.1). It asks for a new login where the session is a local one and the upstream is wished for, or the other way
/// round, and a login would bring it. What the login then reached answers, and the ID token says what it was.
fn suits(request: &Request, session: &SessionView, levels: &Levels<'_>) -> bool {
    let has = session.assurance.acr.as_str();
    let local = |level: &str| level == ACR_LOCAL;
    let better = |level: &String| local(level) != local(has) && levels(request.client.ways(), level);
    request.levels.iter().any(|level| level == has) || !request.levels.iter().any(better)
}

/// Whether a session answers what a client wants. A registration that must not get local sessions names its ways.
fn fits(wanted: &Wanted<'_>, session: &SessionView, now: UnixTime) -> bool {
    let ways = wanted.client.ways();
    let upstream_only = wanted.scope.split(' ').any(|s| s == PSC_TOKEN || s == PSC_EVIDENCE);
    !session.locked
        && now < session.expires
        && (ways.is_empty() || ways.contains(&session.assurance.way))
        && wanted.person.is_none_or(|sub| sub == session.person.id.0)
        && (!upstream_only || has_upstream(session))
}

/// Whether a session is as fresh as a request wants it: never the one that did not do when the request came.
fn fresh(request: &Request, session: &SessionView) -> bool {
    let outdated = request
        .outdated
        .as_ref()
        .is_some_and(|(sid, auth_time)| *sid == session.sid && *auth_time >= session.assurance.auth_time);
    !outdated && young(request, session, SKEW)
}

/// Whether the authentication is as young as the request wants it, with a tolerance in seconds for an upstream's clock.
/// Age counts to the moment of the request: the person may take a while at the card.
fn young(request: &Request, session: &SessionView, tolerance: i64) -> bool {
    let limit = if request.prompt.login { Some(0) } else { request.max_age };
    let age = request.made.since(session.assurance.auth_time);
    limit.is_none_or(|limit| age <= limit.saturating_add(tolerance))
}
