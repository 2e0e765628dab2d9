//! PINs and their tries: what the prompt says, what the refusal says, and what the card counts, in French and English.

use crate::desk::{Desk, Refusal, UNTOUCHED, code, counts, login_by, refused, script, verifications};
use cps_agent_api::words::PinRequest;
use cps_agent_core::failure;
use cps_sandbox::{
    card::{CardHandle, cards},
    pinentry::{Answer, Question},
};

/// This test, as the agent names it to the person.
fn ourselves() -> String {
    let program = std::env::current_exe().expect("a path");
    program.file_name().expect("a name").to_string_lossy().into_owned()
}

fn typed(text: &str) -> Answer {
    Answer::Type(text.to_owned())
}

/// A question in the order in which it is read: kind, text, and what went wrong before.
fn said(question: &Question) -> (&str, &str, Option<&str>) {
    (&question.kind, &question.description, question.error.as_deref())
}

/// The sentences of a refusal.
fn sentences(problem: &Refusal) -> (&str, &str) {
    (&problem.title, problem.detail.as_deref().unwrap_or_default())
}

impl Desk {
    async fn local_login_in(&self, language: &str) -> Result<(), Refusal> {
        refused(self.control_in(language).await.login(&login_by("local", None)).await).map(drop)
    }

    async fn unblock_in(&self, language: &str, card: &CardHandle) -> Result<(), Refusal> {
        refused(self.control_in(language).await.unblock_pin(card.serial(), &PinRequest::default()).await)
    }

    async fn change_in(&self, language: &str, card: &CardHandle) -> Result<(), Refusal> {
        refused(self.control_in(language).await.change_pin(card.serial(), &PinRequest::default()).await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_wrong_pin_the_prompt_says_so_and_how_many_tries_are_left() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    script(desk.person(), &[Answer::WrongPin, Answer::RightPin]);
    desk.local_login_in("fr").await.expect("the second try was right");
    let program = ourselves();
    let questions = desk.questions_after(0);
    let text = |left: u8| {
        format!(
            "Connexion demandée par : {program}.\n\
             Saisissez le code de la carte CAMILLE EXEMPLE0099001, n°\u{a0}99000001 (TEST).\n\
             Il reste {left} essais."
        )
    };
    let expected = [(text(3), None), (text(2), Some("Le code est faux."))];
    assert_eq!(questions.len(), 2);
    for (question, (text, error)) in questions.iter().zip(&expected) {
        assert_eq!(said(question), ("GETPIN", text.as_str(), *error));
        assert_eq!((question.title.as_str(), question.prompt.as_str()), ("Carte CPS", "Code\u{a0}:"));
    }
    assert_eq!(counts(&card), (3, 3, 1));
    assert_eq!(verifications(&card), 2);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_said_in_english() {
    let card = cards::doctor_cps4();
    let desk = Desk::with(&[&card]).await;
    script(desk.person(), &[Answer::WrongPin, Answer::RightPin]);
    desk.local_login_in("en").await.expect("the second try was right");
    let program = ourselves();
    let questions = desk.questions_after(0);
    let text = |left: u8| {
        format!(
            "Login requested by: {program}.\n\
             Type the PIN of the card CAMILLE EXEMPLE0099001, no. 44000001 (TEST).\n\
             {left} tries are left."
        )
    };
    let expected = [(text(3), None), (text(2), Some("The PIN is wrong."))];
    assert_eq!(questions.len(), 2);
    for (question, (text, error)) in questions.iter().zip(&expected) {
        assert_eq!(said(question), ("GETPIN", text.as_str(), *error));
        assert_eq!((question.title.as_str(), question.prompt.as_str()), ("CPS card", "PIN:"));
    }
    assert_eq!(counts(&card), (3, 3, 1));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_try_needs_a_yes_of_its_own() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    // Two wrong ones, then the warning, which the person heeds.
    script(desk.person(), &[Answer::WrongPin, Answer::WrongPin, Answer::Cancel]);
    let refusal = desk.local_login_in("fr").await.expect_err("the person gave up");
    assert_eq!(refusal.code, "pin_cancelled");
    assert_eq!(
        sentences(&refusal),
        (
            "La saisie du code a été abandonnée.",
            "Recommencez quand vous êtes prêt. Fermer la fenêtre ne fait perdre aucun essai."
        )
    );
    assert_eq!(counts(&card), (1, 3, 2));
    let program = ourselves();
    let questions = desk.questions_after(0);
    assert_eq!(questions.len(), 3);
    let warning = format!(
        "Il ne reste qu’un essai avant le blocage.\n\
         Si vous n’êtes pas sûr de votre code, arrêtez ici et munissez-vous du code de déblocage (PUK).\n\
         Demande de : {program}, pour la carte CAMILLE EXEMPLE0099001, n°\u{a0}99000001 (TEST). Voulez-vous continuer ?"
    );
    assert_eq!(said(&questions[2]), ("CONFIRM", warning.as_str(), None));
    assert!(warning.starts_with(failure::PIN_LAST_TRY.line().french.what));

    // In English; the person says yes to the warning and knows the PIN.
    let before = desk.person().questions().len();
    desk.local_login_in("en").await.expect("the last try was right");
    let questions = desk.questions_after(before);
    assert_eq!(questions.len(), 2);
    let warning = format!(
        "One try is left before it is blocked.\n\
         Unless you are sure of your PIN, stop here and fetch your unblocking key (PUK).\n\
         Requested by: {program}, for the card CAMILLE EXEMPLE0099001, no. 99000001 (TEST). Do you want to continue?"
    );
    assert_eq!(said(&questions[0]), ("CONFIRM", warning.as_str(), None));
    assert!(questions[1].description.ends_with("\nOne try is left."), "{:?}", questions[1]);
    assert_eq!(counts(&card), (3, 3, 2));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_blocked_by_wrong_pins_is_told_and_unblocked_by_its_puk() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    script(desk.person(), &[Answer::WrongPin, Answer::WrongPin, Answer::RightPin, Answer::WrongPin]);
    let refusal = desk.local_login_in("fr").await.expect_err("three wrong PINs");
    assert_eq!((refusal.code.as_str(), refusal.status), ("pin_blocked", 403));
    assert_eq!(
        sentences(&refusal),
        (
            "Le code de la carte est bloqué.",
            "Débloquez-le avec le code de déblocage (PUK) reçu avec la carte : choisissez « Débloquer le code… » dans le \
             menu de l’icône CPS."
        )
    );
    assert_eq!(counts(&card), (0, 3, 3));

    // Blocked is told without a question.
    let before = desk.person().questions().len();
    let refusal = desk.local_login_in("en").await.expect_err("blocked");
    assert_eq!(
        sentences(&refusal),
        (
            "The card's PIN is blocked.",
            "Unblock it with the unblocking key (PUK) that came with the card: choose “Unblock the PIN…” in the menu \
             of the CPS icon."
        )
    );
    assert_eq!(desk.questions_after(before), []);

    script(desk.person(), &[typed("87654321"), typed("4321"), typed("4321")]);
    let refusal = desk.unblock_in("fr", &card).await.expect_err("a wrong PUK");
    assert_eq!((refusal.code.as_str(), refusal.values["tries_left"].as_u64()), ("puk_wrong", Some(2)));
    assert_eq!(
        sentences(&refusal),
        (
            "Le code de déblocage (PUK) est faux.",
            "Essais restants : 2. Vérifiez-le sur le courrier reçu avec la carte : après le dernier essai, la carte doit \
             être remplacée."
        )
    );
    assert_eq!(counts(&card), (0, 2, 3));

    let before = desk.person().questions().len();
    script(desk.person(), &[typed(&card.puk()), typed("4321"), typed("4321")]);
    desk.unblock_in("en", &card).await.expect("the right PUK");
    let questions = desk.questions_after(before);
    let asked: Vec<_> = questions.iter().map(|question| question.description.as_str()).collect();
    assert_eq!(
        asked,
        [
            "Unblocking of the card CAMILLE EXEMPLE0099001, no. 99000001 (TEST).\n\
             Type the unblocking code that came with the card. Too many errors make it useless.",
            "Choose the new PIN of the card CAMILLE EXEMPLE0099001, no. 99000001 (TEST): 4 digits.",
            "Type the new PIN of the card CAMILLE EXEMPLE0099001, no. 99000001 (TEST) once more.",
        ]
    );
    assert_eq!((card.pin().as_str(), counts(&card)), ("4321", (3, 3, 3)));
    desk.person().knows(&card).expect("a script");
    desk.local_login_in("fr").await.expect("the new PIN logs in");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_puk_that_is_wrong_three_times_makes_the_card_useless_and_that_is_told() {
    let card = cards::doctor_cps4();
    card.block_pin();
    let desk = Desk::with(&[&card]).await;
    for expected in ["puk_wrong", "puk_wrong", "puk_blocked"] {
        script(desk.person(), &[typed("87654321"), typed("4321"), typed("4321")]);
        let refusal = desk.unblock_in("en", &card).await.expect_err("a wrong PUK");
        assert_eq!(refusal.code, expected);
    }
    assert_eq!((card.tries_left(), card.puk_tries_left()), (0, 0));
    script(desk.person(), &[typed(&card.puk()), typed("4321"), typed("4321")]);
    let refusal = desk.unblock_in("fr", &card).await.expect_err("useless");
    assert_eq!(
        sentences(&refusal),
        (
            "Le code de déblocage (PUK) est bloqué : cette carte ne peut plus servir.",
            "Demandez une nouvelle carte à l’Agence du Numérique en Santé."
        )
    );
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_changed_by_its_holder_and_a_wrong_one_changes_nothing() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    script(desk.person(), &[Answer::WrongPin, typed("4321"), typed("4321")]);
    let refusal = desk.change_in("fr", &card).await.expect_err("a wrong PIN");
    assert_eq!((refusal.code.as_str(), refusal.values["tries_left"].as_u64()), ("pin_wrong", Some(2)));
    assert_eq!(
        sentences(&refusal),
        (
            "Le code est faux.",
            "Essais restants : 2. Vérifiez votre code avant de le saisir à nouveau : après le dernier essai, la carte se \
             bloque."
        )
    );
    assert_eq!((card.pin().as_str(), counts(&card)), ("1234", (2, 3, 1)));

    // A PIN that the card cannot have never reaches it.
    script(desk.person(), &[Answer::RightPin, typed("123456")]);
    let refusal = desk.change_in("en", &card).await.expect_err("six digits");
    assert_eq!(refusal.code, "pin_format");
    assert_eq!(
        sentences(&refusal),
        (
            "The PIN has not the right number of digits (expected: 4).",
            "Enter it again. It was not sent to the card and no try was lost."
        )
    );
    assert_eq!((card.pin().as_str(), counts(&card)), ("1234", (2, 3, 1)));

    // Two entries that differ are asked again.
    let before = desk.person().questions().len();
    let right = [Answer::RightPin, typed("4321"), typed("4322"), typed("4321"), typed("4321")];
    script(desk.person(), &right);
    desk.change_in("fr", &card).await.expect("changed");
    let questions = desk.questions_after(before);
    assert_eq!(questions.len(), 5);
    let program = ourselves();
    let first = format!(
        "Changement du code demandé par : {program}.\n\
         Saisissez le code de la carte CAMILLE EXEMPLE0099001, n°\u{a0}99000001 (TEST).\n\
         Il reste 2 essais."
    );
    assert_eq!(said(&questions[0]), ("GETPIN", first.as_str(), None));
    let again = "Choisissez le nouveau code de la carte CAMILLE EXEMPLE0099001, n°\u{a0}99000001 (TEST) : 4 chiffres.";
    assert_eq!(said(&questions[3]), ("GETPIN", again, Some(failure::PIN_MISMATCH.line().french.what)));
    assert_eq!((card.pin().as_str(), counts(&card)), ("4321", (3, 3, 1)));
    desk.person().knows(&card).expect("a script");
    assert_eq!(code(desk.login("local").await), "no refusal");
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_the_tries_spends_none() {
    let card = cards::doctor_cps3();
    let desk = Desk::with(&[&card]).await;
    let mut control = desk.control().await;
    for _ in 0..5 {
        let state = control.pin_state(card.serial()).await.expect("a state");
        assert_eq!((state.tries_left, state.blocked, state.verified), (Some(3), false, false));
    }
    assert_eq!(counts(&card), UNTOUCHED);
    assert_eq!(verifications(&card), 0);
    assert_eq!(desk.questions_after(0), []);
    desk.end().await;
}
