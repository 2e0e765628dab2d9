//! National code tables (DICO version 02.18 of 28 February 2020) with French and English labels.
//!
//! French labels are those of the dictionary, English ones are ours. The tables age, so a code that is not in them is
//! shown as it stands and never refused.

mod persons;
mod sectors;
mod specialities;

/// Code, French label, English label.
type Entry = (&'static str, &'static str, &'static str);

/// A table, by its national name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Table {
    /// Product categories: card, module, software certificate; real or test.
    G01,
    /// Card types.
    G02,
    /// Civilities.
    G03,
    /// Sections of the pharmacists' register.
    G05,
    /// Types of structure identifiers.
    G07,
    /// Types of person identifiers.
    G08,
    /// Professions.
    G15,
    /// Future professions, of students.
    G16,
    /// Modes of practice.
    G17,
    /// Specialities and other know-how (savoir-faire).
    R01,
    /// Sectors of activity.
    R02,
}

/// A language of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// French.
    #[default]
    French,
    /// English.
    English,
}

/// Label of a code, or `None` when the table does not have it.
#[must_use]
pub fn label(table: Table, code: &str, language: Language) -> Option<&'static str> {
    let (_, french, english) = entries(table).iter().find(|(known, ..)| *known == code)?;
    Some(match language {
        Language::French => french,
        Language::English => english,
    })
}

/// Label of a code, or the code itself.
#[must_use]
pub fn display(table: Table, code: &str, language: Language) -> &str {
    label(table, code, language).unwrap_or(code)
}

fn entries(table: Table) -> &'static [Entry] {
    match table {
        Table::G01 => persons::PRODUCT_CATEGORIES,
        Table::G02 => persons::CARD_TYPES,
        Table::G03 => persons::CIVILITIES,
        Table::G05 => persons::PHARMACIST_SECTIONS,
        Table::G07 => persons::STRUCTURE_ID_TYPES,
        Table::G08 => persons::PERSON_ID_TYPES,
        Table::G15 => persons::PROFESSIONS,
        Table::G16 => persons::FUTURE_PROFESSIONS,
        Table::G17 => persons::PRACTICE_MODES,
        Table::R01 => specialities::SPECIALITIES,
        Table::R02 => sectors::SECTORS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const TABLES: [(Table, usize); 11] = [
        (Table::G01, 6),
        (Table::G02, 4),
        (Table::G03, 3),
        (Table::G05, 17),
        (Table::G07, 5),
        (Table::G08, 10),
        (Table::G15, 29),
        (Table::G16, 4),
        (Table::G17, 4),
        (Table::R01, 244),
        (Table::R02, 63),
    ];

    #[test]
    fn an_unknown_code_has_no_label_and_is_shown_as_it_stands() {
        assert_eq!(label(Table::G15, "99", Language::French), None);
        assert_eq!(display(Table::G15, "99", Language::English), "99");
        assert_eq!(display(Table::R01, "sm26", Language::French), "sm26");
    }

    #[test]
    fn known_codes_have_their_label_in_both_languages() {
        assert_eq!(display(Table::G15, "10", Language::French), "Médecin");
        assert_eq!(display(Table::G15, "10", Language::English), "Doctor");
        assert_eq!(display(Table::R01, "SM26", Language::French), "Qualifié en Médecine Générale (SM)");
        assert_eq!(display(Table::R01, "SM26", Language::English), "Qualified in general practice (SM)");
        assert_eq!(display(Table::R02, "SA07", Language::English), "Solo practice");
        assert_eq!(display(Table::G02, "00", Language::French), "Carte de Professionnel de Santé (CPS)");
    }

    #[test]
    fn every_table_is_whole_with_each_code_once_and_no_empty_label() {
        for (table, size) in TABLES {
            let codes: BTreeSet<_> = entries(table).iter().map(|(code, ..)| code).collect();
            assert_eq!((codes.len(), entries(table).len()), (size, size), "{table:?}");
            for (code, french, english) in entries(table) {
                let trimmed = |text: &str| !text.is_empty() && text.trim() == text;
                assert!(trimmed(code) && trimmed(french) && trimmed(english), "{table:?} {code}");
            }
        }
    }
}
