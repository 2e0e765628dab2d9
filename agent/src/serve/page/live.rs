//! What a login page shows to those who follow it.

use super::{
    html::Page,
    login::{self, LOOK},
    spoken,
};
use crate::serve::{
    desk::{Caller, Desk, LoginPage},
    follow::{self, Followed},
    limits::Slot,
    reply::Reply,
};
use cps_agent_api::words::Event;
use cps_agent_core::secret::{Secret, SecretHash};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::Receiver;

/// A waiting login.
struct Login<D> {
    desk: Arc<D>,
    caller: Caller,
    transaction: Secret,
}

/// `GET /login/{transaction}/events`.
pub fn follow<D: Desk>(desk: &Arc<D>, caller: &Caller, transaction: &str, slot: Slot<SecretHash>) -> Reply {
    let caller = spoken(desk.as_ref(), caller, transaction);
    let transaction = Secret::new(transaction.to_owned());
    follow::follow(Login { desk: Arc::clone(desk), caller, transaction }, slot)
}

impl<D: Desk> Followed for Login<D> {
    type State = LoginPage;
    const LOOK: Duration = LOOK;
    const TOGETHER: Duration = Duration::ZERO;

    fn events(&self) -> Receiver<Event> {
        self.desk.events()
    }

    async fn look(&self) -> Option<(LoginPage, String)> {
        let transaction = self.transaction.expose();
        let state = self.desk.login_state(&self.caller, transaction);
        match state {
            LoginPage::Choose { .. } | LoginPage::Working { .. } => {
                let mut page = Page::new(self.caller.language, "", false);
                login::live(&mut page, &self.caller, transaction, &state, self.desk.now());
                Some((state, page.part()))
            }
            LoginPage::Consent { .. }
            | LoginPage::Situation { .. }
            | LoginPage::Leave { .. }
            | LoginPage::Gone => None,
        }
    }
}
