//! From what the agent says to what a person sees: icon, tooltip, menu and notifications, as plain values.
//!
//! Nothing here talks to anybody, and no clock is read: the same facts always look the same.

mod menu;
mod notices;
#[cfg(test)]
mod tests;

pub(crate) use menu::{Command, Item};
pub(crate) use notices::{Key, Notice, Telling, failure, tellings};

use crate::text::Texts;
use cps_agent_api::words::{
    Card, Event, LoginProgress, PinState, Problem, Service, Session, Status, Waiting,
};
use cps_agent_failure::{AGENT_VERSION, PIN_BLOCKED};
use std::{borrow::Cow, collections::BTreeMap};

/// What the icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The agent does not answer.
    Stopped,
    /// There is no reader.
    NoReader,
    /// The readers are empty.
    NoCard,
    /// A card is there and nobody is logged in.
    Card,
    /// Somebody is logged in.
    Connected,
    /// Somebody is, and the session is locked.
    Locked,
    /// The person is needed, or something does not work.
    Attention,
}

impl Look {
    /// Every state.
    pub(crate) const ALL: [Self; 7] = [
        Self::Stopped,
        Self::NoReader,
        Self::NoCard,
        Self::Card,
        Self::Connected,
        Self::Locked,
        Self::Attention,
    ];
}

/// The agent, as far as the tray reaches it.
#[derive(Debug, Clone, Default)]
pub(crate) enum Link {
    /// Nobody answers.
    #[default]
    Absent,
    /// It speaks another version of the protocol.
    Foreign,
    /// It answers.
    Up(Box<Known>),
}

/// What a running agent said last.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Readers, cards, session.
    pub(crate) status: Status,
    /// The login under way.
    pub(crate) login: Option<LoginProgress>,
    /// The catalogue.
    pub(crate) services: Vec<Service>,
    /// Pages that ask the person something.
    pub(crate) waiting: Vec<Waiting>,
}

/// Everything the tray knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The agent.
    pub(crate) link: Link,
    /// PINs as their cards last told, by serial number.
    pub(crate) pins: BTreeMap<String, PinState>,
    /// What failed last, until something changes.
    pub(crate) trouble: Option<Problem>,
    /// A login that was started here is under way.
    pub(crate) ours: bool,
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// The icon.
    pub(crate) look: Look,
    /// What the pointer finds on it, and what a screen reader says.
    pub(crate) tooltip: String,
    /// The menu.
    pub(crate) menu: Vec<Item>,
}

/// The time of day of a moment (Unix seconds), where the workstation is.
pub(crate) type TimeOfDay<'a> = &'a dyn Fn(i64) -> String;

impl Facts {
    /// What a running agent said.
    pub(crate) fn known(&self) -> Option<&Known> {
        match &self.link {
            Link::Up(known) => Some(known),
            Link::Absent | Link::Foreign => None,
        }
    }

    /// The session.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.known()?.status.session.as_ref()
    }

    /// Cards in readers; the file of an e-CPS token is none.
    pub(crate) fn cards(&self) -> impl Iterator<Item = &Card> {
        let cards = self.known().map(|known| known.status.cards.as_slice()).unwrap_or_default();
        cards.iter().filter(|card| card.kind != "token")
    }

    /// What does not work now: what the agent says, else what failed last, else a card whose PIN is blocked.
    pub(crate) fn wrong(&self, texts: &Texts) -> Option<Cow<'_, Problem>> {
        let said = self.known()?.status.problems.first().or(self.trouble.as_ref()).map(Cow::Borrowed);
        let blocked = || Problem::of(&PIN_BLOCKED.into(), texts.language.of_table());
        said.or_else(|| self.blocked().then(|| Cow::Owned(blocked())))
    }

    /// Takes a new state of the link. PINs of cards that left are forgotten.
    pub(crate) fn take(&mut self, link: Link) {
        self.link = link;
        let here: Vec<String> = self.cards().map(|card| card.serial.clone()).collect();
        self.pins.retain(|serial, _| here.contains(serial));
        if self.known().is_none() {
            self.trouble = None;
        }
    }

    /// What an event says of the last failure: another one takes its place, and whatever the person did since ends it.
    pub(crate) fn heard(&mut self, event: &Event) {
        match (event.topic.as_str(), event.what.as_str()) {
            ("login", "failed") => self.trouble = event.problem.clone().filter(is_told),
            ("login", "started" | "done")
            | ("session", _)
            | ("card", "inserted" | "removed")
            | ("reader", _) => {
                self.trouble = None;
            }
            _ => {}
        }
    }

    /// A card, a login or a page waits for the person now.
    fn is_asked(&self) -> bool {
        let Some(known) = self.known() else { return false };
        let number = known.login.as_ref().is_some_and(|login| login.number.is_some());
        number || known.status.prompt.is_some() || !known.waiting.is_empty()
    }

    fn blocked(&self) -> bool {
        self.cards().any(|card| self.pins.get(&card.serial).is_some_and(|pin| pin.blocked))
    }

    /// The icon.
    pub(crate) fn look(&self) -> Look {
        let Some(known) = self.known() else { return Look::Stopped };
        match (&known.status.session, self.is_asked()) {
            (_, true) => Look::Attention,
            (Some(session), false) if session.locked => Look::Locked,
            (Some(_), false) => Look::Connected,
            (None, false) if self.trouble.is_some() || !known.status.problems.is_empty() => Look::Attention,
            (None, false) if self.blocked() => Look::Attention,
            (None, false) if self.cards().next().is_some() => Look::Card,
            (None, false) if known.status.readers.is_empty() => Look::NoReader,
            (None, false) => Look::NoCard,
        }
    }

    /// Everything that is shown.
    pub(crate) fn view(&self, texts: &Texts, at: TimeOfDay<'_>) -> View {
        View { look: self.look(), tooltip: self.tooltip(texts, at), menu: menu::of(self, texts, at) }
    }

    fn tooltip(&self, texts: &Texts, at: TimeOfDay<'_>) -> String {
        let mut lines = Vec::new();
        if self.is_test() {
            lines.push(texts.get("test-mark"));
        }
        lines.extend(self.headline(texts, at));
        lines.join("\n")
    }

    /// A TEST environment is marked in every face.
    fn is_test(&self) -> bool {
        self.known().is_some_and(|known| known.status.environment == "test")
    }

    /// The state in one or two lines: the head of the menu and the tooltip.
    fn headline(&self, texts: &Texts, at: TimeOfDay<'_>) -> Vec<String> {
        let Some(known) = self.known() else {
            if !matches!(self.link, Link::Foreign) {
                return vec![texts.get("state-stopped")];
            }
            let text = AGENT_VERSION.line().text(texts.language.of_table());
            return vec![text.what.to_owned(), text.next.to_owned()];
        };
        let mut lines = Vec::new();
        if let Some(prompt) = &known.status.prompt {
            lines.push(texts.with("state-prompt", &[("application", &prompt.application)]));
        }
        if let Some(number) = known.login.as_ref().and_then(|login| login.number.as_deref()) {
            lines.push(texts.with("state-number", &[("number", number)]));
        }
        if let Some(session) = &known.status.session {
            lines.push(texts.with("state-session", &[("name", &session.name)]));
            let until = at(session.expires);
            let way = way(texts, &session.way);
            let how = if session.locked { "state-locked" } else { "state-until" };
            lines.push(texts.with(how, &[("way", &way), ("until", &until)]));
            // Whoever used a card expects that taking it out counts.
            if session.card.is_none() && session.is_by_card() {
                lines.push(texts.get("state-no-carrier"));
            }
            return lines;
        }
        match self.cards().next() {
            Some(card) => lines.push(texts.with("state-card", &[("holder", &holder(texts, card))])),
            None if !known.status.card_service => {}
            None if known.status.readers.is_empty() => lines.push(texts.get("state-no-reader")),
            None => lines.push(texts.get("state-no-card")),
        }
        lines.extend(self.wrong(texts).map(|problem| problem.title.clone()));
        lines
    }
}

/// A way of login as people call it.
fn way(texts: &Texts, word: &str) -> String {
    texts.find(&format!("way-{word}")).unwrap_or_else(|| word.to_owned())
}

/// Whose card it is.
fn holder(texts: &Texts, card: &Card) -> String {
    let name = card.holder.as_ref().and_then(|holder| {
        let names = [holder.given_name.as_deref(), holder.family_name.as_deref()];
        let name: Vec<&str> = names.into_iter().flatten().collect();
        (!name.is_empty()).then(|| name.join(" "))
    });
    name.unwrap_or_else(|| texts.with("card-number", &[("serial", &card.serial)]))
}

/// A failure that the person does not know of already: whoever says no to a prompt needs no message.
fn is_told(problem: &Problem) -> bool {
    problem.code != "pin_cancelled"
}
