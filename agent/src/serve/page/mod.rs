//! The few pages a person may see, in French or English: plain HTML that needs no script.
//!
//! A waiting page is kept up to date by a stream of events and a small script ([`live`]). Where scripts do not run it
//! keeps its next request open until there is something new (at most [`HOLD`]): it moves on the moment the card is in,
//! and a screen reader is not interrupted every second by a page that reloads itself for nothing.

mod around;
mod choice;
pub mod html;
mod live;
mod login;
mod logout;
pub mod policy;
pub mod text;
mod ways;

pub(super) use live::event;
pub use live::follow;
pub use login::{act, show};
pub use logout::{ask_logout, leaves, logged_out, still_there};

use super::{
    desk::{Caller, Desk},
    portal,
    reply::{self, Reply},
};
use cps_agent_core::failure::{Code, Failure, Help};
use html::Page;
use hyper::StatusCode;
use std::time::Duration;
use text::{text, text_with};

/// Longest wait of a page for news.
pub const HOLD: Duration = Duration::from_secs(25);

/// `/`: says that the agent runs, and nothing about anybody.
pub fn home<D: Desk>(desk: &D, caller: &Caller) -> Reply {
    let mut page = start(desk, caller, "home-title");
    page.paragraph(&text(caller.language, "home-text"));
    portal::how_to_open(&mut page, caller);
    send(StatusCode::OK, page)
}

/// An authorization request whose client or redirect URI cannot be trusted: the person is told, the client is not.
pub fn refused<D: Desk>(desk: &D, caller: &Caller, failure: Code) -> Reply {
    let mut page = start(desk, caller, "refused-title");
    page.paragraph(&text(caller.language, "refused-text"));
    reason(&mut page, caller, &failure.into());
    send(StatusCode::BAD_REQUEST, page)
}

/// A page that acts, opened by somebody of whom the system does not say that they are our user.
pub fn barred<D: Desk>(desk: &D, caller: &Caller, failure: Code) -> Reply {
    let mut page = start(desk, caller, "refused-title");
    reason(&mut page, caller, &failure.into());
    send(StatusCode::FORBIDDEN, page)
}

/// A page whose time is over, or that never was.
pub fn gone<D: Desk>(desk: &D, caller: &Caller) -> Reply {
    let mut page = start(desk, caller, "gone-title");
    page.paragraph(&text(caller.language, "gone-text"));
    send(StatusCode::GONE, page)
}

/// The caller, in the language that the application of this page asked for.
pub fn spoken<D: Desk>(desk: &D, caller: &Caller, id: &str) -> Caller {
    let language = desk.page_language(id).unwrap_or(caller.language);
    Caller { language, ..caller.clone() }
}

/// A page with its heading and, in the test environment, its mark.
pub(super) fn start<D: Desk>(desk: &D, caller: &Caller, title: &str) -> Page {
    let test = desk.status(caller).environment == "test";
    Page::new(caller.language, &text(caller.language, title), test)
}

/// Adds the sentences of a failure.
pub(super) fn reason(page: &mut Page, caller: &Caller, failure: &Failure) {
    let line = failure.code.line();
    // What the person can mend alone needs nobody else.
    let help = (line.help != Help::Person).then(|| {
        let who = text(caller.language, &format!("help-{}", line.help.word()));
        format!("{who} {}", text_with(caller.language, "help-code", "code", line.code))
    });
    page.reason(&failure.what(caller.language), &failure.next(caller.language), help.as_deref());
}

/// The answer that a page is.
pub(super) fn send(status: StatusCode, page: Page) -> Reply {
    let policy = page.policy();
    let mut reply = reply::whole(status, "text/html; charset=utf-8", page.finish());
    if let Some(policy) = policy {
        reply.extensions_mut().insert(policy::Own(policy));
    }
    reply
}
