//! The PIN itself: its state, a new one, and the way out of a blocked one.

use super::{
    present::Present,
    prompts::{Asking, failure_of, fault},
    shared::Shared,
    words,
};
use crate::host::prompt_text::Deed;
use cps_agent_api::words::{PinRequest, PinState};
use cps_agent_core::{
    audit,
    failure::{self, Failure, Language},
    session::step::{PinFault, TokenFault},
};
use cps_card::{PinStatus, token::Kind};
use std::sync::Arc;

impl Shared {
    /// The card or token of a serial number.
    ///
    /// # Errors
    /// [`failure::CARD_UNKNOWN`].
    pub(super) fn named(&self, serial: &str) -> Result<Arc<Present>, Failure> {
        self.cards.find(serial).ok_or_else(|| failure::CARD_UNKNOWN.into())
    }

    /// The state of a PIN, asked afresh. Without contact there is none, and nothing to ask the card about.
    ///
    /// # Errors
    /// [`failure::CONTACTLESS_CARD`] where there is no PIN, or the card's.
    pub(super) async fn pin_status(&self, present: &Present) -> Result<PinStatus, Failure> {
        if present.description.kind == Kind::Cps3Contactless {
            return Err(failure::CONTACTLESS_CARD.into());
        }
        let status = present.run(|token| token.pin_status()).await;
        let status = status.map_err(|error| failure_of(&fault(&error)))?;
        if let Some(status) = &status {
            present.note_tries(status);
        }
        status.ok_or_else(|| failure::CONTACTLESS_CARD.into())
    }

    /// Replaces a PIN by a new one; both are asked from the person.
    ///
    /// # Errors
    /// The person's no, and whatever the card says.
    pub(super) async fn change_pin(
        &self,
        serial: &str,
        by: &audit::Application,
        asking: Asking,
    ) -> Result<(), Failure> {
        let present = self.named(serial)?;
        let changed = async {
            let status = self.pin_status(&present).await?;
            let old = self.ask_pin(&present, &asking, None).await.map_err(|fault| failure_of(&fault))?;
            let new = self.ask_new_pin(&present, &asking, (status.min_length, status.max_length)).await?;
            let changed = present.run(move |token| token.change_pin(old, new)).await;
            // The card ends its verified state with the change.
            present.note_unlocked(false);
            changed.map_err(|error| failure_of(&fault(&error)))
        };
        let changed = changed.await;
        self.record_pin(&present, audit::What::PinChanged, &changed, by);
        changed
    }

    /// Gives a blocked PIN a new value with the PUK; both are asked from the person.
    ///
    /// # Errors
    /// The person's no, and whatever the card says, of the PUK.
    pub(super) async fn unblock_pin(
        &self,
        serial: &str,
        by: &audit::Application,
        asking: Asking,
    ) -> Result<(), Failure> {
        let present = self.named(serial)?;
        let unblocked = async {
            let status = self.pin_status(&present).await?;
            let puk = self.ask_puk(&present, &asking).await?;
            let new = self.ask_new_pin(&present, &asking, (status.min_length, status.max_length)).await?;
            let unblocked = present.run(move |token| token.unblock_pin(puk, new)).await;
            present.note_unlocked(false);
            unblocked.map_err(|error| of_puk(fault(&error)))
        };
        let unblocked = unblocked.await;
        self.record_pin(&present, audit::What::PinUnblocked, &unblocked, by);
        unblocked
    }

    fn record_pin(
        &self,
        present: &Present,
        what: audit::What,
        result: &Result<(), Failure>,
        by: &audit::Application,
    ) {
        let event = match result {
            Ok(()) => audit::Event::done(what),
            Err(failure) => audit::Event::refused(what, failure.code),
        };
        self.record([event.with(words::credential(present))], by);
        self.announce("card", "changed", Some(present.serial()));
    }
}

/// The same answers of a card mean the PUK here.
fn of_puk(fault: TokenFault) -> Failure {
    match fault {
        TokenFault::Pin(PinFault::Wrong { left: Some(0) } | PinFault::Blocked) => failure::PUK_BLOCKED.into(),
        TokenFault::Pin(PinFault::Wrong { left }) => {
            Failure::new(failure::PUK_WRONG).with("tries_left", left)
        }
        fault => failure_of(&fault),
    }
}

/// The asking of a command about a PIN.
pub(super) fn asking(application: String, request: PinRequest, language: Language) -> Asking {
    Asking { application, deed: Deed::ChangePin, screen: request.screen, language }
}

/// The state in the words of the API.
pub(super) fn state(status: &PinStatus) -> PinState {
    PinState {
        tries_left: status.tries_left,
        tries_max: status.tries_max,
        verified: status.verified,
        blocked: status.blocked(),
        min_length: status.min_length,
        max_length: status.max_length,
        pad: status.pad,
    }
}
