//! National identifiers: one type digit, then a number (DICO, MOS).
//!
//! Persons and structures have different type digits (`3` is FINESS for a person and SIRET for a structure),
//! hence two types that cannot be swapped.

/// Longest identifier taken: the longest known has 15 digits, a slash and an internal number.
const MAX_LENGTH: usize = 64;

/// National identifier of a person (PS_IdNat, also IDNPS), as it stands, for instance `899999999016`.
///
/// `Debug` shows its kind alone; [`std::fmt::Display`] shows it whole.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(String);

/// National identifier of a structure (Struct_IdNat, also IDNST), as it stands, for instance `10B0127189`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StructureId(String);

/// What the type digit of a [`PersonId`] says (table G08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonIdKind {
    /// 0: ADELI number.
    Adeli,
    /// 1: ADELI number of a practice, slash, internal number.
    AdeliPractice,
    /// 2: DRASS number (old).
    Drass,
    /// 3: FINESS of an establishment, slash, internal number.
    Finess,
    /// 4: SIREN, slash, internal number.
    Siren,
    /// 5: SIRET, slash, internal number.
    Siret,
    /// 6: RPPS number of a practice, slash, internal number.
    RppsPractice,
    /// 8: RPPS number.
    Rpps,
    /// 9: student number.
    Student,
    /// 7: no meaning known.
    Other,
}

/// What the type digit of a [`StructureId`] says (table G07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StructureIdKind {
    /// 0: ADELI number of a practice.
    AdeliPractice,
    /// 1: FINESS.
    Finess,
    /// 2: SIREN.
    Siren,
    /// 3: SIRET.
    Siret,
    /// 4: RPPS number of a practice.
    RppsPractice,
    /// Technical identifiers of the Annuaire and what came later: opaque.
    Other,
}

/// What length and check digit say about an identifier. On a card a wrong one is shown as a warning, never refused:
/// invented and placeholder numbers often fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// Length and check digit agree.
    Good,
    /// The check digit is wrong.
    WrongKey,
    /// The length or the characters are not those of its kind.
    Malformed,
    /// This kind has no check digit with a known rule.
    NoKey,
}

impl PersonId {
    /// Takes an identifier as it stands. `None` unless it starts with a digit, is printable ASCII without blanks
    /// and at most 64 characters long.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let printable = text.len() <= MAX_LENGTH && text.bytes().all(|b| b.is_ascii_graphic());
        let starts_with_digit = text.bytes().next().is_some_and(|b| b.is_ascii_digit());
        (printable && starts_with_digit && text.len() > 1).then(|| Self(text.to_owned()))
    }

    /// The identifier as it stands.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the type digit says.
    #[must_use]
    pub fn kind(&self) -> PersonIdKind {
        match self.0.bytes().next() {
            Some(b'0') => PersonIdKind::Adeli,
            Some(b'1') => PersonIdKind::AdeliPractice,
            Some(b'2') => PersonIdKind::Drass,
            Some(b'3') => PersonIdKind::Finess,
            Some(b'4') => PersonIdKind::Siren,
            Some(b'5') => PersonIdKind::Siret,
            Some(b'6') => PersonIdKind::RppsPractice,
            Some(b'8') => PersonIdKind::Rpps,
            Some(b'9') => PersonIdKind::Student,
            _ => PersonIdKind::Other,
        }
    }

    /// The type digit, a code of table G08.
    #[must_use]
    pub fn type_code(&self) -> &str {
        self.0.get(..1).unwrap_or_default()
    }

    /// What follows the type digit.
    #[must_use]
    pub fn number(&self) -> &str {
        self.0.get(1..).unwrap_or_default()
    }

    /// The RPPS number, 11 digits, when that is what this is.
    #[must_use]
    pub fn rpps(&self) -> Option<&str> {
        (self.kind() == PersonIdKind::Rpps && is_digits(self.number(), 11)).then(|| self.number())
    }

    /// Checks length and check digit.
    #[must_use]
    pub fn check(&self) -> Check {
        let number = self.number();
        let employer = match number.split_once('/') {
            Some((employer, internal)) if !internal.is_empty() => Some(employer),
            _ => None,
        };
        match self.kind() {
            PersonIdKind::Rpps => luhn_check(number, 11),
            PersonIdKind::Adeli if number.len() != 9 => Check::Malformed,
            PersonIdKind::Finess => employer.map_or(Check::Malformed, finess_check),
            PersonIdKind::Siren => employer.map_or(Check::Malformed, |e| luhn_check(e, 9)),
            PersonIdKind::Siret => employer.map_or(Check::Malformed, siret_check),
            PersonIdKind::RppsPractice => employer.map_or(Check::Malformed, |e| luhn_check(e, 14)),
            PersonIdKind::AdeliPractice if employer.is_none() => Check::Malformed,
            PersonIdKind::Other => Check::Malformed,
            _ => Check::NoKey,
        }
    }
}

impl StructureId {
    /// Takes an identifier as it stands. `None` unless it is printable ASCII without blanks and at most 64 characters long.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let printable = text.len() <= MAX_LENGTH && text.bytes().all(|b| b.is_ascii_graphic());
        (printable && text.len() > 1).then(|| Self(text.to_owned()))
    }

    /// The identifier as it stands.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the type digit says.
    #[must_use]
    pub fn kind(&self) -> StructureIdKind {
        match self.0.bytes().next() {
            Some(b'0') => StructureIdKind::AdeliPractice,
            Some(b'1') => StructureIdKind::Finess,
            Some(b'2') => StructureIdKind::Siren,
            Some(b'3') => StructureIdKind::Siret,
            Some(b'4') => StructureIdKind::RppsPractice,
            _ => StructureIdKind::Other,
        }
    }

    /// The type digit, a code of table G07.
    #[must_use]
    pub fn type_code(&self) -> &str {
        self.0.get(..1).unwrap_or_default()
    }

    /// What follows the type digit.
    #[must_use]
    pub fn number(&self) -> &str {
        self.0.get(1..).unwrap_or_default()
    }

    /// Checks length and check digit.
    #[must_use]
    pub fn check(&self) -> Check {
        match self.kind() {
            StructureIdKind::Finess => finess_check(self.number()),
            StructureIdKind::Siren => luhn_check(self.number(), 9),
            StructureIdKind::Siret => siret_check(self.number()),
            StructureIdKind::RppsPractice => luhn_check(self.number(), 14),
            StructureIdKind::AdeliPractice | StructureIdKind::Other => Check::NoKey,
        }
    }
}

impl std::fmt::Display for PersonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for StructureId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for PersonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonId({:?})", self.kind())
    }
}

impl std::fmt::Debug for StructureId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StructureId({:?} {})", self.kind(), self.number())
    }
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
}

fn luhn_check(number: &str, length: usize) -> Check {
    if !is_digits(number, length) {
        return Check::Malformed;
    }
    verdict(luhn_sum(number.bytes().map(|b| u32::from(b - b'0'))).is_multiple_of(10))
}

/// FINESS: nine characters; a letter (Corsica and overseas) counts as its rank, `A` is 1.
fn finess_check(number: &str) -> Check {
    let values: Option<Vec<u32>> = number
        .bytes()
        .map(|b| match b {
            b'0'..=b'9' => Some(u32::from(b - b'0')),
            b'A'..=b'I' => Some(u32::from(b - b'A') + 1),
            _ => None,
        })
        .collect();
    match values {
        Some(values) if values.len() == 9 => verdict(luhn_sum(values.into_iter()).is_multiple_of(10)),
        _ => Check::Malformed,
    }
}

/// SIRET: Luhn over 14 digits, except the post offices, whose digits sum to a multiple of five.
fn siret_check(number: &str) -> Check {
    const POST: &str = "356000000";
    let check = luhn_check(number, 14);
    if check == Check::WrongKey && number.starts_with(POST) {
        return verdict(number.bytes().map(|b| u32::from(b - b'0')).sum::<u32>().is_multiple_of(5));
    }
    check
}

fn verdict(right: bool) -> Check {
    if right { Check::Good } else { Check::WrongKey }
}

/// Luhn: from the right, every second digit counts double, less nine above nine.
fn luhn_sum(digits: impl DoubleEndedIterator<Item = u32>) -> u32 {
    digits
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum()
}
