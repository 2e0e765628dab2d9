//! Asking the person: tries left asked fresh, the last try agreed to, the question withdrawn when the card leaves.

use super::{
    on_screen::OnScreen,
    present::Present,
    shared::Shared,
    turns::{Turn, Turns},
};
use crate::{
    config::{self, Prompter},
    host::{
        pinentry::{Pinentry, PromptError},
        prompt_text::{self, Deed, Meant, PromptText},
    },
};
use cps_agent_api::words::Screen;
use cps_agent_core::{
    failure::{self, Failure, Language},
    session::step::{PinFault, TokenFault},
};
use cps_card::{
    Error, Pin, Puk,
    holder::Holder,
    token::{Authorization, Kind},
    transport::TransportError,
};
use zeroize::Zeroizing;

/// The ways to ask, and whose turn it is.
pub(super) struct Prompts {
    pinentry: Pinentry,
    order: Vec<Prompter>,
    /// The question that is asked.
    pub(super) on_screen: OnScreen,
    /// One question at a time, with the tries query that belongs to it.
    turns: Turns,
}

/// Who asks, for what, and where the question may appear.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    /// The application, as registered, or the program.
    pub(super) application: String,
    /// For what.
    pub(super) deed: Deed,
    /// Where.
    pub(super) screen: Screen,
    /// In which language.
    pub(super) language: Language,
}

impl Prompts {
    /// As configured.
    pub(super) fn new(pin: &config::Pin) -> Self {
        Self {
            pinentry: Pinentry::new(pin.pinentry.clone(), pin.timeout),
            order: pin.prompt.clone(),
            on_screen: OnScreen::default(),
            turns: Turns::new(),
        }
    }
}

/// What a card or token is called in a prompt.
struct Named {
    holder: Option<String>,
    test: bool,
    soft: bool,
}

impl Named {
    fn of(present: &Present) -> Self {
        let holder = present
            .description
            .keys
            .iter()
            .find_map(|key| key.certificate.as_deref().and_then(Holder::from_certificate));
        Self {
            test: holder.as_ref().is_some_and(Holder::is_test),
            holder: holder.and_then(|holder| holder.display_name()),
            soft: present.description.kind == Kind::Soft,
        }
    }

    fn meant<'a>(&'a self, present: &'a Present) -> Meant<'a> {
        Meant { holder: self.holder.as_deref(), serial: present.serial(), soft: self.soft, test: self.test }
    }
}

impl Shared {
    /// Asks for the PIN of a card or the passphrase of a token. The question is withdrawn when the token leaves or the
    /// future is dropped.
    ///
    /// # Errors
    /// The person's no, a blocked PIN, a token that left, a prompt that cannot be shown.
    pub(super) async fn ask_pin(
        &self,
        present: &Present,
        asking: &Asking,
        previous: Option<&PinFault>,
    ) -> Result<Authorization, TokenFault> {
        let turn = self.turn(present, asking.deed).await?;
        self.ask_pin_in(&turn, present, asking, previous).await
    }

    /// The same by one who has the screen, and keeps it.
    ///
    /// # Errors
    /// As [`Shared::ask_pin`].
    pub(super) async fn ask_pin_in(
        &self,
        _turn: &Turn<'_>,
        present: &Present,
        asking: &Asking,
        previous: Option<&PinFault>,
    ) -> Result<Authorization, TokenFault> {
        let asked = async {
            let status = present.run(|token| token.pin_status()).await.map_err(|error| fault(&error))?;
            let status = status.ok_or_else(|| TokenFault::Other(failure::CONTACTLESS_CARD.into()))?;
            present.note_tries(&status);
            if status.blocked() {
                return Err(TokenFault::Pin(PinFault::Blocked));
            }
            let named = Named::of(present);
            let meant = named.meant(present);
            let _shown = self.prompt_shown(&asking.application, Some(present.serial()));
            self.answer(asking, meant, &status, previous).await
        };
        withdrawn_with(present, asked).await.unwrap_or(Err(TokenFault::Pin(PinFault::Withdrawn)))
    }

    /// Asks whether a program may use what is verified already.
    ///
    /// # Errors
    /// A token that left, a prompt that cannot be shown or that nobody answers.
    pub(super) async fn ask_consent(
        &self,
        _turn: &Turn<'_>,
        present: &Present,
        asking: &Asking,
    ) -> Result<bool, TokenFault> {
        let named = Named::of(present);
        let Asking { application, deed, screen, language } = asking;
        let text = prompt_text::consent(*language, application, *deed, named.meant(present));
        let shown = self.prompt_shown(application, Some(present.serial()));
        let answered = withdrawn_with(present, self.prompts.pinentry.confirm(&text, screen)).await;
        drop(shown);
        match answered {
            None => Err(TokenFault::Pin(PinFault::Withdrawn)),
            Some(Ok(())) => Ok(true),
            Some(Err(PromptError::Cancelled)) => Ok(false),
            Some(Err(error)) => Err(prompt_fault(error)),
        }
    }

    /// Waits for the screen, as long as the token is here. An application whose challenges would queue up prompt after
    /// prompt is refused instead; programs wait, since the answer to one may be the answer to all, and the person's own
    /// login goes before them.
    pub(super) async fn turn(&self, present: &Present, deed: Deed) -> Result<Turn<'_>, TokenFault> {
        let turn = async {
            match deed {
                Deed::Challenge => {
                    let turn = self.prompts.turns.now();
                    turn.ok_or_else(|| TokenFault::Other(failure::PIN_PROMPT_BUSY.into()))
                }
                Deed::Login | Deed::ChangePin => Ok(self.prompts.turns.first().await),
                Deed::Program(_) | Deed::Gateway => Ok(self.prompts.turns.last().await),
            }
        };
        withdrawn_with(present, turn).await.unwrap_or(Err(TokenFault::Pin(PinFault::Withdrawn)))
    }

    async fn answer(
        &self,
        asking: &Asking,
        meant: Meant<'_>,
        status: &cps_card::PinStatus,
        previous: Option<&PinFault>,
    ) -> Result<Authorization, TokenFault> {
        let Asking { application, deed, screen, language } = asking;
        let last_try_accepted = status.last_try();
        if last_try_accepted {
            let text = prompt_text::last_try(*language, application, meant);
            self.prompts.pinentry.confirm(&text, screen).await.map_err(prompt_fault)?;
        }
        for prompter in &self.prompts.order {
            match prompter {
                // The reader asks during the operation itself.
                Prompter::PinPad if status.pad => return Ok(Authorization::Pad { last_try_accepted }),
                Prompter::PinPad => {}
                Prompter::Pinentry => {
                    let text =
                        prompt_text::pin(*language, application, *deed, meant, status.tries_left, previous);
                    let typed = self.prompts.pinentry.secret(&text, screen).await.map_err(prompt_fault)?;
                    return Ok(Authorization::Pin { pin: Pin::new(typed), last_try_accepted });
                }
            }
        }
        Err(TokenFault::Pin(PinFault::NoPrompter("the reader has no PIN pad".to_owned())))
    }

    /// Asks for the PUK of a blocked card.
    ///
    /// # Errors
    /// As [`Shared::ask_pin`], as a failure.
    pub(super) async fn ask_puk(&self, present: &Present, asking: &Asking) -> Result<Puk, Failure> {
        let named = Named::of(present);
        let text = prompt_text::puk(asking.language, named.meant(present));
        let _turn = self.prompts.turns.first().await;
        let _shown = self.prompt_shown(&asking.application, Some(present.serial()));
        self.secret(present, &text, &asking.screen).await.map(Puk::new)
    }

    /// Asks twice for a new PIN of this card, until both are the same or the person gives up.
    ///
    /// # Errors
    /// As [`Shared::ask_pin`], as a failure.
    pub(super) async fn ask_new_pin(
        &self,
        present: &Present,
        asking: &Asking,
        lengths: (u8, u8),
    ) -> Result<Pin, Failure> {
        let named = Named::of(present);
        let meant = named.meant(present);
        let _turn = self.prompts.turns.first().await;
        let _shown = self.prompt_shown(&asking.application, Some(present.serial()));
        let mut differed = false;
        loop {
            let first = prompt_text::new_pin(asking.language, meant, lengths, false, differed);
            let first = self.secret(present, &first, &asking.screen).await?;
            let (min, max) = lengths;
            if first.len() < usize::from(min) || first.len() > usize::from(max) {
                return Err(failure::pin_format(min, max));
            }
            let again = prompt_text::new_pin(asking.language, meant, lengths, true, false);
            let again = self.secret(present, &again, &asking.screen).await?;
            if *first == *again {
                return Ok(Pin::new(first));
            }
            differed = true;
        }
    }

    /// Asks twice for the passphrase of a token that is to be made, until both are the same or the person gives up.
    ///
    /// # Errors
    /// As [`Shared::ask_pin`], as a failure.
    pub(super) async fn ask_new_passphrase(&self, name: &str, asking: &Asking) -> Result<Pin, Failure> {
        let _turn = self.prompts.turns.first().await;
        let _shown = self.prompt_shown(&asking.application, None);
        let mut differed = false;
        loop {
            let first = prompt_text::new_passphrase(asking.language, name, false, differed);
            let first = self.prompts.pinentry.secret(&first, &asking.screen).await.map_err(refusal)?;
            if first.len() < usize::from(cps_card::soft::MIN_PASSPHRASE) {
                let min = cps_card::soft::MIN_PASSPHRASE;
                return Err(Failure::new(failure::PASSPHRASE_SHORT).with("min", min));
            }
            let again = prompt_text::new_passphrase(asking.language, name, true, false);
            let again = self.prompts.pinentry.secret(&again, &asking.screen).await.map_err(refusal)?;
            if *first == *again {
                return Ok(Pin::new(first));
            }
            differed = true;
        }
    }

    async fn secret(
        &self,
        present: &Present,
        text: &PromptText,
        screen: &Screen,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let asked = self.prompts.pinentry.secret(text, screen);
        match withdrawn_with(present, asked).await {
            Some(answer) => answer.map_err(refusal),
            None => Err(failure::CARD_REMOVED.into()),
        }
    }
}

/// Runs a question as long as the token is here; `None` when it left.
async fn withdrawn_with<T>(present: &Present, question: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = present.gone() => None,
        answer = question => Some(answer),
    }
}

fn prompt_fault(error: PromptError) -> TokenFault {
    TokenFault::Pin(match error {
        PromptError::Cancelled | PromptError::TimedOut => PinFault::Cancelled,
        PromptError::Unavailable(why) => {
            tracing::error!(why, "the PIN prompt cannot be shown");
            PinFault::NoPrompter(why)
        }
    })
}

fn refusal(error: PromptError) -> Failure {
    failure_of(&prompt_fault(error))
}

/// What the card crate said, as the login machine takes it.
pub(super) fn fault(error: &Error) -> TokenFault {
    match error {
        Error::WrongPin { left } => TokenFault::Pin(PinFault::Wrong { left: *left }),
        Error::PinBlocked => TokenFault::Pin(PinFault::Blocked),
        Error::PinFormat { min, max } => TokenFault::Pin(PinFault::Format { min: *min, max: *max }),
        // The state was lost, or another program used up tries since we asked: the person is asked again.
        Error::PinRequired | Error::LastTry | Error::Transport(TransportError::Reset) => {
            TokenFault::Pin(PinFault::Required)
        }
        Error::Transport(TransportError::Cancelled) => TokenFault::Pin(PinFault::Cancelled),
        Error::Removed => TokenFault::Removed,
        other => {
            tracing::warn!(error = %other, "a card or token failed");
            TokenFault::Other(failure::of_card(other))
        }
    }
}

/// The line of the failure table for a fault, where no login machine judges it.
pub(super) fn failure_of(fault: &TokenFault) -> Failure {
    match fault {
        TokenFault::Removed | TokenFault::Pin(PinFault::Withdrawn) => failure::CARD_REMOVED.into(),
        TokenFault::Other(failure) => failure.clone(),
        TokenFault::Pin(PinFault::Cancelled) => failure::PIN_CANCELLED.into(),
        TokenFault::Pin(PinFault::NoPrompter(_)) => failure::PIN_NO_PROMPTER.into(),
        TokenFault::Pin(PinFault::Wrong { left: Some(0) } | PinFault::Blocked) => failure::PIN_BLOCKED.into(),
        TokenFault::Pin(PinFault::Wrong { left }) => {
            Failure::new(failure::PIN_WRONG).with("tries_left", *left)
        }
        TokenFault::Pin(PinFault::Format { min, max }) => failure::pin_format(*min, *max),
        TokenFault::Pin(PinFault::Required) => failure::PIN_REQUIRED.into(),
    }
}
