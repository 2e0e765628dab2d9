//! What the person's page asks of the agent: its part of the seam between `serve/` and the loop.

use crate::serve::desk::Caller;
use cps_agent_api::words;
use cps_agent_core::{
    audit::activity::Activity, failure::Failure, identity::UnixTime, portal::View, secret::Secret,
};
use std::{collections::BTreeMap, future::Future, sync::Arc};

/// How things stand.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Agent, readers, cards, session, prompt, and what does not work.
    pub status: words::Status,
    /// The PIN of each card that said something of it, by serial number.
    pub pins: BTreeMap<String, Pin>,
    /// The applications that hold tokens of the session.
    pub applications: Vec<Application>,
    /// Those that were disconnected, and hold a token of the upstream all the same.
    pub remaining: Vec<Application>,
    /// The programs that had a key used through the PKCS#11 module, or were refused.
    pub programs: Vec<Program>,
    /// Nobody is logged in, and a card is kept verified for programs all the same.
    pub kept: bool,
}

/// What is known of a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Tries left.
    pub left: Option<u8>,
}

/// An application with a part in the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its `client_id`.
    pub id: String,
    /// Its name, as registered.
    pub name: String,
    /// Until when it holds an access token of the upstream.
    pub token: Option<UnixTime>,
}

/// A program at the PKCS#11 module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Path of its executable.
    pub path: String,
    /// Serial number of the card or token.
    pub card: String,
    /// What the person said of it, as long as the card is kept verified.
    pub said: Option<bool>,
    /// When it had a key used last, and how often since the agent started.
    pub served: Option<(UnixTime, u32)>,
}

/// The person's page.
pub trait PortalDesk: Send + Sync + 'static {
    /// `POST /v1/portal`: an address that opens the page once.
    fn portal_link(&self, caller: &Caller, view: View) -> Result<words::Portal, Failure>;
    /// A link is followed: the random identifier of the page, never logged, and what it shows first.
    fn portal_open(&self, caller: &Caller, link: &str) -> Option<(Secret, View)>;
    /// Whether the page of this identifier lives. What a person asked for is `looked_at` and keeps it alive; what a tab does
    /// by itself is not.
    fn portal_lives(&self, page: &str, looked_at: bool) -> bool;
    /// How things stand. Cards that have not said how many tries are left are asked, or all of them where `fresh` wants it;
    /// a busy one is not waited for long.
    fn portal_standing(&self, caller: &Caller, fresh: bool) -> impl Future<Output = Standing> + Send;
    /// What the newest part of the audit trail tells.
    fn portal_activity(&self) -> impl Future<Output = Result<Arc<Activity>, Failure>> + Send;
    /// The person disconnects one application from the session. Says whether it was connected.
    fn portal_disconnect(&self, caller: &Caller, client: &str) -> bool;
}
