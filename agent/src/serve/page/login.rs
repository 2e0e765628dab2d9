//! The page of a waiting login: choose a way, insert the card, type the PIN, answer what is asked, and back to the
//! application.

use super::{
    HOLD, choice, gone,
    html::{Input, Page},
    reason, send, spoken, start,
    text::{text, text_with},
};
use crate::serve::{
    desk::{Caller, Choice, Desk, Hint, LoginPage, Number, Said},
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
        Err(fault) => return fault.reply(caller.language),
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
        let Some(way) = field("way").and_then(way) else { return problem::bare(StatusCode::BAD_REQUEST) };
        let text = |name| field(name).map(str::to_owned);
        let choice = Choice { way, card: text("card"), identifier: text("identifier") };
        if let Err(refusal) = desk.start_login(caller, transaction, choice) {
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

fn with_reason(mut page: LoginPage, failure: Failure) -> LoginPage {
    if let LoginPage::Choose { reason, .. } = &mut page {
        *reason = Some(failure);
    }
    page
}

fn render<D: Desk>(desk: &D, caller: &Caller, transaction: &str, page: LoginPage) -> Reply {
    let language = caller.language;
    match page {
        LoginPage::Leave { location } => {
            reply::see_other(&location).unwrap_or_else(|| problem::bare(StatusCode::INTERNAL_SERVER_ERROR))
        }
        LoginPage::Gone => gone(desk, caller),
        LoginPage::Consent { application, person, session, claims } => {
            let mut page = start(desk, caller, "consent-title");
            page.paragraph(&text_with(language, "consent-asks", "application", &application));
            choice::consent(&mut page, caller, &here(transaction), (&person, &session), &claims);
            cancel(&mut page, caller, transaction);
            send(StatusCode::OK, page)
        }
        LoginPage::Situation { application, situations } => {
            let mut page = heading(desk, caller, &application);
            choice::situation(&mut page, caller, &here(transaction), &situations);
            cancel(&mut page, caller, transaction);
            send(StatusCode::OK, page)
        }
        LoginPage::Choose { application, ways, identifier, expected, reason: refusal, .. } => {
            let mut page = heading(desk, caller, &application);
            if let Some(expected) = &expected {
                page.paragraph(&text_with(language, "login-expected", "identifier", expected));
            }
            let again = refusal.is_some();
            if let Some(refusal) = &refusal {
                reason(&mut page, caller, refusal);
            }
            let person = identifier.as_deref();
            choose(&mut page, caller, transaction, &ways, person, again);
            cancel(&mut page, caller, transaction);
            send(StatusCode::OK, page)
        }
        LoginPage::Working { application, way, hint } => {
            let mut page = heading(desk, caller, &application);
            match &hint {
                Hint::InsertCard => page.hint(&text(language, "hint-insert-card")),
                Hint::TypePin => page.hint(&text(language, "hint-type-pin")),
                Hint::Number(number) => show_number(&mut page, caller, number),
                Hint::Browser { address } => {
                    page.hint(&text(language, "hint-browse"));
                    page.link(address, &text(language, "hint-browse-link"));
                }
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
            page.move_on(&format!("/login/{transaction}?seen={}", hint.word()));
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

/// The number that is compared, and where.
fn show_number(page: &mut Page, caller: &Caller, number: &Number) {
    let sentence = if number.phone { "hint-number-phone" } else { "hint-number-card" };
    page.hint(&text_with(caller.language, sentence, "identifier", &number.identifier));
    page.number(&text(caller.language, "hint-number"), &number.digits);
}

fn choose(
    page: &mut Page,
    caller: &Caller,
    transaction: &str,
    ways: &[Way],
    person: Option<&str>,
    again: bool,
) {
    let sentence = match (ways, again) {
        ([], _) => "login-no-way",
        (_, true) => "login-again",
        (_, false) => "login-choose",
    };
    page.paragraph(&text(caller.language, sentence));
    for way in ways {
        let label = text(caller.language, &format!("way-{}", name(*way)));
        let fields = [("way", name(*way))];
        if *way == Way::Ecps {
            let input = Input {
                name: "identifier",
                label: &text(caller.language, "login-identifier"),
                value: person.unwrap_or_default(),
            };
            page.asking_button(&here(transaction), &fields, &input, &label);
        } else {
            page.button(&here(transaction), &fields, &label, false);
        }
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
