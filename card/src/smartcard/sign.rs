//! The keys of a card: signing and deciphering.

use super::SmartCard;
use crate::Error;
use crate::applet;
use crate::token::{Authorization, Hold, KeyRole, Payload, Scheme};

impl SmartCard {
    pub(super) fn sign_with_key(
        &mut self,
        role: KeyRole,
        scheme: Scheme,
        payload: Payload<'_>,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        let contents = self.contents()?;
        let entry = contents.key(role)?;
        if !entry.schemes.contains(&scheme) {
            return Err(Error::Unsupported("this signature scheme"));
        }
        if let Payload::Digest(_) = payload {
            // A digest of the wrong length is refused before it could cost a PIN entry.
            applet::hash(scheme, payload)?;
        }
        let key = entry.key;
        if !entry.needs_pin {
            return self
                .unprotected(|card| card.profile.applet.sign(&mut card.channel, &key, scheme, payload));
        }
        let (authorization, hold) = match (role, authorization) {
            // What a person signs, a person allows each time.
            (KeyRole::Signature, Authorization::Held) => return Err(Error::PinRequired),
            (KeyRole::Signature, authorization) => (authorization, Hold::Operation),
            (_, authorization) => (authorization, hold),
        };
        self.authorized(authorization, hold, |card| {
            card.profile.applet.sign(&mut card.channel, &key, scheme, payload)
        })
    }

    pub(super) fn decipher_with_key(
        &mut self,
        cryptogram: &[u8],
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        let contents = self.contents()?;
        let key = contents.key(KeyRole::Authentication)?.key;
        if cryptogram.len() != key.modulus {
            return Err(Error::Unsupported("a cryptogram of this length"));
        }
        self.authorized(authorization, hold, |card| {
            card.profile.applet.decipher(&mut card.channel, &key, cryptogram)
        })
    }

    /// An operation of a key that needs no PIN, in one transaction.
    fn unprotected<T>(
        &mut self,
        mut operation: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.reading(|card| {
            card.refuse_interrupted()?;
            let application = card.application();
            card.profile.applet.enter(&mut card.channel, &application)?;
            operation(card)
        })
    }
}
