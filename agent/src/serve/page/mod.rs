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

pub use live::follow;
pub use login::{act, show};
pub use logout::{ask_logout, leaves, logged_out, still_there};
pub use ways::PSC_ABOUT;

use super::{
    desk::{Caller, Desk},
    gate,
    problem::{self, Fault},
    reply::{self, Reply},
};
use cps_agent_api::words::Problem;
use cps_agent_core::failure::{AGENT_SILENT, Code, Failure, Help, REQUEST_MALFORMED};
use html::Page;
use hyper::{HeaderMap, StatusCode};
use std::time::Duration;
use text::{text, text_of};

/// Longest wait of a page for news.
pub const HOLD: Duration = Duration::from_secs(25);

/// `/`: says that the agent runs, and nothing about anybody.
pub fn home<D: Desk>(desk: &D, caller: &Caller) -> Reply {
    let mut page = start(desk, caller, "home-title");
    page.paragraph(&text(caller.language, "home-text"));
    page.paragraph(&text(caller.language, "home-portal"));
    send(StatusCode::OK, page)
}

/// An authorization request whose client or redirect URI cannot be trusted: the person is told, the client is not.
pub fn refused<D: Desk>(desk: &D, caller: &Caller, failure: Code) -> Reply {
    let mut page = start(desk, caller, "refused-title");
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
pub fn gone<D: Desk>(desk: &D, caller: &Caller, failure: Code) -> Reply {
    let mut page = start(desk, caller, "gone-title");
    reason(&mut page, caller, &failure.into());
    send(StatusCode::GONE, page)
}

/// What is not done: a problem document for software, and a page for a person who opened the address in a browser.
pub fn failed<D: Desk>(desk: &D, caller: &Caller, headers: &HeaderMap, fault: Fault) -> Reply {
    if !gate::is_visit(headers) {
        return fault.reply(caller.language);
    }
    fault.written(|failure| {
        let mut page = start(desk, caller, "failed-title");
        reason(&mut page, caller, failure);
        page.paragraph(&text(caller.language, "home-portal"));
        send(problem::status(failure), page)
    })
}

/// A form of ours that says nothing we know.
pub fn malformed<D: Desk>(desk: &D, caller: &Caller, headers: &HeaderMap) -> Reply {
    failed(desk, caller, headers, Failure::new(REQUEST_MALFORMED).with("reason", "form").into())
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
    trouble(page, caller, "reason", &Problem::of(failure, caller.language));
}

/// What does not work, what to do, and who can help.
pub(super) fn trouble(page: &mut Page, caller: &Caller, id: &str, problem: &Problem) {
    let helper = problem.help.as_deref().and_then(|help| helper(caller, help, &problem.code));
    page.reason(id, &problem.title, problem.detail.as_deref(), helper.as_deref());
}

/// Who can help, and what they want to know. What the person can mend alone needs nobody else.
pub(super) fn helper(caller: &Caller, help: &str, code: &str) -> Option<String> {
    let help = Help::named(help).filter(|help| *help != Help::Person)?;
    Some(text_of(caller.language, "help-code", &[("who", help.who(caller.language)), ("code", code)]))
}

/// What a page that is kept up to date says when nobody answers any more: first nothing.
pub(super) fn silence(page: &mut Page, caller: &Caller) {
    let silent = Failure::from(AGENT_SILENT);
    let said = format!("{} {}", silent.what(caller.language), silent.next(caller.language));
    let attributes = [("id", "lost"), ("class", "lost"), ("role", "status"), ("data-text", &said)];
    page.element("p", &attributes, |_| {});
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
