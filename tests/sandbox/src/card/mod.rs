//! Virtual CPS cards: CPS3 through contacts and antenna, and CPS4, as `cps-card.md` describes them.
//!
//! A card is a [`VirtualCard`]: bytes in, bytes out. Inside, the chip (files, PIN, keys) is the same for every family;
//! a dialect speaks its command set, and the exchange in front of it cuts answers for T=0 and joins chains.
//!
//! | file | what |
//! | --- | --- |
//! | `cards.rs`, `handle.rs` | ready-made cards, and what a test can do with one |
//! | `faults.rs`, `counters.rs` | what goes wrong on demand, and what the card saw |
//! | `cps3.rs`, `cps4.rs`, `contents.rs`, `pkcs15.rs` | the file trees as tables, and the bytes in them |
//! | `ias/`, `cps2ter.rs`, `chipdoc.rs` | the three command sets |
//! | `chip.rs`, `files.rs`, `pin.rs`, `crypto.rs`, `hash.rs` | what the chip can do |
//! | `exchange.rs`, `apdu.rs` | how commands and answers travel |

mod apdu;
pub mod cards;
mod chip;
mod chipdoc;
mod contents;
mod counters;
mod cps2ter;
mod cps3;
mod cps4;
mod crypto;
mod exchange;
mod faults;
mod files;
mod handle;
mod hash;
mod ias;
mod pin;
mod pkcs15;

pub use cards::{CardBuilder, Family};
pub use counters::{Counters, Exchanged};
pub use cps4::Cps4Model;
pub use faults::Faults;
pub use handle::CardHandle;
pub(crate) use handle::Interruption;
pub use pin::PinPolicy;

use crate::pki::Holder;
use apdu::{Answer, Command};
use chip::Chip;
use cps_card::transport::Protocol;
use exchange::Exchange;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A card as a reader sees it.
pub trait VirtualCard: Send {
    /// Answer to reset.
    fn atr(&self) -> Vec<u8>;

    /// The protocol that the card speaks.
    fn protocol(&self) -> Protocol;

    /// The reader gives power.
    fn power_on(&mut self);

    /// The reader takes power away, or the card leaves.
    fn power_off(&mut self);

    /// The reader resets the card.
    fn reset(&mut self);

    /// Answers one command. The answer is data, then two status bytes.
    fn execute(&mut self, command: &[u8]) -> Vec<u8>;
}

/// A command set.
trait Dialect: Send {
    /// Forgets selections and environments.
    fn reset(&mut self);

    /// Answers one command whose chain is complete.
    fn run(&mut self, chip: &mut Chip, command: &Command) -> Answer;
}

/// Who a card belongs to and what it carries.
struct Identity {
    holder: &'static Holder,
    serial: String,
    certificates: Certificates,
}

/// Certificates of a card, DER.
struct Certificates {
    authentication: Vec<u8>,
    signature: Vec<u8>,
    technical: Vec<u8>,
}

/// A chip with its command set.
struct Card {
    atr: &'static [u8],
    protocol: Protocol,
    exchange: Exchange,
    chip: Chip,
    dialect: Box<dyn Dialect>,
}

impl Card {
    fn new(atr: &'static [u8], protocol: Protocol, chip: Chip, dialect: Box<dyn Dialect>) -> Self {
        Self { atr, protocol, exchange: Exchange::default(), chip, dialect }
    }
}

impl VirtualCard for Card {
    fn atr(&self) -> Vec<u8> {
        self.chip.faults.other_atr().unwrap_or_else(|| self.atr.to_vec())
    }

    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn power_on(&mut self) {
        self.reset();
    }

    fn power_off(&mut self) {
        self.reset();
    }

    fn reset(&mut self) {
        self.exchange.reset();
        self.chip.reset();
        self.dialect.reset();
    }

    fn execute(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self.exchange.receive(bytes, self.protocol) {
            Ok(command) => {
                let answer = self.dialect.run(&mut self.chip, &command);
                self.exchange.deliver(&command, self.protocol, answer)
            }
            Err(answer) => answer,
        }
    }
}

/// Locks, also after another test's thread panicked: a card has no state that a panic could tear.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
