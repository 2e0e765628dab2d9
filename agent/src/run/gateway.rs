//! The gateways at work: who may call one now, with which certificate, over which connection.
//!
//! A line of connections belongs to one gateway, one session and one card. It ends when the session ends or locks, when
//! its card leaves, and when another session or card takes its place; what is under way ends with it.

mod connect;
mod found;
mod organisation;

use super::shared::Shared;
use crate::{
    config,
    host::{
        gateway::{
            body::{Bounded, Bounds, Progress, Stream},
            line::{Line, Unanswered},
            rewrite::{self, Asked},
        },
        key_store::RefusedPins,
    },
    serve::{
        desk::{Caller, GatewayCall, Proof},
        limits::{Slot, Slots},
        problem::Fault,
    },
};
use connect::Key;
use cps_agent_core::{
    audit,
    failure::{self, Code, Failure},
    identity::{SessionId, SessionView, UnixTime},
    oidc::token::BearerError,
};
use http_body_util::BodyExt as _;
use hyper::{
    Method, Request, Response,
    body::{Body as _, Incoming},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

/// Requests under way of all applications together, for each that one may have.
const CROWD: usize = 4;

/// Every gateway of the configuration, by name.
#[derive(Default)]
pub(super) struct Gateways(BTreeMap<String, Arc<Gate>>);

/// One gateway.
struct Gate {
    settings: config::Gateway,
    slots: Arc<Slots<String>>,
    live: Mutex<Option<Arc<Live>>>,
    /// One line is made at a time: a key store is opened once, however many requests wait for it.
    making: tokio::sync::Mutex<()>,
    refused: Arc<RefusedPins>,
}

/// What a gateway has while somebody is logged in.
struct Live {
    sid: SessionId,
    line: Arc<Line>,
    /// The card or token that signs; none for an organisation's certificate.
    key: Option<Key>,
    /// When the organisation's certificate ends.
    end_of_certificate: Option<UnixTime>,
    /// Card or key store signed, which is not written down yet.
    signed: Arc<AtomicBool>,
}

/// A call on its way, as it is remembered.
struct Call<'a> {
    shared: &'a Arc<Shared>,
    gate: Arc<Gate>,
    by: audit::Application,
    caller: &'a Caller,
}

impl Gateways {
    /// As configured.
    pub(super) fn new(settings: &[config::Gateway]) -> Self {
        let refused = Arc::<RefusedPins>::default();
        let gate = |settings: &config::Gateway| Gate {
            slots: Slots::new(settings.requests.saturating_mul(CROWD), settings.requests),
            settings: settings.clone(),
            live: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            refused: Arc::clone(&refused),
        };
        Self(settings.iter().map(|one| (one.route.name.clone(), Arc::new(gate(one)))).collect())
    }

    /// Ends every line that the session no longer allows.
    pub(super) fn keep_for(&self, session: Option<&SessionView>) {
        for gate in self.0.values() {
            let mut live = gate.live();
            if let Some(why) = live.as_ref().and_then(|live| live.over(session))
                && let Some(live) = live.take()
            {
                live.end(why);
            }
        }
    }
}

impl Gate {
    fn live(&self) -> MutexGuard<'_, Option<Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self, code: Code) -> Failure {
        self.settings.route.failure(code)
    }
}

impl Live {
    /// Why it must end, if it must.
    fn over(&self, session: Option<&SessionView>) -> Option<Code> {
        if self.key.as_ref().is_some_and(|key| key.present.left()) {
            return Some(failure::CARD_REMOVED);
        }
        let Some(session) = session.filter(|session| session.sid == self.sid) else {
            return Some(failure::GATEWAY_NOBODY);
        };
        let other = session.assurance.credential.as_ref().zip(self.key.as_ref());
        match other {
            _ if session.locked => Some(failure::GATEWAY_LOCKED),
            Some((credential, key)) if credential.serial != key.present.serial() => {
                Some(failure::CARD_REMOVED)
            }
            _ => None,
        }
    }

    fn end(&self, why: Code) {
        self.line.end(why);
        if let Some(key) = &self.key {
            key.grant.withdraw();
        }
    }
}

impl Shared {
    /// Carries a request to the origin of a gateway, and the answer back.
    ///
    /// # Errors
    /// The refusal, which the audit trail has got.
    pub(super) async fn carry(
        self: &Arc<Self>,
        caller: &Caller,
        call: GatewayCall,
    ) -> Result<Response<Stream>, Fault> {
        let mut by = super::desk::FrontDesk::by(caller);
        let name = self.gateways.0.contains_key(&call.name).then(|| call.name.clone());
        let what = || audit::What::Gateway { name: name.clone(), sent: 0, received: 0 };
        let result = self.admitted(&call, &mut by);
        let (gate, session) = match result {
            Ok(admitted) => admitted,
            Err(fault) => {
                let code = match &fault {
                    Fault::Failed(failure) => failure.code,
                    Fault::Bearer(BearerError::Missing, _) => failure::BEARER_MISSING,
                    Fault::Bearer(BearerError::Invalid, _) => failure::BEARER_INVALID,
                    Fault::Bearer(BearerError::Scope, _) => failure::SCOPE_MISSING,
                    Fault::Method(_) => failure::METHOD_NOT_ALLOWED,
                };
                self.refuse(audit::Event::refused(what(), code), code, &by);
                return Err(fault);
            }
        };
        let caller = &Caller { client: by.client.clone(), ..caller.clone() };
        let under_way =
            self.under_way(&by, |how| audit::Event::ended(what(), how).within(session.sid.clone()));
        let call_on = Call { shared: self, gate, by: by.clone(), caller };
        match call_on.answer(call, &session).await {
            Ok(answer) => {
                // It is written down where the answer comes to its end.
                under_way.goes_on();
                Ok(answer)
            }
            Err(failure) => {
                under_way.failed(failure.code);
                Err(match failure.code {
                    failure::METHOD_NOT_ALLOWED => Fault::Method(cps_agent_core::gateway::METHODS),
                    _ => Fault::Failed(failure),
                })
            }
        }
    }

    /// The gateway that is called and the session it is called in, if this caller may.
    fn admitted(
        &self,
        call: &GatewayCall,
        by: &mut audit::Application,
    ) -> Result<(Arc<Gate>, SessionView), Fault> {
        let unknown = || Failure::new(failure::GATEWAY_UNKNOWN).with("gateway", call.name.as_str());
        let gate = Arc::clone(self.gateways.0.get(&call.name).ok_or_else(unknown)?);
        let scope = gate.settings.route.scope();
        let session = self.look(|quiet, now| match &call.proof {
            Proof::Token(token) => {
                let token = token.as_ref().map(|token| token.expose()).unwrap_or_default();
                let speaker = quiet.provider.bearer(&quiet.sessions, token, &scope, now);
                let speaker = speaker.map_err(|error| Fault::Bearer(error, scope.clone().into()))?;
                by.client = Some(speaker.client.to_string());
                Ok(quiet.sessions.current())
            }
            Proof::Secret(secret) => {
                let client = quiet.provider.registry().of_gateway_secret(secret, &call.name);
                let client = client.ok_or_else(|| gate.failure(failure::GATEWAY_SECRET))?;
                by.client = Some(client.to_owned());
                let session = quiet.sessions.current();
                let disconnected =
                    |session: &SessionView| quiet.provider.is_disconnected(client, &session.sid);
                if session.as_ref().is_some_and(disconnected) {
                    return Err(gate.failure(failure::GATEWAY_DISCONNECTED).into());
                }
                Ok::<_, Fault>(session)
            }
        })?;
        gate.settings.route.admits(by.client.as_deref().unwrap_or_default())?;
        match session {
            None => Err(gate.failure(failure::GATEWAY_NOBODY).into()),
            Some(session) if session.locked => Err(gate.failure(failure::GATEWAY_LOCKED).into()),
            Some(session) => Ok((gate, session)),
        }
    }
}

impl Call<'_> {
    /// Sends the request, over a connection that is there or a new one.
    async fn answer(self, call: GatewayCall, session: &SessionView) -> Result<Response<Stream>, Failure> {
        let settings = &self.gate.settings;
        let (head, body) = call.request.into_parts();
        let (mut out, asked) = rewrite::request(&settings.route, &head, &call.rest, &call.before)
            .map_err(|code| self.gate.failure(code))?;
        if body.size_hint().lower() > settings.body {
            return Err(failure::REQUEST_TOO_LARGE.into());
        }
        let slot = self.gate.slots.take(self.by.client.clone());
        let slot = slot.ok_or_else(|| self.gate.failure(failure::GATEWAY_BUSY))?;
        let live = self.live(session).await?;
        let bounds =
            Bounds { bytes: Some(settings.body), silence: settings.timeout, late: failure::REQUEST_TOO_SLOW };
        out.version = hyper::Version::HTTP_11;
        let request = Request::from_parts(out, Bounded::new(body, bounds));
        let sent = request.body().progress();
        let answer = tokio::select! {
            biased;
            why = live.line.ended() => Err(self.gate.failure(why)),
            answer = self.exchange(&live, request, bounds) => answer,
        };
        let answer = match (answer, sent.spoiled()) {
            (Ok(answer), _) => answer,
            // What broke here is the cause of what broke there.
            (Err(_), Some(spoiled)) => return Err(self.gate.failure(spoiled)),
            (Err(failure), None) => return Err(failure),
        };
        Ok(self.returned(answer, &head.method, &asked, sent, (live, slot)))
    }

    async fn exchange(
        &self,
        live: &Arc<Live>,
        mut request: Request<Bounded<Stream>>,
        bounds: Bounds,
    ) -> Result<Response<Bounded<Incoming>>, Failure> {
        let route = &self.gate.settings.route;
        loop {
            let open = match live.line.idle() {
                Some(open) => open,
                None => self.connect(live).await?,
            };
            return match live.line.send(open, request, bounds).await {
                Ok(answer) => Ok(answer),
                // The server closed a kept connection in this very moment, and has seen nothing of the request.
                Err(Unanswered::Unsent(unsent)) => {
                    request = *unsent;
                    continue;
                }
                Err(Unanswered::Slow) => Err(self.gate.failure(failure::GATEWAY_SLOW)),
                Err(Unanswered::Fault(fault)) => {
                    tracing::warn!(gateway = route.name, %fault, "the origin of a gateway did not answer");
                    Err(route.unanswered(&fault))
                }
            };
        }
    }

    /// The answer for the program. Its end is written down, however it comes.
    fn returned(
        &self,
        answer: Response<Bounded<Incoming>>,
        method: &Method,
        asked: &Asked,
        sent: Progress,
        held: (Arc<Live>, Slot<String>),
    ) -> Response<Stream> {
        let (head, body) = answer.into_parts();
        let head = rewrite::response(&self.gate.settings.route, &head, method, asked);
        let (shared, by) = (Arc::clone(self.shared), self.by.clone());
        let name = Some(self.gate.settings.route.name.clone());
        let body = body.then(move |received| {
            let (live, _slot) = &held;
            let what =
                audit::What::Gateway { name: name.clone(), sent: sent.bytes(), received: received.bytes() };
            let cut = live.line.over().filter(|_| !received.ended());
            let why = received.spoiled().or(cut);
            let event = match why {
                Some(code) => audit::Event::refused(what, code),
                None => audit::Event::done(what),
            };
            shared.record([event.within(live.sid.clone())], &by);
        });
        Response::from_parts(head, body.boxed_unsync())
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Live({:?})", self.line)
    }
}
