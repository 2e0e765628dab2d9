//! The OpenID Connect endpoints of the bridge: bytes to the provider's values and back. Every decision is the desk's.

pub mod desk;
mod form;
mod logout;
mod userinfo;

pub use form::form;
pub use logout::{answer as answer_logout, ask as ask_logout, logout};
pub use userinfo::{bearer, userinfo};

use super::{
    desk::{Caller, Desk},
    intake, page,
    problem::{self, Fault},
    reply::{self, Reply},
    v1::Request,
};
use bytes::Bytes;
use cps_agent_core::{
    failure::{Failure, REQUEST_MALFORMED},
    oidc::authorize::{Authorize, Parameters},
};
use hyper::{Method, StatusCode, body::Body};

/// Authorization endpoint (OpenID Connect Core §3.1.2.1): `GET` with a query, `POST` with a form.
pub async fn authorize<D, B>(desk: &D, caller: &Caller, query: &str, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let headers = request.headers;
    let parameters = match parameters(query, request).await {
        Ok(parameters) => parameters,
        Err(fault) => return page::failed(desk, caller, headers, fault),
    };
    let location = match desk.authorize(caller, parameters) {
        Authorize::Redirect(location) => location,
        Authorize::Login(transaction) => format!("/login/{transaction}"),
        Authorize::Refuse(failure) => return page::refused(desk, caller, failure),
    };
    reply::see_other(&location).unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The parameters that a browser brings, in the query or in a form.
async fn parameters<B>(query: &str, request: Request<'_, B>) -> Result<Parameters, Fault>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let malformed = |reason: &str| Fault::from(Failure::new(REQUEST_MALFORMED).with("reason", reason));
    if request.method != Method::POST {
        return Parameters::parse(query).map_err(|_| malformed("query"));
    }
    let form = intake::body(request.headers, request.body, intake::FORM).await?;
    let text = std::str::from_utf8(&form).map_err(|_| malformed("form"))?;
    Parameters::parse(text).map_err(|_| malformed("form"))
}
