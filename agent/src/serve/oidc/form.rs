//! The endpoints that clients post a form to: token, introspection, revocation, pushed requests, CIBA.

use crate::serve::{
    desk::{Caller, Desk},
    intake,
    problem::{self, Fault},
    reply::{self, Reply},
    routes::Endpoint,
    v1::Request,
};
use bytes::Bytes;
use cps_agent_core::{
    failure::{CALLER_UNKNOWN, Failure, REQUEST_MALFORMED},
    oidc::{
        authorize::Parameters,
        token::{TokenRefusal, TokenRequest},
    },
    secret::Secret,
};
use hyper::{
    StatusCode,
    body::Body,
    header::{self, HeaderValue},
};

/// Answers at the token endpoint (RFC 6749 §5), for pushed requests (RFC 9126 §2), at the backchannel authentication
/// endpoint (CIBA Core §7), for introspection (RFC 7662 §2) and revocation (RFC 7009 §2).
pub async fn form<D, B>(desk: &D, caller: &Caller, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let endpoint = request.endpoint;
    let request = match read(desk, caller, request).await {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let answer = match endpoint {
        Endpoint::Token => desk.token(caller, request).await.map(|answer| reply::document(answer.0.expose())),
        Endpoint::Push => desk.push(caller, request).map(|pushed| reply::json(StatusCode::CREATED, &pushed)),
        Endpoint::Backchannel => {
            desk.backchannel(caller, request).map(|answer| reply::document(answer.expose()))
        }
        Endpoint::Introspect => {
            desk.introspect(caller, request).map(|members| reply::json(StatusCode::OK, &members))
        }
        Endpoint::Revoke => desk.revoke(caller, request).map(|()| reply::empty(StatusCode::OK)),
        _ => return problem::bare(StatusCode::NOT_FOUND),
    };
    answer.unwrap_or_else(|refused| refusal(&refused))
}

/// Reads a client's form and what proves it, and turns away public clients whose user the system cannot tell.
async fn read<D, B>(desk: &D, caller: &Caller, request: Request<'_, B>) -> Result<TokenRequest, Reply>
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let form = intake::body(request.headers, request.body, intake::FORM).await;
    let form = form.map_err(|fault| unreadable(fault, caller))?;
    let text = std::str::from_utf8(&form).ok().and_then(|text| Parameters::parse(text).ok());
    let malformed = || unreadable(Failure::new(REQUEST_MALFORMED).with("reason", "form").into(), caller);
    let parameters = text.ok_or_else(malformed)?;
    let authorization = match request.headers.get(header::AUTHORIZATION).map(HeaderValue::to_str) {
        None => None,
        Some(Ok(value)) => Some(Secret::new(value.to_owned())),
        Some(Err(_)) => return Err(refusal(&invalid_client("the Authorization header is not text"))),
    };
    if !caller.same_user && authorization.is_none() && !authenticates(&parameters) {
        desk.refused_at_door(caller.door, CALLER_UNKNOWN, caller.program.as_deref());
        return Err(refusal(&invalid_client(
            "this system cannot tell whose process calls: public clients are refused",
        )));
    }
    Ok(TokenRequest { parameters, authorization })
}

/// Whether the form holds a client authentication (RFC 6749 §2.3.1, RFC 7521 §4.2). One without a value is none: the
/// provider would take the client for a public one.
fn authenticates(parameters: &Parameters) -> bool {
    let proof = |name: &str| name == "client_secret" || name == "client_assertion";
    parameters.0.iter().any(|(name, value)| proof(name) && !value.is_empty())
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
