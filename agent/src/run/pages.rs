//! The login under way, and the pages of applications that wait for it.
//!
//! One login serves everybody who waits: a second application that asks meanwhile joins it.

use cps_agent_core::{
    failure::Failure,
    identity::{NationalId, SessionId, UnixTime, Way},
    session::step::{Demand, TokenSeen},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};
use tokio::sync::watch;

use super::{choice::seen, present::Present};
use crate::serve::{desk::Hint, page::html::LONGEST};

/// How long a finished page still knows where to go: as long as its code lives.
const KEEP: i64 = 60;

/// All that is known of logins and pages.
#[derive(Default)]
pub(super) struct Pages {
    /// The login under way.
    pub(super) running: Option<Running>,
    notes: BTreeMap<String, Note>,
    /// Whose phone is to be asked, as it was typed on a page: that page shows it again after a failed try, and no other.
    typed: BTreeMap<String, String>,
    /// Pages that ask the person something after a login, and what.
    asking: BTreeMap<String, Asked>,
    started: u64,
}

/// A login under way, as its pages and commands see it.
pub(super) struct Running {
    /// Tells it from earlier ones.
    pub(super) number: u64,
    /// Its way.
    pub(super) way: Way,
    /// How new its authentication must be.
    pub(super) demand: Demand,
    /// What the person should do now.
    pub(super) hint: Hint,
    /// Pages that wait for it.
    pub(super) transactions: Vec<String>,
    /// Commands that wait for it.
    pub(super) commands: usize,
    /// Set to give it up.
    pub(super) abandon: watch::Sender<bool>,
    /// Serial of the card that the person chose on a page.
    pub(super) chosen: watch::Sender<Option<String>>,
    /// Whose phone is asked.
    pub(super) asked: Option<NationalId>,
    /// The page whose browser was sent to the upstream.
    pub(super) browsing: Option<String>,
    /// Cards and tokens that signed for programs while the browser was there.
    pub(super) signed: Vec<Signed>,
    /// Set when it ended.
    pub(super) ended: watch::Sender<Option<Result<SessionId, Failure>>>,
}

/// What a page remembers after its login ended.
struct Note {
    /// Why it failed.
    reason: Option<Failure>,
    /// Where the browser goes, and until when it may ask.
    leave: Option<(String, UnixTime)>,
}

/// What a page asks besides a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Whether the application may know the person.
    Consent,
    /// In which situation the person works.
    Situation,
}

impl Asked {
    /// Its word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Situation => "situation",
        }
    }
}

impl Running {
    /// The person is in the browser for it.
    pub(super) fn is_browsing(&self) -> bool {
        matches!(self.hint, Hint::Browser { .. })
    }

    /// A token signed for a program. One that was put in again is another one than before.
    pub(super) fn signed_by(&mut self, present: &Arc<Present>) {
        self.signed.retain(|other| other.seen.serial != present.serial());
        self.signed.extend(seen(present).map(|seen| Signed { seen, present: Arc::downgrade(present) }));
    }
}

/// A card or token that signed while the browser was away. It is not held: whoever holds one keeps its thread, and with it
/// what the card has verified.
pub(super) struct Signed {
    /// What a login wants to know of it.
    pub(super) seen: TokenSeen,
    present: Weak<Present>,
}

impl Signed {
    /// Whether it left since, put in again or not.
    pub(super) fn left(&self) -> bool {
        self.present.upgrade().is_none_or(|present| present.left())
    }
}

impl Pages {
    /// Begins a login. Nothing else may be running.
    pub(super) fn begin(&mut self, way: Way) -> &mut Running {
        self.started += 1;
        self.running.insert(Running {
            number: self.started,
            way,
            demand: Demand::default(),
            hint: Hint::Wait,
            transactions: Vec::new(),
            commands: 0,
            abandon: watch::Sender::new(false),
            chosen: watch::Sender::new(None),
            asked: None,
            browsing: None,
            signed: Vec::new(),
            ended: watch::Sender::new(None),
        })
    }

    /// The login of this number, while it runs.
    pub(super) fn running(&mut self, number: u64) -> Option<&mut Running> {
        self.running.as_mut().filter(|running| running.number == number)
    }

    /// The login that a page waits for.
    pub(super) fn of_page(&mut self, transaction: &str) -> Option<&mut Running> {
        self.running.as_mut().filter(|running| running.transactions.iter().any(|t| t == transaction))
    }

    /// A page leaves the login under way.
    pub(super) fn page_leaves(&mut self, transaction: &str) {
        if let Some(running) = &mut self.running {
            running.transactions.retain(|t| t != transaction);
        }
        self.give_up_if_alone();
    }

    /// A command leaves the login of this number.
    pub(super) fn command_leaves(&mut self, number: u64) {
        if let Some(running) = self.running(number) {
            running.commands = running.commands.saturating_sub(1);
        }
        self.give_up_if_alone();
    }

    /// Gives the login up when nobody waits for it any more. It makes room at once: whoever asks next begins anew.
    fn give_up_if_alone(&mut self) {
        let alone = |running: &mut Running| running.transactions.is_empty() && running.commands == 0;
        if let Some(running) = self.running.take_if(alone) {
            running.abandon.send_replace(true);
        }
    }

    /// Why a page's last login failed.
    pub(super) fn reason(&self, transaction: &str) -> Option<Failure> {
        self.notes.get(transaction)?.reason.clone()
    }

    /// Where a page's browser is to go.
    pub(super) fn destination(&self, transaction: &str) -> Option<&str> {
        self.notes.get(transaction)?.leave.as_ref().map(|(location, _)| location.as_str())
    }

    /// What was typed on a page, while it waits.
    pub(super) fn typed(&self, transaction: &str) -> Option<&str> {
        self.typed.get(transaction).map(String::as_str)
    }

    /// Notes what is typed on a page. What is longer than its field is no identifier and not kept.
    pub(super) fn types(&mut self, transaction: &str, identifier: &str) {
        if identifier.chars().count() <= LONGEST {
            self.typed.insert(transaction.to_owned(), identifier.to_owned());
        }
    }

    /// Notes why a page's login failed.
    pub(super) fn failed(&mut self, transaction: &str, reason: Failure) {
        self.notes.insert(transaction.to_owned(), Note { reason: Some(reason), leave: None });
    }

    /// Notes what a page asks. Says whether that is news.
    pub(super) fn asks(&mut self, transaction: &str, what: Asked) -> bool {
        self.asking.insert(transaction.to_owned(), what) != Some(what)
    }

    /// The pages that ask something.
    pub(super) fn asking(&self) -> Vec<(String, Asked)> {
        self.asking.iter().map(|(transaction, what)| (transaction.clone(), *what)).collect()
    }

    /// Notes where a page's browser is to go. It asks nothing any more.
    pub(super) fn leave(&mut self, transaction: &str, location: String, now: UnixTime) {
        self.asking.remove(transaction);
        self.typed.remove(transaction);
        self.notes
            .insert(transaction.to_owned(), Note { reason: None, leave: Some((location, now.plus(KEEP))) });
    }

    /// Forgets what nobody asks for any more. `waits` says whether a page's request still waits. Says whether nothing is left.
    pub(super) fn sweep(&mut self, now: UnixTime, waits: impl Fn(&str) -> bool) -> bool {
        self.notes.retain(|transaction, note| match &note.leave {
            Some((_, until)) => now < *until,
            None => waits(transaction),
        });
        self.asking.retain(|transaction, _| waits(transaction));
        self.typed.retain(|transaction, _| waits(transaction));
        self.notes.is_empty() && self.asking.is_empty() && self.typed.is_empty()
    }
}
