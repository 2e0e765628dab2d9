//! The events of a login page (WHATWG HTML §9.2): `show` carries the changing part of the page, `leave` says that the page
//! at this address is another one now. Where that leads, the browser learns by opening it.

use super::{
    html::Page,
    login::{self, LOOK},
    spoken,
};
use crate::serve::{
    desk::{Caller, Desk, LoginPage},
    events::{EventStream, HEARTBEAT},
    limits::Slot,
    reply::{self, Reply},
};
use bytes::Bytes;
use cps_agent_core::secret::SecretHash;
use std::sync::Arc;
use tokio::sync::{broadcast::error::RecvError, mpsc};

/// `GET /login/{transaction}/events`: follows a login until its page is another one. The transaction is the authority, as
/// it is for the page; `slot` is the reader's place among all that follow.
pub fn follow<D: Desk>(desk: &Arc<D>, caller: &Caller, transaction: &str, slot: Slot<SecretHash>) -> Reply {
    let caller = spoken(desk.as_ref(), caller, transaction);
    let (sender, stream) = EventStream::channel();
    tokio::spawn(pass_on(Arc::clone(desk), caller, transaction.to_owned(), sender, slot));
    reply::events(stream)
}

async fn pass_on<D: Desk>(
    desk: Arc<D>,
    caller: Caller,
    transaction: String,
    reader: mpsc::Sender<Bytes>,
    _slot: Slot<SecretHash>,
) {
    let mut events = desk.events();
    let mut announced = true;
    let mut shown = None;
    let mut silent = tokio::time::Instant::now();
    loop {
        let state = desk.login_state(&caller, &transaction);
        let line = match &state {
            LoginPage::Choose { .. } | LoginPage::Working { .. } if shown.as_ref() == Some(&state) => None,
            LoginPage::Choose { .. } | LoginPage::Working { .. } => {
                let mut page = Page::new(caller.language, "", false);
                login::live(&mut page, &caller, &transaction, &state, desk.now());
                Some(event("show", &page.part()))
            }
            LoginPage::Consent { .. }
            | LoginPage::Situation { .. }
            | LoginPage::Leave { .. }
            | LoginPage::Gone => {
                // The reader hangs up or not: this was the last word.
                let _ = reader.send(event("leave", "")).await;
                return;
            }
        };
        // A comment now and then shows which readers left.
        let line = line.or_else(|| (silent.elapsed() >= HEARTBEAT).then(|| Bytes::from_static(b":\n\n")));
        if let Some(line) = line {
            silent = tokio::time::Instant::now();
            if reader.send(line).await.is_err() {
                return;
            }
        }
        shown = Some(state);
        tokio::select! {
            () = reader.closed() => return,
            event = events.recv(), if announced => announced = !matches!(event, Err(RecvError::Closed)),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// One event, and how soon a reader that was cut off comes back. JSON has no line breaks: nothing can break out of its line.
pub(in crate::serve) fn event(name: &str, data: &str) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("retry: 1000\nevent: {name}\ndata: {data}\n\n").into()
}
