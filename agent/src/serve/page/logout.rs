//! The pages of a logout: the question, and what became of it.

use super::{
    html::{Look, Page},
    send, start,
    text::text,
};
use crate::serve::{
    desk::{Caller, Desk},
    reply::Reply,
};
use hyper::StatusCode;

/// Asks whether the person wants to be logged out everywhere: no application proved that it may ask for it.
pub fn ask_logout<D: Desk>(desk: &D, caller: &Caller, id: &str) -> Reply {
    let mut page = start(desk, caller, "logout-title");
    page.paragraph(&text(caller.language, "logout-ask"));
    let here = format!("/logout/{id}");
    page.button(&here, &[("yes", "1")], &text(caller.language, "logout-yes"), Look::Main);
    page.button(&here, &[("cancel", "1")], &text(caller.language, "logout-no"), Look::Plain);
    send(StatusCode::OK, page)
}

/// Nobody is logged in any more.
pub fn logged_out<D: Desk>(desk: &D, caller: &Caller) -> Reply {
    send(StatusCode::OK, done(desk, caller))
}

/// The same, and back to the application.
pub fn leaves<D: Desk>(desk: &D, caller: &Caller, location: &str) -> Reply {
    let mut page = done(desk, caller);
    page.move_on(location);
    page.link(location, &text(caller.language, "login-next"));
    send(StatusCode::OK, page)
}

/// The person stays.
pub fn still_there<D: Desk>(desk: &D, caller: &Caller) -> Reply {
    let mut page = start(desk, caller, "logout-title");
    page.paragraph(&text(caller.language, "logout-kept"));
    send(StatusCode::OK, page)
}

fn done<D: Desk>(desk: &D, caller: &Caller) -> Page {
    let mut page = start(desk, caller, "logout-title");
    page.hint(&text(caller.language, "logout-done"));
    page
}
