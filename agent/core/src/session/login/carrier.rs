//! The card that a login in the browser rests on. The upstream's page was shown a card by the browser, and the browser had
//! it sign through us: where exactly one card of the very person who came back did so, it is that one.
//!
//! This is an inference, and a careful one: the upstream says that a card was used, the person is compared by their national
//! identifier, and what cannot be told is not guessed. What it decides is only that the card's absence counts.

use super::Case;
use super::credential::Holding;
use crate::audit::event::WithoutCard;
use crate::failure;
use crate::identity::{Credential, Person, UnixTime};
use crate::session::step::TokenSeen;
use cps_card::token::Kind;

/// Smart card (RFC 8176).
const SMART_CARD: &str = "sc";

/// Whether the card is to be looked for: the upstream says that one was used. Its `authMode` counts first; one that we do
/// not know, as of a delegated login, leaves it to `amr`.
pub(super) fn asked(case: &Case, mode: Option<&str>, amr: &[String]) -> bool {
    let by_card = match mode {
        Some("CARD") => true,
        Some("MOBILE") => false,
        _ => amr.iter().any(|method| method == SMART_CARD),
    };
    case.settings.browser_card && by_card
}

/// The card among those that signed. It is judged as one that logs in: what could not resume a session carries none.
pub(super) fn of(
    signed: &[TokenSeen],
    person: &Person,
    case: &Case,
    now: UnixTime,
) -> Result<Credential, WithoutCard> {
    let mut why = WithoutCard::Unseen;
    let mut found = Vec::new();
    for seen in signed.iter().filter(|seen| seen.kind != Kind::Soft) {
        match Holding::accept(seen.clone(), case, now) {
            Ok(holding) if person.has(&holding.national_id()) => found.push(holding.credential()),
            Err(failure) if failure.code != failure::OTHER_PERSON => why = WithoutCard::Refused(failure.code),
            Ok(_) | Err(_) => why = WithoutCard::Another,
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(credential), true) => Ok(credential),
        (Some(_), false) => Err(WithoutCard::Several),
        (None, _) => Err(why),
    }
}
