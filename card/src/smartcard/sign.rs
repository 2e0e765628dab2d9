//! The keys of a card: signing and deciphering.

use super::SmartCard;
use crate::Error;
use crate::applet;
use crate::token::{Authorization, Encoded, Hold, KeyRole, Payload, Scheme};

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
        let sign = |card: &mut Self| {
            let applet = card.profile.applet;
            applet.sign(&mut card.channel, &entry.key, scheme, payload)
        };
        let signature = self.permitted(role, entry.needs_pin, authorization, hold, sign)?;
        self.check(role, scheme, payload, &signature)?;
        Ok(signature)
    }

    pub(super) fn sign_encoded_with_key(
        &mut self,
        role: KeyRole,
        encoded: Encoded<'_>,
        authorization: Authorization,
        hold: Hold,
    ) -> Result<Vec<u8>, Error> {
        let contents = self.contents()?;
        let entry = contents.key(role)?;
        let (key, applet) = (entry.key, self.profile.applet);
        if !applet.takes(&key, encoded) {
            return Err(Error::Unsupported("signatures of what was encoded so"));
        }
        let needs_pin = entry.needs_pin;
        self.permitted(role, needs_pin, authorization, hold, |card| {
            applet.sign_encoded(&mut card.channel, &key, encoded)
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

    /// An operation of a key, with the PIN where the key needs it.
    fn permitted<T>(
        &mut self,
        role: KeyRole,
        needs_pin: bool,
        authorization: Authorization,
        hold: Hold,
        operation: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match (role, authorization) {
            _ if !needs_pin => self.unprotected(operation),
            // What a person signs, a person allows each time.
            (KeyRole::Signature, Authorization::Held) => Err(Error::PinRequired),
            (KeyRole::Signature, authorization) => self.authorized(authorization, Hold::Operation, operation),
            (_, authorization) => self.authorized(authorization, hold, operation),
        }
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

    /// Compares a signature with the key's certificate, when that is known. A difference means that the certificate was
    /// replaced without a trace in the update marker, so what is remembered of the card is forgotten.
    fn check(
        &mut self,
        role: KeyRole,
        scheme: Scheme,
        payload: Payload<'_>,
        signature: &[u8],
    ) -> Result<(), Error> {
        let certificate = self.description.as_ref().and_then(|d| d.key(role)?.certificate.as_ref());
        match (certificate, payload) {
            (Some(certificate), Payload::Message(message))
                if !certificate.verifies(scheme, message, signature) =>
            {
                self.forget_contents();
                Err(Error::Content { what: "signature", why: "it does not fit the certificate".to_owned() })
            }
            _ => Ok(()),
        }
    }
}
