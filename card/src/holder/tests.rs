use super::*;
use crate::certificate::tests::certificate;
use crate::soft::x509::{Attribute as Field, extension, tlv};
use x509_cert::ext::Extension;

const DOCTOR: &[&[(Field, &str)]] = &[
    &[(Field::Country, "FR")],
    &[(Field::Title, "Médecin")],
    &[(Field::GivenName, "ÉLISE"), (Field::Surname, "TEST-MARTIN"), (Field::CommonName, "899999999016")],
];

fn health(oid: &str, value: &[u8]) -> Extension {
    extension(oid, false, value).unwrap()
}

/// The extensions as the bytes of a TEST doctor's card have them.
fn doctor_extensions() -> Vec<Extension> {
    vec![
        health(CATEGORY, &[0x04, 0x01, 0x80]),
        health(CARD_TYPE, &[0x02, 0x01, 0x00]),
        health(CARD_NUMBER, &tlv(0x13, b"8025000001/0044000123")),
        health(PROFESSION, &[0x02, 0x01, 0x0A]),
        health(SPECIALITIES, &[0x30, 0x06, 0x0C, 0x04, 0x53, 0x4D, 0x32, 0x36]),
    ]
}

fn holder(subject: &[&[(Field, &str)]], extensions: Vec<Extension>) -> Option<Holder> {
    Holder::from_certificate(&certificate(subject, extensions))
}

#[test]
fn a_doctor_is_read_from_one_rdn_with_several_attributes() {
    let doctor = holder(DOCTOR, doctor_extensions()).unwrap();
    assert_eq!(doctor.national_id.as_str(), "899999999016");
    assert_eq!(doctor.national_id.rpps(), Some("99999999016"));
    assert_eq!(doctor.family_name.as_deref(), Some("TEST-MARTIN"));
    assert_eq!(doctor.given_name.as_deref(), Some("ÉLISE"));
    assert_eq!(doctor.title.as_deref(), Some("Médecin"));
    assert_eq!(doctor.card_type, Some(CardType::Cps));
    assert_eq!(doctor.profession.as_deref(), Some("10"));
    assert_eq!(doctor.future_profession, None);
    assert_eq!(doctor.specialities, ["SM26"]);
    assert!(doctor.is_test() && doctor.category.unwrap().is_card());
}

#[test]
fn the_card_number_binds_the_certificate_to_the_plastic() {
    let number = holder(DOCTOR, doctor_extensions()).unwrap().card_number.unwrap();
    assert_eq!((number.issuer(), number.serial()), ("8025000001", "0044000123"));
    assert!(number.is_of_card("44000123"));
    assert!(!number.is_of_card("44000124") && !number.is_of_card("4000123"));
    for malformed in ["", "/", "8025000001", "8025000001/", "8025000001/44A", "80 25/44", &"1/".repeat(30)] {
        assert_eq!(CardNumber::new(malformed), None, "{malformed}");
    }
}

#[test]
fn a_card_of_staff_may_have_no_name() {
    let subject: &[&[_]] = &[&[(Field::Country, "FR")], &[(Field::CommonName, "3990990004/0000000001")]];
    let staff = vec![health(CARD_TYPE, &[0x02, 0x01, 0x02]), health(CATEGORY, &[0x04, 0x01, 0x00])];
    let staff = holder(subject, staff).unwrap();
    assert!(!staff.is_nominative());
    assert_eq!(staff.display_name(), None);
    assert_eq!(staff.card_type, Some(CardType::Cpe));
    assert_eq!(staff.national_id.kind(), PersonIdKind::Finess);
    assert!(!staff.is_test());
}

#[test]
fn organisations_and_authorities_are_nobody() {
    let organisation: &[&[_]] = &[
        &[(Field::Organization, "CABINET TEST")],
        &[(Field::OrganizationalUnit, "339172288100052")],
        &[(Field::CommonName, "24 rue du Test")],
    ];
    assert!(holder(organisation, vec![health(CATEGORY, &[4, 1, 0x83])]).is_none());
    let number: &[&[_]] = &[&[(Field::CommonName, "339172288100052")]];
    assert!(holder(number, vec![health(CATEGORY, &[4, 1, 0x83])]).is_none());
    assert!(holder(&[&[(Field::Surname, "TEST")]], vec![]).is_none(), "no common name");
    assert!(holder(&[&[(Field::CommonName, "TEST AC"), (Field::Surname, "TEST")]], vec![]).is_none());
}

#[test]
fn malformed_health_extensions_are_absent_and_not_guessed() {
    let malformed = vec![
        health(CATEGORY, &[0x04, 0x02, 0x80, 0x00]),
        health(CARD_TYPE, &[0x02, 0x01, 0xFF]),
        health(CARD_NUMBER, &tlv(0x13, b"no number")),
        health(PROFESSION, &[0x0A, 0x01, 0x0A]),
        health(SPECIALITIES, &[0x30, 0x06, 0x0C, 0x05, 0x53, 0x4D, 0x32, 0x36]),
        health(PHARMACIST_SECTIONS, &[0x30, 0x03, 0x02, 0x01, 0x01]),
    ];
    let holder = holder(DOCTOR, malformed).unwrap();
    assert_eq!((holder.category, holder.card_type), (None, None));
    assert_eq!((holder.card_number, holder.profession), (None, None));
    assert!(holder.specialities.is_empty() && holder.pharmacist_sections.is_empty());
}

#[test]
fn a_long_list_of_specialities_is_cut() {
    // Two-byte lengths, since the list is longer than 127 bytes.
    let many = tlv(0x0C, b"SM26").repeat(40);
    let value = [&[0x30, 0x81, u8::try_from(many.len()).unwrap()], many.as_slice()].concat();
    let holder = holder(DOCTOR, vec![health(SPECIALITIES, &value)]).unwrap();
    assert_eq!(holder.specialities.len(), 32);
}

#[test]
fn students_and_pharmacists_have_their_own_extensions() {
    let extensions = vec![
        health(CARD_TYPE, &[0x02, 0x01, 0x01]),
        health(FUTURE_PROFESSION, &[0x02, 0x01, 0x15]),
        health(PHARMACIST_SECTIONS, &[tlv(0x30, &[tlv(0x0C, b"A"), tlv(0x0C, b"DH")].concat())].concat()),
    ];
    let holder = holder(DOCTOR, extensions).unwrap();
    assert_eq!(holder.card_type.map(CardType::code).as_deref(), Some("01"));
    assert_eq!(holder.future_profession.as_deref(), Some("21"));
    assert_eq!(holder.pharmacist_sections, ["A", "DH"]);
}

#[test]
fn categories_tell_cards_from_software_and_tests_from_the_real_thing() {
    let facts = |byte: u8| {
        let category = Category(byte);
        (category.is_card(), category.is_module(), category.is_software(), category.is_test())
    };
    assert_eq!(facts(0x00), (true, false, false, false));
    assert_eq!(facts(0x80), (true, false, false, true));
    assert_eq!(facts(0x82), (false, true, false, true));
    assert_eq!(facts(0x03), (false, false, true, false));
    assert_eq!(facts(0x83), (false, false, true, true));
    assert_eq!(facts(0x05), (false, false, false, false));
    assert_eq!(Category(0x83).code(), "83");
    assert_eq!(CardType::Other(7).code(), "07");
}

#[test]
fn the_same_first_digit_means_another_thing_for_persons_and_for_structures() {
    assert_eq!(PersonId::new("3990990004/0000000001").unwrap().kind(), PersonIdKind::Finess);
    assert_eq!(StructureId::new("339172288100052").unwrap().kind(), StructureIdKind::Siret);
}

#[test]
fn a_wrong_check_digit_is_told_from_a_malformed_number_and_from_none() {
    let person = |text: &str| PersonId::new(text).unwrap().check();
    assert_eq!(person("899999999016"), Check::Good);
    assert_eq!(person("899999999017"), Check::WrongKey);
    assert_eq!(person("89999999901"), Check::Malformed);
    assert_eq!(person("0759912345"), Check::NoKey);
    assert_eq!(person("07599"), Check::Malformed);
    assert_eq!(person("30B0127189/12"), Check::Good);
    assert_eq!(person("30B0127189/"), Check::Malformed);
    assert_eq!(person("30B0127189"), Check::Malformed);
    assert_eq!(person("9123"), Check::NoKey);

    let structure = |text: &str| StructureId::new(text).unwrap().check();
    assert_eq!(structure("10B0127189"), Check::Good);
    assert_eq!(structure("12A0000014"), Check::Good);
    assert_eq!(structure("12A0000015"), Check::WrongKey);
    assert_eq!(structure("1ZZ0000014"), Check::Malformed);
    assert_eq!(structure("339172288100052"), Check::Good);
    assert_eq!(structure("2732829320"), Check::Good);
    // A post office: Luhn fails, the sum of the digits is a multiple of five.
    assert_eq!(structure("335600000049837"), Check::Good);
    assert_eq!(structure("335600000049838"), Check::WrongKey);
    assert_eq!(structure("R10000001234"), Check::NoKey);
}

#[test]
fn identifiers_are_taken_as_they_stand_or_not_at_all() {
    for text in ["", "8", "x99999999016", "8 9999999901", "8999é", &"8".repeat(65)] {
        assert_eq!(PersonId::new(text), None, "{text}");
    }
    let id = PersonId::new("899999999016").unwrap();
    assert_eq!(
        (id.type_code(), id.number(), id.to_string()),
        ("8", "99999999016", "899999999016".to_owned())
    );
}

#[test]
fn debug_output_has_kinds_and_codes_but_no_person() {
    let shown = format!("{:?}", holder(DOCTOR, doctor_extensions()).unwrap());
    for secret in ["MARTIN", "LISE", "99999999016"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("Rpps") && shown.contains("SM26"), "{shown}");
}

mod activities {
    use super::*;

    #[test]
    fn a_situation_is_read_with_padding_behind_and_unknown_fields_inside() {
        let fields = [
            tlv(0x84, "CABINET DU DR É".as_bytes()),
            tlv(0x99, b"?"),
            tlv(0x85, b"10B0127189"),
            tlv(0x86, b"SA07"),
        ];
        let file = [tlv(0xEE, &fields.concat()), vec![0; 20]].concat();
        let activity = Activity::parse(3, &file).unwrap();
        assert_eq!(activity.index, 3);
        assert_eq!(activity.organisation.as_deref(), Some("CABINET DU DR É"));
        assert_eq!(activity.structure.unwrap().as_str(), "10B0127189");
        assert_eq!(activity.sector.as_deref(), Some("SA07"));
    }

    #[test]
    fn older_cards_write_latin_1_and_blanks() {
        let file = tlv(0xEE, &tlv(0x84, b"CABINET D\xC9L\xC9GU\xC9   "));
        assert_eq!(Activity::parse(1, &file).unwrap().organisation.as_deref(), Some("CABINET DÉLÉGUÉ"));
    }

    #[test]
    fn empty_files_and_foreign_ones_hold_no_situation() {
        for file in [&[][..], &[0; 40], &[0xFF; 40], &tlv(0xEE, &[]), &tlv(0x70, &tlv(0x84, b"X")), &[0xEE]] {
            assert_eq!(Activity::parse(1, file), None);
        }
    }

    #[test]
    fn a_field_that_is_no_identifier_is_absent() {
        let fields = [tlv(0x84, b"X"), tlv(0x85, b"not an id"), tlv(0x86, b"")].concat();
        let activity = Activity::parse(1, &tlv(0xEE, &fields)).unwrap();
        assert_eq!((activity.structure, activity.sector), (None, None));
    }
}
