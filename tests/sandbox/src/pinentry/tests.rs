//! The scripted person, spoken to as the agent speaks to a pinentry.

use super::*;
use crate::card::cards;

fn ask(person: &Person, lines: &str) -> String {
    let mut output = Vec::new();
    serve(&person.folder, io::Cursor::new(lines.to_owned()), &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

fn person() -> (tempfile::TempDir, Person, CardHandle) {
    let folder = tempfile::tempdir().unwrap();
    let person = Person::new(folder.path(), Path::new("/bin/true")).unwrap();
    let card = cards::doctor_cps3();
    person.knows(&card).unwrap();
    (folder, person, card)
}

fn getpin(card: &CardHandle) -> String {
    format!("SETDESC Carte {}%0ATEST%0A\nSETPROMPT Code :\nGETPIN\nBYE\n", card.serial())
}

#[test]
fn the_pin_of_the_card_that_the_question_names_is_typed() {
    let (_folder, person, card) = person();
    assert!(ask(&person, &getpin(&card)).contains("\nD 1234\nOK\n"));
    let question = person.questions().pop().unwrap();
    assert_eq!(question.description, format!("Carte {}\nTEST\n", card.serial()));
    assert_eq!((question.kind.as_str(), question.answer.as_str()), ("GETPIN", "right-pin"));
}

#[test]
fn a_question_about_an_unknown_card_gets_no_pin() {
    let (_folder, person, _) = person();
    let answer = ask(&person, "SETDESC Carte 00000000\nGETPIN\n");
    assert!(!answer.contains("\nD "));
    assert!(answer.contains("ERR 83886179"));
}

#[test]
fn answers_are_given_in_order_and_then_always_the_same() {
    let (_folder, person, card) = person();
    person.next(Answer::WrongPin).unwrap();
    person.next(Answer::Type("a%\nb".to_owned())).unwrap();
    person.always(Answer::Cancel).unwrap();
    assert!(ask(&person, &getpin(&card)).contains("\nD 2345\n"));
    assert!(ask(&person, &getpin(&card)).contains("\nD a%25%0Ab\n"));
    for _ in 0..2 {
        assert!(ask(&person, &getpin(&card)).contains("ERR 83886179"));
    }
}

#[test]
fn an_open_question_is_seen_before_it_is_withdrawn() {
    let (_folder, person, card) = person();
    person.next(Answer::Wait).unwrap();
    let said = ask(&person, &getpin(&card));
    assert!(!said.contains("\nD ") && !said.contains("ERR"));
    assert_eq!(person.questions().pop().unwrap().answer, "wait");
}

#[test]
fn consent_is_a_yes_and_belongs_to_no_card() {
    let (_folder, person, _) = person();
    person.next(Answer::RightPin).unwrap();
    person.next(Answer::Cancel).unwrap();
    let said = ask(&person, "SETDESC Dernier essai ?\nCONFIRM\nCONFIRM\n");
    assert!(said.ends_with("\nOK\nOK\nERR 83886194 Not confirmed\n"), "{said}");
}

#[test]
fn a_script_that_is_gone_is_a_prompt_that_cannot_be_shown() {
    let (folder, person, card) = person();
    drop(folder);
    let mut output = Vec::new();
    let spoken = serve(&person.folder, io::Cursor::new(getpin(&card)), &mut output);
    assert_eq!(spoken.unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(String::from_utf8(output).unwrap().contains("ERR 83886165"));
}

#[test]
fn what_is_typed_does_not_stand_in_the_record() {
    let (folder, person, card) = person();
    person.next(Answer::Type("97531".to_owned())).unwrap();
    ask(&person, &getpin(&card));
    let record = fs::read_to_string(folder.path().join("questions.jsonl")).unwrap();
    assert!(!record.contains("97531"));
}
