//! The person's page: how things stand, what happened, what is wrong, and what this program is.
//!
//! It is opened by a link that works once (`POST /v1/portal` at the control door, for the icon and `cps open`), and then
//! lives at a random address of its own. Whoever has that address sees who works here and can disconnect them; to everybody
//! else it never was. Nothing on it needs a script: with one, the first view follows what happens.
//!
//! | file | what |
//! | --- | --- |
//! | [`desk`] | what it asks of the agent |
//! | `state`, `live` | session, cards, applications, programs; and the events that keep them up to date |
//! | `activity`, `chart` | what the audit trail tells, as pictures with their numbers |
//! | `diagnosis`, `about` | what is wrong; versions, terms and licences |
//! | [`moment`] | dates and times as they are read here |

mod about;
mod activity;
mod chart;
pub mod desk;
mod diagnosis;
mod live;
pub mod moment;
mod state;

pub use live::follow;

use super::{
    desk::{Caller, Desk},
    intake,
    page::{
        failed,
        html::Page,
        logged_out, malformed,
        policy::{Extras, FOLLOWING},
        reason, send, start,
        text::{text, text_with},
    },
    problem,
    reply::{self, Reply},
    routes::Endpoint,
    v1::Request,
};
use bytes::Bytes;
use cps_agent_core::{
    failure::{Failure, PAGE_GONE, REQUEST_MALFORMED},
    portal::View,
};
use hyper::{Method, StatusCode, body::Body};
use std::sync::LazyLock;

/// The style sheet of the views.
const STYLE: &str = include_str!("style.css");
/// What the views have.
static VIEW: LazyLock<Extras> = LazyLock::new(|| Extras::new(STYLE, ""));
/// What the first view has, which follows what happens.
static LIVE: LazyLock<Extras> = LazyLock::new(|| Extras::new(STYLE, FOLLOWING));

/// The views, in the order of their links: the end of their path, and the name of their title.
const VIEWS: [(Endpoint, &str, &str); 4] = [
    (Endpoint::PortalState, "", "portal-state"),
    (Endpoint::PortalActivity, "/activity", "portal-activity"),
    (Endpoint::PortalDiagnosis, "/diagnosis", "portal-diagnosis"),
    (Endpoint::PortalAbout, "/about", "portal-about"),
];

/// The view of a word of the API.
///
/// # Errors
/// [`REQUEST_MALFORMED`] for any other word.
pub fn view(word: Option<&str>) -> Result<View, Failure> {
    match word {
        None | Some("state") => Ok(View::State),
        Some("diagnosis") => Ok(View::Diagnosis),
        Some(_) => Err(Failure::new(REQUEST_MALFORMED).with("reason", "view")),
    }
}

/// `GET /portal/open/{link}`: the one opening, and on to the page.
pub fn open<D: Desk>(desk: &D, caller: &Caller, link: &str) -> Reply {
    let Some((page, view)) = desk.portal_open(caller, link) else { return gone(desk, caller) };
    let rest = match view {
        View::State => "",
        View::Diagnosis => "/diagnosis",
    };
    let location = format!("/portal/{}{rest}", page.expose());
    reply::see_other(&location).unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR))
}

/// `GET` of one of the views.
pub async fn show<D: Desk>(desk: &D, caller: &Caller, endpoint: Endpoint, id: &str) -> Reply {
    if !desk.portal_lives(id, true) {
        return gone(desk, caller);
    }
    // Whoever locked the session has gone, and left the screen: the first view says how it is resumed, and no more.
    let locked = desk.session(caller).is_some_and(|session| session.locked);
    if locked && endpoint != Endpoint::PortalState {
        return reply::see_other(&here(id))
            .unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let mut page = frame(desk, caller, endpoint, id);
    match endpoint {
        Endpoint::PortalActivity => {
            let activity = desk.portal_activity().await;
            inside(&mut page, |page| activity::write(page, desk, caller, activity));
        }
        Endpoint::PortalDiagnosis => {
            let diagnosis = desk.diagnosis(caller).await;
            inside(&mut page, |page| diagnosis::write(page, caller, id, &diagnosis, desk.now()));
        }
        Endpoint::PortalAbout => inside(&mut page, |page| about::write(page, caller, &desk.status(caller))),
        _ => {
            let standing = desk.portal_standing(caller, true).await;
            state::write(&mut page, caller, id, &standing, desk.now());
        }
    }
    // What was gathered may have taken its time: another session's page is nobody's to see.
    if desk.portal_lives(id, true) { send(StatusCode::OK, page) } else { gone(desk, caller) }
}

/// `POST /portal/{page}`: the person ends the session, or one application's part in it.
pub async fn act<D, B>(desk: &D, caller: &Caller, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let id = request.value;
    debug_assert_eq!(request.method, Method::POST);
    let form = match intake::body(request.headers, request.body, intake::FORM).await {
        Ok(form) => intake::parameters(&form),
        Err(fault) => return failed(desk, caller, request.headers, fault),
    };
    if !desk.portal_lives(id, true) {
        return gone(desk, caller);
    }
    let fields: Vec<(&str, &str)> =
        form.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match fields.as_slice() {
        [("logout", _)] => {
            desk.end_session(caller).await;
        }
        [("disconnect", client)] => {
            // One that left meanwhile is not on the page that comes now.
            desk.portal_disconnect(caller, client);
        }
        _ => return malformed(desk, caller, request.headers),
    }
    if !desk.portal_lives(id, true) {
        return logged_out(desk, caller);
    }
    reply::see_other(&here(id)).unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR))
}

/// A page that is over, or never was.
fn gone<D: Desk>(desk: &D, caller: &Caller) -> Reply {
    let mut page = start(desk, caller, "portal-gone");
    reason(&mut page, caller, &PAGE_GONE.into());
    send(StatusCode::GONE, page)
}

/// A view with the links to the others.
fn frame<D: Desk>(desk: &D, caller: &Caller, endpoint: Endpoint, id: &str) -> Page {
    let title = VIEWS.iter().find(|(view, ..)| *view == endpoint).map_or("portal-state", |(.., title)| title);
    let mut page = start(desk, caller, title);
    page.widen();
    page.add(&VIEW);
    let name = text(caller.language, "portal-views");
    page.element("nav", &[("class", "views"), ("aria-label", &name)], |page| {
        page.element("ul", &[], |page| {
            for (view, rest, title) in VIEWS {
                let location = format!("{}{rest}", here(id));
                let current = [("href", location.as_str()), ("aria-current", "page")];
                let attributes = if view == endpoint { &current[..] } else { &current[..1] };
                page.element("li", &[], |page| {
                    page.words("a", attributes, &text(caller.language, &format!("{title}-link")));
                });
            }
        });
    });
    page
}

/// What a view shows below its links.
fn inside(page: &mut Page, write: impl FnOnce(&mut Page)) {
    page.element("div", &[("class", "portal")], write);
}

/// The address of the first view.
fn here(id: &str) -> String {
    format!("/portal/{id}")
}

/// A way in the words of the pages; a word we do not know stands for itself.
fn way(caller: &Caller, word: &str) -> String {
    let name = format!("portal-way-{word}");
    let known = text(caller.language, &name);
    if known == name { word.to_owned() } else { known }
}

/// A sentence with one value.
fn with(caller: &Caller, name: &str, key: &str, value: &str) -> String {
    text_with(caller.language, name, key, value)
}
