//! Which card or token is meant: the one that is named, the only one, or none. Never one of several.

use super::{present::Present, shared::Shared};
use cps_agent_api::words;
use cps_agent_core::{
    failure::{self, Failure},
    session::step::{TokenSeen, TokenWanted},
};
use cps_card::token::{KeyRole, Kind};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// How long cards that are being read are waited for. What takes longer is held by another program.
const READING: Duration = Duration::from_secs(10);

/// What was found.
pub(super) enum Found {
    /// One token, and what a login wants to know of it.
    One(Arc<Present>, TokenSeen),
    /// Several, by their serial numbers.
    Several(Vec<String>),
    /// None, and why.
    None(Failure),
}

impl Shared {
    /// Waits until the cards that are there were read: one that was just inserted is neither missing, nor left out of a
    /// choice between several. A token that is named and here is enough.
    pub(super) async fn settled(&self, wanted: &TokenWanted, chosen: Option<&str>) {
        let named = chosen.or(serial_of(wanted)).is_some_and(|serial| self.cards.find(serial).is_some());
        if named || matches!(wanted, TokenWanted::Soft { .. }) {
            return;
        }
        let mut events = self.events.subscribe();
        let read = async {
            while self.cards.reading() {
                card_news(&mut events).await;
            }
        };
        // Late is as good as never: the caller looks at what there is.
        let _ = tokio::time::timeout(READING, read).await;
    }
}

/// Looks for the tokens that fit.
pub(super) fn look(shared: &Shared, wanted: &TokenWanted, chosen: Option<&str>) -> Found {
    let named = chosen.or(serial_of(wanted));
    let fitting = fitting(shared, wanted, named);
    let serials = distinct(&fitting);
    if serials.len() > 1 {
        return Found::Several(serials);
    }
    match fitting.into_iter().next() {
        Some(present) => match seen(&present) {
            Some(seen) => Found::One(present, seen),
            None => Found::None(failure::CERTIFICATE_GARBLED.into()),
        },
        None if named.is_some() => Found::None(failure::CARD_UNKNOWN.into()),
        None if matches!(wanted, TokenWanted::Soft { .. }) => Found::None(failure::NO_TOKEN.into()),
        None => Found::None(shared.cards.why_none()),
    }
}

/// What a login wants to know of a token.
pub(super) fn seen(present: &Present) -> Option<TokenSeen> {
    let description = &present.description;
    let key = description.key(KeyRole::Authentication).or_else(|| description.key(KeyRole::Technical))?;
    Some(TokenSeen {
        serial: description.serial.clone(),
        kind: description.kind,
        certificate: key.certificate.clone()?,
        schemes: key.schemes.clone(),
        needs_pin: key.needs_pin,
    })
}

/// The one token that fits and can do what is asked.
///
/// # Errors
/// Why there is none, or [`failure::SEVERAL_CARDS`].
pub(super) fn only(
    shared: &Shared,
    wanted: &TokenWanted,
    able: impl Fn(&Present) -> bool,
) -> Result<Arc<Present>, Failure> {
    let named = serial_of(wanted);
    let mut fitting = fitting(shared, wanted, named);
    let any = !fitting.is_empty();
    fitting.retain(|present| able(present));
    let serials = distinct(&fitting);
    if serials.len() > 1 {
        return Err(Failure::new(failure::SEVERAL_CARDS).with("serials", serials.join(", ")));
    }
    match fitting.into_iter().next() {
        Some(present) => Ok(present),
        None if any => Err(failure::CARD_UNSUPPORTED.into()),
        None if named.is_some() => Err(failure::CARD_UNKNOWN.into()),
        None => Err(shared.cards.why_none()),
    }
}

/// The tokens that fit, contacts before antenna.
fn fitting(shared: &Shared, wanted: &TokenWanted, named: Option<&str>) -> Vec<Arc<Present>> {
    let mut fitting = shared.cards.present();
    fitting.retain(|present| {
        let soft = present.description.kind == Kind::Soft;
        let kind = match wanted {
            TokenWanted::Card { .. } => !soft,
            TokenWanted::Soft { .. } => soft,
            TokenWanted::Any { .. } => true,
        };
        kind && named.is_none_or(|serial| present.serial() == serial)
    });
    fitting.sort_by_key(|present| present.description.kind == Kind::Cps3Contactless);
    fitting
}

fn serial_of(wanted: &TokenWanted) -> Option<&str> {
    match wanted {
        TokenWanted::Card { serial } | TokenWanted::Soft { serial } | TokenWanted::Any { serial } => {
            serial.as_deref()
        }
    }
}

/// Serial numbers, each once: the same card on contacts and antenna is one card.
fn distinct(present: &[Arc<Present>]) -> Vec<String> {
    let mut serials: Vec<String> = present.iter().map(|present| present.serial().to_owned()).collect();
    serials.sort();
    serials.dedup();
    serials
}

/// Waits until a card, reader or service came or went. After lost events everything may have changed.
pub(super) async fn card_news(events: &mut Receiver<words::Event>) {
    loop {
        match events.recv().await {
            Ok(event) if !matches!(event.topic.as_str(), "card" | "reader" | "service") => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
