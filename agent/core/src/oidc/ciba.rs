//! Logins without a browser: Client-Initiated Backchannel Authentication, poll mode (OpenID Connect CIBA Core 1.0).
//!
//! A heavy client asks, the person logs in at the agent's own prompt, the client polls. A live session that satisfies the
//! request answers it at once, unless the request has a binding message: then somebody must have read it.

use super::authorize::{Approval, AuthorizationError, Need, Wanted};
use super::client::Client;
use super::grant::{FamilyId, Grant};
use super::request;
use super::shares::Shares;
use super::situation::Situation;
use super::token::{GrantType, Granted, Refused, TokenRefusal, TokenRequest};
use super::{Provider, World, discovery};
use crate::declined::Asker;
use crate::identity::{SessionId, SessionView, UnixTime};
use crate::secret::{Entropy, Secret, SecretHash, random_string};
use std::sync::Arc;

/// `grant_type` of a poll (§10.1).
pub(super) const GRANT: &str = "urn:openid:params:grant-type:ciba";
/// `login_hint` of a client that asks for whoever sits at the workstation: it does not know its user yet.
pub const ANYONE: &str = "urn:cps-agent:login-hint:anyone";
/// Seconds that a request lives, and at the most when the client asks for more.
const LIFETIME: i64 = 300;
const MAX_LIFETIME: i64 = 600;
/// How long an ended request is remembered, seconds: a late poll learns what became of it.
const MEMORY: i64 = 600;
/// Seconds between two polls (§7.3), what `slow_down` adds, and where that ends.
const INTERVAL: i64 = 5;
const MAX_INTERVAL: i64 = 60;
/// Requests of one client that wait at a time, and that are remembered at all.
const MAX_WAITING: usize = 4;
const MAX_OF_CLIENT: usize = 64;
/// Longest binding message: a person compares it with what the application shows.
const MAX_BINDING: usize = 64;
/// Longest `login_hint`.
const MAX_HINT: usize = 64;
const ID_BYTES: usize = 32;

/// A request that was taken: what the client is told, and what the loop does about it.
#[derive(Debug)]
pub struct Backchannel {
    /// The answer, JSON text.
    pub answer: Secret,
    /// Who asked.
    pub client: Arc<Client>,
    /// A person must be asked; `None` when a live session answered.
    pub ask: Option<Ask>,
}

/// What the person is asked.
#[derive(Debug)]
pub struct Ask {
    /// Names the request in [`Provider::backchannel_done`] and [`Provider::backchannel_failed`].
    pub request: RequestId,
    /// To be shown with the application's name. The login must then be one that showed it.
    pub binding_message: Option<String>,
    /// When the client stops waiting.
    pub expires: UnixTime,
}

/// A request as the loop knows it: no authority to poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(SecretHash);

struct Entry {
    client: Arc<Client>,
    scope: Arc<str>,
    person: Option<String>,
    made: UnixTime,
    expires: UnixTime,
    interval: i64,
    polled: Option<UnixTime>,
    state: State,
}

enum State {
    Waiting,
    Agreed(SessionId, Option<Situation>),
    Refused,
    Used(Option<FamilyId>),
}

impl Entry {
    fn waits(&self, now: UnixTime) -> bool {
        matches!(self.state, State::Waiting) && now < self.expires
    }
}

/// All requests.
#[derive(Default)]
pub(super) struct Requests(Shares<Entry, MAX_OF_CLIENT>);

impl Requests {
    pub(super) fn end_client(&mut self, client: &str) {
        self.0.end(client);
    }

    pub(super) fn sweep(&mut self, now: UnixTime) {
        self.0.sweep(|entry| now.since(entry.expires) >= MEMORY);
    }

    /// Refuses a client what it was granted in a session and has not fetched yet. Says whether there was anything.
    pub(super) fn end_session(&mut self, client: &str, sid: &SessionId) -> bool {
        let mut ended = false;
        for entry in self.0.of_mut(client) {
            if matches!(&entry.state, State::Agreed(agreed, _) if agreed == sid) {
                entry.state = State::Refused;
                ended = true;
            }
        }
        ended
    }

    /// Remembers a request; `None` when too many of its client wait. Ended ones make room, the oldest first.
    fn add(&mut self, entry: Entry, entropy: &mut dyn Entropy) -> Option<String> {
        let (client, now) = (Arc::clone(&entry.client), entry.made);
        self.sweep(now);
        if self.0.of(client.id()).filter(|other| other.waits(now)).count() >= MAX_WAITING {
            return None;
        }
        let id = random_string(entropy, ID_BYTES);
        self.0.add_sparing(client.id(), SecretHash::of(&id), entry, |other| other.waits(now));
        Some(id)
    }
}

impl Provider {
    /// Takes an authentication request (§7.1). `current` is the live session, locked or not.
    ///
    /// # Errors
    /// The refusal to be sent (§13).
    pub fn backchannel(
        &mut self,
        world: &mut World<'_>,
        request: &TokenRequest,
        current: Option<&SessionView>,
    ) -> Result<Backchannel, Refused> {
        let client = self.authenticated(request, discovery::BACKCHANNEL, world.now)?;
        let taken = self.take_request(world, &client, request, current);
        taken.map_err(|refusal| Refused { client: Some(client.id().to_owned()), ..Refused::from(refusal) })
    }

    fn take_request(
        &mut self,
        world: &mut World<'_>,
        client: &Arc<Client>,
        request: &TokenRequest,
        current: Option<&SessionView>,
    ) -> Result<Backchannel, TokenRefusal> {
        let get = |name: &str| request.parameters.one(name).ok().flatten();
        if !client.registration().ciba {
            return Err(TokenRefusal::bad("unauthorized_client", "the client is not registered for CIBA"));
        }
        if get("request").is_some() {
            return Err(TokenRefusal::invalid_request("signed requests are not supported"));
        }
        let scope = request::scope(client, get("scope"))
            .map_err(|error| TokenRefusal::bad(error.error, error.description))?;
        let person = self.hinted(client, request)?;
        let binding_message = get("binding_message").map(binding_message).transpose()?;
        let lifetime = get("requested_expiry").map(requested_expiry).transpose()?.unwrap_or(LIFETIME);
        let expires = world.now.plus(lifetime);
        let wanted = Wanted { client, scope: &scope, person: person.as_deref() };
        let need = match (&binding_message, current) {
            (None, Some(session)) => self.lacks(&wanted, session, Approval::default(), false, world.now),
            _ => Need::Login,
        };
        let state = match (&need, current) {
            (Need::Nothing(situation), Some(session)) => State::Agreed(session.sid.clone(), *situation),
            _ => State::Waiting,
        };
        let waits = matches!(state, State::Waiting);
        if waits && self.declined.pauses(&Asker::Client(client.id().to_owned()), world.now) {
            return Err(TokenRefusal {
                status: 403,
                error: AuthorizationError::ACCESS_DENIED.error,
                description: "the person said no a moment ago: ask again later",
            });
        }
        let entry = Entry {
            client: Arc::clone(client),
            scope,
            person,
            made: world.now,
            expires,
            interval: INTERVAL,
            polled: None,
            state,
        };
        let full = TokenRefusal {
            status: 503,
            error: "temporarily_unavailable",
            description: "too many requests of this client wait for the person",
        };
        let id = self.backchannel.add(entry, world.entropy).ok_or(full)?;
        let answer = serde_json::json!({ "auth_req_id": id, "expires_in": lifetime, "interval": INTERVAL });
        let request = RequestId(SecretHash::of(&id));
        Ok(Backchannel {
            answer: Secret::new(answer.to_string()),
            client: Arc::clone(client),
            ask: waits.then_some(Ask { request, binding_message, expires }),
        })
    }

    /// Whom the request names, by exactly one hint (§7.1): a national identifier, an ID token of this client, or
    /// [`ANYONE`].
    fn hinted(&self, client: &Client, request: &TokenRequest) -> Result<Option<String>, TokenRefusal> {
        let get = |name: &str| request.parameters.one(name).ok().flatten();
        match (get("login_hint"), get("id_token_hint"), get("login_hint_token")) {
            (Some(ANYONE), None, None) => Ok(None),
            (Some(hint), None, None) => {
                let plain = hint.len() <= MAX_HINT
                    && hint.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-".contains(&b));
                let unknown = TokenRefusal::bad("unknown_user_id", "login_hint is not a national identifier");
                if plain { Ok(Some(hint.to_owned())) } else { Err(unknown) }
            }
            (None, Some(hint), None) => request::same_person(client, &self.keys, hint)
                .map(Some)
                .map_err(|error| TokenRefusal::invalid_request(error.description)),
            (None, None, Some(_)) => Err(TokenRefusal::invalid_request("login_hint_token is not supported")),
            _ => Err(TokenRefusal::invalid_request("exactly one of login_hint and id_token_hint is needed")),
        }
    }

    /// Whether a request still waits for its person.
    #[must_use]
    pub fn backchannel_waits(&self, request: RequestId, now: UnixTime) -> bool {
        let entry = self.backchannel.0.get(&request.0);
        entry.is_some_and(|entry| entry.waits(now))
    }

    /// Whether a session would answer a waiting request as it is.
    #[must_use]
    pub fn backchannel_fits(&self, request: RequestId, session: &SessionView, now: UnixTime) -> bool {
        let Some(entry) = self.backchannel.0.get(&request.0) else { return false };
        let wanted = Wanted { client: &entry.client, scope: &entry.scope, person: entry.person.as_deref() };
        matches!(self.lacks(&wanted, session, Approval::default(), false, now), Need::Nothing(_))
    }

    /// Answers a waiting request with the session of a login that was made for it. What only a page could ask (first
    /// consent, choice of situation) and is not answered yet refuses it, like another person does. Says whether the client
    /// may have its tokens.
    pub fn backchannel_done(&mut self, world: &World<'_>, request: RequestId, session: &SessionView) -> bool {
        if !self.backchannel_waits(request, world.now) {
            return false;
        }
        let Some(client) = self.backchannel.0.get(&request.0).map(|entry| Arc::clone(&entry.client)) else {
            return false;
        };
        // Whoever logs in for it wants it back.
        self.reconnect(client.id(), &session.sid);
        let Some(entry) = self.backchannel.0.get(&request.0) else { return false };
        let wanted = Wanted { client: &entry.client, scope: &entry.scope, person: entry.person.as_deref() };
        let state = match self.lacks(&wanted, session, Approval::default(), false, world.now) {
            Need::Nothing(situation) => State::Agreed(session.sid.clone(), situation),
            Need::Login | Need::Consent | Need::Situation(_) => State::Refused,
        };
        let agreed = matches!(state, State::Agreed(..));
        if agreed {
            self.declined.forget(&Asker::Client(entry.client.id().to_owned()));
        }
        if let Some(entry) = self.backchannel.0.get_mut(&request.0) {
            entry.state = state;
        }
        agreed
    }

    /// Ends a waiting request, and all others of its client: the person closed the prompt of this one. For a while they
    /// are not asked for that client.
    pub fn backchannel_declined(&mut self, request: RequestId, now: UnixTime) {
        let Some(client) = self.backchannel.0.get(&request.0).map(|entry| Arc::clone(&entry.client)) else {
            return;
        };
        self.declined.note(Asker::Client(client.id().to_owned()), now);
        for entry in self.backchannel.0.of_mut(client.id()).filter(|entry| entry.waits(now)) {
            entry.state = State::Refused;
        }
    }

    /// Ends a waiting request: something, or the policy, said no.
    pub fn backchannel_failed(&mut self, request: RequestId) {
        if let Some(entry) = self.backchannel.0.get_mut(&request.0)
            && matches!(entry.state, State::Waiting)
        {
            entry.state = State::Refused;
        }
    }

    /// `grant_type=urn:openid:params:grant-type:ciba` (§10.1, §11).
    pub(super) fn poll(
        &mut self,
        world: &mut World<'_>,
        client: &Arc<Client>,
        id: &str,
    ) -> Result<Granted, Refused> {
        const UNKNOWN: TokenRefusal =
            TokenRefusal::invalid_grant("auth_req_id is unknown or another client's");
        let denied = TokenRefusal::bad(AuthorizationError::ACCESS_DENIED.error, "the person did not agree");
        let hash = SecretHash::of(id);
        let entry = self.backchannel.0.get_mut(&hash).filter(|entry| entry.client.id() == client.id());
        let entry = entry.ok_or(UNKNOWN)?;
        if let State::Used(family) = entry.state {
            family.into_iter().for_each(|family| self.grants.revoke(family));
            return Err(Refused::replayed(GrantType::Ciba));
        }
        if matches!(entry.state, State::Refused) {
            return Err(denied.into());
        }
        if world.now >= entry.expires {
            return Err(TokenRefusal::bad("expired_token", "the request was not answered in time").into());
        }
        let State::Agreed(sid, situation) = &entry.state else {
            let early = entry.polled.is_some_and(|last| world.now.since(last) < entry.interval);
            entry.polled = Some(world.now);
            if early {
                entry.interval = entry.interval.saturating_add(INTERVAL).min(MAX_INTERVAL);
                return Err(
                    TokenRefusal::bad("slow_down", "polls come too fast: wait five seconds more").into()
                );
            }
            return Err(TokenRefusal::bad("authorization_pending", "the person has not answered yet").into());
        };
        let session = world.sessions.session(sid).filter(|session| world.now < session.expires);
        let Some(session) = session else { return Err(denied.into()) };
        if session.locked {
            return Err(TokenRefusal::INTERACTION_REQUIRED.into());
        }
        let grant = Grant {
            client: client.id().into(),
            sid: sid.clone(),
            auth_time: session.assurance.auth_time,
            scope: Arc::clone(&entry.scope),
            situation: *situation,
        };
        entry.state = State::Used(None);
        let (family, granted) = self.begin(world, client, &session, grant, None, GrantType::Ciba)?;
        if let Some(entry) = self.backchannel.0.get_mut(&hash) {
            entry.state = State::Used(Some(family));
        }
        Ok(granted)
    }
}

/// A message that a person can read and compare (§7.1).
fn binding_message(text: &str) -> Result<String, TokenRefusal> {
    let plain = text.chars().all(|c| c.is_alphanumeric() || " -_.:,;/+#()'!?°".contains(c));
    if plain && text.chars().count() <= MAX_BINDING {
        Ok(text.to_owned())
    } else {
        Err(TokenRefusal::bad(
            "invalid_binding_message",
            "binding_message is at most 64 letters, digits and plain marks",
        ))
    }
}

fn requested_expiry(text: &str) -> Result<i64, TokenRefusal> {
    let seconds =
        text.parse().ok().filter(|seconds: &i64| *seconds > 0 && text.bytes().all(|b| b.is_ascii_digit()));
    let malformed = TokenRefusal::invalid_request("requested_expiry is not a positive number of seconds");
    seconds.map(|seconds| seconds.min(MAX_LIFETIME)).ok_or(malformed)
}
