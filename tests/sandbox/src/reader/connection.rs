//! One program's conversation with a card in process, among those of other programs.

use super::in_process::{Shared, Slot, State};
use super::pad::{CONTROL_MODIFY, CONTROL_VERIFY};
use crate::card::{CardHandle, Interruption};
use cps_card::transport::{Connection, Disposition, Feature, Protocol, TransportError};
use std::sync::{Arc, MutexGuard};

/// A shared connection.
#[derive(Debug)]
pub(super) struct InProcessConnection {
    shared: Arc<Shared>,
    reader: String,
    card: CardHandle,
    atr: Vec<u8>,
    number: u64,
    service: u64,
    insertion: u64,
    /// Resets that this connection knows of.
    resets: u64,
}

/// What a connection must know of the card to go on.
#[derive(Debug, Clone, Copy)]
enum Known {
    /// It is still the same card.
    Card,
    /// And nobody reset it.
    CardAndResets,
}

impl InProcessConnection {
    pub(super) fn new(
        shared: Arc<Shared>,
        reader: &str,
        card: &CardHandle,
        number: u64,
        service: u64,
        insertion: u64,
        resets: u64,
    ) -> Self {
        let (card, atr) = (card.clone(), card.atr());
        Self { shared, reader: reader.to_owned(), card, atr, number, service, insertion, resets }
    }

    /// The slot, when the card in it is still the one that this connection joined.
    fn joined<'a>(&self, state: &'a mut State) -> Result<&'a mut Slot, TransportError> {
        if !state.running || state.service != self.service {
            return Err(TransportError::NoService);
        }
        let slot = state.slot(&self.reader).ok_or(TransportError::NoReader)?;
        if slot.insertion != self.insertion {
            return Err(TransportError::Removed);
        }
        Ok(slot)
    }

    /// As [`joined`](Self::joined), and nobody reset the card behind our back.
    fn usable<'a>(&self, state: &'a mut State) -> Result<&'a mut Slot, TransportError> {
        let slot = self.joined(state)?;
        if slot.resets == self.resets { Ok(slot) } else { Err(TransportError::Reset) }
    }

    /// Waits until no other connection holds a transaction, as libpcsclite and Windows make their callers wait.
    fn alone<'a>(&self, shared: &'a Shared, known: Known) -> Result<MutexGuard<'a, State>, TransportError> {
        let mut state = shared.lock();
        loop {
            let slot = match known {
                Known::Card => self.joined(&mut state)?,
                Known::CardAndResets => self.usable(&mut state)?,
            };
            if slot.transaction.is_none_or(|holder| holder == self.number) {
                return Ok(state);
            }
            state = shared.wait(state);
        }
    }

    fn reset_card(&mut self, state: &mut State) -> Result<(), TransportError> {
        let slot = self.joined(state)?;
        self.card.reset();
        slot.resets += 1;
        let resets = slot.resets;
        self.resets = resets;
        Ok(())
    }

    /// Sends a command to the card, which may leave or be reset at that very moment.
    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        // The readers stay usable while the card works: a slow card can be pulled.
        drop(self.alone(&self.shared, Known::CardAndResets)?);
        let result = self.card.transmit(command);
        let mut state = self.shared.lock();
        let slot = self.joined(&mut state)?;
        let error = match result {
            Ok(response) => return Ok(response),
            Err(Interruption::Removed) => {
                slot.empty();
                TransportError::Removed
            }
            Err(Interruption::Reset) => {
                slot.resets += 1;
                TransportError::Reset
            }
        };
        drop(state);
        self.shared.notify();
        Err(error)
    }

    fn release(&mut self) {
        let number = self.number;
        let mut state = self.shared.lock();
        if let Some(slot) = state.slot(&self.reader)
            && slot.transaction == Some(number)
        {
            slot.transaction = None;
        }
        drop(state);
        self.shared.notify();
    }
}

impl Connection for InProcessConnection {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn protocol(&self) -> Protocol {
        self.card.protocol()
    }

    fn begin(&mut self) -> Result<(), TransportError> {
        let mut state = self.alone(&self.shared, Known::CardAndResets)?;
        self.usable(&mut state)?.transaction = Some(self.number);
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.exchange(command)
    }

    fn end(&mut self, disposition: Disposition) -> Result<(), TransportError> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let result = match disposition {
            Disposition::Leave => self.usable(&mut state).map(drop),
            Disposition::Reset => self.reset_card(&mut state),
        };
        drop(state);
        self.release();
        result
    }

    fn reconnect(&mut self, disposition: Disposition) -> Result<(), TransportError> {
        let shared = Arc::clone(&self.shared);
        let mut state = self.alone(&shared, Known::Card)?;
        match disposition {
            Disposition::Leave => self.resets = self.joined(&mut state)?.resets,
            Disposition::Reset => self.reset_card(&mut state)?,
        }
        Ok(())
    }

    fn feature(&mut self, feature: Feature) -> Option<u32> {
        self.usable(&mut self.shared.lock()).ok()?.pad.as_ref()?;
        Some(match feature {
            Feature::VerifyPinDirect => CONTROL_VERIFY,
            Feature::ModifyPinDirect => CONTROL_MODIFY,
        })
    }

    fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>, TransportError> {
        let pad = self.usable(&mut self.shared.lock())?.pad.clone();
        let unsupported = || TransportError::Other("control code not supported".to_owned());
        let command = match pad.ok_or_else(unsupported)?.command(code, data) {
            Ok(command) => command,
            Err(Some(status)) => return Ok(status.to_be_bytes().to_vec()),
            Err(None) => return Err(unsupported()),
        };
        self.exchange(&command)
    }
}

impl Drop for InProcessConnection {
    fn drop(&mut self) {
        self.release();
    }
}
