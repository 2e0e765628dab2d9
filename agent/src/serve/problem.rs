//! Refusals as RFC 9457 problem documents: a stable code, and its sentences from the failure table.

use super::reply::{self, Reply};
use cps_agent_api::words::{Event, Problem};
use cps_agent_core::{
    failure::{BEARER_INVALID, BEARER_MISSING, Code, Failure, Language, METHOD_NOT_ALLOWED, SCOPE_MISSING},
    oidc::token::BearerError,
};
use hyper::{
    StatusCode,
    header::{self, HeaderValue},
};
use std::borrow::Cow;

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request to the `/v1` API is not done.
#[derive(Debug)]
pub enum Fault {
    /// A line of the failure table.
    Failed(Failure),
    /// The method is not one of these.
    Method(&'static [&'static str]),
    /// The access token is missing, bad, or not for this scope (RFC 6750 §3).
    Bearer(BearerError, Cow<'static, str>),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        Self::Failed(code.into())
    }
}

impl Fault {
    /// The answer for a program and its person.
    #[must_use]
    pub fn reply(self, language: Language) -> Reply {
        self.written(|failure| document(failure, language))
    }

    /// The answer as `write` words its failure, with the headers that belong to it.
    pub fn written(self, write: impl FnOnce(&Failure) -> Reply) -> Reply {
        match self {
            Self::Failed(failure) => write(&failure),
            Self::Method(allowed) => {
                let mut reply = write(&METHOD_NOT_ALLOWED.into());
                allow(&mut reply, allowed);
                reply
            }
            Self::Bearer(error, scope) => {
                let failure = match error {
                    BearerError::Missing => BEARER_MISSING.into(),
                    BearerError::Invalid => BEARER_INVALID.into(),
                    BearerError::Scope => Failure::new(SCOPE_MISSING).with("scope", scope.as_ref()),
                };
                let mut reply = write(&failure);
                challenge(&mut reply, error, &scope);
                reply
            }
        }
    }
}

/// Sets `Allow` (RFC 9110 §10.2.1).
fn allow(reply: &mut Reply, methods: &[&str]) {
    if let Ok(value) = HeaderValue::from_str(&methods.join(", ")) {
        reply.headers_mut().insert(header::ALLOW, value);
    }
}

/// Sets `WWW-Authenticate: Bearer` (RFC 6750 §3). Without a token there is no error to report.
pub fn challenge(reply: &mut Reply, error: BearerError, scope: &str) {
    let value = match error {
        BearerError::Missing => "Bearer realm=\"cps-agent\"".to_owned(),
        BearerError::Invalid => "Bearer realm=\"cps-agent\", error=\"invalid_token\"".to_owned(),
        BearerError::Scope => {
            format!("Bearer realm=\"cps-agent\", error=\"insufficient_scope\", scope=\"{scope}\"")
        }
    };
    if let Ok(value) = HeaderValue::from_str(&value) {
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
}

/// A refusal of the door itself: the caller learns the status and nothing else, since the caller may be a web page.
/// The reason goes to the audit trail.
#[must_use]
pub fn bare(status: StatusCode) -> Reply {
    let title = status.canonical_reason().unwrap_or("Refused");
    let code = title.to_ascii_lowercase().replace(' ', "_");
    let body = serde_json::json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "code": code,
    });
    reply::whole(status, MEDIA_TYPE, body.to_string())
}

/// The status of an answer that tells of a failure.
#[must_use]
pub fn status(failure: &Failure) -> StatusCode {
    StatusCode::from_u16(failure.code.line().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn document(failure: &Failure, language: Language) -> Reply {
    let problem = Problem::of(failure, language);
    let mut reply =
        reply::whole(status(failure), MEDIA_TYPE, serde_json::to_vec(&problem).unwrap_or_default());
    let tag = match language {
        Language::French => "fr",
        Language::English => "en",
    };
    reply.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(tag));
    reply
}

/// An event with its problem in the listener's language, or without it: it was worded before anybody knew who listens.
#[must_use]
pub fn reworded(event: Event, language: Option<Language>) -> Event {
    let reword = |problem: Problem| {
        let code = Code::named(&problem.code)?;
        Some(Problem::of(&Failure { code, values: problem.values }, language?))
    };
    Event { problem: event.problem.and_then(reword), ..event }
}
