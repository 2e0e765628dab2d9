//! Short tables about persons, cards and identifiers.

use super::Entry;

/// G01: what holds the key.
#[rustfmt::skip] // one line a code
pub(super) const PRODUCT_CATEGORIES: &[Entry] = &[
    ("00", "Carte de Professionnel ou Personnel de Santé", "Card of a health professional or of health staff"),
    ("02", "Module de Sécurité", "Security module"),
    ("03", "Certificat logiciel", "Software certificate"),
    ("80", "Carte de PS ou de Personnel de Santé de TEST", "TEST card of a health professional or of health staff"),
    ("82", "Module de Sécurité de TEST", "TEST security module"),
    ("83", "Certificat logiciel de TEST", "TEST software certificate"),
];

/// G02: card types.
#[rustfmt::skip] // one line a code
pub(super) const CARD_TYPES: &[Entry] = &[
    ("00", "Carte de Professionnel de Santé (CPS)", "Health professional card (CPS)"),
    ("01", "Carte de Professionnel de Santé en Formation (CPF)", "Health professional in training card (CPF)"),
    ("02", "Carte de Personnel d'Etablissement (CDE/CPE)", "Establishment staff card (CDE/CPE)"),
    ("03", "Carte de Personnel Autorisé (CDA/CPA)", "Authorised staff card (CDA/CPA)"),
];

/// G03: civilities.
#[rustfmt::skip] // one line a code
pub(super) const CIVILITIES: &[Entry] =
    &[("22", "Madame", "Mrs"), ("23", "Mademoiselle", "Miss"), ("31", "Monsieur", "Mr")];

/// G05: sections of the pharmacists' register.
#[rustfmt::skip] // one line a code
pub(super) const PHARMACIST_SECTIONS: &[Entry] = &[
    ("A", "Pharmacien titulaire d'officine", "Pharmacist owning a community pharmacy"),
    ("B", "Pharmacien d'entreprise - industrie", "Pharmacist in a company, industry"),
    ("C", "Pharmacien d'entreprise - distribution", "Pharmacist in a company, distribution"),
    ("D", "Pharmacien adjoint, remplaçant ou gérant", "Assistant, locum or managing pharmacist"),
    ("DA", "Pharmacien adjoint", "Assistant pharmacist"),
    ("DH", "Pharmacien d'un établissement de soins", "Pharmacist in a care establishment"),
    ("DM", "Pharmacien mutualiste ou minier", "Pharmacist of a mutual or mining pharmacy"),
    ("E", "Pharmacien d'Outre-Mer", "Overseas pharmacist"),
    ("EA", "Pharmacien titulaire d'officine - OM", "Pharmacist owning a community pharmacy, overseas"),
    ("EB", "Pharmacien d'entreprise - industrie - OM", "Pharmacist in a company, industry, overseas"),
    ("EC", "Pharmacien d'entreprise - distribution - OM", "Pharmacist in a company, distribution, overseas"),
    ("ED", "Pharmacien adjoint - OM", "Assistant pharmacist, overseas"),
    ("EG", "Pharmacien biologiste - OM", "Medical laboratory pharmacist, overseas"),
    ("EH", "Pharmacien d'établissement de santé - OM", "Pharmacist in a health establishment, overseas"),
    ("G", "Pharmacien biologiste", "Medical laboratory pharmacist"),
    ("H", "Pharmacien d'un établissement de soins", "Pharmacist in a care establishment"),
    ("M", "Pharmacien militaire", "Military pharmacist"),
];

/// G07: what the first digit of a structure identifier says.
#[rustfmt::skip] // one line a code
pub(super) const STRUCTURE_ID_TYPES: &[Entry] = &[
    ("0", "Id Cabinet ADELI", "ADELI practice identifier"),
    ("1", "FINESS", "FINESS"),
    ("2", "SIREN", "SIREN"),
    ("3", "SIRET", "SIRET"),
    ("4", "Id Cabinet RPPS", "RPPS practice identifier"),
];

/// G08: what the first digit of a person identifier says.
#[rustfmt::skip] // one line a code
pub(super) const PERSON_ID_TYPES: &[Entry] = &[
    ("0", "N° ADELI", "ADELI number"),
    ("1", "Id. Cabinet ADELI/N° de registre", "ADELI practice identifier/register number"),
    ("2", "N° DRASS", "DRASS number"),
    ("3", "FINESS/N° de registre", "FINESS/register number"),
    ("4", "SIREN/N° de registre", "SIREN/register number"),
    ("5", "SIRET/N° de registre", "SIRET/register number"),
    ("6", "Id. Cabinet RPPS/N° de registre", "RPPS practice identifier/register number"),
    ("8", "N° RPPS", "RPPS number"),
    ("9", "N° Etudiant", "Student number"),
    ("10", "Adresse MSSante", "MSSanté address"),
];

/// G15: professions.
#[rustfmt::skip] // one line a code
pub(super) const PROFESSIONS: &[Entry] = &[
    ("10", "Médecin", "Doctor"),
    ("21", "Pharmacien", "Pharmacist"),
    ("26", "Audioprothésiste", "Hearing-aid audiologist"),
    ("28", "Opticien-Lunetier", "Optician"),
    ("31", "Assistant dentaire", "Dental assistant"),
    ("32", "Physicien médical", "Medical physicist"),
    ("35", "Aide-soignant", "Care assistant"),
    ("36", "Ambulancier", "Ambulance technician"),
    ("37", "Auxiliaire de puériculture", "Childcare assistant"),
    ("38", "Préparateur en pharmacie hospitalière", "Hospital pharmacy technician"),
    ("39", "Préparateur en pharmacie (officine)", "Pharmacy technician (community pharmacy)"),
    ("40", "Chirurgien-Dentiste", "Dental surgeon"),
    ("50", "Sage-Femme", "Midwife"),
    ("60", "Infirmier", "Nurse"),
    ("69", "Infirmier psychiatrique", "Psychiatric nurse"),
    ("70", "Masseur-Kinésithérapeute", "Physiotherapist"),
    ("80", "Pédicure-Podologue", "Podiatrist"),
    ("81", "Orthoprothésiste", "Prosthetist and orthotist"),
    ("82", "Podo-Orthésiste", "Pedorthist"),
    ("83", "Orthopédiste-Orthésiste", "Orthopaedic fitter and orthotist"),
    ("84", "Oculariste", "Ocularist"),
    ("85", "Epithésiste", "Anaplastologist"),
    ("86", "Technicien de labo médical", "Medical laboratory technician"),
    ("91", "Orthophoniste", "Speech and language therapist"),
    ("92", "Orthoptiste", "Orthoptist"),
    ("94", "Ergothérapeute", "Occupational therapist"),
    ("95", "Diététicien", "Dietitian"),
    ("96", "Psychomotricien", "Psychomotor therapist"),
    ("98", "Manipulateur ERM", "Radiographer"),
];

/// G16: professions of students.
#[rustfmt::skip] // one line a code
pub(super) const FUTURE_PROFESSIONS: &[Entry] = &[
    ("10", "Médecin en formation", "Doctor in training"),
    ("21", "Pharmacien en formation", "Pharmacist in training"),
    ("40", "Chirurgien-Dentiste en formation", "Dental surgeon in training"),
    ("50", "Sage-Femme en formation", "Midwife in training"),
];

/// G17: modes of practice.
#[rustfmt::skip] // one line a code
pub(super) const PRACTICE_MODES: &[Entry] = &[
    ("00", "Libéral, exploitant ou commerçant", "Self-employed, owner or trader"),
    ("01", "Salarié", "Employee"),
    ("04", "Remplaçant", "Locum"),
    ("07", "Non rétribué", "Unpaid"),
];
