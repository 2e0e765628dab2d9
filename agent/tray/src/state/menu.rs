//! The menu of a state, as a model: what the panel makes of it is [`crate::menu`]'s business.

use super::{Facts, Known, Link, TimeOfDay, holder};
use crate::text::{Language, Texts};
use cps_agent_api::words::Card;

/// Longest line of a sentence in the menu, in characters: menus do not wrap.
const LINE: usize = 60;

/// What a person can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Log in by card: this one, or the only one.
    LoginByCard(Option<String>),
    /// Log in by e-CPS.
    LoginByEcps,
    /// Log in at the upstream's own pages.
    LoginByBrowser,
    /// Give the login up that was started here.
    GiveUp,
    /// End the session.
    Logout,
    /// Open a service of the catalogue.
    Service(String),
    /// Open the page that asks something: the first, the second, …
    Waiting(usize),
    /// A new PIN for a card.
    ChangePin(String),
    /// A new PIN for a card whose PIN is blocked.
    UnblockPin(String),
    /// Open the agent's page.
    Page,
    /// What is wrong, and what to do.
    Help,
    /// Start the agent.
    StartAgent,
    /// Another language.
    Language(Language),
    /// Leave the panel.
    Quit,
}

impl Command {
    /// The identifier of its menu item.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::LoginByCard(None) => "login-card".to_owned(),
            Self::LoginByCard(Some(serial)) => format!("login-card/{serial}"),
            Self::LoginByEcps => "login-ecps".to_owned(),
            Self::LoginByBrowser => "login-browser".to_owned(),
            Self::GiveUp => "give-up".to_owned(),
            Self::Logout => "logout".to_owned(),
            Self::Service(id) => format!("service/{id}"),
            Self::Waiting(at) => format!("waiting/{at}"),
            Self::ChangePin(serial) => format!("change-pin/{serial}"),
            Self::UnblockPin(serial) => format!("unblock-pin/{serial}"),
            Self::Page => "page".to_owned(),
            Self::Help => "help".to_owned(),
            Self::StartAgent => "start-agent".to_owned(),
            Self::Language(language) => format!("language/{}", language.tag()),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// The command of a menu item.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        let (word, about) =
            id.split_once('/').map_or((id, None), |(word, about)| (word, Some(about.to_owned())));
        Some(match (word, about) {
            ("login-card", serial) => Self::LoginByCard(serial),
            ("login-ecps", None) => Self::LoginByEcps,
            ("login-browser", None) => Self::LoginByBrowser,
            ("give-up", None) => Self::GiveUp,
            ("logout", None) => Self::Logout,
            ("service", Some(id)) => Self::Service(id),
            ("waiting", Some(at)) => Self::Waiting(at.parse().ok()?),
            ("change-pin", Some(serial)) => Self::ChangePin(serial),
            ("unblock-pin", Some(serial)) => Self::UnblockPin(serial),
            ("page", None) => Self::Page,
            ("help", None) => Self::Help,
            ("start-agent", None) => Self::StartAgent,
            ("language", Some(tag)) => Self::Language(Language::tagged(&tag)?),
            ("quit", None) => Self::Quit,
            _ => return None,
        })
    }
}

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// Something to read.
    Text(String),
    /// Something to choose.
    Choice {
        /// What it does.
        command: Command,
        /// What it says.
        text: String,
        /// It can be chosen now.
        enabled: bool,
    },
    /// One of several, of which one is in force.
    Option {
        /// What it does.
        command: Command,
        /// What it says.
        text: String,
        /// It is the one in force.
        chosen: bool,
    },
    /// A menu of its own.
    Menu(String, Vec<Item>),
    /// A line between groups.
    Separator,
}

fn choice(command: Command, text: String) -> Item {
    Item::Choice { command, text, enabled: true }
}

/// The menu of a state.
pub(super) fn of(facts: &Facts, texts: &Texts, at: TimeOfDay<'_>) -> Vec<Item> {
    let mut groups = vec![head(facts, texts, at)];
    match facts.known() {
        Some(known) => groups.extend([
            waiting(known, texts),
            login(facts, known, texts),
            things(facts, known, texts),
            help(texts),
        ]),
        None => groups.push(match facts.link {
            Link::Foreign => Vec::new(),
            _ => vec![choice(Command::StartAgent, texts.get("menu-start"))],
        }),
    }
    groups.push(vec![languages(texts), choice(Command::Quit, texts.get("menu-quit"))]);
    groups.retain(|group| !group.is_empty());
    groups.join(&Item::Separator)
}

/// Who, by what, until when; and what is wrong, with the next step.
fn head(facts: &Facts, texts: &Texts, at: TimeOfDay<'_>) -> Vec<Item> {
    let mut lines = Vec::new();
    if facts.is_test() {
        lines.push(texts.get("test-mark"));
    }
    lines.extend(facts.headline(texts, at).iter().flat_map(|line| wrapped(line)));
    if let Some(problem) = facts.wrong(texts) {
        // Without a session the headline ends with what is wrong.
        if facts.session().is_some() {
            lines.extend(wrapped(&problem.title));
        }
        lines.extend(problem.detail.as_deref().map(wrapped).unwrap_or_default());
    }
    lines.into_iter().map(Item::Text).collect()
}

/// Pages of applications that ask for a situation or a consent: whoever lost sight of one finds it here.
fn waiting(known: &Known, texts: &Texts) -> Vec<Item> {
    let page = |(at, page): (usize, &cps_agent_api::words::Waiting)| {
        let text = if page.what == "situation" { "menu-situation" } else { "menu-consent" };
        choice(Command::Waiting(at), texts.with(text, &[("application", &page.application)]))
    };
    known.waiting.iter().enumerate().map(page).collect()
}

/// The ways in, or the way out.
fn login(facts: &Facts, known: &Known, texts: &Texts) -> Vec<Item> {
    let session = known.status.session.as_ref();
    let mut items = Vec::new();
    if facts.ours {
        items.push(choice(Command::GiveUp, texts.get("menu-give-up")));
    } else if session.is_none_or(|session| session.locked) {
        let resumes = session.is_some();
        items.extend(by_card(facts, known, texts, resumes));
        let by_card = session.is_some_and(|session| session.card.is_some());
        let offered = |way: &str| known.status.ways.iter().any(|offered| offered == way);
        // A session that rests on a card is resumed with that card only.
        if !by_card && offered("ecps") {
            items.push(choice(Command::LoginByEcps, texts.get("menu-ecps")));
        }
        if !by_card && offered("browser") {
            let psc = known.status.profile.starts_with("psc-");
            items.push(choice(
                Command::LoginByBrowser,
                texts.get(if psc { "menu-psc" } else { "menu-browser" }),
            ));
        }
    }
    if session.is_some() {
        items.push(choice(Command::Logout, texts.get("menu-logout")));
    }
    items
}

/// Log in, or go on, by card: the only one, or one of several.
fn by_card(facts: &Facts, known: &Known, texts: &Texts, resumes: bool) -> Option<Item> {
    let offered = known.status.ways.iter().any(|way| way == "card" || way == "local");
    // A session that rests on a card is resumed by it, whichever way opened it.
    let rests = known.status.session.as_ref().is_some_and(|session| session.card.is_some());
    (offered || (resumes && rests)).then_some(())?;
    let text = texts.get(if resumes { "menu-resume" } else { "menu-card" });
    // Without contact a card logs nobody in.
    let cards: Vec<&Card> = facts.cards().filter(|card| card.kind != "cps3-contactless").collect();
    Some(match cards.as_slice() {
        [_, _, ..] => {
            let one =
                |card: &&Card| choice(Command::LoginByCard(Some(card.serial.clone())), named(texts, card));
            Item::Menu(text, cards.iter().map(one).collect())
        }
        some => Item::Choice { command: Command::LoginByCard(None), text, enabled: !some.is_empty() },
    })
}

/// Services and cards.
fn things(facts: &Facts, known: &Known, texts: &Texts) -> Vec<Item> {
    let mut items = Vec::new();
    if !known.services.is_empty() {
        let open = |service: &cps_agent_api::words::Service| {
            choice(Command::Service(service.id.clone()), service.name.clone())
        };
        items.push(Item::Menu(texts.get("menu-services"), known.services.iter().map(open).collect()));
    }
    items.extend(facts.cards().map(|card| of_card(facts, card, texts)));
    items
}

/// One card: its PIN, and what can be done about it.
fn of_card(facts: &Facts, card: &Card, texts: &Texts) -> Item {
    let mut items = vec![Item::Text(texts.with("card-number", &[("serial", &card.serial)]))];
    if let Some(pin) = facts.pins.get(&card.serial) {
        let serial = card.serial.clone();
        if pin.blocked {
            items.push(Item::Text(texts.get("pin-blocked")));
            items.push(choice(Command::UnblockPin(serial), texts.get("menu-unblock-pin")));
        } else {
            items.extend(pin.tries_left.map(|left| Item::Text(texts.counting("pin-tries", left))));
            items.push(choice(Command::ChangePin(serial), texts.get("menu-change-pin")));
        }
    }
    Item::Menu(texts.with("menu-of-card", &[("holder", &holder(texts, card))]), items)
}

fn named(texts: &Texts, card: &Card) -> String {
    texts.with("card-named", &[("holder", &holder(texts, card)), ("serial", &card.serial)])
}

fn help(texts: &Texts) -> Vec<Item> {
    vec![choice(Command::Page, texts.get("menu-page")), choice(Command::Help, texts.get("menu-help"))]
}

/// Each language by its own name; the menu by both words, for whoever landed in the wrong one.
fn languages(texts: &Texts) -> Item {
    let option = |(language, name): (Language, &str)| Item::Option {
        command: Command::Language(language),
        text: name.to_owned(),
        chosen: language == texts.language,
    };
    Item::Menu(texts.get("menu-language"), Language::NAMED.into_iter().map(option).collect())
}

/// A sentence in lines that a menu can show.
fn wrapped(sentence: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // Only plain spaces: the unbreakable ones of French punctuation stay.
    for word in sentence.split([' ', '\n']).filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
