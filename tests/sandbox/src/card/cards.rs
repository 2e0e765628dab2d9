//! The cards of the sandbox: a builder, and ready-made ones for each made-up holder.

use super::chip::{Chip, Interface, Key};
use super::chipdoc::{self, ChipDoc};
use super::cps3;
use super::cps4::{self, Cps4Model};
use super::faults::Faults;
use super::ias::Ias;
use super::pin::{PinPolicy, Secret};
use super::{Card, CardHandle, Certificates, Dialect, Identity};
use crate::pki::holder::{DOCTOR, EMPLOYEE, NURSE, PHARMACIST};
use crate::pki::{Holder, Pki, Purpose, TestKey, Variant};
use cps_card::transport::Protocol;

/// The card's family and interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// CPS3 through its contacts, T=0.
    Cps3,
    /// CPS3 through the antenna, which looks like T=1.
    Cps3Contactless,
    /// CPS4, with one of its ATRs.
    Cps4(Cps4Model),
}

/// Builds a card that differs from the ready-made ones.
#[derive(Debug, Clone)]
pub struct CardBuilder {
    family: Family,
    holder: &'static Holder,
    serial: String,
    pin: String,
    puk: String,
    pin_policy: PinPolicy,
    variant: Variant,
    keys: [&'static str; 3],
}

impl CardBuilder {
    /// A card of a holder; serial number, PIN (1234) and PUK (12345678) have defaults.
    ///
    /// Cards of one holder and one generation have the same keys; CPS3 contact and contactless are the same plastic.
    #[must_use]
    pub fn new(family: Family, holder: &'static Holder) -> Self {
        let generation: u32 = if matches!(family, Family::Cps4(_)) { 44_000_000 } else { 99_000_000 };
        let (keys, number) = match holder.identifier {
            id if id == DOCTOR.identifier && generation == 44_000_000 => (
                ["card-doctor-cps4-authentication", "card-doctor-cps4-signature", "card-technical-doctor"],
                1,
            ),
            id if id == DOCTOR.identifier => (
                ["card-doctor-cps3-authentication", "card-doctor-cps3-signature", "card-technical-doctor"],
                1,
            ),
            id if id == NURSE.identifier => {
                (["card-nurse-authentication", "card-nurse-signature", "card-technical-nurse"], 2)
            }
            id if id == PHARMACIST.identifier => {
                (["card-pharmacist-authentication", "card-pharmacist-signature", "card-technical-nurse"], 3)
            }
            _ => (["card-employee-authentication", "card-employee-signature", "card-technical-nurse"], 4),
        };
        Self {
            family,
            holder,
            serial: format!("{:08}", generation + number),
            pin: "1234".to_owned(),
            puk: "12345678".to_owned(),
            pin_policy: PinPolicy::default(),
            variant: Variant::Valid,
            keys,
        }
    }

    /// Another serial number, 8 digits.
    #[must_use]
    pub fn serial(mut self, serial: &str) -> Self {
        serial.clone_into(&mut self.serial);
        self
    }

    /// Another PIN, with the lengths that the card takes.
    #[must_use]
    pub fn pin(mut self, pin: &str, policy: PinPolicy) -> Self {
        pin.clone_into(&mut self.pin);
        self.pin_policy = policy;
        self
    }

    /// Certificates that are wrong in one way.
    #[must_use]
    pub fn certificates(mut self, variant: Variant) -> Self {
        self.variant = variant;
        self
    }

    /// Makes the card.
    #[must_use]
    pub fn build(self) -> CardHandle {
        let [authentication, signature, technical] = self.keys.map(TestKey::named);
        let pki = Pki::test();
        let certificate =
            |purpose, key: &TestKey| pki.certificate(self.holder, &self.serial, purpose, key, self.variant);
        let identity = Identity {
            holder: self.holder,
            serial: self.serial.clone(),
            certificates: Certificates {
                authentication: certificate(Purpose::Authentication, &authentication),
                signature: certificate(Purpose::Signature, &signature),
                technical: certificate(Purpose::Technical, &technical),
            },
        };
        let faults = Faults::default();
        let puk_policy = PinPolicy { min: 8, max: 8, padded_to: None };
        let key = |purpose, reference, key: &TestKey| Key { reference, purpose, private: key.raw() };
        let (interface, protocol, atr, blocking) = match self.family {
            Family::Cps3 => (Interface::Contact, Protocol::T0, cps3::atr(Interface::Contact), 0x6983),
            Family::Cps3Contactless => {
                (Interface::Contactless, Protocol::T1, cps3::atr(Interface::Contactless), 0x6983)
            }
            Family::Cps4(model @ Cps4Model::CandidateT0) => {
                (Interface::Contact, Protocol::T0, model.atr(), 0x63C0)
            }
            Family::Cps4(model) => (Interface::Contact, Protocol::T1, model.atr(), 0x63C0),
        };
        let (files, keys, dialect): (_, _, Box<dyn Dialect>) = match self.family {
            Family::Cps4(_) => (
                cps4::files(&identity, self.pin_policy, puk_policy, &faults),
                vec![
                    key(Purpose::Signature, chipdoc::SIGNATURE_KEY, &signature),
                    key(Purpose::Authentication, chipdoc::AUTHENTICATION_KEY, &authentication),
                ],
                Box::new(ChipDoc::default()),
            ),
            Family::Cps3 | Family::Cps3Contactless => (
                cps3::files(&identity, self.pin_policy, puk_policy, &faults),
                vec![
                    key(Purpose::Signature, 0x81, &signature),
                    key(Purpose::Authentication, 0x82, &authentication),
                    key(Purpose::Technical, 0x83, &technical),
                ],
                Box::new(Ias::new(cps3::legacy_files(&identity))),
            ),
        };
        let chip = Chip {
            interface,
            files,
            pin: Secret::new(&self.pin, self.pin_policy, blocking),
            puk: Secret::new(&self.puk, puk_policy, blocking),
            keys,
            faults: faults.clone(),
        };
        CardHandle::new(Card::new(atr, protocol, chip, dialect), identity, self.family, faults)
    }
}

/// The doctor's CPS3 in a contact reader.
#[must_use]
pub fn doctor_cps3() -> CardHandle {
    CardBuilder::new(Family::Cps3, &DOCTOR).build()
}

/// The doctor's CPS3 on a contactless reader: one technical key, no PIN.
#[must_use]
pub fn doctor_cps3_contactless() -> CardHandle {
    CardBuilder::new(Family::Cps3Contactless, &DOCTOR).build()
}

/// The doctor's CPS4.
#[must_use]
pub fn doctor_cps4() -> CardHandle {
    CardBuilder::new(Family::Cps4(Cps4Model::Release), &DOCTOR).build()
}

/// The nurse's CPS3.
#[must_use]
pub fn nurse_cps3() -> CardHandle {
    CardBuilder::new(Family::Cps3, &NURSE).build()
}

/// The pharmacist's CPS4.
#[must_use]
pub fn pharmacist_cps4() -> CardHandle {
    CardBuilder::new(Family::Cps4(Cps4Model::Release), &PHARMACIST).build()
}

/// An employee's CPE on CPS3 plastic, which names no person.
#[must_use]
pub fn employee_cps3() -> CardHandle {
    CardBuilder::new(Family::Cps3, &EMPLOYEE).build()
}
