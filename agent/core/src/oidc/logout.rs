//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0).
//!
//! A request that is right in every respect ends the session at once: its `id_token_hint` is an ID token that we made in
//! this very session, which no foreign page has. Everything else asks the person, and goes back to nobody.

use super::hint::Hint;
use super::parameters::Parameters;
use super::shares::Shares;
use super::{Provider, World, request};
use crate::failure::Language;
use crate::identity::{SessionId, SessionView, UnixTime};
use crate::secret::{Entropy, SecretHash, random_string};
use url::form_urlencoded;

/// How long the person may think, seconds.
const LIFETIME: i64 = 600;
/// Questions that wait at a time, whoever asked: the last ones.
const MAX_QUESTIONS: usize = 32;
/// A request need not name a client: all questions share one bound.
const ANYBODY: &str = "";
const ID_BYTES: usize = 32;
const MAX_STATE: usize = 1024;

/// What a logout request leads to. Page identifiers stay out of debug output.
pub enum Logout {
    /// End this session, then go where the client wants, or say that it is done.
    End {
        /// The session.
        session: SessionId,
        /// Who asked.
        client: String,
        /// The client's address, with its `state`.
        leave: Option<String>,
    },
    /// Ask the person on this page (random, ends with the answer, never logged).
    Ask(String),
    /// Nobody is logged in.
    Over {
        /// The client's address, with its `state`.
        leave: Option<String>,
    },
}

impl std::fmt::Debug for Logout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End { session, client, .. } => write!(f, "End({}, {client})", session.0),
            Self::Ask(_) => f.write_str("Ask(…)"),
            Self::Over { leave } => write!(f, "Over({leave:?})"),
        }
    }
}

/// What a person is asked to agree to.
#[derive(Debug)]
pub struct Farewell {
    /// The session to end.
    pub session: SessionId,
    /// Where to go then, when the request was right but for its session.
    pub leave: Option<String>,
}

struct Question {
    farewell: Farewell,
    language: Option<Language>,
    made: UnixTime,
}

/// The questions that wait, by the hash of their page's identifier.
#[derive(Default)]
pub(super) struct Questions(Shares<Question, MAX_QUESTIONS>);

impl Questions {
    fn add(&mut self, question: Question, entropy: &mut dyn Entropy) -> String {
        self.sweep(question.made);
        let id = random_string(entropy, ID_BYTES);
        self.0.add(ANYBODY, SecretHash::of(&id), question);
        id
    }

    pub(super) fn sweep(&mut self, now: UnixTime) {
        self.0.sweep(|question| now.since(question.made) >= LIFETIME);
    }
}

impl Provider {
    /// Answers a logout request. `current` is the live session, locked or not.
    pub fn logout(
        &mut self,
        world: &mut World<'_>,
        parameters: &Parameters,
        current: Option<&SessionView>,
    ) -> Logout {
        let right = self.right(parameters);
        let leave = right.as_ref().and_then(|(_, leave)| leave.clone());
        let Some(session) = current else { return Logout::Over { leave } };
        if let Some((hint, leave)) = right
            && hint.sid.as_ref() == Some(&session.sid.0)
        {
            return Logout::End { session: session.sid.clone(), client: hint.client, leave };
        }
        let question = Question {
            farewell: Farewell { session: session.sid.clone(), leave },
            language: parameters.one("ui_locales").ok().flatten().and_then(request::language),
            made: world.now,
        };
        Logout::Ask(self.questions.add(question, world.entropy))
    }

    /// The hint of a request that is right in every respect but perhaps its session, and where it wants to go.
    fn right(&self, parameters: &Parameters) -> Option<(Hint, Option<String>)> {
        if parameters.has_duplicates() || !parameters.within_limits() {
            return None;
        }
        let get = |name: &str| parameters.one(name).ok().flatten();
        let hint = Hint::read(&self.keys, get("id_token_hint")?)?;
        if get("client_id").is_some_and(|id| id != hint.client) {
            return None;
        }
        let client = self.registry.client(&hint.client)?;
        let Some(uri) = get("post_logout_redirect_uri") else { return Some((hint, None)) };
        if !client.registration().post_logout_redirect_uris.iter().any(|registered| registered == uri) {
            return None;
        }
        let state = get("state");
        if state.is_some_and(|state| state.len() > MAX_STATE) {
            return None;
        }
        let leave = match state {
            None => uri.to_owned(),
            Some(state) => {
                let joint = if uri.contains('?') { '&' } else { '?' };
                let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
                format!("{uri}{joint}state={state}")
            }
        };
        Some((hint, Some(leave)))
    }

    /// The language of a waiting logout page; `None` when there is no such page, or the client said nothing.
    #[must_use]
    pub fn logout_language(&self, page: &str, now: UnixTime) -> Option<Language> {
        self.question(page, now)?.language
    }

    /// Whether a logout page still waits for its answer.
    #[must_use]
    pub fn logout_waits(&self, page: &str, now: UnixTime) -> bool {
        self.question(page, now).is_some()
    }

    /// The person answered: what ends if they said yes; `None` when the page's time is over.
    pub fn logout_answered(&mut self, page: &str, now: UnixTime) -> Option<Farewell> {
        self.question(page, now)?;
        self.questions.0.take(&SecretHash::of(page)).map(|question| question.farewell)
    }

    fn question(&self, page: &str, now: UnixTime) -> Option<&Question> {
        self.questions.0.get(&SecretHash::of(page)).filter(|question| now.since(question.made) < LIFETIME)
    }
}
