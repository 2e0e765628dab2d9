//! The PIN of a card: its state, its use in one transaction, its change and its unblocking.

use super::SmartCard;
use crate::Error;
use crate::apdu::Status;
use crate::applet::{self, Counter, PadEntry, Secret, SecretBlock};
use crate::pin::{Pin, PinStatus, Puk};
use crate::pkcs15::PinRecord;
use crate::token::{Authorization, Hold};
use crate::transport::{Feature, TransportError};

/// How the person proves to be there, checked as far as that is possible without the card.
enum Proof {
    /// The card holds the state.
    Held,
    /// A PIN of a length and alphabet that the card takes.
    Typed { block: SecretBlock, last_try_accepted: bool },
    /// A PIN still to be typed on the reader.
    Pad { entry: PadEntry, last_try_accepted: bool },
}

impl SmartCard {
    pub(super) fn read_pin_status(&mut self) -> Result<Option<PinStatus>, Error> {
        let contents = self.contents()?;
        let Some(record) = &contents.pin else {
            return Ok(None);
        };
        let counter = self.reading(|card| card.ask_counter(record))?;
        Ok(Some(PinStatus {
            tries_left: counter.left,
            tries_max: counter.max.or(self.profile.pins.as_ref().map(|pins| pins.tries)),
            verified: counter.verified.unwrap_or(self.state.held),
            min_length: record.min,
            max_length: record.max,
            pad: self.pad(record).is_some(),
        }))
    }

    /// What the reader's pad must know to build VERIFY, when there is one that can.
    fn pad(&mut self, record: &PinRecord) -> Option<PadEntry> {
        let entry = PadEntry { min: record.min, max: record.max, padding: record.padding };
        let usable = self.profile.pad && entry.fits();
        self.channel.feature(Feature::VerifyPinDirect).filter(|_| usable).map(|_| entry)
    }

    fn ask_counter(&mut self, record: &PinRecord) -> Result<Counter, Error> {
        let application = self.application();
        let counter = self.profile.applet.counter(&mut self.channel, &application, record.reference)?;
        self.state.tries = counter.left;
        if counter.verified == Some(false) {
            self.state.held = false;
        }
        Ok(counter)
    }

    /// Runs `operation` with the PIN verified, in one transaction. Every refusal that can be known beforehand comes
    /// before VERIFY, and VERIFY is sent once.
    pub(super) fn authorized<T>(
        &mut self,
        authorization: Authorization,
        hold: Hold,
        operation: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let contents = self.contents()?;
        let record = contents.pin.as_ref().ok_or(Error::Unsupported("a PIN on this interface"))?;
        let proof = self.proof(record, authorization)?;
        let result = self.transaction(|card| {
            card.refuse_interrupted()?;
            card.state.reset_after = hold == Hold::Operation;
            card.verify(record, proof)?;
            card.state.held = hold == Hold::Session;
            operation(card).map_err(|error| card.pin_forgotten(error))
        });
        match result {
            // Reset by another program in the middle: nothing says how far the card came.
            Err(Error::Transport(TransportError::Reset)) => Err(Error::PinRequired),
            result => result,
        }
    }

    /// A refusal for lack of security after VERIFY: the card was reset, or this PIN does not open that key.
    fn pin_forgotten(&mut self, error: Error) -> Error {
        match error {
            Error::Refused { status, .. } if Status(status) == Status::SECURITY => {
                self.state.held = false;
                Error::PinRequired
            }
            error => error,
        }
    }

    fn proof(&mut self, record: &PinRecord, authorization: Authorization) -> Result<Proof, Error> {
        match authorization {
            Authorization::Held if self.state.held => Ok(Proof::Held),
            Authorization::Held => Err(Error::PinRequired),
            Authorization::Pin { pin, last_try_accepted } => {
                Ok(Proof::Typed { block: block(record, pin.expose())?, last_try_accepted })
            }
            Authorization::Pad { last_try_accepted } => {
                let entry = self.pad(record).ok_or(Error::Unsupported("PIN entry on this reader's pad"))?;
                ascii(record)?;
                Ok(Proof::Pad { entry, last_try_accepted })
            }
        }
    }

    /// Selects the application and verifies, inside a transaction.
    fn verify(&mut self, record: &PinRecord, proof: Proof) -> Result<(), Error> {
        let applet = self.profile.applet;
        let application = self.application();
        match proof {
            // The transaction may have begun with the news of a reset.
            Proof::Held if !self.state.held => Err(Error::PinRequired),
            Proof::Held => applet.enter(&mut self.channel, &application),
            Proof::Typed { block, last_try_accepted } => {
                self.check_tries(record, last_try_accepted)?;
                applet.enter(&mut self.channel, &application)?;
                self.verifying(|card| {
                    applet::verify(&mut card.channel, applet, record.reference, Secret::Pin, &block)
                })
            }
            Proof::Pad { entry, last_try_accepted } => {
                self.check_tries(record, last_try_accepted)?;
                applet.enter(&mut self.channel, &application)?;
                self.verifying(|card| {
                    applet::verify_on_pad(&mut card.channel, applet, record.reference, &entry)
                })
            }
        }
    }

    /// Refuses what could block the PIN without the person's consent. The counter is the one last heard of, as the
    /// person saw it; asked now if there is none. A counter that the card does not tell may be at one.
    ///
    /// A signature keeps to the counter of the prompt: its six commands leave no room for the question, and the prompt
    /// asked just before. What changes the PIN has the longest prompts (two or three entries) and no such budget, so
    /// [`Self::changing`] asks again.
    fn check_tries(&mut self, record: &PinRecord, last_try_accepted: bool) -> Result<(), Error> {
        let (left, verified) = match self.state.tries {
            Some(left) if left > 0 => (Some(left), false),
            _ => {
                let counter = self.ask_counter(record)?;
                (counter.left, counter.verified == Some(true))
            }
        };
        match left {
            Some(0) => Err(Error::PinBlocked),
            Some(1) if !last_try_accepted => Err(Error::LastTry),
            None if !last_try_accepted && !verified => Err(Error::LastTry),
            _ => Ok(()),
        }
    }

    /// Sends a VERIFY and keeps account of what it did to the card.
    fn verifying(&mut self, send: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        let before = std::mem::replace(&mut self.state.verified, true);
        let result = send(self);
        match &result {
            Ok(()) => self.state.tries = self.profile.pins.as_ref().map(|pins| pins.tries),
            Err(Error::WrongPin { left }) => {
                self.state.tries = *left;
                self.state.verified = false;
                self.state.held = false;
            }
            Err(Error::PinBlocked | Error::PukBlocked) => {
                self.state.tries = Some(0);
                self.state.verified = false;
                self.state.held = false;
            }
            // The card or the reader did not try it.
            Err(
                Error::PinFormat { .. } | Error::Unsupported(_) | Error::Transport(TransportError::Cancelled),
            ) => self.state.verified = before,
            Err(Error::Refused { status, .. }) if Status(*status).was_not_tried() => {
                self.state.verified = before;
            }
            // Nobody knows whether a try was spent, or whether the card is verified now.
            Err(_) => self.state.tries = None,
        }
        result
    }

    /// Replaces the PIN: the old one is verified, then changed, then the card forgets that it was verified.
    pub(super) fn replace_pin(&mut self, old: Authorization, new: &Pin) -> Result<(), Error> {
        let contents = self.contents()?;
        let record = contents.pin.as_ref().ok_or(Error::Unsupported("a PIN on this interface"))?;
        let new = block(record, new.expose())?;
        let applet = self.profile.applet;
        match old {
            // A held state proves that somebody was there once, not that the same person is there now.
            Authorization::Held => Err(Error::PinRequired),
            Authorization::Pin { pin, last_try_accepted } => {
                let old = block(record, pin.expose())?;
                drop(pin);
                self.changing(|card| {
                    card.check_tries(record, last_try_accepted)?;
                    let application = card.application();
                    applet.enter(&mut card.channel, &application)?;
                    card.verifying(|card| {
                        applet::verify(&mut card.channel, applet, record.reference, Secret::Pin, &old)
                    })?;
                    applet.change(&mut card.channel, record.reference, Some(&old), &new)
                })
            }
            Authorization::Pad { .. } if !applet.changes_after_pad() => {
                Err(Error::Unsupported("changing the PIN from the reader's pad"))
            }
            pad @ Authorization::Pad { .. } => {
                let proof = self.proof(record, pad)?;
                self.changing(|card| {
                    card.verify(record, proof)?;
                    applet.change(&mut card.channel, record.reference, None, &new)
                })
            }
        }
    }

    /// Gives the PIN a new value with the PUK.
    pub(super) fn renew_pin(&mut self, puk: &Puk, new: &Pin) -> Result<(), Error> {
        let contents = self.contents()?;
        let (Some(record), Some(puk_record)) = (&contents.pin, &contents.puk) else {
            return Err(Error::Unsupported("a PIN on this interface"));
        };
        let puk = block(puk_record, puk.expose())?;
        let new = block(record, new.expose())?;
        let applet = self.profile.applet;
        self.changing(|card| {
            let application = card.application();
            applet.enter(&mut card.channel, &application)?;
            card.verifying(|card| {
                applet::verify(&mut card.channel, applet, puk_record.reference, Secret::Puk, &puk)
            })?;
            applet.reset_counter(&mut card.channel, record.reference, &new)
        })
    }

    /// A transaction that changes the PIN and always ends with a reset. Another program may have spent tries while the
    /// person typed: what was heard of the counter before does not count in it.
    fn changing(&mut self, body: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        let result = self.transaction(|card| {
            card.refuse_interrupted()?;
            card.state.reset_after = true;
            card.state.tries = None;
            body(card)
        });
        self.state.tries = None;
        match result {
            Err(Error::Transport(TransportError::Reset)) => Err(Error::PinRequired),
            result => result,
        }
    }
}

/// Digits as the data field of a command, if the card takes them.
fn block(record: &PinRecord, digits: &[u8]) -> Result<SecretBlock, Error> {
    ascii(record)?;
    let fits = (usize::from(record.min)..=usize::from(record.max)).contains(&digits.len());
    if !fits || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::PinFormat { min: record.min, max: record.max });
    }
    Ok(SecretBlock::new(digits, record.padding.map(|(length, filler)| (usize::from(length), filler))))
}

/// Refuses to guess how a PIN that is not ASCII would be written: a wrong guess costs a try.
fn ascii(record: &PinRecord) -> Result<(), Error> {
    if record.ascii {
        return Ok(());
    }
    Err(Error::Content { what: "PIN record", why: "the PIN is not written in ASCII digits".to_owned() })
}
