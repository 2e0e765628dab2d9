//! What stands around a waiting login, as its page shows it: the login service, the readers, the card.

/// The login service behind this agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Service {
    /// Pro Santé Connect itself: only then is its name on a button.
    ProSanteConnect,
    /// Another one, at this host.
    Other(String),
    /// None: cards are checked here.
    #[default]
    Nobody,
}

/// What the readers say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Readers {
    /// The smart-card service of the system does not answer.
    NoService,
    /// There is none.
    #[default]
    None,
    /// These, by name, and what each holds.
    Seen(Vec<(String, Holds)>),
}

/// What a reader holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Nothing.
    Nothing,
    /// A card that is being read.
    Reading,
    /// A card that can be used. Whose it is, a page says only of a login that was begun.
    Card,
    /// Something that cannot be used.
    Unusable,
}

/// A card or token that a login which was begun is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Serial number.
    pub serial: String,
    /// The person on it.
    pub holder: Option<String>,
    /// It is a file, not a card.
    pub soft: bool,
    /// Tries left, where they were asked.
    pub tries_left: Option<u8>,
    /// Its PIN is verified for the session.
    pub unlocked: bool,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Around {
    /// The login service.
    pub service: Service,
    /// The readers.
    pub readers: Readers,
    /// The card of the login, or those to choose from; none before a login was begun.
    pub cards: Vec<Card>,
}
