//! The wallet's page for people: card, e-CPS or neither, and the wait for the phone.
//!
//! ```text
//! /auth ─► page ─► card button ─► card page ─► /auth/return ─► client
//!             ├──► e-CPS and identifier ─► /auth/ecps/ID, which reloads itself ─► client
//!             └──► cancel ─► client, access_denied
//! ```

use super::{
    authorize::{arrive, leave},
    fault::Faults,
    http::{Reply, Request, page, redirect, with},
    phone::{Push, PushState},
    realm::{Browser, Mode, Realm, random},
};
use hyper::{Method, StatusCode, header::SET_COOKIE};
use std::time::Instant;

/// Name of the cookie by which a browser is known again.
const COOKIE: &str = "TEST_SESSION";

/// The cookie of a request.
pub(super) fn cookie(request: &Request) -> Option<&str> {
    request.cookies.as_deref()?.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}

/// A reply after which the browser is known.
pub(super) fn remember(reply: Reply, cookie: &str) -> Reply {
    with(reply, SET_COOKIE, &format!("{COOKIE}={cookie}; Path=/auth; Secure; HttpOnly; SameSite=Lax"))
}

/// The choice of a means.
pub(super) fn choice(request: &Request, card: &str, id: &str) -> Reply {
    let hint: String = request
        .parameter("login_hint")
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '/')
        .collect();
    let delegation = match request.parameter("kc_idp_hint") {
        Some(_) => "<p id=\"delegation\">Délégation demandée (sans effet ici)</p>",
        None => "",
    };
    let body = format!(
        "{delegation}\
         <form id=\"card\" method=\"get\" action=\"{card}\"><button>Carte CPS</button></form>\
         <form id=\"ecps\" method=\"post\" action=\"/auth/ecps/{id}\"><label>Identifiant national \
         <input name=\"identifier\" value=\"{hint}\"></label> <button>e-CPS</button></form>\
         <form id=\"cancel\" method=\"post\" action=\"/auth/cancel/{id}\"><button>Annuler</button></form>"
    );
    page(StatusCode::OK, "S'identifier", &body)
}

/// The pages after the choice.
pub(super) fn chosen(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let over = || page(StatusCode::BAD_REQUEST, "Connexion expirée", "");
    if let Some(id) = request.path.strip_prefix("/auth/cancel/") {
        let Some(pending) = realm.memory().pending.remove(id) else { return over() };
        return leave(realm, &pending, &[("error", "access_denied")]);
    }
    match request.path.strip_prefix("/auth/ecps/") {
        Some(id) if request.method == Method::POST => ring(request, realm, id).unwrap_or_else(over),
        Some(id) => wait(request, realm, faults, id).unwrap_or_else(over),
        None => over(),
    }
}

/// Makes the phone ring.
fn ring(request: &Request, realm: &Realm, id: &str) -> Option<Reply> {
    let mut memory = realm.memory();
    let pending = memory.pending.get(id).filter(|pending| pending.push.is_none())?.clone();
    let Some(holder) = request.parameter("identifier").and_then(|identifier| memory.judge.person(identifier))
    else {
        return Some(page(StatusCode::BAD_REQUEST, "Identifiant inconnu", ""));
    };
    let push = Push {
        id: random(),
        holder,
        mode: Mode::Mobile,
        number: None,
        client: pending.client,
        scope: pending.scope,
        expires: memory.now() + memory.lifetimes.request,
        state: memory.habit.first_state(),
        interval: 0,
        since: Instant::now(),
        polls: 0,
        early: 0,
        slowed: 0,
    };
    if let Some(pending) = memory.pending.get_mut(id) {
        pending.push = Some(push.id.clone());
    }
    memory.pushes.push(push);
    Some(redirect(&format!("{}/auth/ecps/{id}", realm.wallet)))
}

/// The page that waits for the phone, and moves on once the person has decided there.
fn wait(request: &Request, realm: &Realm, faults: &Faults, id: &str) -> Option<Reply> {
    let mut memory = realm.memory();
    let named = memory.pending.get(id)?.push.clone()?;
    let now = memory.now();
    let push = memory.pushes.iter_mut().find(|push| push.id == named)?;
    push.polls += 1;
    let state = if now < push.expires { push.state } else { PushState::Denied };
    if state == PushState::Waiting {
        let again = "<meta http-equiv=\"refresh\" content=\"1\">";
        return Some(page(StatusCode::OK, "Confirmez sur votre téléphone", again));
    }
    push.state = PushState::Done;
    let holder = push.holder;
    let pending = memory.pending.remove(id)?;
    if state != PushState::Approved {
        return Some(leave(realm, &pending, &[("error", "access_denied")]));
    }
    let browser = Browser { holder, mode: Mode::Mobile, auth_time: now };
    let cookie = request.browser.then(random);
    Some(arrive(realm, &mut memory, faults, pending, browser, cookie))
}
