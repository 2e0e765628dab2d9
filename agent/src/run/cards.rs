//! The readers and the tokens in them: the only place that opens a card or a token file.
//!
//! One thread watches the readers, one thread a token works with it. What others see is a list of what is [`Present`],
//! and events. A card that cannot be used keeps its place in the list with the reason.

mod watching;

use super::present::Present;
use cps_agent_core::failure::{self, Failure};
use cps_card::{
    CertificateCache, Error, SmartCard, Token,
    soft::{Keeper, SoftToken},
    token::{Description, Kind},
    transport::{ReaderService, TransportError},
};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as std_mpsc},
    thread,
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// How long a card that another program holds, or that does not answer well, is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How often a card that does not answer well is tried.
const TRIES: u32 = 5;
/// How often a stopping agent wakes the watching thread, and how many times at most.
const WAKE: (Duration, u32) = (Duration::from_millis(20), 50);

/// What happened at the readers.
#[derive(Debug)]
pub(super) enum CardEvent {
    /// The smart-card service came (`true`) or went.
    Service(bool),
    /// A reader came (`true`) or went.
    Reader(String, bool),
    /// A card or token can be used.
    Inserted(Arc<Present>),
    /// It left.
    Removed(Arc<Present>),
    /// A card cannot be used, or such a one left: the list changed.
    Changed,
    /// The readers are left alone, and with them this card, which was reset: it may be there or not.
    Unseen(Arc<Present>),
    /// Every reader was looked at: for the first time, or again after they were left alone.
    Surveyed,
}

/// A reader or token file as others see it.
#[derive(Debug, Clone)]
pub(super) struct PlaceSeen {
    /// Its name.
    pub(super) name: String,
    /// What is in it.
    pub(super) inside: Inside,
}

/// What is in a reader.
#[derive(Debug, Clone)]
pub(super) enum Inside {
    /// Nothing.
    Empty,
    /// A card that is being read.
    Reading,
    /// A card that does not answer.
    Mute,
    /// A card that cannot be used.
    Useless(Failure),
    /// A card.
    Card(Arc<Present>),
}

impl Inside {
    /// Why what is there cannot be used.
    fn problem(&self) -> Option<Failure> {
        match self {
            Self::Useless(failure) => Some(failure.clone()),
            Self::Mute => Some(failure::CARD_MUTE.into()),
            Self::Empty | Self::Reading | Self::Card(_) => None,
        }
    }
}

/// A card that was opened, and what it is.
type Opened = (SmartCard, Arc<Description>);

/// All readers, cards and soft tokens.
pub(super) struct Cards {
    service: Arc<dyn ReaderService>,
    cache: Arc<dyn CertificateCache>,
    events: mpsc::UnboundedSender<CardEvent>,
    seen: Mutex<Seen>,
    threads: Mutex<Threads>,
}

/// What ties the threads to this agent: they hold `alive` while they run, and the watching one stops when it finds
/// `orders` dropped.
struct Threads {
    alive: Option<std_mpsc::Sender<()>>,
    ended: Option<std_mpsc::Receiver<()>>,
    orders: Option<std_mpsc::Sender<watching::Order>>,
}

#[derive(Default)]
struct Seen {
    /// The readers were looked at since they are watched.
    surveyed: bool,
    readers: BTreeMap<String, Place>,
    soft: BTreeMap<String, Place>,
    /// Why the smart-card service does not answer, while it does not.
    lost: Option<Failure>,
}

/// A reader or token file, and what is in it. Replacing or dropping it tells the token's thread that the token is gone.
struct Place {
    inside: Inside,
    gone: watch::Sender<bool>,
}

impl Seen {
    /// The reader of a card, unless the card left and the place is another's now.
    fn own(&mut self, reader: &str, gone: &watch::Receiver<bool>) -> Option<&mut Place> {
        self.readers.get_mut(reader).filter(|place| place.gone.subscribe().same_channel(gone))
    }

    fn list(places: &BTreeMap<String, Place>) -> Vec<PlaceSeen> {
        places
            .iter()
            .map(|(name, place)| PlaceSeen { name: name.clone(), inside: place.inside.clone() })
            .collect()
    }
}

impl Place {
    fn new(inside: Inside) -> Self {
        Self { inside, gone: watch::Sender::new(false) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gone.send_replace(true);
    }
}

impl Cards {
    /// Starts watching.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(super) fn start(
        service: Arc<dyn ReaderService>,
        cache: Arc<dyn CertificateCache>,
        ignored: Vec<String>,
        events: mpsc::UnboundedSender<CardEvent>,
    ) -> io::Result<Arc<Self>> {
        let (orders, obeyed) = std_mpsc::channel();
        let (alive, ended) = std_mpsc::channel();
        let threads = Threads { alive: Some(alive), ended: Some(ended), orders: Some(orders) };
        let cards =
            Arc::new(Self { service, cache, events, seen: Mutex::default(), threads: Mutex::new(threads) });
        let watcher = Arc::clone(&cards);
        cards.spawn("readers", move || watcher.watch(&ignored, &obeyed))?;
        Ok(cards)
    }

    /// Stops watching and lets go of every token, which resets the cards that were verified. Waits for that, but not
    /// for ever.
    pub(super) fn stop(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.orders = None;
        threads.alive = None;
        let Some(ended) = threads.ended.take() else { return };
        drop(threads);
        let mut seen = self.seen();
        seen.readers.clear();
        seen.soft.clear();
        drop(seen);
        self.wake(&ended);
    }

    /// Wakes the watching thread until the other end of `done` is dropped, but not for ever.
    fn wake(&self, done: &std_mpsc::Receiver<()>) {
        // An interruption that comes just before the thread waits is lost, hence several.
        let (pause, times) = WAKE;
        for _ in 0..times {
            self.service.interrupt();
            if done.recv_timeout(pause) == Err(std_mpsc::RecvTimeoutError::Disconnected) {
                return;
            }
        }
        tracing::warn!("a reader or card does not let go");
    }

    /// Starts a thread that [`Cards::stop`] waits for.
    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let alive = self.threads.lock().unwrap_or_else(PoisonError::into_inner).alive.clone();
        let Some(alive) = alive else { return Ok(()) };
        let run = move || {
            work();
            drop(alive);
        };
        thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
    }

    /// The readers.
    pub(super) fn readers(&self) -> Vec<PlaceSeen> {
        Seen::list(&self.seen().readers)
    }

    /// The soft tokens, usable or not.
    pub(super) fn soft(&self) -> Vec<PlaceSeen> {
        Seen::list(&self.seen().soft)
    }

    /// Every card and token that can be used.
    pub(super) fn present(&self) -> Vec<Arc<Present>> {
        let seen = self.seen();
        seen.readers
            .values()
            .chain(seen.soft.values())
            .filter_map(|place| match &place.inside {
                Inside::Card(present) => Some(Arc::clone(present)),
                _ => None,
            })
            .collect()
    }

    /// The token of a serial number. A card that lies on a reader with antenna and contacts is there twice: contacts first.
    pub(super) fn find(&self, serial: &str) -> Option<Arc<Present>> {
        let mut of_serial = self.present();
        of_serial.retain(|present| present.serial() == serial);
        of_serial.sort_by_key(|present| present.description.kind == Kind::Cps3Contactless);
        of_serial.into_iter().next()
    }

    /// Whether something is still on its way: the first look at the readers, or a card that was not read yet.
    pub(super) fn reading(&self) -> bool {
        let seen = self.seen();
        !seen.surveyed || seen.readers.values().any(|place| matches!(place.inside, Inside::Reading))
    }

    /// Whether the smart-card service answers.
    pub(super) fn service_answers(&self) -> bool {
        self.seen().lost.is_none()
    }

    /// Why there is no card to use, as well as it is known.
    pub(super) fn why_none(&self) -> Failure {
        let seen = self.seen();
        if let Some(lost) = &seen.lost {
            return lost.clone();
        }
        let useless = seen.readers.values().find_map(|place| match &place.inside {
            // Nobody asks before the time that reading takes is over: another program holds it.
            Inside::Reading => Some(failure::CARD_BUSY.into()),
            inside => inside.problem(),
        });
        match useless {
            Some(failure) => failure,
            None if seen.readers.is_empty() => failure::NO_READER.into(),
            None => failure::NO_CARD.into(),
        }
    }

    /// What does not work: the smart-card service, and cards that cannot be used.
    pub(super) fn problems(&self) -> Vec<Failure> {
        let seen = self.seen();
        let cards = seen.readers.values().filter_map(|place| place.inside.problem());
        seen.lost.iter().cloned().chain(cards).collect()
    }

    /// Opens the file of a soft token, under a name; one of the same name is replaced.
    pub(super) fn open_soft(self: &Arc<Self>, name: &str, content: &[u8], keeper: Keeper) {
        let opened = SoftToken::open(content, name).map(|token| token.with_keeper(keeper));
        let opened = opened.and_then(|mut token| Ok((token.describe()?, token)));
        let (description, mut token) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::warn!(%error, "a token file cannot be used");
                let useless = Inside::Useless(failure::of_card(&error));
                self.seen().soft.insert(name.to_owned(), Place::new(useless));
                return;
            }
        };
        let mut place = Place::new(Inside::Reading);
        let (present, work) = Present::new(description, place.gone.subscribe());
        let present = Arc::new(present);
        place.inside = Inside::Card(Arc::clone(&present));
        self.seen().soft.insert(name.to_owned(), place);
        match self.spawn("soft token", move || work.serve(&mut token)) {
            Ok(()) => self.tell(CardEvent::Inserted(present)),
            Err(error) => tracing::error!(%error, "no thread for a token"),
        }
    }

    /// Reads a card on a thread of its own, which then works with it until it leaves.
    fn open_card(self: &Arc<Self>, reader: String) {
        let place = Place::new(Inside::Reading);
        let gone = place.gone.subscribe();
        self.seen().readers.insert(reader.clone(), place);
        let cards = Arc::clone(self);
        let started = self.spawn("card", move || match cards.read(&reader, &gone) {
            Some(Ok((mut card, description))) => cards.work(&reader, gone, description, &mut card),
            Some(Err(error)) => {
                tracing::warn!(%error, "a card cannot be used");
                cards.set_useless(&reader, &gone, &error);
            }
            None => {}
        });
        if let Err(error) = started {
            tracing::error!(%error, "no thread for a card");
        }
    }

    /// Opens and describes a card, waiting as long as another program holds it. `None` when it left meanwhile.
    fn read(&self, reader: &str, gone: &watch::Receiver<bool>) -> Option<Result<Opened, Error>> {
        let mut tries = 0;
        loop {
            let opened = self.service.connect(reader).map_err(Error::from).and_then(|connection| {
                let mut card = SmartCard::open(connection, reader, Arc::clone(&self.cache))?;
                let description = card.describe()?;
                Ok((card, description))
            });
            match opened {
                _ if *gone.borrow() => return None,
                Err(error @ Error::Transport(TransportError::Sharing)) => {
                    self.set_useless(reader, gone, &error);
                }
                Err(Error::Transport(error)) if tries + 1 < TRIES => {
                    tracing::debug!(%error, "a card does not answer well");
                    tries += 1;
                }
                other => return Some(other),
            }
            thread::sleep(RETRY);
        }
    }

    /// The life of a card's thread once the card was described: shows it to the others and does their work.
    fn work(
        &self,
        reader: &str,
        gone: watch::Receiver<bool>,
        description: Arc<Description>,
        card: &mut dyn Token,
    ) {
        let (present, work) = Present::new(description, gone.clone());
        let present = Arc::new(present);
        match self.seen().own(reader, &gone) {
            Some(place) => place.inside = Inside::Card(Arc::clone(&present)),
            None => return,
        }
        self.tell(CardEvent::Inserted(present));
        work.serve(card);
    }

    /// Says why a card cannot be used, and tells it when that is news.
    fn set_useless(&self, reader: &str, gone: &watch::Receiver<bool>, error: &Error) {
        let inside = match error {
            // It left while it was read, as the monitor will tell: an empty reader, and no fault of a card.
            Error::Removed => Inside::Empty,
            error => Inside::Useless(failure::of_card(error)),
        };
        let mut seen = self.seen();
        let Some(place) = seen.own(reader, gone) else { return };
        if let (Inside::Useless(known), Inside::Useless(new)) = (&place.inside, &inside)
            && known == new
        {
            return;
        }
        place.inside = inside;
        drop(seen);
        self.tell(CardEvent::Changed);
    }

    /// The card of a reader left.
    fn empty(&self, reader: &str) {
        let mut seen = self.seen();
        let Some(place) = seen.readers.get_mut(reader) else { return };
        let left = std::mem::replace(place, Place::new(Inside::Empty));
        drop(seen);
        match &left.inside {
            Inside::Empty => {}
            Inside::Card(present) => self.tell(CardEvent::Removed(Arc::clone(present))),
            _ => self.tell(CardEvent::Changed),
        }
    }

    fn tell(&self, event: CardEvent) {
        // Nobody listens any more when the agent stops.
        let _ = self.events.send(event);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Cards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cards(…)")
    }
}
