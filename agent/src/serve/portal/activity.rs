//! What the audit trail tells: logins a day by way, failures by cause, the time from the card to the login, and the newest
//! events.
//!
//! The trail of an account is that of everybody who works in it: other people's lines are shown without saying whose.

use super::{
    chart::{self, Column, SERIES},
    moment::{Calendar, day_name},
    way, with,
};
use crate::serve::{
    desk::{Caller, Desk},
    page::{html::Page, reason, text::text},
};
use cps_agent_core::{
    audit::activity::{Activity, DAYS, DELAYS, Entry, LONGEST_DELAY, WAYS},
    failure::{Code, Failure},
    identity::UnixTime,
};
use std::{path::Path, sync::Arc};

const _: () = assert!(WAYS.len() == SERIES, "every way has a pattern");
/// Most causes that are shown one by one.
const CAUSES: usize = 10;

/// Writes the view.
pub(super) fn write<D: Desk>(
    page: &mut Page,
    desk: &D,
    caller: &Caller,
    activity: Result<Arc<Activity>, Failure>,
) {
    let activity = match activity {
        Ok(activity) => activity,
        Err(failure) => return reason(page, caller, &failure),
    };
    let calendar = Calendar::here();
    let now = desk.now();
    page.paragraph(&with(caller, "portal-days", "days", &DAYS.to_string()));
    if let Some(since) = cut_short(&activity, &calendar) {
        let since = calendar.near(since, now, caller.language);
        page.words("p", &[("class", "aside")], &with(caller, "portal-since-part", "since", &since));
    }
    logins(page, caller, &activity);
    failures(page, caller, &activity);
    delays(page, caller, &activity);
    let own = desk.session(caller).map(|session| session.sub);
    recent(page, caller, &activity, own.as_deref(), &calendar, now);
}

/// When the trail was read from, where that is later than the first day: what came before is not counted.
fn cut_short(activity: &Activity, calendar: &Calendar) -> Option<UnixTime> {
    let first = activity.days.first()?.day;
    activity.since.filter(|since| calendar.day(*since) >= first)
}

/// A picture with its numbers as a table, for whoever wants to read or to hear them.
fn numbers(page: &mut Page, caller: &Caller, caption: &str, columns: &[String], rows: &[Vec<String>]) {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    page.element("details", &[], |page| {
        page.words("summary", &[], &text(caller.language, "portal-numbers"));
        page.table(&with(caller, "portal-table", "title", caption), &columns, rows.iter().map(Vec::as_slice));
    });
}

fn logins(page: &mut Page, caller: &Caller, activity: &Activity) {
    let title = text(caller.language, "portal-logins");
    page.section(&title, |page| {
        let sums: [u32; SERIES] =
            std::array::from_fn(|way| activity.days.iter().filter_map(|day| day.logins.get(way)).sum());
        let all: u32 = sums.iter().sum();
        if all == 0 {
            return page.paragraph(&text(caller.language, "portal-logins-none"));
        }
        let name = |day: i64| day_name(day, caller.language);
        let columns: Vec<Column> =
            activity.days.iter().map(|day| Column { label: name(day.day), parts: day.logins }).collect();
        chart::columns(page, &with(caller, "portal-logins-heard", "count", &all.to_string()), &columns);
        let used = WAYS.iter().enumerate().filter(|(place, _)| sums.get(*place).is_some_and(|sum| *sum > 0));
        let used: Vec<(usize, String)> = used.map(|(place, word)| (place, way(caller, word))).collect();
        chart::legend(page, used.iter().map(|(place, name)| (*place, name.as_str())));
        let mut heads = vec![text(caller.language, "portal-day")];
        heads.extend(used.iter().map(|(_, name)| name.clone()));
        let row = |day: &cps_agent_core::audit::activity::Day| {
            let counts =
                used.iter().map(|(place, _)| day.logins.get(*place).copied().unwrap_or(0).to_string());
            std::iter::once(name(day.day)).chain(counts).collect()
        };
        let rows: Vec<Vec<String>> = activity.days.iter().map(row).collect();
        numbers(page, caller, &title, &heads, &rows);
    });
}

fn failures(page: &mut Page, caller: &Caller, activity: &Activity) {
    page.section(&text(caller.language, "portal-failures"), |page| {
        let Some((_, most)) = activity.failures.first() else {
            return page.paragraph(&text(caller.language, "portal-failures-none"));
        };
        // The numbers stand in the list: it needs no table beside it.
        page.element("ul", &[("class", "bars")], |page| {
            for (code, count) in activity.failures.iter().take(CAUSES) {
                page.element("li", &[], |page| {
                    page.element("p", &[], |page| {
                        page.words("strong", &[], &count.to_string());
                        page.text(" × ");
                        page.text(&cause(caller, code));
                    });
                    chart::bar(page, *count, *most);
                });
            }
        });
        let others: u32 = activity.failures.iter().skip(CAUSES).map(|(_, count)| count).sum();
        if others > 0 {
            page.paragraph(&with(caller, "portal-failures-others", "count", &others.to_string()));
        }
    });
}

fn delays(page: &mut Page, caller: &Caller, activity: &Activity) {
    let title = text(caller.language, "portal-delays");
    page.section(&title, |page| {
        let Some(median) = activity.median else {
            return page.paragraph(&text(caller.language, "portal-delays-none"));
        };
        // The trail counts whole seconds.
        let median = median.max(1);
        page.paragraph(&with(caller, "portal-delays-median", "seconds", &median.to_string()));
        let mut from = 0;
        let label = |end: i64| {
            let label = match end {
                LONGEST_DELAY => with(caller, "portal-delay-more", "from", &from.to_string()),
                end if from == 0 => with(caller, "portal-delay-less", "end", &end.to_string()),
                end => format!("{}–{end}\u{a0}s", from + 1),
            };
            from = end;
            label
        };
        let labels: Vec<String> = DELAYS.into_iter().map(label).collect();
        let columns: Vec<Column> = labels
            .iter()
            .zip(activity.delays)
            .map(|(label, count)| Column::plain(label.clone(), count))
            .collect();
        chart::columns(page, &with(caller, "portal-delays-heard", "seconds", &median.to_string()), &columns);
        let rows: Vec<Vec<String>> = labels
            .into_iter()
            .zip(activity.delays)
            .map(|(label, count)| vec![label, count.to_string()])
            .collect();
        let heads = ["portal-delay", "portal-count"].map(|name| text(caller.language, name));
        numbers(page, caller, &title, &heads, &rows);
    });
}

fn recent(
    page: &mut Page,
    caller: &Caller,
    activity: &Activity,
    own: Option<&str>,
    calendar: &Calendar,
    now: UnixTime,
) {
    let title = text(caller.language, "portal-recent");
    page.section(&title, |page| {
        if activity.recent.is_empty() {
            return page.paragraph(&text(caller.language, "portal-recent-none"));
        }
        let heads = ["when", "what", "who", "program", "end"];
        let heads = heads.map(|name| text(caller.language, &format!("portal-recent-{name}")));
        let row = |entry: &Entry| {
            vec![
                calendar.near(entry.time, now, caller.language),
                what(caller, entry),
                whose(caller, entry, own),
                asked_by(entry),
                entry.refused.as_deref().map_or_else(
                    || text(caller.language, "portal-done"),
                    |code| with(caller, "portal-refused", "cause", &cause(caller, code)),
                ),
            ]
        };
        let rows: Vec<Vec<String>> = activity.recent.iter().map(row).collect();
        page.element("div", &[("class", "recent")], |page| {
            let caption = with(caller, "portal-table", "title", &title);
            page.table(&caption, &heads.each_ref().map(String::as_str), rows.iter().map(Vec::as_slice));
        });
    });
}

/// The event in words.
fn what(caller: &Caller, entry: &Entry) -> String {
    let words = worded(caller, "event", &entry.event);
    let detail = entry.detail.as_deref().map(|detail| match entry.event.as_str() {
        "login" => way(caller, detail),
        "session_ended" => worded(caller, "end", detail),
        "session_without_card" if Code::named(detail).is_some() => cause(caller, detail),
        "session_without_card" => worded(caller, "carrier", detail),
        "workstation" | "card_service" | "upstream_reach" => worded(caller, "state", detail),
        _ => detail.to_owned(),
    });
    let whole = detail.map_or_else(|| words.clone(), |detail| format!("{words} – {detail}"));
    entry.times.map_or_else(|| whole.clone(), |times| format!("{whole} × {times}"))
}

/// A word of the trail in the person's language; one that is not ours stands for itself.
fn worded(caller: &Caller, kind: &str, word: &str) -> String {
    let name = format!("{kind}-{}", word.replace('_', "-"));
    let words = text(caller.language, &name);
    if words == name { word.to_owned() } else { words }
}

fn whose(caller: &Caller, entry: &Entry, own: Option<&str>) -> String {
    match (entry.person.as_deref(), own) {
        (None, _) => String::new(),
        (Some(person), Some(own)) if person == own => text(caller.language, "portal-you"),
        (Some(_), Some(_)) => text(caller.language, "portal-somebody-else"),
        (Some(_), None) => text(caller.language, "portal-somebody"),
    }
}

/// The application, or the program by its file's name.
fn asked_by(entry: &Entry) -> String {
    let program = || {
        let path = entry.application.program.as_deref()?;
        Some(Path::new(path).file_name()?.to_string_lossy().into_owned())
    };
    entry.application.client.clone().or_else(program).unwrap_or_default()
}

/// What a code of the failure table says, without what needs a value that the trail does not have. A code of a protocol
/// was said to an application and is for its maker.
fn cause(caller: &Caller, code: &str) -> String {
    let Some(known) = Code::named(code) else { return with(caller, "portal-protocol", "code", code) };
    let mut sentence = known.line().text(caller.language).what.to_owned();
    while let Some((before, rest)) = sentence.split_once(" (")
        && let Some((inside, after)) = rest.split_once(')')
        && inside.contains('{')
    {
        sentence = format!("{before}{after}");
    }
    let whole = sentence.split_inclusive(". ").filter(|part| !part.contains('{'));
    let whole: String = whole.collect();
    if whole.trim().is_empty() { elided(&sentence) } else { whole.trim().to_owned() }
}

/// A sentence with an ellipsis in each place of a value.
fn elided(sentence: &str) -> String {
    let mut parts = sentence.split('{');
    let begun = parts.next().unwrap_or_default().to_owned();
    parts.fold(begun, |said, part| format!("{said}…{}", part.split_once('}').map_or("", |(_, after)| after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::desk::Door;
    use cps_agent_core::failure::{self, Language};

    fn caller(language: Language) -> Caller {
        Caller { door: Door::Bridge, same_user: true, pid: None, program: None, client: None, language }
    }

    #[test]
    fn no_cause_shows_a_place_without_its_value() {
        for line in failure::codes().map(failure::Code::line) {
            for language in [Language::French, Language::English] {
                let said = cause(&caller(language), line.code);
                assert!(!said.contains(['{', '}']) && said.chars().count() > 10, "{}: {said}", line.code);
            }
        }
        assert_eq!(cause(&caller(Language::English), "pin_wrong"), "The PIN is wrong.");
        assert_eq!(elided("The gateway {gateway} is closed to {client}."), "The gateway … is closed to ….");
        assert!(cause(&caller(Language::French), "login_required").starts_with("réponse"));
    }

    #[test]
    fn every_event_and_every_end_has_its_words() {
        let source = include_str!("../../../core/src/audit/event.rs");
        let quoted =
            source.split("=> plain(\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
        let detailed = source.split("=> (\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
        let mut count = 0;
        for word in quoted.chain(detailed) {
            let name = format!("event-{}", word.replace('_', "-"));
            assert_ne!(text(Language::French, &name), name, "{word} has no words");
            count += 1;
        }
        assert!(count > 30, "{count}");
        for word in ["up", "down", "active", "inactive", "locked", "unlocked", "asleep", "awake"] {
            assert_ne!(worded(&caller(Language::French), "state", word), word);
        }
        for word in ["unseen", "another", "several"] {
            assert_ne!(worded(&caller(Language::French), "carrier", word), word);
        }
    }

    #[test]
    fn an_unknown_event_is_shown_as_it_is() {
        let entry = Entry {
            time: UnixTime(0),
            event: "<b>".to_owned(),
            detail: Some("x".to_owned()),
            refused: None,
            times: Some(490),
            person: None,
            application: cps_agent_core::audit::Application::default(),
        };
        assert_eq!(what(&caller(Language::French), &entry), "<b> – x × 490");
    }
}
