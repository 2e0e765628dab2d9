//! The made-up people on the virtual cards.

/// Type of card, code of table G02 (`services.md` §6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardType {
    /// Health professional (CPS).
    Cps,
    /// Employee of a structure (CPE).
    Cpe,
}

impl CardType {
    /// The code in the certificate.
    #[must_use]
    pub fn code(self) -> u64 {
        match self {
            Self::Cps => 0,
            Self::Cpe => 2,
        }
    }
}

/// One professional situation, as the card's file holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// Index of the file on the card, 1 to 16.
    pub index: u8,
    /// Name of the structure.
    pub organisation: &'static str,
    /// Struct_IdNat.
    pub structure: &'static str,
    /// Sector of activity, table R02.
    pub sector: &'static str,
}

/// Who a virtual card belongs to. Nobody of this name or number exists: the RPPS numbers are of the test range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// PS_IdNat: `8` and the RPPS number, or `3`, FINESS, `/` and an internal number.
    pub identifier: &'static str,
    /// Family and given name; a CPE card may have none.
    pub name: Option<(&'static str, &'static str)>,
    /// Organisation in the subject, for cards without a name.
    pub organisation: Option<&'static str>,
    /// Title in the subject.
    pub title: Option<&'static str>,
    /// Type of card.
    pub card_type: CardType,
    /// Profession, table G15.
    pub profession: Option<u64>,
    /// Speciality (savoir-faire), table R01.
    pub speciality: Option<&'static str>,
    /// Section of a pharmacist, table G05.
    pub section: Option<&'static str>,
    /// Professional situations, with gaps between the indexes on purpose.
    pub situations: &'static [Situation],
}

/// A doctor with two activities.
pub static DOCTOR: Holder = Holder {
    identifier: "899700990015",
    name: Some(("EXEMPLE0099001", "CAMILLE")),
    organisation: None,
    title: Some("Médecin"),
    card_type: CardType::Cps,
    profession: Some(10),
    speciality: Some("SM54"),
    section: None,
    situations: &[
        Situation {
            index: 1,
            organisation: "CABINET MME EXEMPLE0099001",
            structure: "499700990015008",
            sector: "SA07",
        },
        Situation { index: 3, organisation: "HOPITAL D ESSAI", structure: "10B0999901", sector: "SA01" },
    ],
};

/// A nurse of a hospital.
pub static NURSE: Holder = Holder {
    identifier: "899700990023",
    name: Some(("EXEMPLE0099002", "SACHA")),
    organisation: None,
    title: Some("Infirmier"),
    card_type: CardType::Cps,
    profession: Some(60),
    speciality: None,
    section: None,
    situations: &[Situation {
        index: 1,
        organisation: "HOPITAL D ESSAI",
        structure: "10B0999901",
        sector: "SA01",
    }],
};

/// A pharmacist of a dispensing pharmacy, with an accent and a double name.
pub static PHARMACIST: Holder = Holder {
    identifier: "899700990049",
    name: Some(("EXEMPLE0099004-ÉPREUVE", "MORGANE ZOÉ")),
    organisation: None,
    title: Some("Pharmacien"),
    card_type: CardType::Cps,
    profession: Some(21),
    speciality: None,
    section: Some("A"),
    situations: &[Situation {
        index: 1,
        organisation: "PHARMACIE D ESSAI",
        structure: "1990990004",
        sector: "SA33",
    }],
};

/// An employee's card (CPE) that belongs to a service and names no person.
pub static EMPLOYEE: Holder = Holder {
    identifier: "3990990012/0000000001",
    name: None,
    organisation: Some("HOPITAL D ESSAI"),
    title: None,
    card_type: CardType::Cpe,
    profession: None,
    speciality: None,
    section: None,
    situations: &[],
};
