//! Cards that are kept verified for programs, where no session rests on them.
//!
//! A browser's handshake comes before any session, and browsers open several connections: the PIN that the person gave for
//! the first serves the others. What keeps a card so lives by the rules of a session, and is none: it opens nothing.
//!
//! | what happens | a card kept for programs |
//! | --- | --- |
//! | it leaves, or its reader is left to another user | over |
//! | another person's card comes | over |
//! | the workstation is locked or sleeps, or the session is locked | over |
//! | the person logs out, or the agent stops | over |
//! | nobody is active, or the longest time passes | over |
//! | a session begins that rests on this card | the session keeps it |
//! | a session begins that rests on another card, or is another person's | over |

use super::{Effect, Happening, Live, Rules, Table};
use crate::identity::{NationalId, SessionId, UnixTime};
use crate::policy::program::Answers;

/// Who keeps a card verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keeper {
    /// The session that rests on it.
    Session(SessionId),
    /// Programs, without such a session. The number tells one time from the next.
    Programs(u64),
}

/// A card kept for programs.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) number: u64,
    pub(super) serial: String,
    holder: Option<NationalId>,
    since: UnixTime,
    active: UnixTime,
    pub(super) answers: Answers,
}

impl Held {
    /// When its time is over.
    fn ends(&self, rules: &Rules, awake: bool) -> UnixTime {
        let longest = self.since.plus(rules.max);
        if awake { longest } else { longest.min(self.active.plus(rules.idle)) }
    }

    fn release(&self) -> Effect {
        Effect::ReleaseToken { serial: self.serial.clone() }
    }
}

/// All of them. Without a session the cards of several persons may lie in the readers.
#[derive(Debug, Default)]
pub(super) struct HeldCards {
    cards: Vec<Held>,
    /// Number of the next.
    next: u64,
}

impl HeldCards {
    /// The one of a card.
    pub(super) fn of(&self, serial: &str) -> Option<&Held> {
        self.cards.iter().find(|held| held.serial == serial)
    }

    /// The same by its number.
    pub(super) fn numbered(&mut self, number: u64) -> Option<&mut Held> {
        self.cards.iter_mut().find(|held| held.number == number)
    }

    /// Keeps a card from now on, or goes on keeping it.
    pub(super) fn keep(&mut self, serial: &str, holder: Option<NationalId>, now: UnixTime) -> u64 {
        if let Some(held) = self.of(serial) {
            return held.number;
        }
        let number = self.next;
        self.next += 1;
        let (serial, answers) = (serial.to_owned(), Answers::default());
        self.cards.push(Held { number, serial, holder, since: now, active: now, answers });
        number
    }

    /// Number of whatever is kept from now on.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// When the first one's time is over.
    pub(super) fn deadline(&self, rules: &Rules, awake: bool) -> Option<UnixTime> {
        self.cards.iter().map(|held| held.ends(rules, awake)).min()
    }

    /// The person was active.
    pub(super) fn active(&mut self, now: UnixTime) {
        for held in &mut self.cards {
            held.active = held.active.max(now);
        }
    }

    /// Lets go of those whose time is over.
    pub(super) fn expire(&mut self, rules: &Rules, now: UnixTime) -> Vec<Effect> {
        self.end(|held| now >= held.ends(rules, false))
    }

    /// Lets go of those that something ends.
    pub(super) fn on(&mut self, happening: &Happening) -> Vec<Effect> {
        match happening {
            Happening::CardRemoved { serial } | Happening::CardUnseen { serial } => {
                self.end(|held| held.serial == *serial)
            }
            Happening::CardInserted { holder: Some(holder), .. } => {
                self.end(|held| held.holder.as_ref() != Some(holder))
            }
            Happening::WorkstationLocked | Happening::Logout | Happening::Stopping => self.end(|_| true),
            _ => Vec::new(),
        }
    }

    /// A session began or was renewed. It takes over what is kept of its own card; what it does not rest on goes on only for
    /// a session that rests on no card, and only for the same person.
    pub(super) fn yield_to(&mut self, live: &mut Live) -> Vec<Effect> {
        if let Some(at) = self.cards.iter().position(|held| live.serial() == Some(&held.serial)) {
            let held = self.cards.swap_remove(at);
            live.taken_over = Some(held.number);
            live.answers = held.answers;
        }
        let rests_on_card = live.serial().is_some();
        let theirs = |held: &Held| held.holder.as_ref().is_some_and(|holder| live.is_of(holder));
        self.end(|held| rests_on_card || !theirs(held))
    }

    /// Lets go of those with this number or a later one.
    pub(super) fn end_since(&mut self, number: u64) -> Vec<Effect> {
        self.end(|held| held.number >= number)
    }

    /// Forgets one that turned out to be not verified: there is nothing to let go of.
    pub(super) fn forget(&mut self, number: u64) {
        self.cards.retain(|held| held.number != number);
    }

    /// Lets go of all that match.
    pub(super) fn end(&mut self, over: impl Fn(&Held) -> bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.cards.retain(|held| {
            let over = over(held);
            effects.extend(over.then(|| held.release()));
            !over
        });
        effects
    }
}

impl Table {
    /// Who keeps this card verified now; nobody does for a session that is locked.
    #[must_use]
    pub fn keeper(&self, serial: &str) -> Option<Keeper> {
        match &self.live {
            Some(live) if live.serial() == Some(serial) => {
                (!live.locked).then(|| Keeper::Session(live.sid.clone()))
            }
            _ => self.held.of(serial).map(|held| Keeper::Programs(held.number)),
        }
    }

    /// Has a card kept verified for programs, unless a session rests on it, which then keeps it for them too. Whoever
    /// asks has judged whose card it is.
    pub fn keep(&mut self, serial: &str, holder: Option<NationalId>, now: UnixTime) -> Option<Keeper> {
        match &self.live {
            Some(live) if live.serial() == Some(serial) => self.keeper(serial),
            _ => Some(Keeper::Programs(self.held.keep(serial, holder, now))),
        }
    }

    /// Whether this keeper still keeps the card: a session that took over what was kept for programs does.
    #[must_use]
    pub fn keeps(&self, keeper: &Keeper, serial: &str) -> bool {
        self.keeper(serial).is_some_and(|now| {
            let taken_over = self.live.as_ref().and_then(|live| live.taken_over);
            now == *keeper || matches!(keeper, Keeper::Programs(number) if taken_over == Some(*number))
        })
    }

    /// The card turned out to be not verified: programs keep nothing.
    pub fn keeps_nothing(&mut self, keeper: &Keeper) {
        if let Keeper::Programs(number) = keeper {
            self.held.forget(*number);
        }
    }

    /// What the person said of a program, as long as this keeper keeps the card.
    #[must_use]
    pub fn said(&mut self, keeper: &Keeper, program: &str) -> Option<bool> {
        self.answers(keeper).and_then(|answers| answers.of(program))
    }

    /// Remembers what the person says of a program.
    pub fn say(&mut self, keeper: &Keeper, program: &str, yes: bool) {
        if let Some(answers) = self.answers(keeper) {
            answers.remember(program, yes);
        }
    }

    /// What the person said of programs, for each card that is kept verified: its serial number, the program, yes or no.
    pub fn answered(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        let live = self.live.iter().filter_map(|live| Some((live.serial()?, &live.answers)));
        let held = self.held.cards.iter().map(|held| (held.serial.as_str(), &held.answers));
        live.chain(held)
            .flat_map(|(serial, answers)| answers.all().map(move |(program, yes)| (serial, program, yes)))
    }

    fn answers(&mut self, keeper: &Keeper) -> Option<&mut Answers> {
        let live = self.live.as_mut().filter(|live| match keeper {
            Keeper::Session(sid) => live.sid == *sid,
            Keeper::Programs(number) => live.taken_over == Some(*number),
        });
        match (live, keeper) {
            (Some(live), _) => Some(&mut live.answers),
            (None, Keeper::Programs(number)) => self.held.numbered(*number).map(|held| &mut held.answers),
            (None, Keeper::Session(_)) => None,
        }
    }

    /// Whether a card is kept verified for programs.
    #[must_use]
    pub fn keeps_for_programs(&self) -> bool {
        !self.held.is_empty()
    }

    /// Number of the next card that is kept for programs, for [`Table::let_go_since`].
    #[must_use]
    pub fn next_kept(&self) -> u64 {
        self.held.next()
    }

    /// A login was given up: what is kept for programs since it began was brought about by its browser.
    pub fn let_go_since(&mut self, number: u64) -> Vec<Effect> {
        self.held.end_since(number)
    }
}
