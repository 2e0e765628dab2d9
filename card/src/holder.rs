//! The person on a card, as the certificate and the data objects name them.
//!
//! Everything is shown as it stands and nothing is rebuilt: an identifier is copied, a code stays a code
//! ([`crate::codes`] knows its label). What is missing or malformed is absent, never guessed.

mod activity;
mod card_number;
mod extension;
mod identifier;

pub use activity::Activity;
pub use card_number::CardNumber;
pub use identifier::{Check, PersonId, PersonIdKind, StructureId, StructureIdKind};

use crate::certificate::{AttributeKind, Certificate};

/// Extension with the card type (table G02).
pub const CARD_TYPE: &str = "1.2.250.1.71.1.2.2";
/// Extension with the card number.
pub const CARD_NUMBER: &str = "1.2.250.1.71.1.2.3";
/// Extension with the product category (table G01).
pub const CATEGORY: &str = "1.2.250.1.71.1.2.5";
/// Extension with the profession (table G15).
pub const PROFESSION: &str = "1.2.250.1.71.1.2.7";
/// Extension with the future profession of a student (table G16).
pub const FUTURE_PROFESSION: &str = "1.2.250.1.71.1.2.8";
/// Extension with the specialities (table R01).
pub const SPECIALITIES: &str = "1.2.250.1.71.4.2.5";
/// Extension with the sections of the pharmacists' register (table G05).
pub const PHARMACIST_SECTIONS: &str = "1.2.250.1.71.4.2.6";

/// Who holds a token. `Debug` shows the kinds and codes, never a name or an identifier.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    /// National identifier (PS_IdNat), the common name of the certificate as it stands.
    pub national_id: PersonId,
    /// Family name. Cards of staff without a personal name (CPE) have none.
    pub family_name: Option<String>,
    /// Given name, as the certificate writes it.
    pub given_name: Option<String>,
    /// Title: the profession in words, as the certificate writes it.
    pub title: Option<String>,
    /// Card type; software certificates have none.
    pub card_type: Option<CardType>,
    /// Number of the card; software certificates have none.
    pub card_number: Option<CardNumber>,
    /// Product category: what holds the key, and whether it is a test.
    pub category: Option<Category>,
    /// Profession, a code of table G15 such as `10`. Staff and students have none.
    pub profession: Option<String>,
    /// What a student will be, a code of table G16.
    pub future_profession: Option<String>,
    /// Specialities, codes of table R01 such as `SM26`, in the certificate's order.
    pub specialities: Vec<String>,
    /// Sections of the pharmacists' register, codes of table G05 such as `A`.
    pub pharmacist_sections: Vec<String>,
}

impl Holder {
    /// Reads the holder out of a certificate of the IGC-Santé, or `None` when it does not name a person:
    /// certificates of organisations, servers and authorities.
    #[must_use]
    pub fn from_certificate(certificate: &Certificate) -> Option<Self> {
        let subject = certificate.subject_name();
        let text = |kind| subject.first(kind).map(str::to_owned);
        let value = |oid| certificate.extension(oid);
        let holder = Self {
            national_id: PersonId::new(certificate.subject_common_name()?)?,
            family_name: text(AttributeKind::Surname),
            given_name: text(AttributeKind::GivenName),
            title: text(AttributeKind::Title),
            card_type: value(CARD_TYPE).and_then(extension::small_integer).map(CardType::from_number),
            card_number: value(CARD_NUMBER).and_then(extension::text).and_then(|t| CardNumber::new(&t)),
            category: value(CATEGORY).and_then(extension::single_byte).map(Category),
            profession: value(PROFESSION).and_then(extension::small_integer).map(code),
            future_profession: value(FUTURE_PROFESSION).and_then(extension::small_integer).map(code),
            specialities: value(SPECIALITIES).map(extension::texts).unwrap_or_default(),
            pharmacist_sections: value(PHARMACIST_SECTIONS).map(extension::texts).unwrap_or_default(),
        };
        // The common name of an organisation is free text and may look like a number. A person has a name, or a card.
        (holder.is_nominative() || holder.card_type.is_some()).then_some(holder)
    }

    /// Whether the certificate gives the person's name.
    #[must_use]
    pub fn is_nominative(&self) -> bool {
        self.family_name.is_some()
    }

    /// Whether this is a test card or certificate. Without a category it is not known to be one.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.category.is_some_and(Category::is_test)
    }

    /// Given name and family name, or `None` when the certificate names nobody.
    #[must_use]
    pub fn display_name(&self) -> Option<String> {
        let family = self.family_name.as_deref()?;
        Some(match self.given_name.as_deref() {
            Some(given) => format!("{given} {family}"),
            None => family.to_owned(),
        })
    }
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holder")
            .field("national_id", &self.national_id)
            .field("nominative", &self.is_nominative())
            .field("card_type", &self.card_type)
            .field("category", &self.category)
            .field("profession", &self.profession)
            .field("future_profession", &self.future_profession)
            .field("specialities", &self.specialities)
            .finish_non_exhaustive()
    }
}

/// What a card is (table G02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardType {
    /// 00: professional.
    Cps,
    /// 01: professional in training.
    Cpf,
    /// 02: staff of a health establishment, directors included (CDE, CPE).
    Cpe,
    /// 03: authorised staff of other structures (CDA, CPA).
    Cpa,
    /// A type that came after this program.
    Other(u16),
}

impl CardType {
    fn from_number(number: u16) -> Self {
        match number {
            0 => Self::Cps,
            1 => Self::Cpf,
            2 => Self::Cpe,
            3 => Self::Cpa,
            other => Self::Other(other),
        }
    }

    /// The code of table G02.
    #[must_use]
    pub fn code(self) -> String {
        code(match self {
            Self::Cps => 0,
            Self::Cpf => 1,
            Self::Cpe => 2,
            Self::Cpa => 3,
            Self::Other(other) => other,
        })
    }
}

/// What holds the key (table G01), as the one byte of the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Category(pub u8);

impl Category {
    /// The bit that marks everything made for tests.
    const TEST: u8 = 0x80;

    /// A card of a professional or of staff: 00, in test 80.
    #[must_use]
    pub fn is_card(self) -> bool {
        self.0 & !Self::TEST == 0x00
    }

    /// A security module: 02, in test 82.
    #[must_use]
    pub fn is_module(self) -> bool {
        self.0 & !Self::TEST == 0x02
    }

    /// A software certificate: 03, in test 83.
    #[must_use]
    pub fn is_software(self) -> bool {
        self.0 & !Self::TEST == 0x03
    }

    /// Made for tests.
    #[must_use]
    pub fn is_test(self) -> bool {
        self.0 & Self::TEST != 0
    }

    /// The code of table G01, the byte in hexadecimal.
    #[must_use]
    pub fn code(self) -> String {
        format!("{:02X}", self.0)
    }
}

/// Codes that a certificate writes as numbers have at least two digits in the tables.
fn code(number: u16) -> String {
    format!("{number:02}")
}

#[cfg(test)]
mod tests;
