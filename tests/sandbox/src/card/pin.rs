//! PIN and PUK: values, tries, and the verified state (`cps-card.md` §7).

use super::apdu::status;

/// What a PIN may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinPolicy {
    /// Fewest digits.
    pub min: u8,
    /// Most digits.
    pub max: u8,
    /// Pads commands with `00` up to this many bytes; `None` sends the digits alone.
    pub padded_to: Option<u8>,
}

impl Default for PinPolicy {
    /// Four digits exactly, without padding: the usual card.
    fn default() -> Self {
        Self { min: 4, max: 4, padded_to: None }
    }
}

/// A PIN or a PUK inside the card.
#[derive(Debug)]
pub(super) struct Secret {
    value: Vec<u8>,
    pub(super) policy: PinPolicy,
    pub(super) tries_max: u8,
    pub(super) tries_left: u8,
    pub(super) verified: bool,
    /// Wrong values presented in the card's life.
    pub(super) tries_spent: u64,
    /// Status of the try that blocks: `69 83` on CPS3, `63 C0` on CPS4.
    blocking: u16,
}

impl Secret {
    pub(super) fn new(value: &str, policy: PinPolicy, blocking: u16) -> Self {
        Self {
            value: value.as_bytes().to_vec(),
            policy,
            tries_max: 3,
            tries_left: 3,
            verified: false,
            tries_spent: 0,
            blocking,
        }
    }

    /// The digits now.
    pub(super) fn value(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }

    /// Answer to VERIFY without data: the state, at no cost.
    pub(super) fn query(&self) -> u16 {
        match self.tries_left {
            0 => status::BLOCKED,
            _ if self.verified => status::OK,
            left => 0x63C0 | u16::from(left),
        }
    }

    /// VERIFY. A length that no PIN can have is refused without spending a try.
    pub(super) fn verify(&mut self, presented: &[u8]) -> u16 {
        if self.tries_left == 0 {
            return status::BLOCKED;
        }
        let Some(digits) = self.digits(presented) else { return status::LENGTH };
        if digits == self.value {
            self.tries_left = self.tries_max;
            self.verified = true;
            return status::OK;
        }
        self.wrong()
    }

    /// CHANGE REFERENCE DATA with the old and the new value, one after the other.
    pub(super) fn change(&mut self, old_and_new: &[u8]) -> u16 {
        if self.tries_left == 0 {
            return status::BLOCKED;
        }
        let old_length = self.policy.padded_to.map_or(self.value.len(), usize::from);
        let Some((old, new)) = old_and_new.split_at_checked(old_length) else { return status::LENGTH };
        let (Some(old), Some(new)) = (self.digits(old), self.digits(new)) else { return status::LENGTH };
        if old != self.value {
            return self.wrong();
        }
        self.value = new;
        self.tries_left = self.tries_max;
        status::OK
    }

    /// Takes a new value without asking for the old one; the caller checked the right to do so.
    pub(super) fn replace(&mut self, presented: &[u8]) -> u16 {
        let Some(new) = self.digits(presented) else { return status::LENGTH };
        self.value = new;
        status::OK
    }

    /// Gives all tries back.
    pub(super) fn unblock(&mut self) {
        self.tries_left = self.tries_max;
        self.verified = false;
    }

    /// Uses up every try, as somebody else did before.
    pub(super) fn block(&mut self) {
        self.tries_left = 0;
        self.verified = false;
    }

    fn wrong(&mut self) -> u16 {
        self.verified = false;
        self.tries_spent += 1;
        self.tries_left = self.tries_left.saturating_sub(1);
        match self.tries_left {
            0 => self.blocking,
            left => 0x63C0 | u16::from(left),
        }
    }

    /// The digits of a presented value, without padding.
    fn digits(&self, presented: &[u8]) -> Option<Vec<u8>> {
        let digits = match self.policy.padded_to {
            Some(stored) if presented.len() == usize::from(stored) => {
                let end = presented.iter().position(|byte| *byte == 0).unwrap_or(presented.len());
                let (digits, padding) = presented.split_at(end);
                padding.iter().all(|byte| *byte == 0).then_some(digits)?
            }
            Some(_) => return None,
            None => presented,
        };
        let allowed = usize::from(self.policy.min)..=usize::from(self.policy.max);
        allowed.contains(&digits.len()).then(|| digits.to_vec())
    }
}
