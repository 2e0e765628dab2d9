//! The events of the first view: `show` carries its changing part, `leave` says that the page is over.

use super::state;
use crate::serve::{
    desk::{Caller, Desk},
    events::{EventStream, HEARTBEAT},
    limits::Slot,
    page::{event, html::Page},
    reply::{self, Reply},
};
use bytes::Bytes;
use cps_agent_core::secret::{Secret, SecretHash};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast::error::RecvError, mpsc},
    time::Instant,
};

/// How often things are looked at when nothing announces a change: tries that
/// are left, and what programs do.
const LOOK: Duration = Duration::from_secs(5);
/// Changes that come together are shown together: a card that comes is three events.
const TOGETHER: Duration = Duration::from_millis(100);

/// `GET /portal/{page}/events`: follows what happens until the page is over. Its identifier is the authority, as it is for
/// the page; `slot` is the reader's place among all that follow.
pub fn follow<D: Desk>(desk: &Arc<D>, caller: &Caller, id: &str, slot: Slot<SecretHash>) -> Reply {
    let (sender, stream) = EventStream::channel();
    tokio::spawn(pass_on(Arc::clone(desk), caller.clone(), Secret::new(id.to_owned()), sender, slot));
    reply::events(stream)
}

async fn pass_on<D: Desk>(
    desk: Arc<D>,
    caller: Caller,
    id: Secret,
    reader: mpsc::Sender<Bytes>,
    _slot: Slot<SecretHash>,
) {
    let id = id.expose();
    let mut events = desk.events();
    let mut announced = true;
    let mut shown = String::new();
    let mut spoken = Instant::now();
    loop {
        let mut page = Page::new(caller.language, "", false);
        // Asked first, since looking costs something that a page that is over has no right to, and last: what was gathered
        // is this session's, or the page is over.
        let standing = match desk.portal_lives(id, false) {
            true => Some(desk.portal_standing(&caller, false).await),
            false => None,
        };
        let Some(standing) = standing.filter(|_| desk.portal_lives(id, false)) else {
            // The reader hangs up or not: this was the last word.
            let _ = reader.send(event("leave", "")).await;
            return;
        };
        state::part(&mut page, &caller, id, &standing, desk.now());
        let part = page.part();
        let line = if part != shown {
            Some(event("show", &part))
        } else {
            // A comment now and then shows which readers left.
            (spoken.elapsed() >= HEARTBEAT).then(|| Bytes::from_static(b":\n\n"))
        };
        if let Some(line) = line {
            spoken = Instant::now();
            if reader.send(line).await.is_err() {
                return;
            }
        }
        shown = part;
        tokio::select! {
            () = reader.closed() => return,
            news = events.recv(), if announced => announced = !matches!(news, Err(RecvError::Closed)),
            () = tokio::time::sleep(LOOK) => {}
        }
        tokio::time::sleep(TOGETHER).await;
        while events.try_recv().is_ok() {}
    }
}
