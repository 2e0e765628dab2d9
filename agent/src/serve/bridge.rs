//! The bridge: the loopback door for applications and browsers (product rules: README, "The two doors").
//!
//! Every request passes the same line of questions, in this order, and the first "no" ends it: whose process calls, form
//! of the request, name it was addressed to, web page it comes from, route, method. Only then is anything looked at.

pub use super::bind::{Bound, Closed, bind, issuer};

use super::{
    bind::STRANGER_MARK,
    caller::{self, Peer},
    connection,
    desk::{Caller, Desk, Door},
    gate::{self, Barred},
    language, limits,
    limits::{Refusals, Slots, Telling},
    oidc, page, portal,
    problem::{self, Fault},
    reply::{self, Reply},
    routes::{self, Endpoint, Route},
    v1,
    visitor::{Process, Searches, Visitor},
};
use bytes::Bytes;
use cps_agent_core::{
    failure::{Code, NOT_FOUND, OTHER_USER, PAGE_CALLER_UNKNOWN, TOO_MANY_CONNECTIONS},
    gateway::address,
    secret::SecretHash,
};
use hyper::{
    Method, Request, StatusCode,
    body::Body,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use std::{future::poll_fn, io, net::SocketAddr, sync::Arc, task::Poll, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// How long accepting rests after the system could not give a connection (out of descriptors).
const REST: Duration = Duration::from_millis(100);

/// Serves the bridge until the future is dropped, which also ends its connections.
pub async fn serve<D: Desk>(bound: Bound, desk: Arc<D>) {
    let bridge = Arc::new(Bridge {
        port: bound.port(),
        tls: bound.tls.map(TlsAcceptor::from),
        desk,
        slots: Slots::new(limits::CONNECTIONS, limits::CONNECTIONS_OF_ONE),
        strangers: Slots::new(limits::STRANGERS, limits::STRANGERS),
        searches: Searches::default(),
        refusals: Refusals::default(),
        followers: Slots::new(limits::FOLLOWERS, limits::FOLLOWERS_OF_ONE),
    });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Whoever comes when all places for callers nobody knows yet are taken waits in the system's queue.
            accepted = accept(&bound.listeners), if connections.len() < limits::OPEN => match accepted {
                Ok((stream, from)) => {
                    connections.spawn(Arc::clone(&bridge).welcome(stream, from));
                }
                Err(_) => tokio::time::sleep(REST).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// The next connection of any listener.
async fn accept(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        for listener in listeners {
            if let Poll::Ready(accepted) = listener.poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// What all connections share.
pub(super) struct Bridge<D> {
    pub(super) port: u16,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) desk: Arc<D>,
    /// Counted apart by process, where one is searched for; an unknown process is one of them.
    pub(super) slots: Arc<Slots<Option<i32>>>,
    pub(super) strangers: Arc<Slots<()>>,
    pub(super) searches: Searches,
    pub(super) refusals: Refusals<()>,
    /// Streams of events to our pages, counted apart by page.
    pub(super) followers: Arc<Slots<SecretHash>>,
}

impl<D: Desk> Bridge<D> {
    /// Finds out who called, and serves or refuses.
    async fn welcome(self: Arc<Self>, stream: TcpStream, from: SocketAddr) {
        let Ok(ours) = stream.local_addr() else { return };
        // Answers are small and written whole: waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let visitor = match caller::peer(ours, from) {
            Peer::SameUser { inode } => Visitor::neighbour(inode),
            Peer::Untold => Visitor::unknown(),
            Peer::OtherUser { .. } => return self.turn_away(stream).await,
            Peer::Gone => return,
        };
        // While there is room nobody is counted apart. When it gets crowded, no process may take all that is left.
        let pid = if self.slots.taken() < limits::ROOMY {
            None
        } else {
            Some(visitor.process(&self.searches).await.pid)
        };
        let Some(_slot) = self.slots.take(pid) else {
            return self.refuse(TOO_MANY_CONNECTIONS, Some(&visitor)).await;
        };
        let answer = |request| self.answer(&visitor, request);
        let Some(tls) = &self.tls else { return connection::serve(stream, answer).await };
        // A handshake that is late or broken is the caller's own trouble, like a broken request.
        if let Ok(Ok(stream)) = timeout(limits::HEAD_TIME, tls.accept(stream)).await {
            connection::serve(stream, answer).await;
        }
    }

    /// Tells the audit trail why somebody was not let in.
    async fn refuse(&self, reason: Code, visitor: Option<&Visitor>) {
        if !matches!(self.refusals.tell((), reason.word()), Telling::Now) {
            return;
        }
        let program = match visitor {
            Some(visitor) => visitor.process(&self.searches).await.program.as_deref(),
            None => None,
        };
        self.desk.refused_at_door(Door::Bridge, reason, program);
    }

    /// Refuses another user, whatever is asked. The mark tells that user's own agent whose port this is; it asks
    /// without TLS, and nothing else that a stranger says is worth a handshake.
    async fn turn_away(&self, stream: TcpStream) {
        let Some(_slot) = self.strangers.take(None) else { return };
        self.refuse(OTHER_USER, None).await;
        let refuse = |_request| async {
            let body = serde_json::json!({
                "type": STRANGER_MARK, "title": "Forbidden", "status": 403, "code": "other_user",
            });
            let mut reply = reply::whole(StatusCode::FORBIDDEN, problem::MEDIA_TYPE, body.to_string());
            reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            reply::protect(&mut reply, &page::policy::POLICY);
            reply
        };
        connection::serve(stream, refuse).await;
    }

    /// Answers one request.
    pub(super) async fn answer<B>(&self, visitor: &Visitor, request: Request<B>) -> Reply
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if address::called(request.uri().path()).is_some() {
            return self.carry(visitor, request).await;
        }
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let found = routes::find(Door::Bridge, path);
        let mut readable_by = None;
        let mut reply = match self.gate(&head.uri, &head.headers, found.map(|(route, _)| route.endpoint)) {
            Err(barred) => self.bar(barred, visitor).await,
            Ok(origin) => {
                readable_by = origin.cloned();
                let process = match found {
                    Some((route, _)) if is_audited(route.endpoint) => {
                        visitor.process(&self.searches).await.clone()
                    }
                    _ => Process::default(),
                };
                let caller = known(visitor, process, &head.headers);
                match found {
                    None => page::failed(self.desk.as_ref(), &caller, &head.headers, NOT_FOUND.into()),
                    Some((route, _)) if head.method == Method::OPTIONS && origin.is_some() => {
                        preflight(route, &head.headers)
                    }
                    Some((route, _)) if !route.methods.contains(&head.method.as_str()) => {
                        let fault = Fault::Method(route.methods);
                        page::failed(self.desk.as_ref(), &caller, &head.headers, fault)
                    }
                    Some((route, _)) if !caller.same_user && acts(route.endpoint) => {
                        self.refuse(PAGE_CALLER_UNKNOWN, Some(visitor)).await;
                        page::barred(self.desk.as_ref(), &caller, PAGE_CALLER_UNKNOWN)
                    }
                    Some((route, value)) => {
                        let query = head.uri.query().unwrap_or_default();
                        let request = v1::Request {
                            endpoint: route.endpoint,
                            value,
                            method: &head.method,
                            headers: &head.headers,
                            body,
                        };
                        self.route(caller, query, request).await
                    }
                }
            }
        };
        reply::protect(&mut reply, &page::policy::POLICY);
        if let Some(origin) = readable_by {
            let headers = reply.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers
                .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("WWW-Authenticate"));
        }
        reply
    }

    /// Turns a request away.
    pub(super) async fn bar(&self, barred: Barred, visitor: &Visitor) -> Reply {
        self.refuse(barred.reason, Some(visitor)).await;
        // What follows on this connection is not worth reading: it may not even begin where it seems to.
        let mut reply = problem::bare(barred.status);
        reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        reply
    }

    /// The questions before any route. Returns the registered origin that may read the answer.
    fn gate<'a>(
        &self,
        uri: &hyper::Uri,
        headers: &'a HeaderMap,
        endpoint: Option<Endpoint>,
    ) -> Result<Option<&'a HeaderValue>, Barred> {
        gate::form(uri, headers)?;
        let host = gate::host(headers, self.port)?;
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let own = format!("{scheme}://{host}");
        let origin = gate::origin(headers, &own, endpoint, |origin| self.desk.origin_allowed(origin))?;
        if endpoint.is_some_and(gate::is_page) {
            gate::navigation(headers)?;
        } else if matches!(endpoint, Some(Endpoint::LoginEvents | Endpoint::PortalEvents)) {
            gate::own_script(headers)?;
        } else {
            gate::read(headers)?;
        }
        Ok(origin)
    }

    async fn route<B>(&self, caller: Caller, query: &str, request: v1::Request<'_, B>) -> Reply
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let desk = self.desk.as_ref();
        match request.endpoint {
            Endpoint::Home => page::home(desk, &caller),
            Endpoint::Discovery => reply::document(&desk.discovery()),
            Endpoint::Jwks => reply::document(&desk.jwks().await),
            Endpoint::Authorize => oidc::authorize(desk, &caller, query, request).await,
            Endpoint::Token
            | Endpoint::Push
            | Endpoint::Backchannel
            | Endpoint::Introspect
            | Endpoint::Revoke => oidc::form(desk, &caller, request).await,
            Endpoint::UserInfo => oidc::userinfo(desk, &caller, request).await,
            Endpoint::Logout => oidc::logout(desk, &caller, query, request).await,
            Endpoint::LogoutPage if request.method == Method::POST => {
                oidc::answer_logout(desk, &caller, request).await
            }
            Endpoint::LogoutPage => oidc::ask_logout(desk, &caller, request.value),
            Endpoint::LoginPage if request.method == Method::POST => page::act(desk, &caller, request).await,
            Endpoint::LoginPage => page::show(desk, &caller, request.value, query).await,
            Endpoint::LoginEvents => match self.followers.take(Some(SecretHash::of(request.value))) {
                Some(slot) => page::follow(&self.desk, &caller, request.value, slot),
                None => Fault::from(TOO_MANY_CONNECTIONS).reply(caller.language),
            },
            Endpoint::PortalOpening => portal::open(desk, &caller, request.value),
            Endpoint::PortalState if request.method == Method::POST => {
                portal::act(desk, &caller, request).await
            }
            Endpoint::PortalState
            | Endpoint::PortalActivity
            | Endpoint::PortalDiagnosis
            | Endpoint::PortalAbout => portal::show(desk, &caller, request.endpoint, request.value).await,
            Endpoint::PortalEvents => match self.followers.take(Some(SecretHash::of(request.value))) {
                Some(slot) => portal::follow(&self.desk, &caller, request.value, slot),
                None => Fault::from(TOO_MANY_CONNECTIONS).reply(caller.language),
            },
            _ => {
                let (by, headers) = (caller.clone(), request.headers);
                let answer = v1::answer(&self.desk, caller, request).await;
                answer.unwrap_or_else(|fault| page::failed(desk, &by, headers, fault))
            }
        }
    }
}

/// Whether opening this page may start or end something for the person. Where nobody says that it is the person who opens
/// it, it is refused, as public clients are. What the authorization endpoint gives is worth nothing without either.
fn acts(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::LoginPage
            | Endpoint::LoginEvents
            | Endpoint::Logout
            | Endpoint::LogoutPage
            | Endpoint::PortalOpening
            | Endpoint::PortalState
            | Endpoint::PortalEvents
            | Endpoint::PortalActivity
            | Endpoint::PortalDiagnosis
            | Endpoint::PortalAbout
    )
}

/// Who calls, as far as a connection and its request tell.
pub(super) fn known(visitor: &Visitor, process: Process, headers: &HeaderMap) -> Caller {
    Caller {
        door: Door::Bridge,
        same_user: visitor.same_user,
        pid: process.pid,
        program: process.program,
        client: None,
        language: language::of(headers),
    }
}

/// Whether the audit trail names the process behind a request to this endpoint.
fn is_audited(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Authorize
            | Endpoint::Token
            | Endpoint::LoginPage
            | Endpoint::Revoke
            | Endpoint::Backchannel
            | Endpoint::Logout
            | Endpoint::LogoutPage
            | Endpoint::PortalOpening
            | Endpoint::PortalState
            | Endpoint::Challenges
            | Endpoint::Session
    )
}

const ASKS_LOCAL: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOWS_LOCAL: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Answers the preflight of a registered origin (Fetch §3.2.2; Private Network Access §3).
fn preflight(route: &Route, headers: &HeaderMap) -> Reply {
    let mut reply = reply::empty(StatusCode::NO_CONTENT);
    let answer = reply.headers_mut();
    if let Ok(methods) = HeaderValue::from_str(&route.methods.join(", ")) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type, accept-language"),
    );
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    if headers.get(ASKS_LOCAL).is_some_and(|asks| asks == "true") {
        answer.insert(ALLOWS_LOCAL, HeaderValue::from_static("true"));
    }
    reply
}
