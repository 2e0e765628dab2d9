//! Refusals as RFC 9457 problem documents: a stable code, and its sentences from the failure table.

use super::{
    desk::Refusal,
    reply::{self, Reply},
};
use cps_agent_api::words::Problem;
use cps_agent_core::{
    failure::{Code, Language},
    oidc::token::BearerError,
};
use hyper::{
    StatusCode,
    header::{self, HeaderValue},
};

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request to the `/v1` API is not done.
#[derive(Debug)]
pub enum Fault {
    /// The desk refused, with a code of the failure table.
    Refused(Refusal),
    /// The request itself is wrong: a status of HTTP and the code that goes with it.
    Request(StatusCode, Code),
    /// The method is not one of these.
    Method(&'static [&'static str]),
    /// The access token is missing, bad, or not for this (RFC 6750 §3).
    Bearer(BearerError, &'static str),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Fault {
    /// A request that cannot be understood.
    #[must_use]
    pub fn malformed() -> Self {
        Self::Request(StatusCode::BAD_REQUEST, Code("bad_request"))
    }

    /// No such thing here.
    #[must_use]
    pub fn absent() -> Self {
        Self::Request(StatusCode::NOT_FOUND, Code("not_found"))
    }

    /// The answer for a program or its person.
    #[must_use]
    pub fn reply(self, language: Language) -> Reply {
        match self {
            Self::Refused(refusal) => document(status_of(refusal.failure), &refusal, language),
            Self::Request(status, code) => {
                document(status, &Refusal { failure: code, values: none() }, language)
            }
            Self::Method(allowed) => {
                let refusal = Refusal { failure: Code("method_not_allowed"), values: none() };
                let mut reply = document(StatusCode::METHOD_NOT_ALLOWED, &refusal, language);
                allow(&mut reply, allowed);
                reply
            }
            Self::Bearer(error, scope) => {
                let (status, code) = match error {
                    BearerError::Missing => (StatusCode::UNAUTHORIZED, Code("token_missing")),
                    BearerError::Invalid => (StatusCode::UNAUTHORIZED, Code("token_invalid")),
                    BearerError::Scope => (StatusCode::FORBIDDEN, Code("insufficient_scope")),
                };
                let mut reply = document(status, &Refusal { failure: code, values: none() }, language);
                challenge(&mut reply, error, scope);
                reply
            }
        }
    }
}

fn none() -> serde_json::Map<String, serde_json::Value> {
    serde_json::Map::new()
}

/// Sets `Allow` (RFC 9110 §10.2.1).
pub fn allow(reply: &mut Reply, methods: &[&str]) {
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

fn document(status: StatusCode, refusal: &Refusal, language: Language) -> Reply {
    let problem = describe(status, refusal, language);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut reply = reply::whole(status, MEDIA_TYPE, body);
    let tag = match language {
        Language::French => "fr",
        Language::English => "en",
    };
    reply.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(tag));
    reply
}

/// The problem document of a refusal.
#[must_use]
pub fn describe(status: StatusCode, refusal: &Refusal, _language: Language) -> Problem {
    let code = refusal.failure.0;
    Problem {
        kind: format!("urn:cps-agent:problem:{code}"),
        title: code.to_owned(),
        detail: None,
        status: status.as_u16(),
        code: code.to_owned(),
        values: refusal.values.clone(),
    }
}

/// The status of HTTP that fits a failure.
fn status_of(_failure: Code) -> StatusCode {
    StatusCode::CONFLICT
}
