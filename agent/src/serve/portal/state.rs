//! The first view: who is logged in, which cards are there, and who makes use of both.

use super::{
    desk::{Application, Program, Standing},
    here,
    moment::Calendar,
    way, with,
};
use crate::serve::{
    desk::Caller,
    page::{
        html::{Look, Page},
        silence,
        text::text,
        trouble,
    },
};
use cps_agent_api::words::{Card, Session};
use cps_agent_core::identity::UnixTime;
use std::path::Path;

/// Writes the view. Its part that changes is what [`super::follow`] sends again.
pub(super) fn write(page: &mut Page, caller: &Caller, id: &str, standing: &Standing, now: UnixTime) {
    let events = format!("{}/events", here(id));
    page.add(&super::LIVE);
    page.element("div", &[("id", "live"), ("class", "portal"), ("data-events", &events)], |page| {
        part(page, caller, id, standing, now);
    });
    silence(page, caller);
    page.link(&here(id), &text(caller.language, "portal-again"));
}

/// The part that changes: elements with identifiers, so that only what differs is exchanged.
pub(super) fn part(page: &mut Page, caller: &Caller, id: &str, standing: &Standing, now: UnixTime) {
    let calendar = Calendar::here();
    let status = &standing.status;
    page.hint(&summary(caller, standing, &calendar, now));
    for (place, problem) in status.problems.iter().enumerate() {
        trouble(page, caller, &format!("problem-{place}"), problem);
    }
    if status.session.as_ref().is_some_and(|session| session.locked) {
        // Whoever locked it has gone: others may stand before the screen now.
        return;
    }
    if let Some(session) = &status.session {
        section(page, caller, "session", |page| {
            session_facts(page, caller, session, &calendar, now);
            page.button(&here(id), &[("logout", "1")], &text(caller.language, "portal-logout"), Look::Main);
        });
    } else if standing.kept {
        section(page, caller, "kept", |page| {
            page.paragraph(&text(caller.language, "portal-kept-text"));
            page.button(&here(id), &[("logout", "1")], &text(caller.language, "portal-kept-end"), Look::Main);
        });
    }
    section(page, caller, "cards", |page| cards(page, caller, standing));
    if status.session.is_some() {
        section(page, caller, "applications", |page| {
            applications(page, caller, id, standing);
            remaining(page, caller, &standing.remaining, &calendar, now);
        });
    }
    section(page, caller, "programs", |page| programs(page, caller, &standing.programs, &calendar, now));
}

/// A section that is exchanged as a whole.
fn section(page: &mut Page, caller: &Caller, name: &'static str, inside: impl FnOnce(&mut Page)) {
    let heading = format!("heading-{name}");
    page.element("section", &[("id", name), ("aria-labelledby", &heading)], |page| {
        page.words("h2", &[("id", &heading)], &text(caller.language, &format!("portal-{name}")));
        inside(page);
    });
}

/// In one sentence.
fn summary(caller: &Caller, standing: &Standing, calendar: &Calendar, now: UnixTime) -> String {
    let until = |session: &Session| calendar.near(UnixTime(session.expires), now, caller.language);
    match &standing.status.session {
        Some(session) if session.locked => with(caller, "portal-is-locked", "name", &session.name),
        Some(session) => with(caller, "portal-is-open", "until", &until(session)),
        None if standing.status.prompt.is_some() => text(caller.language, "portal-is-asked"),
        None if standing.status.cards.iter().any(|card| card.problem.is_none()) => {
            text(caller.language, "portal-is-card")
        }
        None => text(caller.language, "portal-is-nobody"),
    }
}

/// Rows of names and values.
pub(super) fn facts(page: &mut Page, rows: &[(String, String)]) {
    page.definitions(rows.iter().map(|(name, value)| (name.as_str(), value.as_str())));
}

fn session_facts(page: &mut Page, caller: &Caller, session: &Session, calendar: &Calendar, now: UnixTime) {
    let said = |name: &str| text(caller.language, name);
    let at = |moment: i64| calendar.near(UnixTime(moment), now, caller.language);
    let mut rows = vec![
        (said("portal-person"), session.name.clone()),
        (said("portal-identifier"), session.sub.clone()),
        (said("portal-by"), way(caller, &session.way)),
    ];
    // Nobody thinks of a card after a login by phone or by a token's file.
    if session.is_by_card() {
        let card = session.card.clone().unwrap_or_else(|| said("portal-carrier-none"));
        rows.push((said("portal-carrier"), card));
    }
    rows.push((said("portal-since"), at(session.auth_time)));
    rows.push((said("portal-until"), at(session.expires)));
    if session.locked {
        rows.push((said("portal-locked"), said("portal-locked-what")));
    }
    facts(page, &rows);
}

fn cards(page: &mut Page, caller: &Caller, standing: &Standing) {
    let status = &standing.status;
    let said = |name: &str| text(caller.language, name);
    let empty: Vec<_> = status.readers.iter().filter(|reader| reader.serial.is_none()).collect();
    if status.cards.is_empty() && empty.is_empty() {
        page.paragraph(&said("portal-no-reader"));
    }
    for card in &status.cards {
        page.element("article", &[("class", "card")], |page| of_card(page, caller, standing, card));
    }
    for reader in empty {
        let state = said(&format!("portal-reader-{}", reader.state));
        facts(page, &[(reader.name.clone(), state)]);
    }
}

/// One card: whose it is, which it is, and its PIN.
fn of_card(page: &mut Page, caller: &Caller, standing: &Standing, card: &Card) {
    let said = |name: &str| text(caller.language, name);
    let name = card.holder.as_ref().and_then(|holder| {
        let names = [holder.given_name.as_deref(), holder.family_name.as_deref()];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        (!names.is_empty()).then(|| names.join(" "))
    });
    page.element("h3", &[], |page| {
        page.text(&name.unwrap_or_else(|| said("portal-nameless")));
        if card.test {
            page.text(" ");
            page.words("span", &[("class", "mark")], "TEST");
        }
    });
    let mut rows = vec![
        (said("portal-kind"), said(&format!("portal-kind-{}", card.kind))),
        (said("portal-number"), card.serial.clone()),
    ];
    if let Some(profession) = card.holder.as_ref().and_then(|holder| holder.profession.as_ref()) {
        rows.push((said("portal-profession"), profession.label.clone()));
    }
    rows.push((said("portal-place"), card.place.clone()));
    if let Some(pin) = pin(caller, standing, card) {
        rows.push((said(if card.kind == "token" { "passphrase" } else { "pin" }), pin));
    }
    facts(page, &rows);
    if let Some(warning) = &card.warning {
        trouble(page, caller, &format!("warning-{}", card.serial), warning);
    }
}

/// Whether the PIN was given, and how many tries are left.
fn pin(caller: &Caller, standing: &Standing, card: &Card) -> Option<String> {
    let said = |name: &str| text(caller.language, name);
    let left = standing.pins.get(&card.serial).and_then(|pin| pin.left);
    let tries = match left {
        Some(0) => return Some(said("portal-pin-blocked")),
        Some(1) => Some(said("portal-pin-last")),
        Some(left) => Some(with(caller, "portal-pin-tries", "tries", &left.to_string())),
        None => None,
    };
    let verified = card.unlocked.then(|| said("portal-pin-verified"));
    let parts: Vec<String> = verified.into_iter().chain(tries).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn applications(page: &mut Page, caller: &Caller, id: &str, standing: &Standing) {
    let said = |name: &str| text(caller.language, name);
    if standing.applications.is_empty() {
        return page.paragraph(&said("portal-applications-none"));
    }
    page.words("p", &[("class", "aside")], &said("portal-applications-text"));
    page.element("ul", &[("class", "rows")], |page| {
        for application in &standing.applications {
            page.element("li", &[], |page| {
                page.words("strong", &[], &application.name);
                if application.token.is_some() {
                    page.words("span", &[("class", "aside")], &said("portal-token"));
                }
                page.form(&here(id), &[("disconnect", &application.id)], |page| {
                    let label = with(caller, "portal-disconnect-named", "application", &application.name);
                    page.press(&said("portal-disconnect"), Look::Plain, &[("aria-label", &label)]);
                });
            });
        }
    });
}

/// What disconnected applications still hold, and until when: the minute in which it ends counts whole.
fn remaining(page: &mut Page, caller: &Caller, held: &[Application], calendar: &Calendar, now: UnixTime) {
    for Application { name, token, .. } in held {
        let Some(until) = token else { continue };
        let until = calendar.near(until.plus(59), now, caller.language);
        facts(page, &[(name.clone(), with(caller, "portal-token-remains", "until", &until))]);
    }
}

fn programs(page: &mut Page, caller: &Caller, programs: &[Program], calendar: &Calendar, now: UnixTime) {
    let said = |name: &str| text(caller.language, name);
    if programs.is_empty() {
        return page.paragraph(&said("portal-programs-none"));
    }
    let row = |program: &Program| {
        let name = Path::new(&program.path).file_name().map_or_else(
            || program.path.clone(),
            |name| format!("{} ({})", name.to_string_lossy(), program.path),
        );
        let last = program.served.map(|(last, _)| calendar.near(last, now, caller.language));
        let count = program.served.map_or(0, |(_, count)| count);
        let answer = match program.said {
            Some(true) => said("portal-program-allowed"),
            Some(false) => said("portal-program-refused"),
            None => said("portal-program-unasked"),
        };
        vec![name, program.card.clone(), last.unwrap_or_else(|| "–".to_owned()), count.to_string(), answer]
    };
    let rows: Vec<Vec<String>> = programs.iter().map(row).collect();
    let columns = ["program", "card", "last", "count", "answer"];
    let columns = columns.map(|column| said(&format!("portal-program-{column}")));
    let columns = columns.each_ref().map(String::as_str);
    page.table(&said("portal-programs-caption"), &columns, rows.iter().map(Vec::as_slice));
}
