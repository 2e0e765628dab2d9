//! What one card family is, as data: how to recognise it, and what to assume where the card does not say. One file per
//! family; nothing here speaks to a card.
//!
//! Identifiers, references and paths come from the card's own directories whenever it has them. Everything in a
//! profile's `default` fields is the fallback, and much of it was deduced and not seen on a real card.

mod cps3;
mod cps3_contactless;
mod cps4;

use crate::applet::Applet;
use crate::pkcs15::PinRecord;
use crate::token::{KeyRole, Kind, Scheme};
use crate::transport::Protocol;

/// One card family, seen through one interface.
pub(crate) struct Profile {
    pub(crate) kind: Kind,
    /// Answers to reset.
    pub(crate) atrs: &'static [Atr],
    /// The dialect, with this family's algorithm references.
    pub(crate) applet: &'static dyn Applet,
    /// Identifiers of the PKCS#15 directory below the master file.
    pub(crate) application: &'static [u8],
    /// The update marker EF_ACTUA below the master file, where the card has one.
    pub(crate) update_marker: Option<&'static [u8]>,
    /// File identifiers of the PKCS#15 directories.
    pub(crate) default_files: Files,
    /// PIN and PUK; `None` where the interface has no PIN at all.
    pub(crate) pins: Option<Pins>,
    /// Keys, most useful first.
    pub(crate) keys: &'static [Key],
    /// Whether VERIFY may be built by a reader with a pad.
    pub(crate) pad: bool,
}

/// An answer to reset, of which the bits set in `mask` count; all of them without a mask.
pub(crate) struct Atr {
    pub(crate) bytes: &'static [u8],
    pub(crate) mask: Option<&'static [u8]>,
}

/// File identifiers inside the PKCS#15 directory.
pub(crate) struct Files {
    pub(crate) odf: u16,
    pub(crate) token_info: u16,
    pub(crate) pins: u16,
    pub(crate) private_keys: u16,
    pub(crate) certificates: u16,
    pub(crate) data_objects: u16,
    /// First of the sixteen practice situations.
    pub(crate) first_activity: u16,
}

/// PIN and PUK of a family.
pub(crate) struct Pins {
    /// Tries after a success.
    pub(crate) tries: u8,
    pub(crate) default_pin: Pin,
    pub(crate) default_puk: Pin,
}

/// A PIN where the AODF says nothing.
pub(crate) struct Pin {
    pub(crate) reference: u8,
    pub(crate) min: u8,
    pub(crate) max: u8,
}

impl Pin {
    pub(crate) fn record(&self, unblocks: bool) -> PinRecord {
        PinRecord {
            label: String::new(),
            id: Vec::new(),
            unblocks,
            reference: self.reference,
            min: self.min,
            max: self.max,
            padding: None,
            ascii: true,
        }
    }
}

/// A key of a family.
pub(crate) struct Key {
    pub(crate) role: KeyRole,
    /// What the family can do with a key of this role, best first.
    pub(crate) schemes: &'static [Scheme],
    pub(crate) default_label: &'static str,
    pub(crate) default_id: &'static [u8],
    pub(crate) default_reference: u8,
    /// Length of the modulus in bits.
    pub(crate) default_modulus: u16,
    pub(crate) default_certificate: u16,
    pub(crate) default_certificate_label: &'static str,
}

impl Atr {
    /// Whether every byte agrees.
    fn is(&self, atr: &[u8]) -> bool {
        self.bytes == atr
    }

    /// Whether the bits that count agree.
    fn resembles(&self, atr: &[u8]) -> bool {
        let masks = self.mask.unwrap_or_default().iter().copied().chain(std::iter::repeat(0xFF));
        atr.len() == self.bytes.len()
            && atr.iter().zip(self.bytes).zip(masks).all(|((seen, known), mask)| (seen ^ known) & mask == 0)
    }
}

/// Families to try, in this order, for a card that answered `atr`.
///
/// A listed ATR leaves one. One that agrees under a mask only puts its family first: a release candidate of CPS4 shows
/// that the mask of CPS3 covers other cards too. The rest are the families that can speak the protocol in use: the
/// contacts of a CPS3 know T=0 only, and its antenna looks like T=1.
pub(crate) fn candidates(atr: &[u8], protocol: Protocol) -> Vec<&'static Profile> {
    let families = [&cps3::PROFILE, &cps3_contactless::PROFILE, &cps4::PROFILE];
    if let Some(family) = families.into_iter().find(|family| family.atrs.iter().any(|known| known.is(atr))) {
        return vec![family];
    }
    let (mut first, rest): (Vec<_>, Vec<_>) =
        families.into_iter().partition(|family| family.atrs.iter().any(|known| known.resembles(atr)));
    first.extend(rest.into_iter().filter(|family| match protocol {
        Protocol::T0 => family.kind != Kind::Cps3Contactless,
        Protocol::T1 => family.kind != Kind::Cps3,
    }));
    first
}

#[cfg(test)]
mod tests;
