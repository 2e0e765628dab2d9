//! Cards that lie, stutter or are damaged: an error or the family's defaults, no try spent, and no endless talk.

use super::{
    Token, UNTOUCHED, Workstation, card, counts, everything, login, sign, typed, verifications, with_pin,
};
use cps_card::Error;
use cps_card::token::{Hold, KeyRole, Scheme};
use cps_sandbox::card::{Cps4Model, Family};
use cps_sandbox::pki::Purpose;

/// Commands that no operation on any card needs.
const ENDLESS: usize = 400;

/// Files of the PKCS#15 directory: ODF, TokenInfo, AODF, PrKDF, CDF, DODF, the two certificates.
const FILES: [&str; 8] = ["5031", "5032", "7001", "7002", "7005", "7006", "A001", "A002"];

fn path(file: &str) -> String {
    format!("3F00/0001/{file}")
}

/// Does everything that reads and signs; what comes of it is the caller's to judge.
fn use_everything(workstation: &Workstation) -> Result<(), Error> {
    let card = &workstation.card;
    let mut token = workstation.open()?;
    token.describe()?;
    let _ = token.certificate(KeyRole::Signature);
    token.pin_status()?;
    let login = login(&mut token, card, typed("1234"), Hold::Operation);
    let _ = sign(&mut token, card, KeyRole::Signature, Scheme::RsaPkcs1Sha256, typed("1234"));
    let _ = token.activities(typed("1234"), Hold::Operation);
    login
}

#[test]
fn nonsense_in_any_file_harms_nobody() {
    let contents: [Vec<u8>; 8] = [
        Vec::new(),
        vec![0xFF; 100],
        vec![0x00; 3000],
        [0x30, 0x80].repeat(2000),
        (0..200_u8).rev().flat_map(|n| [0x30, n.min(0x7F)]).collect(),
        [vec![0x30, 0x83, 0xFF, 0xFF, 0xFF], vec![0xAA; 3000]].concat(),
        [0x30, 0x04, 0x30, 0x00, 0x30, 0x00].repeat(500),
        [vec![0x30, 0x82, 0x7F, 0xFF], vec![0x30; 0x7FFF]].concat(),
    ];
    for family in [Family::Cps3, Family::Cps4(Cps4Model::Release)] {
        for content in &contents {
            for file in FILES {
                let workstation = Workstation::of(family);
                workstation.card.faults().replace_file(&path(file), content);
                // A login succeeds with the family's defaults, or fails; `login` itself judges the signature.
                let _ = use_everything(&workstation);
                assert_eq!(counts(&workstation.card), UNTOUCHED, "{family:?}, {file}");
                assert!(!workstation.card.verified());
                let commands = workstation.card.counters().commands();
                assert!(commands < ENDLESS, "{family:?}, {file}: {commands} commands");
            }
        }
    }
}

/// The bytes of a file as a reader sees them.
fn content(file: &str) -> Vec<u8> {
    let workstation = Workstation::of(Family::Cps3);
    let mut connection =
        cps_card::transport::ReaderService::connect(&workstation.readers, &workstation.readers.name(0))
            .unwrap();
    let id = [u8::from_str_radix(&file[..2], 16).unwrap(), u8::from_str_radix(&file[2..], 16).unwrap()];
    let select = [&[0x00, 0xA4, 0x09, 0x0C, 0x06, 0x3F, 0x00, 0x00, 0x01], id.as_slice()].concat();
    assert_eq!(connection.transmit(&select).unwrap(), [0x90, 0x00]);
    let mut content: Vec<u8> = Vec::new();
    loop {
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        let mut answer = connection.transmit(&[0x00, 0xB0, high, low, 0xE7]).unwrap();
        let status = answer.split_off(answer.len() - 2);
        content.append(&mut answer);
        if status != [0x90, 0x00] {
            return content;
        }
    }
}

#[test]
fn a_directory_cut_anywhere_still_leads_to_the_right_pin_and_the_right_signature_or_to_none() {
    for file in ["5031", "5032", "7001", "7002", "7005"] {
        let whole = content(file);
        assert!(whole.len() > 20, "{file} has {} bytes", whole.len());
        let workstation = Workstation::of(Family::Cps3);
        let mut logins = 0;
        for length in (0..whole.len()).step_by(5) {
            let mut workstation = Workstation::with(workstation.card.clone());
            workstation.forget();
            workstation.card.faults().replace_file(&path(file), &whole[..length]);
            let mut token = workstation.open().unwrap();
            assert_eq!(token.pin_status().unwrap().unwrap().tries_left, Some(3), "{file}, {length} bytes");
            match login(&mut token, &workstation.card, typed("1234"), Hold::Operation) {
                Ok(()) => logins += 1,
                Err(Error::Unsupported(_) | Error::Content { .. } | Error::Refused { .. }) => {}
                Err(other) => panic!("{file}, {length} bytes: {other:?}"),
            }
            assert_eq!(counts(&workstation.card), UNTOUCHED, "{file}, {length} bytes");
        }
        assert!(logins > 0, "{file}");
    }
}

#[test]
fn a_truncated_certificate_is_no_certificate_and_is_not_remembered() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        let whole = workstation.card.certificate(Purpose::Authentication).to_vec();
        for length in [0, 1, 4, 230, 231, 232, whole.len() / 2, whole.len() - 1] {
            workstation.card.faults().replace_file(&path("A002"), &whole[..length]);
            let mut token = workstation.open().unwrap();
            assert!(token.describe().unwrap().keys[0].certificate.is_none(), "{family:?}, {length} bytes");
            let missing = token.certificate(KeyRole::Authentication);
            assert!(matches!(missing, Err(Error::Content { .. })), "{family:?}: {missing:?}");
        }
        workstation.card.faults().clear();
        workstation.insert_again();
        let description = workstation.open().unwrap().describe().unwrap();
        assert_eq!(description.keys[0].certificate.as_ref().unwrap().der(), whole);
    }
}

#[test]
fn a_card_without_any_directory_still_logs_in() {
    for family in with_pin() {
        let workstation = Workstation::of(family);
        for file in &FILES[..6] {
            workstation.card.faults().hide_file(&path(file));
        }
        use_everything(&workstation).unwrap();
        assert_eq!(workstation.open().unwrap().describe().unwrap().keys.len(), 2);
    }
}

#[test]
fn nonsense_in_place_of_any_answer_is_an_error_or_unnoticed() {
    let answers: [&[u8]; 8] = [
        &[],
        &[0x90],
        &[0x90, 0x00],
        &[0x61, 0x00],
        &[0x6C, 0x01],
        &[0x6F, 0x00],
        &[0x62, 0x81],
        &[0x30; 300],
    ];
    for family in [Family::Cps3, Family::Cps3Contactless, Family::Cps4(Cps4Model::Release)] {
        let mut workstation = Workstation::of(family);
        for answer in answers {
            for command in 1..=Workstation::commands_of_a_first_login(family) {
                workstation.forget();
                workstation.insert_again();
                workstation.card.counters().clear();
                workstation.card.faults().answer_at(command, answer);
                // `first_login` itself judges the signature, if one comes.
                let _ = workstation.first_login(Hold::Operation);
                assert!(verifications(&workstation.card) <= 1, "{family:?}, command {command}");
                assert_eq!(counts(&workstation.card), UNTOUCHED, "{family:?}, command {command}");
                assert!(!workstation.card.verified(), "{family:?}, command {command}, {answer:02X?}");
                assert!(workstation.card.counters().commands() < ENDLESS);
            }
        }
        workstation.forget();
        workstation.insert_again();
        workstation.first_login(Hold::Operation).unwrap();
    }
}

#[test]
fn a_card_that_always_announces_more_is_given_up() {
    for family in everything() {
        let card = card(family);
        for command in 1..2000 {
            card.faults().answer_at(command, &[0x61, 0xFF]);
        }
        let workstation = Workstation::with(card);
        assert!(workstation.open().is_err());
        assert!(workstation.card.counters().commands() < ENDLESS, "{family:?}");
    }
}
