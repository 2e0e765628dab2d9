//! RP-initiated logout as browsers meet it: back to the application, or a page that asks.

use super::desk::LogoutAnswer;
use crate::serve::{
    desk::{Caller, Desk},
    intake, page, problem,
    reply::{self, Reply},
    v1::Request,
};
use bytes::Bytes;
use cps_agent_core::failure::LOGOUT_GONE;
use hyper::{StatusCode, body::Body};

/// Logout endpoint (OpenID Connect RP-Initiated Logout §2): `GET` with a query, `POST` with a form.
pub async fn logout<D, B>(desk: &D, caller: &Caller, query: &str, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let headers = request.headers;
    let parameters = match super::parameters(query, request).await {
        Ok(parameters) => parameters,
        Err(fault) => return page::failed(desk, caller, headers, fault),
    };
    let location = match desk.logout(caller, parameters) {
        LogoutAnswer::Done(None) => return page::logged_out(desk, caller),
        LogoutAnswer::Done(Some(location)) => location,
        LogoutAnswer::Ask(id) => format!("/logout/{id}"),
    };
    reply::see_other(&location).unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR))
}

/// `GET /logout/{page}`: asks the person.
pub fn ask<D: Desk>(desk: &D, caller: &Caller, id: &str) -> Reply {
    let caller = &page::spoken(desk, caller, id);
    if desk.logout_waits(id) {
        page::ask_logout(desk, caller, id)
    } else {
        page::gone(desk, caller, LOGOUT_GONE)
    }
}

/// `POST /logout/{page}`: the person's answer.
pub async fn answer<D, B>(desk: &D, caller: &Caller, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (id, headers) = (request.value, request.headers);
    let caller = &page::spoken(desk, caller, id);
    let form = match intake::body(headers, request.body, intake::FORM).await {
        Ok(form) => intake::parameters(&form),
        Err(fault) => return page::failed(desk, caller, headers, fault),
    };
    let said = |name: &str| form.0.iter().any(|(field, _)| field == name);
    let yes = match (said("yes"), said("cancel")) {
        (true, false) => true,
        (false, true) => false,
        _ => return page::malformed(desk, caller, headers),
    };
    match desk.answer_logout(caller, id, yes) {
        None => page::gone(desk, caller, LOGOUT_GONE),
        Some(_) if !yes => page::still_there(desk, caller),
        // Not a redirect: `form-action` would then have to allow the application's address.
        Some(LogoutAnswer::Done(Some(location))) => page::leaves(desk, caller, &location),
        Some(_) => page::logged_out(desk, caller),
    }
}
