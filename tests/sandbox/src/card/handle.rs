//! A card that several threads hold: the reader sends it commands, a test breaks it and looks inside.

use super::cards::Family;
use super::counters::Counters;
use super::faults::{Event, Faults};
use super::{Card, Identity, VirtualCard, locked};
use crate::pki::{Holder, Purpose};
use cps_card::transport::Protocol;
use std::sync::{Arc, Mutex};

/// A virtual card. Clones are the same card.
#[derive(Clone)]
pub struct CardHandle(Arc<Inner>);

struct Inner {
    card: Mutex<Card>,
    identity: Identity,
    family: Family,
    faults: Faults,
    counters: Counters,
}

/// Why an exchange with a card did not take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The card left the reader.
    Removed,
    /// Another program reset the card.
    Reset,
}

impl CardHandle {
    pub(super) fn new(card: Card, identity: Identity, family: Family, faults: Faults) -> Self {
        let inner = Inner { card: Mutex::new(card), identity, family, faults, counters: Counters::default() };
        Self(Arc::new(inner))
    }

    /// The PIN as it is now.
    #[must_use]
    pub fn pin(&self) -> String {
        locked(&self.0.card).chip.pin.value()
    }

    /// The PUK.
    #[must_use]
    pub fn puk(&self) -> String {
        locked(&self.0.card).chip.puk.value()
    }

    /// Serial number, 8 digits.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.0.identity.serial
    }

    /// Whose card it is.
    #[must_use]
    pub fn holder(&self) -> &'static Holder {
        self.0.identity.holder
    }

    /// Family and interface.
    #[must_use]
    pub fn family(&self) -> Family {
        self.0.family
    }

    /// The certificate of a purpose, DER, as the card was made with it.
    #[must_use]
    pub fn certificate(&self, purpose: Purpose) -> &[u8] {
        let certificates = &self.0.identity.certificates;
        match purpose {
            Purpose::Authentication => &certificates.authentication,
            Purpose::Signature => &certificates.signature,
            Purpose::Technical => &certificates.technical,
        }
    }

    /// The switches that break the card.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// What the card saw.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// Whether the PIN is verified at this moment.
    #[must_use]
    pub fn verified(&self) -> bool {
        locked(&self.0.card).chip.pin.verified
    }

    /// Tries left of the PIN.
    #[must_use]
    pub fn tries_left(&self) -> u8 {
        locked(&self.0.card).chip.pin.tries_left
    }

    /// Tries left of the PUK.
    #[must_use]
    pub fn puk_tries_left(&self) -> u8 {
        locked(&self.0.card).chip.puk.tries_left
    }

    /// Wrong PINs presented in the card's life.
    #[must_use]
    pub fn pin_tries_spent(&self) -> u64 {
        locked(&self.0.card).chip.pin.tries_spent
    }

    /// Blocks the PIN, as three wrong ones would.
    pub fn block_pin(&self) {
        locked(&self.0.card).chip.pin.block();
    }

    /// Blocks the PUK.
    pub fn block_puk(&self) {
        locked(&self.0.card).chip.puk.block();
    }

    /// The card went through an update at an update station: writes EF_ACTUA.
    ///
    /// Both are 14 digits, `YYYYMMDDhhmmss`; anything else makes a marker that no software can read.
    pub fn updated(&self, start: &str, end: &str) {
        let content = super::contents::update_marker(start, end);
        locked(&self.0.card).chip.set_update_marker(Some(content));
    }

    /// An update was interrupted: EF_ACTUA is there and empty.
    pub fn update_interrupted(&self) {
        locked(&self.0.card).chip.set_update_marker(Some(Vec::new()));
    }

    /// The card was never updated: no EF_ACTUA.
    pub fn never_updated(&self) {
        locked(&self.0.card).chip.set_update_marker(None);
    }

    /// Sends a command and counts it, with the faults in force, for a reader that can tell of a reset.
    pub(crate) fn transmit(&self, command: &[u8]) -> Result<Vec<u8>, Interruption> {
        self.exchange(command, true)
    }

    /// As [`transmit`](Self::transmit), for a reader that cannot: after a reset the card just goes on.
    #[cfg(target_os = "linux")]
    pub(crate) fn transmit_after_reset(&self, command: &[u8]) -> Result<Vec<u8>, Interruption> {
        self.exchange(command, false)
    }

    fn exchange(&self, command: &[u8], reset_is_told: bool) -> Result<Vec<u8>, Interruption> {
        let (delay, events) = self.0.faults.next();
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        let mut other = None;
        for event in events {
            match event {
                Event::Removed => {
                    self.power_off();
                    return Err(Interruption::Removed);
                }
                Event::Reset => {
                    self.reset();
                    if reset_is_told {
                        return Err(Interruption::Reset);
                    }
                }
                Event::Answer(bytes) => other = Some(bytes),
                Event::Action(action) => (action.0)(),
            }
        }
        let answer = locked(&self.0.card).execute(command);
        let answer = other.unwrap_or(answer);
        self.0.counters.record(command, &answer);
        Ok(answer)
    }

    /// ATR, as the faults in force show it.
    #[must_use]
    pub fn atr(&self) -> Vec<u8> {
        locked(&self.0.card).atr()
    }

    /// Protocol that the card speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        locked(&self.0.card).protocol()
    }

    pub(crate) fn power_on(&self) {
        locked(&self.0.card).power_on();
    }

    pub(crate) fn power_off(&self) {
        locked(&self.0.card).power_off();
    }

    pub(crate) fn reset(&self) {
        locked(&self.0.card).reset();
    }
}

impl VirtualCard for CardHandle {
    fn atr(&self) -> Vec<u8> {
        CardHandle::atr(self)
    }

    fn protocol(&self) -> Protocol {
        CardHandle::protocol(self)
    }

    fn power_on(&mut self) {
        CardHandle::power_on(self);
    }

    fn power_off(&mut self) {
        CardHandle::power_off(self);
    }

    fn reset(&mut self) {
        CardHandle::reset(self);
    }

    /// Without a reader there is nobody to tell of an interruption: the card just stays silent.
    fn execute(&mut self, command: &[u8]) -> Vec<u8> {
        self.transmit(command).unwrap_or_default()
    }
}

impl std::fmt::Debug for CardHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardHandle")
            .field("family", &self.0.family)
            .field("serial", &self.0.identity.serial)
            .finish()
    }
}
