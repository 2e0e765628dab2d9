//! The UserInfo endpoint, and the bearer token of a request.

use crate::serve::{
    desk::{Caller, Desk},
    intake, problem,
    reply::{self, Reply},
    v1::Request,
};
use bytes::Bytes;
use cps_agent_core::{
    oidc::{authorize::Parameters, token::BearerError},
    secret::Secret,
};
use hyper::{HeaderMap, Method, StatusCode, body::Body, header};

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
