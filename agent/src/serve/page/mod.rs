//! The few pages a person may see: plain HTML, no script, in French or English.
//!
//! A waiting page keeps its next request open until there is something new (at most [`HOLD`]): it moves on the moment
//! the card is in, and a screen reader is not interrupted every second by a page that reloads itself for nothing.

mod choice;
pub mod html;
mod login;
mod logout;
pub mod text;

pub use login::{act, show};
pub use logout::{ask_logout, leaves, logged_out, still_there};

use super::{
    desk::{Caller, Desk},
    reply::{self, Reply},
};
use cps_agent_core::failure::{Code, Failure};
use html::Page;
use hyper::StatusCode;
use std::time::Duration;
use text::text;

/// Longest wait of a page for news.
pub const HOLD: Duration = Duration::from_secs(25);

/// `/`: says that the agent runs, and nothing about anybody.
pub fn home<D: Desk>(desk: &D, caller: &Caller) -> Reply {
    let mut page = start(desk, caller, "home-title");
    page.paragraph(&text(caller.language, "home-text"));
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
fn start<D: Desk>(desk: &D, caller: &Caller, title: &str) -> Page {
    let test = desk.status(caller).environment == "test";
    Page::new(caller.language, title, test)
}

/// Adds the sentences of a failure.
fn reason(page: &mut Page, caller: &Caller, failure: &Failure) {
    page.reason(&failure.what(caller.language), &failure.next(caller.language));
}

fn send(status: StatusCode, page: Page) -> Reply {
    reply::whole(status, "text/html; charset=utf-8", page.finish())
}
