//! A CPS card as a [`Token`]: the only room where profile, applet and channel meet.
//!
//! Rules that hold in every operation here:
//!
//! - One operation is one transaction, and keys are used after the directory was selected again in it: between two
//!   transactions other programs may have moved the card anywhere.
//! - When another program reset the card, everything verified is forgotten, and the card proves who it is again before
//!   anything else is sent.
//! - A VERIFY is sent at most once per call, and never when the tries left are not known to allow it.
//! - What was verified here is reset when the operation ends, or when the holder of a session lets go of it, or when the
//!   object is dropped; a held state serves this object only.

mod activity;
mod contents;
mod pin;
mod recognise;
mod sign;

use crate::Error;
use crate::cache::{CachedCard, CertificateCache};
use crate::certificate::Certificate;
use crate::channel::Channel;
use crate::holder::Activity;
use crate::pin::{Pin, PinStatus, Puk};
use crate::profile::{self, Profile};
use crate::token::{Authorization, Description, Encoded, Hold, KeyRole, Payload, Scheme, Token};
use crate::transport::{Connection, Disposition, TransportError};
use contents::Contents;
use recognise::{Identity, Update, recognise};
use std::sync::Arc;

/// How often a card may be found reset before we give up: some other program does nothing else.
const RESETS_ENDURED: usize = 3;

/// A CPS card in a reader.
///
/// With [`Hold::Session`] the card stays verified, in this object's hands, for the authentication key. An operation of
/// the signature key, a change of PIN and an unblocking end with a reset, and so end that state: the next
/// [`Authorization::Held`] answers [`Error::PinRequired`].
pub struct SmartCard {
    channel: Channel,
    profile: &'static Profile,
    reader: String,
    cache: Arc<dyn CertificateCache>,
    identity: Identity,
    files: CachedCard,
    /// `files` holds something the cache does not.
    unsaved: bool,
    contents: Option<Arc<Contents>>,
    description: Option<Arc<Description>>,
    state: State,
}

/// What we know of the card's volatile state.
#[derive(Debug, Default)]
struct State {
    /// The applet listens (on its channel).
    open: bool,
    /// The card proved its identity since it was last reset by others.
    identified: bool,
    /// The PIN was given here, to be held, and nothing says that the card forgot it.
    held: bool,
    /// A VERIFY was sent since the last reset, and the card may be verified.
    verified: bool,
    /// Tries left when last heard of.
    tries: Option<u8>,
    /// The transaction under way ends with a reset of what was verified.
    reset_after: bool,
}

impl SmartCard {
    /// Recognises the card behind `connection`, in the reader of that name.
    ///
    /// A card whose update was interrupted is recognised too: it can be described, but nothing that needs the PIN or a
    /// key is done with it ([`Error::InterruptedUpdate`]).
    ///
    /// # Errors
    /// [`Error::NotCps`] for any other card; otherwise trouble with reader or card.
    pub fn open(
        connection: Box<dyn Connection>,
        reader: &str,
        cache: Arc<dyn CertificateCache>,
    ) -> Result<Self, Error> {
        let mut channel = Channel::new(connection);
        let candidates = profile::candidates(channel.atr(), channel.protocol());
        let (profile, identity) = first_recognised(&mut channel, &candidates)?;
        tracing::debug!(kind = ?profile.kind, serial = identity.serial, reader, "card recognised");
        let files = remembered(cache.as_ref(), profile, &identity);
        Ok(Self {
            channel,
            profile,
            reader: reader.to_owned(),
            cache,
            identity,
            files,
            unsaved: false,
            contents: None,
            description: None,
            state: State { open: true, identified: true, ..State::default() },
        })
    }

    /// Runs `body` in one transaction.
    fn transaction<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.begin()?;
        let result = body(self);
        if let Err(Error::Removed | Error::Transport(TransportError::Reset)) = &result {
            self.forget();
        }
        self.end();
        result
    }

    /// Runs `body`, which only reads, in one transaction, and once more when the card was reset in the middle of it.
    fn reading<T>(&mut self, mut body: impl FnMut(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        match self.transaction(&mut body) {
            Err(Error::Transport(TransportError::Reset)) => self.transaction(body),
            result => result,
        }
    }

    /// Begins a transaction with the card we know, whatever others did to it.
    fn begin(&mut self) -> Result<(), Error> {
        for _ in 0..RESETS_ENDURED {
            let settled = match self.channel.begin() {
                Ok(()) => self.settle().inspect_err(|_| self.end()),
                Err(error) => Err(error.into()),
            };
            match settled {
                Err(Error::Transport(TransportError::Reset)) => {
                    self.forget();
                    self.channel.reconnect(Disposition::Leave)?;
                }
                result => return result,
            }
        }
        Err(Error::Transport(TransportError::Reset))
    }

    /// Makes sure, at the start of a transaction, that the applet listens and that the card is still the same.
    fn settle(&mut self) -> Result<(), Error> {
        self.state.reset_after = false;
        if !self.state.identified {
            let identity = recognise(&mut self.channel, self.profile)?;
            if identity.serial != self.identity.serial {
                return Err(Error::Removed);
            }
            if identity.update != self.identity.update {
                self.identity = identity;
                self.forget_contents();
            }
            self.state.identified = true;
            self.state.open = true;
        }
        if !self.state.open {
            self.profile.applet.open(&mut self.channel)?;
            self.state.open = true;
        }
        Ok(())
    }

    /// Ends the transaction, resetting the card when it must not stay verified. Trouble here is not the caller's: what
    /// it asked for is done or failed already, and the next transaction meets the trouble again.
    fn end(&mut self) {
        let reset = self.state.reset_after && self.state.verified;
        let disposition = if reset { Disposition::Reset } else { Disposition::Leave };
        match self.channel.end(disposition) {
            Ok(()) if reset => self.was_reset(),
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, "the transaction did not end well"),
        }
    }

    /// We reset the card ourselves: it is the same card, but its channels are closed and its PIN is not verified. Joining
    /// it at once means that a reset reported later is somebody else's.
    fn was_reset(&mut self) {
        self.state = State { identified: true, tries: self.state.tries, ..State::default() };
        if let Err(error) = self.channel.reconnect(Disposition::Leave) {
            tracing::debug!(%error, "the card was not joined again after its reset");
        }
    }

    /// The card was reset by others, or left.
    fn forget(&mut self) {
        self.state = State::default();
    }

    /// The card's files are not what was read of them.
    fn forget_contents(&mut self) {
        self.cache.remove(&self.identity.serial, self.profile.kind);
        self.files = CachedCard::new(self.identity.update.marker());
        self.unsaved = false;
        self.contents = None;
        self.description = None;
    }

    fn refuse_interrupted(&self) -> Result<(), Error> {
        match self.identity.update {
            Update::Interrupted => Err(Error::InterruptedUpdate),
            Update::Never | Update::Finished(_) => Ok(()),
        }
    }
}

impl Token for SmartCard {
    fn describe(&mut self) -> Result<Arc<Description>, Error> {
        self.read_description()
    }

    fn certificate(&mut self, role: KeyRole) -> Result<Arc<Certificate>, Error> {
        self.read_certificate(role)
    }

    fn pin_status(&mut self) -> Result<Option<PinStatus>, Error> {
        self.read_pin_status()
    }

    fn sign(
        &mut self,
        role: KeyRole,
        scheme: Scheme,
        payload: Payload<'_>,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        self.sign_with_key(role, scheme, payload, authorization, hold)
    }

    fn sign_encoded(
        &mut self,
        role: KeyRole,
        encoded: Encoded<'_>,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        self.sign_encoded_with_key(role, encoded, authorization, hold)
    }

    fn decipher(
        &mut self,
        cryptogram: &[u8],
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        self.decipher_with_key(cryptogram, authorization, hold)
    }

    fn activities(&mut self, authorization: Authorization, hold: Hold) -> Result<Vec<Activity>, Error> {
        self.read_activities(authorization, hold)
    }

    fn change_pin(&mut self, old: Authorization, new: Pin) -> Result<(), Error> {
        self.replace_pin(old, &new)
    }

    fn unblock_pin(&mut self, puk: Puk, new: Pin) -> Result<(), Error> {
        self.renew_pin(&puk, &new)
    }

    fn release(&mut self) -> Result<(), Error> {
        if !self.state.verified {
            return Ok(());
        }
        let ended = match self.channel.begin() {
            Ok(()) => self.channel.end(Disposition::Reset).map(|()| self.was_reset()),
            // Somebody holds the card, or the service is in trouble: a reset without a transaction is still worth a try.
            Err(TransportError::Sharing | TransportError::Mute | TransportError::Other(_)) => {
                self.channel.reconnect(Disposition::Reset).map(|()| self.was_reset())
            }
            Err(error) => Err(error),
        };
        match ended {
            // The state is gone by other means.
            Err(TransportError::Reset | TransportError::Removed | TransportError::NoReader) => {
                self.forget();
                Ok(())
            }
            result => result.map_err(Error::from),
        }
    }

    fn present(&mut self) -> Result<(), Error> {
        self.transaction(|_| Ok(()))
    }
}

/// A verified card outlives its connection, so the state is ended here too.
impl Drop for SmartCard {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            tracing::debug!(%error, "the card could not be reset");
        }
    }
}

/// The first family that recognises the card as its own.
fn first_recognised(
    channel: &mut Channel,
    candidates: &[&'static Profile],
) -> Result<(&'static Profile, Identity), Error> {
    for _ in 0..RESETS_ENDURED {
        let result = channel.begin().map_err(Error::from).and_then(|()| {
            let result = try_each(channel, candidates);
            channel.end(Disposition::Leave)?;
            result
        });
        match result {
            Err(Error::Transport(TransportError::Reset)) => channel.reconnect(Disposition::Leave)?,
            result => return result,
        }
    }
    Err(Error::Transport(TransportError::Reset))
}

fn try_each(
    channel: &mut Channel,
    candidates: &[&'static Profile],
) -> Result<(&'static Profile, Identity), Error> {
    for profile in candidates {
        match recognise(channel, profile) {
            Ok(identity) => return Ok((profile, identity)),
            Err(Error::NotCps | Error::Refused { .. } | Error::Content { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::NotCps)
}

/// What the cache knows of this card, if the card was not updated since.
fn remembered(cache: &dyn CertificateCache, profile: &Profile, identity: &Identity) -> CachedCard {
    let marker = identity.update.marker();
    match cache.load(&identity.serial, profile.kind) {
        Some(card) if card.update() == marker && identity.update != Update::Interrupted => return card,
        Some(_) => cache.remove(&identity.serial, profile.kind),
        None => {}
    }
    CachedCard::new(marker)
}
