//! The `/v1` API: the same words at both doors. The bridge asks for an access token; the control door is its own proof.

use super::{
    desk::{Caller, Desk, Door},
    events::EventStream,
    intake, portal,
    problem::Fault,
    reply::{self, Reply},
    routes::Endpoint,
};
use bytes::Bytes;
use cps_agent_api::words;
use cps_agent_core::{
    failure::{NOT_FOUND, SESSION_NONE},
    oidc::token::BearerError,
    secret::Secret,
};
use hyper::{HeaderMap, Method, StatusCode, body::Body};
use std::sync::Arc;

/// Scope that shows readers and cards.
const CARDS: &str = "cps:cards";
/// Scope that has challenges signed.
const SIGN: &str = "cps:sign";
/// Scope that shows the catalogue.
const SERVICES: &str = "cps:services";
/// Scope of every login: enough to see and end one's own session.
const OPENID: &str = "openid";

/// A request that found its route.
#[derive(Debug)]
pub struct Request<'a, B> {
    /// Where it goes.
    pub endpoint: Endpoint,
    /// The value in its path, if any.
    pub value: &'a str,
    /// Method: one of the route's.
    pub method: &'a Method,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body, not read yet.
    pub body: B,
}

/// Answers one request.
///
/// # Errors
/// The refusal, to be answered in the caller's language.
pub async fn answer<D, B>(desk: &Arc<D>, mut caller: Caller, request: Request<'_, B>) -> Result<Reply, Fault>
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Request { endpoint, value, method, headers, body } = request;
    if let Some(scope) = scope(endpoint) {
        admit(desk.as_ref(), &mut caller, headers, scope)?;
    }
    let caller = &caller;
    let ok = StatusCode::OK;
    Ok(match endpoint {
        Endpoint::Status => reply::json(ok, &status(desk.as_ref(), caller.clone(), headers)),
        Endpoint::Waiting => reply::json(ok, &desk.waiting()),
        Endpoint::Services => reply::json(ok, &desk.services(caller)),
        Endpoint::Portal => {
            let request: words::PortalRequest = read(headers, body).await?;
            reply::json(ok, &desk.portal_link(caller, portal::view(request.view.as_deref())?)?)
        }
        Endpoint::Readers => reply::json(ok, &desk.readers()),
        Endpoint::Cards => reply::json(ok, &desk.cards(caller)),
        Endpoint::Certificates => reply::json(ok, &desk.certificates(value).await?),
        Endpoint::PinState => reply::json(ok, &desk.pin_state(value).await?),
        Endpoint::ChangePin => {
            desk.change_pin(caller, value, read(headers, body).await?).await?;
            reply::empty(StatusCode::NO_CONTENT)
        }
        Endpoint::UnblockPin => {
            desk.unblock_pin(caller, value, read(headers, body).await?).await?;
            reply::empty(StatusCode::NO_CONTENT)
        }
        Endpoint::Challenges => {
            let mut request: words::ChallengeRequest = read(headers, body).await?;
            // A program of this user may say where it runs; a web page must not say where a PIN is typed.
            if caller.door == Door::Bridge {
                request.screen = words::Screen::default();
            }
            reply::json(ok, &desk.challenge(caller, request).await?)
        }
        Endpoint::Session if method == Method::DELETE => {
            if !desk.end_session(caller).await {
                return Err(SESSION_NONE.into());
            }
            reply::empty(StatusCode::NO_CONTENT)
        }
        Endpoint::Session => reply::json(ok, &desk.session(caller)),
        Endpoint::Events => reply::events(events(desk, caller, headers)),
        Endpoint::Login if method == Method::GET => reply::json(ok, &desk.login_progress()),
        Endpoint::Login => reply::json(ok, &desk.login(caller, read(headers, body).await?).await?),
        Endpoint::Clients if method == Method::POST => {
            reply::json(StatusCode::CREATED, &desk.add_client(caller, read(headers, body).await?)?)
        }
        Endpoint::Clients => reply::json(ok, &desk.clients()),
        Endpoint::Client => {
            desk.remove_client(caller, value)?;
            reply::empty(StatusCode::NO_CONTENT)
        }
        Endpoint::Tokens if method == Method::POST => {
            reply::json(StatusCode::CREATED, &desk.add_token(caller, read(headers, body).await?).await?)
        }
        Endpoint::Tokens => reply::json(ok, &desk.tokens()),
        Endpoint::Trust if method == Method::POST => {
            reply::json(ok, &desk.make_authority(caller, read(headers, body).await?)?)
        }
        Endpoint::Trust if method == Method::DELETE => {
            desk.remove_authority(caller)?;
            reply::empty(StatusCode::NO_CONTENT)
        }
        Endpoint::Trust => reply::json(ok, &desk.authority()),
        Endpoint::Audit => reply::json(ok, &desk.check_audit().await?),
        Endpoint::ModuleTokens => reply::json(ok, &desk.module_tokens()),
        Endpoint::ModuleSigns => {
            reply::json(ok, &desk.module_signs(caller, read(headers, body).await?).await?)
        }
        Endpoint::ModuleDeciphers => {
            reply::secret(ok, &desk.module_deciphers(caller, read(headers, body).await?).await?)
        }
        Endpoint::Diagnosis => reply::json(ok, &desk.diagnosis(caller).await),
        Endpoint::OpenApi => reply::document(super::openapi::DOCUMENT),
        _ => return Err(NOT_FOUND.into()),
    })
}

/// The stream of events. At the bridge it ends with the token that opened it.
fn events<D: Desk>(desk: &Arc<D>, caller: &Caller, headers: &HeaderMap) -> EventStream {
    let token = super::oidc::bearer(headers).map(|token| Secret::new(token.to_owned()));
    let (door, keeper) = (caller.door, Arc::clone(desk));
    // What went wrong for one application is not another one's to know.
    let problems = (door == Door::Control).then_some(caller.language);
    EventStream::start(desk.events(), problems, move || {
        door == Door::Control
            || token.as_ref().is_some_and(|token| keeper.bearer(token.expose(), CARDS).is_ok())
    })
}

/// The scope the bridge asks for, where the route needs one.
fn scope(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Readers
        | Endpoint::Cards
        | Endpoint::Certificates
        | Endpoint::PinState
        | Endpoint::Events => Some(CARDS),
        Endpoint::Challenges => Some(SIGN),
        Endpoint::Services => Some(SERVICES),
        Endpoint::Session => Some(OPENID),
        _ => None,
    }
}

/// At the bridge: looks the access token up and notes its application.
fn admit<D: Desk>(
    desk: &D,
    caller: &mut Caller,
    headers: &HeaderMap,
    scope: &'static str,
) -> Result<(), Fault> {
    if caller.door == Door::Control {
        return Ok(());
    }
    let token = super::oidc::bearer(headers).ok_or(Fault::Bearer(BearerError::Missing, scope.into()))?;
    caller.client = Some(desk.bearer(token, scope).map_err(|error| Fault::Bearer(error, scope.into()))?);
    Ok(())
}

/// The status, cut down at the bridge to what the caller may see: nobody without a token learns whose card is in.
fn status<D: Desk>(desk: &D, mut caller: Caller, headers: &HeaderMap) -> words::Status {
    let cards = admit(desk, &mut caller, headers, CARDS).is_ok();
    let session = admit(desk, &mut caller, headers, OPENID).is_ok();
    let mut status = desk.status(&caller);
    if !cards {
        status.readers = Vec::new();
        status.cards = Vec::new();
        status.prompt = None;
    }
    if !session {
        status.session = None;
    }
    if caller.door == Door::Bridge {
        status.problems = Vec::new();
    }
    status
}

async fn read<T, B>(headers: &HeaderMap, body: B) -> Result<T, Fault>
where
    T: serde::de::DeserializeOwned,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    intake::json(&intake::body(headers, body, intake::JSON).await?)
}
