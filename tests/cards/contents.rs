//! What is read is what the card was made with, and the holder is who the card says.

use super::{Token, Workstation, everything, purpose, typed, with_pin};
use cps_card::Error;
use cps_card::holder::Holder;
use cps_card::token::{Authorization, Hold, KeyRole, Kind};
use cps_sandbox::card::{CardBuilder, Family};
use cps_sandbox::pki::holder::{DOCTOR, EMPLOYEE, NURSE, PHARMACIST};

fn kind(family: Family) -> Kind {
    match family {
        Family::Cps3 => Kind::Cps3,
        Family::Cps3Contactless => Kind::Cps3Contactless,
        Family::Cps4(_) => Kind::Cps4,
    }
}

#[test]
fn the_situations_are_not_shown_without_the_pin() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        let refused = token.activities(Authorization::Held, Hold::Operation);
        assert!(matches!(refused, Err(Error::PinRequired)), "{family:?}: {refused:?}");
    }
}

#[test]
fn the_two_situations_of_the_doctor_are_read_after_the_pin() {
    for family in with_pin() {
        let mut token = Workstation::of(family).open().unwrap();
        let found = token.activities(typed("1234"), Hold::Operation).unwrap();
        assert_eq!(found.len(), 2);
        for (found, expected) in found.iter().zip(DOCTOR.situations) {
            assert_eq!(found.index, expected.index);
            assert_eq!(found.organisation.as_deref(), Some(expected.organisation));
            assert_eq!(found.structure.as_ref().map(|id| id.as_str()), Some(expected.structure));
            assert_eq!(found.sector.as_deref(), Some(expected.sector));
        }
    }
}

#[test]
fn kind_serial_number_and_every_certificate_are_the_cards() {
    for family in everything() {
        let workstation = Workstation::of(family);
        let mut token = workstation.open().unwrap();
        let description = token.describe().unwrap();
        assert_eq!(
            (description.kind, description.serial.as_str()),
            (kind(family), workstation.card.serial())
        );
        assert!(!description.label.is_empty());
        assert_eq!(description.place, workstation.readers.name(0));
        let roles: Vec<_> = description.keys.iter().map(|key| key.role).collect();
        match family {
            Family::Cps3Contactless => assert_eq!(roles, [KeyRole::Technical]),
            _ => assert_eq!(roles, [KeyRole::Authentication, KeyRole::Signature]),
        }
        for role in roles {
            let certificate = token.certificate(role).unwrap();
            assert_eq!(
                certificate.der(),
                workstation.card.certificate(purpose(role)),
                "{family:?}, {role:?}"
            );
        }
    }
}

#[test]
fn every_holder_is_who_the_certificate_names() {
    for holder in [&DOCTOR, &NURSE, &PHARMACIST, &EMPLOYEE] {
        for family in with_pin() {
            let workstation = Workstation::with(CardBuilder::new(family, holder).build());
            let mut token = workstation.open().unwrap();
            let certificate = token.certificate(KeyRole::Authentication).unwrap();
            let read = Holder::from_certificate(&certificate).unwrap();
            assert_eq!(read.national_id.as_str(), holder.identifier);
            let name = holder.name.map(|(family_name, _)| family_name);
            assert_eq!(read.family_name.as_deref(), name);
            assert_eq!(read.is_nominative(), holder.name.is_some());
            assert!(read.is_test());
        }
    }
}

#[test]
fn a_card_remembered_is_the_card_described() {
    for family in everything() {
        let workstation = Workstation::of(family);
        let mut first = workstation.open().unwrap();
        let fresh = first.describe().unwrap();
        drop(first);
        workstation.insert_again();
        let known = workstation.open().unwrap().describe().unwrap();
        assert_eq!(format!("{fresh:?}"), format!("{known:?}"), "{family:?}");
    }
}
