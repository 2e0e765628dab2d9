//! Which prompt is on the screen, for whoever shows the person why it is there.

use super::shared::Shared;
use cps_agent_api::words::Prompt;
use cps_card::token::Authorization;
use std::sync::{Mutex, PoisonError};

/// The prompt on the screen: prompts take turns, so there is one or none.
#[derive(Debug, Default)]
pub(super) struct OnScreen(Mutex<Option<Prompt>>);

impl OnScreen {
    /// The prompt, if there is one.
    pub(super) fn now(&self) -> Option<Prompt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, prompt: Option<Prompt>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = prompt;
    }
}

/// A prompt that is shown until this is dropped: answered, withdrawn, or given up with whoever waited for it.
pub(super) struct Shown<'a> {
    shared: &'a Shared,
    card: Option<String>,
}

impl Shared {
    /// Tells that a prompt is on the screen, about this card or token, for this application.
    pub(super) fn prompt_shown(&self, application: &str, card: Option<&str>) -> Shown<'_> {
        let card = card.map(str::to_owned);
        let prompt = Prompt { application: application.to_owned(), card: card.clone() };
        self.prompts.on_screen.set(Some(prompt));
        self.announce("prompt", "shown", card.as_deref());
        Shown { shared: self, card }
    }

    /// The same while a reader's pad waits for the PIN, which it does within the operation.
    pub(super) fn pad_shown(
        &self,
        authorization: Option<&Authorization>,
        application: &str,
        card: &str,
    ) -> Option<Shown<'_>> {
        let pad = matches!(authorization, Some(Authorization::Pad { .. }));
        pad.then(|| self.prompt_shown(application, Some(card)))
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.shared.prompts.on_screen.set(None);
        self.shared.announce("prompt", "closed", self.card.as_deref());
    }
}
