//! What the person has at hand, as a login page shows it: readers, the card of the login, tries left.

use super::{
    html::Page,
    text::{text, text_with},
};
use crate::serve::around::{Around, Card, Holds, Readers};
use cps_agent_core::{failure::Language, identity::Way};

/// Shows what these ways need.
pub(super) fn show(page: &mut Page, language: Language, ways: &[Way], around: &Around) {
    let mut rows = Vec::new();
    if ways.iter().any(|way| matches!(way, Way::Card | Way::Local)) {
        rows.extend(readers(language, &around.readers));
    }
    // Several are being chosen from, and are shown there.
    if let [card] = around.cards.as_slice() {
        rows.extend(of_card(language, card));
    }
    if !rows.is_empty() {
        page.element("div", &[("id", "around"), ("class", "around")], |page| {
            page.definitions(rows.iter().map(|(term, what)| (term.as_str(), what.as_str())));
        });
    }
}

fn readers(language: Language, readers: &Readers) -> Vec<(String, String)> {
    let reader = || text(language, "reader");
    let state = |holds: &Holds| {
        text(
            language,
            match holds {
                Holds::Nothing => "reader-empty",
                Holds::Reading => "reader-reading",
                Holds::Card => "reader-card",
                Holds::Unusable => "reader-unusable",
            },
        )
    };
    match readers {
        Readers::NoService => vec![(reader(), text(language, "reader-no-service"))],
        Readers::None => vec![(reader(), text(language, "reader-none"))],
        Readers::Seen(seen) => match seen.as_slice() {
            [(_, holds)] => vec![(reader(), state(holds))],
            several => several.iter().map(|(name, holds)| (name.clone(), state(holds))).collect(),
        },
    }
}

fn of_card(language: Language, card: &Card) -> Vec<(String, String)> {
    let kind = if card.soft { "token" } else { "card" };
    let who = with_holder(card, text_with(language, "card-number", "serial", &card.serial));
    let mut rows = vec![(text(language, kind), who)];
    let pin = match card.tries_left {
        _ if card.unlocked => Some(text(language, "pin-verified")),
        Some(0) => Some(text(language, "pin-blocked")),
        Some(1) => Some(text(language, "pin-last-try")),
        Some(left) => Some(text_with(language, "pin-tries", "tries", &left.to_string())),
        None => None,
    };
    rows.extend(pin.map(|pin| (text(language, if card.soft { "passphrase" } else { "pin" }), pin)));
    rows
}

/// A card as a person tells it from another.
pub(super) fn name(language: Language, card: &Card) -> String {
    with_holder(card, text_with(language, "hint-card", "serial", &card.serial))
}

fn with_holder(card: &Card, number: String) -> String {
    match &card.holder {
        Some(holder) => format!("{holder} – {number}"),
        None => number,
    }
}
