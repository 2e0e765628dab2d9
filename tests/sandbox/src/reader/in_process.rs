//! Readers without a PC/SC stack: slots, a service that can stop, and what several programs do to each other.

use super::connection::InProcessConnection;
use super::pad::PinPad;
use crate::card::CardHandle;
use cps_card::transport::{Connection, ReaderService, ReaderState, TransportError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The readers of one made-up workstation. Clones are the same readers.
#[derive(Debug, Clone)]
pub struct InProcessReaders(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Everything the service knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) running: bool,
    /// Counts starts of the service: connections of an earlier one are dead.
    pub(super) service: u64,
    /// Counts calls to `interrupt`.
    interrupts: u64,
    /// Numbers connections and insertions.
    last_number: u64,
    pub(super) slots: Vec<Slot>,
}

/// One reader.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) card: Option<CardHandle>,
    pub(super) mute: bool,
    pub(super) events: u32,
    /// Number of the insertion: another card, or the same one again, gets another.
    pub(super) insertion: u64,
    /// Resets since the insertion.
    pub(super) resets: u64,
    /// Connection that holds the transaction.
    pub(super) transaction: Option<u64>,
    /// Another program connected exclusively.
    exclusive: bool,
    pub(super) pad: Option<PinPad>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for any change.
    pub(super) fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for any change, up to a limit.
    fn wait_up_to<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }
}

impl State {
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn snapshot(&self) -> Vec<ReaderState> {
        self.slots
            .iter()
            .map(|slot| ReaderState {
                name: slot.name.clone(),
                atr: slot.card.as_ref().filter(|_| !slot.mute).map(CardHandle::atr),
                mute: slot.mute && slot.card.is_some(),
                events: slot.events,
            })
            .collect()
    }

    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.name == name)
    }
}

impl Slot {
    fn new(number: usize) -> Self {
        Self {
            name: format!("TEST reader {number:02}"),
            card: None,
            mute: false,
            events: 0,
            insertion: 0,
            resets: 0,
            transaction: None,
            exclusive: false,
            pad: None,
        }
    }

    /// Takes the card out.
    pub(super) fn empty(&mut self) -> Option<CardHandle> {
        let card = self.card.take()?;
        card.power_off();
        self.events += 1;
        self.insertion = 0;
        self.transaction = None;
        self.exclusive = false;
        Some(card)
    }
}

impl Default for InProcessReaders {
    fn default() -> Self {
        Self::new()
    }
}

impl InProcessReaders {
    /// Two empty readers, and a service that runs.
    #[must_use]
    pub fn new() -> Self {
        Self::with_readers(2)
    }

    /// A number of empty readers.
    #[must_use]
    pub fn with_readers(count: usize) -> Self {
        let state = State {
            running: true,
            service: 1,
            interrupts: 0,
            last_number: 0,
            slots: (0..count).map(Slot::new).collect(),
        };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.0.lock());
        self.0.notify();
        result
    }

    /// The name of the reader in a slot; empty when there is no such reader.
    #[must_use]
    pub fn name(&self, slot: usize) -> String {
        self.0.lock().slots.get(slot).map(|slot| slot.name.clone()).unwrap_or_default()
    }

    /// Puts a card into a slot, in place of the one that may be there. A slot that is not there yet is plugged in.
    pub fn insert(&self, slot: usize, card: &CardHandle) {
        self.change(|state| {
            while state.slots.len() <= slot {
                let number = state.slots.len();
                state.slots.push(Slot::new(number));
            }
            let insertion = state.next_number();
            if let Some(slot) = state.slots.get_mut(slot) {
                slot.empty();
                card.power_on();
                slot.card = Some(card.clone());
                slot.mute = false;
                slot.insertion = insertion;
                slot.resets = 0;
                slot.events += 1;
            }
        });
    }

    /// Puts a card in that does not answer: upside down, or dirty.
    pub fn insert_mute(&self, slot: usize, card: &CardHandle) {
        self.insert(slot, card);
        self.change(|state| {
            if let Some(slot) = state.slots.get_mut(slot) {
                slot.mute = true;
            }
        });
    }

    /// Takes the card out of a slot.
    pub fn remove(&self, slot: usize) -> Option<CardHandle> {
        self.change(|state| state.slots.get_mut(slot).and_then(Slot::empty))
    }

    /// Unplugs the last reader, with the card in it.
    pub fn unplug_last(&self) {
        self.change(|state| {
            if let Some(mut slot) = state.slots.pop() {
                slot.empty();
            }
        });
    }

    /// Gives a reader a PIN pad.
    pub fn plug_pad(&self, slot: usize, pad: &PinPad) {
        self.change(|state| {
            if let Some(slot) = state.slots.get_mut(slot) {
                slot.pad = Some(pad.clone());
            }
        });
    }

    /// Another program resets the card.
    pub fn reset_by_another(&self, slot: usize) {
        self.change(|state| {
            if let Some(slot) = state.slots.get_mut(slot)
                && let Some(card) = &slot.card
            {
                card.reset();
                slot.resets += 1;
            }
        });
    }

    /// Another program connects exclusively, until the guard is dropped: connecting gives
    /// [`TransportError::Sharing`].
    #[must_use]
    pub fn used_exclusively(&self, slot: usize) -> ExclusiveUse {
        self.change(|state| {
            if let Some(slot) = state.slots.get_mut(slot) {
                slot.exclusive = true;
            }
        });
        ExclusiveUse { readers: self.clone(), slot }
    }

    /// Stops the service: every call answers [`TransportError::NoService`] and connections die. Cards lose power.
    pub fn stop(&self) {
        self.change(|state| {
            state.running = false;
            for slot in &mut state.slots {
                slot.transaction = None;
                if let Some(card) = &slot.card {
                    card.power_off();
                }
            }
        });
    }

    /// Starts the service again, with the cards that are still in the slots.
    pub fn start(&self) {
        self.change(|state| {
            state.running = true;
            state.service += 1;
        });
    }

    /// Whether some connection holds a transaction on a slot.
    #[must_use]
    pub fn in_transaction(&self, slot: usize) -> bool {
        self.0.lock().slots.get(slot).is_some_and(|slot| slot.transaction.is_some())
    }
}

/// Another program's exclusive connection; dropping it disconnects.
#[derive(Debug)]
pub struct ExclusiveUse {
    readers: InProcessReaders,
    slot: usize,
}

impl Drop for ExclusiveUse {
    fn drop(&mut self) {
        self.readers.change(|state| {
            if let Some(slot) = state.slots.get_mut(self.slot) {
                slot.exclusive = false;
            }
        });
    }
}

impl ReaderService for InProcessReaders {
    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<Vec<ReaderState>, TransportError> {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.0.lock();
        let interrupts = state.interrupts;
        loop {
            if !state.running {
                return Err(TransportError::NoService);
            }
            let now = state.snapshot();
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if now != known || state.interrupts != interrupts || left == Some(Duration::ZERO) {
                return Ok(now);
            }
            state = match left {
                Some(left) => self.0.wait_up_to(state, left),
                None => self.0.wait(state),
            };
        }
    }

    fn interrupt(&self) {
        self.change(|state| state.interrupts += 1);
    }

    fn connect(&self, reader: &str) -> Result<Box<dyn Connection>, TransportError> {
        let mut state = self.0.lock();
        if !state.running {
            return Err(TransportError::NoService);
        }
        let (number, service) = (state.next_number(), state.service);
        let slot = state.slot(reader).ok_or(TransportError::NoReader)?;
        let card = slot.card.clone().ok_or(TransportError::Removed)?;
        if slot.mute {
            return Err(TransportError::Mute);
        }
        if slot.exclusive {
            return Err(TransportError::Sharing);
        }
        let (insertion, resets) = (slot.insertion, slot.resets);
        drop(state);
        let shared = Arc::clone(&self.0);
        Ok(Box::new(InProcessConnection::new(shared, reader, &card, number, service, insertion, resets)))
    }
}
