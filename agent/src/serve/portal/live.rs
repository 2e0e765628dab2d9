//! What the first view shows to those who follow it.

use super::state;
use crate::serve::{
    desk::{Caller, Desk},
    follow::{self, Followed},
    limits::Slot,
    page::html::Page,
    reply::Reply,
};
use cps_agent_api::words::Event;
use cps_agent_core::secret::{Secret, SecretHash};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::Receiver;

/// The page of a person.
struct Portal<D> {
    desk: Arc<D>,
    caller: Caller,
    id: Secret,
}

/// `GET /portal/{page}/events`.
pub fn follow<D: Desk>(desk: &Arc<D>, caller: &Caller, id: &str, slot: Slot<SecretHash>) -> Reply {
    let (desk, caller, id) = (Arc::clone(desk), caller.clone(), Secret::new(id.to_owned()));
    follow::follow(Portal { desk, caller, id }, slot)
}

impl<D: Desk> Followed for Portal<D> {
    type State = String;
    /// Nothing announces tries that are left and what programs do.
    const LOOK: Duration = Duration::from_secs(5);
    /// A card that comes is three events.
    const TOGETHER: Duration = Duration::from_millis(100);

    fn events(&self) -> Receiver<Event> {
        self.desk.events()
    }

    async fn look(&self) -> Option<(String, String)> {
        let id = self.id.expose();
        // Asked first, since looking costs something that a page that is over has no right to, and last: what was gathered
        // is this session's, or the page is over.
        let standing = match self.desk.portal_lives(id, false) {
            true => self.desk.portal_standing(&self.caller, false).await,
            false => return None,
        };
        if !self.desk.portal_lives(id, false) {
            return None;
        }
        let mut page = Page::new(self.caller.language, "", false);
        state::part(&mut page, &self.caller, id, &standing, self.desk.now());
        let part = page.part();
        Some((part.clone(), part))
    }
}
