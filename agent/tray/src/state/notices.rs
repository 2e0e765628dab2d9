//! What an event is worth telling, and how it is told. Sentences about failures are the agent's.

use super::{Facts, Look, TimeOfDay, is_told, way};
use crate::text::Texts;
use cps_agent_api::words::{Event, Problem, Session};

/// What a notification is about: a later one about the same takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Who is logged in.
    Session,
    /// A login on its way.
    Login,
    /// A card, its PIN or its certificate.
    Card,
    /// The agent and its applications.
    Agent,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// What it is about.
    pub(crate) key: Key,
    /// What happened.
    pub(crate) title: String,
    /// What to do.
    pub(crate) body: String,
    /// Its picture.
    pub(crate) look: Look,
    /// It stays until the person has seen it.
    pub(crate) urgent: bool,
}

/// What is done about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Telling {
    /// This is shown.
    Show(Notice),
    /// What was shown is over.
    Close(Key),
}

/// The notification of a failure: what happened and what to do, as the agent says it.
pub(crate) fn failure(key: Key, problem: &Problem) -> Option<Notice> {
    is_told(problem).then(|| Notice {
        key,
        title: problem.title.clone(),
        body: problem.detail.clone().unwrap_or_default(),
        look: Look::Attention,
        urgent: false,
    })
}

/// What an event that led from one state to another is worth.
pub(crate) fn tellings(
    event: &Event,
    before: &Facts,
    now: &Facts,
    texts: &Texts,
    at: TimeOfDay<'_>,
) -> Vec<Telling> {
    let mut tellings = Vec::new();
    tellings.extend(asked(before, now, texts));
    let told = match (event.topic.as_str(), event.what.as_str()) {
        ("session", "started" | "renewed") => now.session().map(|session| logged_in(session, texts, at)),
        ("session", "resumed") => now.session().map(|session| resumed(session, texts, at)),
        ("session", "locked") => now.session().map(|session| locked(session, texts)),
        ("session", "ended") => Some(ended(event, before.session(), texts)),
        ("card", "removed") => stays(event, now.session(), texts, at),
        ("client", "added") => {
            event.name.as_deref().or(event.subject.as_deref()).map(|name| registered(name, texts))
        }
        (topic, _) => event.problem.as_ref().and_then(|problem| failure(key_of(topic), problem)),
    };
    tellings.extend(told.map(Telling::Show));
    tellings
}

fn key_of(topic: &str) -> Key {
    match topic {
        "session" => Key::Session,
        "login" => Key::Login,
        "card" | "reader" => Key::Card,
        _ => Key::Agent,
    }
}

/// What the login under way wants of the person: a number to be compared, or a PIN on a pad that no window tells of.
fn asked(before: &Facts, now: &Facts, texts: &Texts) -> Option<Telling> {
    let (was, is) = (wish(before, texts), wish(now, texts));
    match (was, is) {
        (was, Some(is)) if was.as_ref() != Some(&is) => Some(Telling::Show(is)),
        (Some(_), None) => Some(Telling::Close(Key::Login)),
        _ => None,
    }
}

fn wish(facts: &Facts, texts: &Texts) -> Option<Notice> {
    let login = facts.known()?.login.as_ref()?;
    let (title, body) = match login.number.as_deref() {
        Some(number) => {
            let body = if login.channel.as_deref() == Some("CARD") { "number-card" } else { "number-phone" };
            (texts.with("number-title", &[("number", number)]), texts.get(body))
        }
        None if login.hint == "type-pin" && on_pad(facts) => (texts.get("pad-title"), texts.get("pad-body")),
        None => return None,
    };
    Some(Notice { key: Key::Login, title, body, look: Look::Attention, urgent: true })
}

fn on_pad(facts: &Facts) -> bool {
    facts.cards().any(|card| facts.pins.get(&card.serial).is_some_and(|pin| pin.pad))
}

fn of_session(title: String, body: String, look: Look) -> Notice {
    Notice { key: Key::Session, title, body, look, urgent: false }
}

fn logged_in(session: &Session, texts: &Texts, at: TimeOfDay<'_>) -> Notice {
    let words = [("way", &*way(texts, &session.way)), ("until", &*at(session.expires))];
    let title = texts.with("login-title", &[("name", &session.name)]);
    of_session(title, texts.with("login-body", &words), Look::Connected)
}

fn resumed(session: &Session, texts: &Texts, at: TimeOfDay<'_>) -> Notice {
    let title = texts.with("resumed-title", &[("name", &session.name)]);
    of_session(title, texts.with("resumed-body", &[("until", &at(session.expires))]), Look::Connected)
}

fn locked(session: &Session, texts: &Texts) -> Notice {
    let title = texts.with("locked-title", &[("name", &session.name)]);
    let body = if session.card.is_some() { "locked-body-card" } else { "locked-body" };
    of_session(title, texts.get(body), Look::Locked)
}

/// A session ended. Whose it was is known from the state before, unless the tray has only just come.
fn ended(event: &Event, session: Option<&Session>, texts: &Texts) -> Notice {
    let title = match session {
        Some(session) => texts.with("ended-title", &[("name", &session.name)]),
        None => texts.get("ended-title-nobody"),
    };
    let reason =
        event.reason.as_deref().and_then(|reason| texts.find(&format!("ended-{}", reason.replace('_', "-"))));
    of_session(title, reason.unwrap_or_else(|| texts.get("ended-other")), Look::Card)
}

/// The session's card left and the session goes on: the person must know. Where it ends or locks, that is told instead.
fn stays(event: &Event, session: Option<&Session>, texts: &Texts, at: TimeOfDay<'_>) -> Option<Notice> {
    let session = session
        .filter(|session| !session.locked && session.card.is_some() && session.card == event.subject)?;
    let body = texts.with("card-left-body", &[("name", &*session.name), ("until", &*at(session.expires))]);
    Some(Notice {
        key: Key::Card,
        title: texts.get("card-left-title"),
        body,
        look: Look::Connected,
        urgent: false,
    })
}

fn registered(name: &str, texts: &Texts) -> Notice {
    Notice {
        key: Key::Agent,
        title: texts.with("client-title", &[("name", name)]),
        body: texts.get("client-body"),
        look: Look::Attention,
        urgent: false,
    }
}
