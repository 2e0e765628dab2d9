//! The gateway's door: which requests are calls at all, before anybody asks whose they are.
//!
//! A browser is never let in, not even one of a registered page: what a gateway reaches is reached with a person's
//! certificate, and a page has no business there. An access token or the secret of the caller's path says who calls.

use super::{
    bridge::{Bridge, known},
    desk::{Desk, GatewayCall, Proof},
    gate::{self, Barred},
    reply::{self, Reply},
    visitor::Visitor,
};
use bytes::Bytes;
use cps_agent_core::{
    failure::{GATEWAY_CALLER_UNKNOWN, NOT_FOUND},
    gateway::{
        BrokenOff,
        address::{self, Called},
    },
    secret::Secret,
};
use http_body_util::BodyExt as _;
use hyper::{Request, StatusCode, body::Body, header::HeaderValue, http::request::Parts};

/// What a browser that got here all the same may do with an answer: nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

impl<D: Desk> Bridge<D> {
    /// Carries one call.
    pub(super) async fn carry<B>(&self, visitor: &Visitor, request: Request<B>) -> Reply
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let mut reply = match self.call(&head, visitor) {
            Err(barred) => self.bar(barred, visitor).await,
            Ok((called, proof)) => {
                let process = visitor.process(&self.searches).await.clone();
                let caller = known(visitor, process, &head.headers);
                let (name, rest, before) =
                    (called.name.to_owned(), called.rest.to_owned(), called.before.to_owned());
                let body = body.map_err(BrokenOff::new).boxed_unsync();
                let request = Request::from_parts(head, body);
                let call = GatewayCall { name, proof, rest, before, request };
                match self.desk.carry(&caller, call).await {
                    Ok(answer) => reply::carried(answer),
                    Err(fault) => fault.reply(caller.language),
                }
            }
        };
        reply::protect(&mut reply, &POLICY);
        reply
    }

    /// The questions before any gateway.
    fn call<'a>(&self, head: &'a Parts, visitor: &Visitor) -> Result<(Called<'a>, Proof), Barred> {
        // What proves the caller is in the request, and anybody's who read it.
        if !visitor.same_user {
            return Err(Barred { status: StatusCode::FORBIDDEN, reason: GATEWAY_CALLER_UNKNOWN });
        }
        gate::stream(&head.uri, &head.headers)?;
        gate::host(&head.headers, self.port)?;
        gate::no_page(&head.headers)?;
        let called = address::called(head.uri.path());
        let called = called.ok_or(Barred { status: StatusCode::NOT_FOUND, reason: NOT_FOUND })?;
        let secret = |text: &str| Secret::new(text.to_owned());
        let proof = match called.secret {
            Some(path) => Proof::Secret(secret(path)),
            None => Proof::Token(super::oidc::bearer(&head.headers).map(secret)),
        };
        Ok((called, proof))
    }
}
