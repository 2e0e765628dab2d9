//! The page of a waiting login: choose a way, insert the card, type the PIN, answer what is asked, and back to the
//! application.

use super::{
    HOLD, around, choice, failed, gone,
    html::{Look, Page},
    malformed, policy, reason, send, silence, spoken, start,
    text::{text, text_with},
    ways,
};
use crate::serve::{
    around::Around,
    desk::{Caller, Choice, Desk, Hint, LoginPage, Number, Said},
    intake, problem,
    reply::{self, Reply},
    v1::Request,
};
use bytes::Bytes;
use cps_agent_core::{
    failure::{Failure, LOGIN_GONE, NO_WAY_LEFT},
    identity::{UnixTime, Way},
};
use hyper::{StatusCode, body::Body};
use std::time::Duration;
use tokio::{sync::broadcast::error::RecvError, time::Instant};

/// The state is looked at this often even when no event announces a change.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// `GET /login/{transaction}`: shows where the login stands. `seen` is the hint that the waiting page shows already.
pub async fn show<D: Desk>(desk: &D, caller: &Caller, transaction: &str, query: &str) -> Reply {
    let caller = &spoken(desk, caller, transaction);
    let mut page = desk.login_page(caller, transaction);
    // Where exactly one way is allowed it starts by itself, once; a request to a phone waits for a click.
    if let LoginPage::Choose { starts: Some(way), reason: None, .. } = &page {
        let choice = Choice { way: *way, card: None, identifier: None };
        if let Err(refusal) = desk.start_login(caller, transaction, choice) {
            return render(desk, caller, transaction, with_reason(page, refusal));
        }
        page = desk.login_page(caller, transaction);
    }
    let seen = intake::parameters(query.as_bytes());
    let seen = seen.0.iter().find(|(name, _)| name == "seen").map(|(_, value)| value.as_str());
    if let Some(seen) = seen {
        page = news(desk, caller, transaction, page, seen).await;
    }
    render(desk, caller, transaction, page)
}

/// Waits until the page shows something else than `seen`.
async fn news<D: Desk>(
    desk: &D,
    caller: &Caller,
    transaction: &str,
    mut page: LoginPage,
    seen: &str,
) -> LoginPage {
    let mut events = desk.events();
    let end = Instant::now() + HOLD;
    let mut announced = true;
    while matches!(&page, LoginPage::Working { hint, .. } if hint.word() == seen) && Instant::now() < end {
        tokio::select! {
            event = events.recv(), if announced => announced = !matches!(event, Err(RecvError::Closed)),
            () = tokio::time::sleep(LOOK) => {}
        }
        page = desk.login_page(caller, transaction);
    }
    page
}

/// `POST /login/{transaction}`: starts a way, chooses a card, or gives up.
pub async fn act<D, B>(desk: &D, caller: &Caller, request: Request<'_, B>) -> Reply
where
    D: Desk,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let transaction = request.value;
    let caller = &spoken(desk, caller, transaction);
    let form = match intake::body(request.headers, request.body, intake::FORM).await {
        Ok(form) => intake::parameters(&form),
        Err(fault) => return failed(desk, caller, request.headers, fault),
    };
    let field =
        |wanted: &str| form.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if field("cancel").is_some() {
        desk.abandon_login(caller, transaction);
    } else if let Some(session) = field("consent") {
        desk.approve(caller, transaction, Said::Agreed { session: session.to_owned() });
    } else if let Some(situation) = field("situation") {
        desk.approve(caller, transaction, Said::Situation(situation.to_owned()));
    } else {
        let Some(way) = field("way").and_then(Way::named) else {
            return malformed(desk, caller, request.headers);
        };
        let text = |name| field(name).map(str::to_owned);
        let choice = Choice { way, card: text("card"), identifier: text("identifier") };
        if let Err(refusal) = desk.start_login(caller, transaction, choice) {
            let page = with_reason(desk.login_page(caller, transaction), refusal);
            return render(desk, caller, transaction, page);
        }
    }
    // Not a redirect: `form-action` would then have to allow the application's address at the end of the chain.
    let mut page = start(desk, caller, "login-title");
    let here = here(transaction);
    page.move_on(&here);
    page.hint(&text(caller.language, "login-moment"));
    page.link(&here, &text(caller.language, "login-next"));
    send(StatusCode::OK, page)
}

fn with_reason(mut page: LoginPage, failure: Failure) -> LoginPage {
    if let LoginPage::Choose { reason, .. } = &mut page {
        *reason = Some(failure);
    }
    page
}

fn render<D: Desk>(desk: &D, caller: &Caller, transaction: &str, state: LoginPage) -> Reply {
    let language = caller.language;
    let here = here(transaction);
    let mut page = match &state {
        LoginPage::Leave { location } => {
            return reply::see_other(location)
                .unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR));
        }
        LoginPage::Gone => return gone(desk, caller, LOGIN_GONE),
        LoginPage::Consent { application, person, session, claims } => {
            let mut page = start(desk, caller, "consent-title");
            asks(&mut page, &text_with(language, "consent-asks", "application", application));
            choice::consent(&mut page, caller, &here, (person, session), claims);
            page
        }
        LoginPage::Situation { application, situations } => {
            let mut page = heading(desk, caller, application);
            choice::situation(&mut page, caller, &here, situations);
            page
        }
        LoginPage::Choose { application, .. } | LoginPage::Working { application, .. } => {
            let mut page = heading(desk, caller, application);
            page.add(&policy::LIVE);
            if let LoginPage::Working { hint, .. } = &state {
                page.move_on(&format!("{here}?seen={}", hint.word()));
            }
            let events = format!("{here}/events");
            page.element("div", &[("id", "live"), ("data-events", &events)], |page| {
                live(page, caller, transaction, &state, desk.now());
            });
            silence(&mut page, caller);
            page
        }
    };
    page.button(&here, &[("cancel", "1")], &text(language, "login-cancel"), Look::Plain);
    send(StatusCode::OK, page)
}

/// The part of the page that changes while it is shown: elements with an id each, always in the same order.
pub(super) fn live(page: &mut Page, caller: &Caller, transaction: &str, state: &LoginPage, now: UnixTime) {
    let language = caller.language;
    let here = &here(transaction);
    match state {
        LoginPage::Choose { ways, identifier, expected, reason: refusal, around, .. } => {
            if ways.is_empty() {
                return reason(page, caller, &NO_WAY_LEFT.into());
            }
            if let Some(refusal) = refusal {
                reason(page, caller, refusal);
            }
            if let Some(expected) = expected {
                let sentence = text_with(language, "login-expected", "identifier", expected);
                page.words("p", &[("id", "expected")], &sentence);
            }
            around::show(page, language, ways, around);
            let (person, again) = (identifier.as_deref(), refusal.is_some());
            let service = &around.service;
            ways::show(page, &ways::Offer { language, here, service, person, again }, ways);
        }
        LoginPage::Working { way, hint, around, .. } => {
            show_hint(page, caller, hint, now);
            around::show(page, language, &[*way], around);
            if let Hint::ChooseCard(serials) = hint {
                show_cards(page, caller, here, *way, serials, around);
            }
        }
        LoginPage::Consent { .. }
        | LoginPage::Situation { .. }
        | LoginPage::Leave { .. }
        | LoginPage::Gone => {}
    }
}

fn show_hint(page: &mut Page, caller: &Caller, hint: &Hint, now: UnixTime) {
    let language = caller.language;
    let sentence = match hint {
        Hint::InsertCard => "hint-insert-card",
        Hint::TypePin => "hint-type-pin",
        Hint::Wait => "hint-wait",
        Hint::ChooseCard(_) => "hint-choose-card",
        Hint::Number(number) => return show_number(page, caller, number, now),
        Hint::Browser { address } => {
            page.hint(&text(language, "hint-browse"));
            let link = [("href", address.as_str())];
            return page.element("p", &[("id", "browse")], |page| {
                page.words("a", &link, &text(language, "hint-browse-link"));
            });
        }
    };
    page.hint(&text(language, sentence));
}

/// The number that is compared, where, and how long it can be.
fn show_number(page: &mut Page, caller: &Caller, number: &Number, now: UnixTime) {
    let language = caller.language;
    let sentence = if number.phone { "hint-number-phone" } else { "hint-number-card" };
    page.hint(&text_with(language, sentence, "identifier", &number.identifier));
    page.element("p", &[("id", "number"), ("class", "compare"), ("role", "status")], |page| {
        page.text(&text(language, "hint-number"));
        page.text(" ");
        page.words("strong", &[("class", "number")], &number.digits);
    });
    if let Some(expires) = number.expires {
        let left = UnixTime(expires).since(now).max(0).to_string();
        // The sentence around its number, which counts down without being read out each second.
        let sentence = text_with(language, "number-expires", "seconds", "\u{1}");
        let (before, after) = sentence.split_once('\u{1}').unwrap_or((&sentence, ""));
        page.element("p", &[("id", "countdown"), ("class", "aside")], |page| {
            page.text(before);
            page.words("span", &[("role", "timer"), ("data-seconds", &left)], &left);
            page.text(after);
        });
    }
}

/// The cards to choose from, each by its person where that is known.
fn show_cards(page: &mut Page, caller: &Caller, here: &str, way: Way, serials: &[String], around: &Around) {
    for serial in serials {
        let card = around.cards.iter().find(|card| card.serial == *serial);
        let label = match card {
            Some(card) => around::name(caller.language, card),
            None => text_with(caller.language, "hint-card", "serial", serial),
        };
        let id = format!("card-{serial}");
        page.element("div", &[("id", &id)], |page| {
            page.button(here, &[("way", way.word()), ("card", serial)], &label, Look::Main);
        });
    }
}

fn heading<D: Desk>(desk: &D, caller: &Caller, application: &str) -> Page {
    let mut page = start(desk, caller, "login-title");
    asks(&mut page, &text_with(caller.language, "login-asks", "application", application));
    page
}

fn asks(page: &mut Page, sentence: &str) {
    page.words("p", &[("class", "asks")], sentence);
}

fn here(transaction: &str) -> String {
    format!("/login/{transaction}")
}
