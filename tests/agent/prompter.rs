//! The agent's client and the prompter's protocol, over real pipes: what one means is what the other shows, and back.

use cps_agent::host::{
    pinentry::{Pinentry, PromptError},
    prompt_text::PromptText,
};
use cps_agent_api::words::Screen;
use cps_sandbox::pinentry::{Answer, Person};
use std::{path::Path, time::Duration};

fn desk(folder: &Path) -> (Person, Pinentry) {
    let person = Person::new(folder, Path::new(env!("CARGO_BIN_EXE_cps-sandbox"))).expect("a person");
    let pinentry = Pinentry::new(person.program(), Duration::from_secs(120));
    (person, pinentry)
}

fn text(description: &str, error: Option<&str>) -> PromptText {
    PromptText {
        title: "Carte CPS – 100 %".to_owned(),
        description: description.to_owned(),
        label: "Code\u{a0}:".to_owned(),
        error: error.map(str::to_owned),
        ok: "Valider".to_owned(),
        cancel: "Annuler".to_owned(),
    }
}

#[tokio::test]
async fn a_no_is_a_no_at_both_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let (person, pinentry) = desk(folder.path());
    person.always(Answer::Cancel).expect("a script");
    let typed = pinentry.secret(&text("Who asks", None), &Screen::default()).await;
    assert!(matches!(typed, Err(PromptError::Cancelled)), "{:?}", typed.err());
    let agreed = pinentry.confirm(&text("Who asks", None), &Screen::default()).await;
    assert!(matches!(agreed, Err(PromptError::Cancelled)), "{agreed:?}");
}

#[tokio::test]
async fn a_question_without_a_text_is_shown_to_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let (person, pinentry) = desk(folder.path());
    person.always(Answer::Type("1234".to_owned())).expect("a script");
    let typed = pinentry.secret(&text("", None), &Screen::default()).await;
    assert!(matches!(typed, Err(PromptError::Unavailable(_))), "{:?}", typed.err());
    assert!(person.questions().is_empty());
}

#[tokio::test]
async fn a_text_longer_than_a_line_is_shown_as_far_as_it_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (person, pinentry) = desk(folder.path());
    let long = "Connexion demandée par : « 100 % santé ».\n".repeat(50);
    pinentry.confirm(&text(&long, None), &Screen::default()).await.expect("agreed");
    let shown = person.questions().remove(0).description;
    assert!(long.starts_with(&shown) && shown.len() > 800, "{shown}");
}

#[tokio::test]
async fn every_character_arrives_as_it_was_meant_in_both_directions() {
    let folder = tempfile::tempdir().expect("a folder");
    let (person, pinentry) = desk(folder.path());
    let typed = "12%34\n ßé\u{1f}😀";
    person.next(Answer::Type(typed.to_owned())).expect("a script");
    let description = "Connexion demandée par : 100 % d’Œuvres & C\\.\nIl reste 2 essais %0A.";
    let wrong = text(description, Some("Le code est faux : il reste un essai."));
    let secret = pinentry.secret(&wrong, &Screen::default()).await.expect("typed");
    assert_eq!(secret.as_slice(), typed.as_bytes());
    let shown = person.questions().remove(0);
    assert_eq!((shown.title, shown.description), (wrong.title, wrong.description));
    assert_eq!((shown.prompt, shown.error), (wrong.label, wrong.error));
}
