//! The page of a waiting login: choose a way, insert the card, type the PIN, answer what is asked, and back to the
//! application.

use super::{
    HOLD, choice, gone,
    html::Page,
    reason, send, spoken, start,
    text::{text, text_with},
};
use crate::serve::{
    desk::{Caller, Desk, Hint, LoginPage},
    intake, problem,
    reply::{self, Reply},
    v1::Request,
};
use bytes::Bytes;
use cps_agent_core::{failure::Failure, identity::Way};
use hyper::{StatusCode, body::Body};
use std::time::Duration;
use tokio::{sync::broadcast::error::RecvError, time::Instant};

/// The state is looked at this often even when no event announces a change.
const LOOK: Duration = Duration::from_secs(1);

/// `GET /login/{transaction}`: shows where the login stands. `seen` is the hint that the waiting page shows already.
pub async fn show<D: Desk>(desk: &D, caller: &Caller, transaction: &str, query: &str) -> Reply {
    let caller = &spoken(desk, caller, transaction);
    let mut page = desk.login_page(caller, transaction);
    // Where exactly one way is allowed it starts by itself, once; a push to a phone always waits for a click.
    if let LoginPage::Choose { ways, reason: None, .. } = &page
        && let &[way] = ways.as_slice()
        && way != Way::Ecps
    {
        if let Err(refusal) = desk.start_login(caller, transaction, way, None) {
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
    while matches!(&page, LoginPage::Working { hint, .. } if word(hint) == seen) && Instant::now() < end {
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
        Err(fault) => return fault.reply(caller.language),
    };
    let field =
        |wanted: &str| form.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let situation = field("situation").map(|number| number.parse().ok());
    if field("cancel").is_some() {
        desk.abandon_login(caller, transaction);
    } else if field("consent").is_some() || situation.is_some() {
        let Some(situation) = situation.map_or(Some(None), |number| number.map(Some)) else {
            return problem::bare(StatusCode::BAD_REQUEST);
        };
        desk.approve(caller, transaction, field("consent").is_some(), situation);
    } else {
        let Some(way) = field("way").and_then(way) else { return problem::bare(StatusCode::BAD_REQUEST) };
        if let Err(refusal) = desk.start_login(caller, transaction, way, field("card").map(str::to_owned)) {
            let page = with_reason(desk.login_page(caller, transaction), refusal);
            return render(desk, caller, transaction, page);
        }
    }
    // Not a redirect: `form-action` would then have to allow the application's address at the end of the chain.
    let mut page = start(desk, caller, "login-title");
    let here = format!("/login/{transaction}");
    page.move_on(&here);
    page.link(&here, &text(caller.language, "login-next"));
    send(StatusCode::OK, page)
}

fn with_reason(page: LoginPage, failure: Failure) -> LoginPage {
    match page {
        LoginPage::Choose { application, ways, .. } => {
            LoginPage::Choose { application, ways, reason: Some(failure) }
        }
        other => other,
    }
}

fn render<D: Desk>(desk: &D, caller: &Caller, transaction: &str, page: LoginPage) -> Reply {
    let language = caller.language;
    match page {
        LoginPage::Leave { location } => {
            reply::see_other(&location).unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR))
        }
        LoginPage::Gone => gone(desk, caller),
        LoginPage::Consent { application, person, claims } => {
            let mut page = start(desk, caller, "consent-title");
            page.paragraph(&text_with(language, "consent-asks", "application", &application));
            choice::consent(&mut page, caller, &here(transaction), &person, &claims);
            cancel(&mut page, caller, transaction);
            send(StatusCode::OK, page)
        }
        LoginPage::Situation { application, situations } => {
            let mut page = heading(desk, caller, &application);
            choice::situation(&mut page, caller, &here(transaction), &situations);
            cancel(&mut page, caller, transaction);
            send(StatusCode::OK, page)
        }
        LoginPage::Choose { application, ways, reason: refusal } => {
            let mut page = heading(desk, caller, &application);
            let again = refusal.is_some();
            if let Some(refusal) = &refusal {
                reason(&mut page, caller, refusal);
            }
            choose(&mut page, caller, transaction, &ways, again);
            cancel(&mut page, caller, transaction);
            send(StatusCode::OK, page)
        }
        LoginPage::Working { application, way, hint } => {
            let mut page = heading(desk, caller, &application);
            match &hint {
                Hint::InsertCard => page.hint(&text(language, "hint-insert-card")),
                Hint::TypePin => page.hint(&text(language, "hint-type-pin")),
                Hint::Wait => page.hint(&text(language, "hint-wait")),
                Hint::ChooseCard(serials) => {
                    page.hint(&text(language, "hint-choose-card"));
                    for serial in serials {
                        let label = text_with(language, "hint-card", "serial", serial);
                        let fields = [("way", name(way)), ("card", serial.as_str())];
                        page.button(&here(transaction), &fields, &label, false);
                    }
                }
            }
            page.move_on(&format!("/login/{transaction}?seen={}", word(&hint)));
            cancel(&mut page, caller, transaction);
            send(StatusCode::OK, page)
        }
    }
}

fn heading<D: Desk>(desk: &D, caller: &Caller, application: &str) -> Page {
    let mut page = start(desk, caller, "login-title");
    page.paragraph(&text_with(caller.language, "login-asks", "application", application));
    page
}

fn choose(page: &mut Page, caller: &Caller, transaction: &str, ways: &[Way], again: bool) {
    let sentence = match (ways, again) {
        ([], _) => "login-no-way",
        (_, true) => "login-again",
        (_, false) => "login-choose",
    };
    page.paragraph(&text(caller.language, sentence));
    for way in ways {
        let label = text(caller.language, &format!("way-{}", name(*way)));
        page.button(&here(transaction), &[("way", name(*way))], &label, false);
    }
}

fn cancel(page: &mut Page, caller: &Caller, transaction: &str) {
    page.button(&here(transaction), &[("cancel", "1")], &text(caller.language, "login-cancel"), true);
}

fn here(transaction: &str) -> String {
    format!("/login/{transaction}")
}

/// The name of a way in forms and message names: the word of the configuration.
fn name(way: Way) -> &'static str {
    match way {
        Way::Browser => "browser",
        Way::Ecps => "ecps",
        Way::Card => "card",
        Way::Token => "token",
        Way::Local => "local",
    }
}

fn way(word: &str) -> Option<Way> {
    [Way::Browser, Way::Ecps, Way::Card, Way::Token, Way::Local].into_iter().find(|way| name(*way) == word)
}

/// A hint in one word, for `seen`.
fn word(hint: &Hint) -> &'static str {
    match hint {
        Hint::InsertCard => "insert-card",
        Hint::ChooseCard(_) => "choose-card",
        Hint::TypePin => "type-pin",
        Hint::Wait => "wait",
    }
}
