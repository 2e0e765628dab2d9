//! The OpenID Connect endpoints of the bridge: bytes to the provider's values and back. Every decision is the desk's.

use super::{
    desk::{Caller, Desk},
    intake, page,
    problem::{self, Fault},
    reply::{self, Reply},
    v1::Request,
};
use bytes::Bytes;
use cps_agent_core::{
    failure::CALLER_UNKNOWN,
    oidc::{
        authorize::{Authorize, Parameters},
        token::{BearerError, TokenRefusal, TokenRequest},
    },
    secret::Secret,
};
use hyper::{
    HeaderMap, Method, StatusCode,
    body::Body,
    header::{self, HeaderValue},
};

/// Authorization endpoint (OpenID Connect Core §3.1.2.1): `GET` with a query, `POST` with a form.
pub async fn authorize<D, B>(desk: &D, caller: &Caller, query: &str, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let parameters = if request.method == Method::POST {
        match intake::body(request.headers, request.body, intake::FORM).await {
            Ok(form) => intake::parameters(&form),
            Err(fault) => return fault.reply(caller.language),
        }
    } else {
        intake::parameters(query.as_bytes())
    };
    let location = match desk.authorize(caller, parameters) {
        Authorize::Redirect(location) => location,
        Authorize::Login(transaction) => format!("/login/{transaction}"),
        Authorize::Refuse(failure) => return page::refused(desk, caller, failure),
    };
    reply::see_other(&location).unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Token endpoint (OpenID Connect Core §3.1.3, RFC 6749 §5).
pub async fn token<D, B>(desk: &D, caller: &Caller, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let form = match intake::body(request.headers, request.body, intake::FORM).await {
        Ok(form) => form,
        Err(fault) => return unreadable(fault, caller),
    };
    let parameters = intake::parameters(&form);
    let authorization = match request.headers.get(header::AUTHORIZATION).map(HeaderValue::to_str) {
        None => None,
        Some(Ok(value)) => Some(Secret::new(value.to_owned())),
        Some(Err(_)) => return refusal(&invalid_client("the Authorization header is not text")),
    };
    if !caller.same_user && authorization.is_none() && !authenticates(&parameters) {
        desk.refused_at_door(caller.door, CALLER_UNKNOWN, caller.program.as_deref());
        return refusal(&invalid_client(
            "this system cannot tell whose process calls: public clients are refused",
        ));
    }
    match desk.token(caller, TokenRequest { parameters, authorization }).await {
        Ok(response) => reply::document(response.0.expose()),
        Err(error) => refusal(&error),
    }
}

/// Whether the form holds a client authentication (RFC 6749 §2.3.1, RFC 7521 §4.2).
fn authenticates(parameters: &Parameters) -> bool {
    parameters.0.iter().any(|(name, _)| name == "client_secret" || name == "client_assertion")
}

fn invalid_client(description: &'static str) -> TokenRefusal {
    TokenRefusal { status: 401, error: "invalid_client", description }
}

/// A body that could not be taken, in the words of RFC 6749; its status tells what was wrong.
fn unreadable(fault: Fault, caller: &Caller) -> Reply {
    match fault {
        Fault::Failed(failure) => refusal(&TokenRefusal {
            status: failure.code.line().status,
            error: "invalid_request",
            description: "the body is not a form of acceptable size",
        }),
        other => other.reply(caller.language),
    }
}

fn refusal(refusal: &TokenRefusal) -> Reply {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let body = serde_json::json!({ "error": refusal.error, "error_description": refusal.description });
    let mut reply = reply::json(status, &body);
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Basic realm=\"cps-agent\"");
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    reply
}

/// UserInfo endpoint (OpenID Connect Core §5.3): the token in the header, or in the form of a `POST` (RFC 6750 §2.2).
pub async fn userinfo<D, B>(desk: &D, caller: &Caller, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let claims = if request.headers.contains_key(header::AUTHORIZATION) {
        match bearer(request.headers) {
            Some(token) => desk.userinfo(caller, token),
            None => Err(BearerError::Missing),
        }
    } else if request.method == Method::POST {
        match intake::body(request.headers, request.body, intake::FORM).await {
            Ok(form) => match access_token(intake::parameters(&form)) {
                Some(token) => desk.userinfo(caller, token.expose()),
                None => Err(BearerError::Missing),
            },
            Err(_) => Err(BearerError::Missing),
        }
    } else {
        Err(BearerError::Missing)
    };
    match claims {
        Ok(claims) => reply::json(StatusCode::OK, &claims),
        Err(error) => {
            let status = match error {
                BearerError::Missing | BearerError::Invalid => StatusCode::UNAUTHORIZED,
                BearerError::Scope => StatusCode::FORBIDDEN,
            };
            let mut reply = reply::empty(status);
            problem::challenge(&mut reply, error, "openid");
            reply
        }
    }
}

/// The one `access_token` of a form.
fn access_token(parameters: Parameters) -> Option<Secret> {
    let mut tokens = parameters.0.into_iter().filter(|(name, _)| name == "access_token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) => Some(Secret::new(token)),
        _ => None,
    }
}

/// The bearer token of the `Authorization` header (RFC 6750 §2.1).
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let text = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(text)).then_some(token)
}
