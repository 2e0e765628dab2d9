//! The conversation: what is refused, then what is asked.

use super::*;

fn said(step: Step) -> String {
    match step {
        Step::Say(words) | Step::Leave(words) => String::from_utf8(words.to_vec()).expect("text"),
        Step::Ask(question) => panic!("asked: {question:?}"),
    }
}

fn asked(step: Step) -> Question {
    match step {
        Step::Ask(question) => question,
        Step::Say(words) | Step::Leave(words) => panic!("said: {:?}", String::from_utf8_lossy(&words)),
    }
}

/// A dialogue that heard these lines and agreed to all of them.
fn told(lines: &[&str]) -> Dialogue {
    let mut dialogue = Dialogue::new(7);
    for line in lines {
        assert_eq!(said(dialogue.hear(line.as_bytes())), "OK\n", "{line}");
    }
    dialogue
}

#[test]
fn a_command_that_is_not_known_is_refused_and_the_conversation_goes_on() {
    let mut dialogue = told(&["SETDESC Who asks"]);
    for line in
        [&b"SETREPEAT again"[..], b"GETPIN2", b"\xFF\xFE", b"SETDESC\tx", b" GETPIN", b"D 1234", b"\0"]
    {
        let answer = said(dialogue.hear(line));
        // A line that begins with a space has no command at all.
        assert!(answer.starts_with("ERR 83886355 ") || answer.is_empty(), "{line:?}: {answer}");
    }
    assert_eq!(asked(dialogue.hear(b"GETPIN")).description, "Who asks");
}

#[test]
fn no_line_whatever_breaks_the_conversation() {
    let words = [
        "SETDESC ",
        "SETERROR ",
        "SETTIMEOUT ",
        "GETPIN",
        "CONFIRM ",
        "GETINFO ",
        "RESET",
        "%",
        "%0",
        "%C3",
        "",
    ];
    let (mut dialogue, mut state) = (Dialogue::new(7), 1_u64);
    for _ in 0..20_000 {
        let mut line = Vec::new();
        for _ in 0..4 {
            // An LCG of Knuth: the same lines in every run.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let [first, second, third, which, ..] = state.to_be_bytes();
            line.extend_from_slice(words[usize::from(which) % words.len()].as_bytes());
            line.extend_from_slice(&[first, second, third][..usize::from(which >> 6)]);
        }
        match dialogue.hear(&line) {
            Step::Say(words) => assert!(words.is_empty() || words.ends_with(b"\n"), "{line:?}"),
            Step::Leave(_) => panic!("left after {line:?}"),
            Step::Ask(question) => {
                assert!(question.time <= LONGEST && !question.description.contains('\0'), "{question:?}");
            }
        }
    }
    let end = said(dialogue.hear(b"GETINFO pid"));
    assert_eq!(end, "D 7\nOK\n");
}

#[test]
fn a_question_that_says_nothing_is_not_asked() {
    for question in ["GETPIN", "CONFIRM", "MESSAGE"] {
        let mut dialogue = told(&["SETTITLE Carte CPS", "SETDESC", "SETPROMPT Code :"]);
        assert!(said(dialogue.hear(question.as_bytes())).starts_with("ERR 83886208 "), "{question}");
    }
}

#[test]
fn a_text_that_cannot_be_read_leaves_no_older_one_in_its_place() {
    let mut dialogue = told(&["SETDESC The first application"]);
    for broken in [&b"SETDESC 50 %"[..], b"SETDESC %C3", b"SETDESC caf\xE9"] {
        assert!(said(dialogue.hear(broken)).starts_with("ERR 83886356 "), "{broken:?}");
    }
    assert!(said(dialogue.hear(b"GETPIN")).starts_with("ERR 83886208 "));
}

#[test]
fn a_time_that_is_no_number_is_refused_and_none_is_longer_than_the_longest() {
    for wrong in ["", " ", "-1", "1.5", "soon", "99999999999999999999999"] {
        let mut dialogue = told(&["SETDESC x", "SETTIMEOUT 30"]);
        let answer = said(dialogue.hear(format!("SETTIMEOUT {wrong}").as_bytes()));
        assert!(answer.starts_with("ERR 83886356 "), "{wrong}: {answer}");
        assert_eq!(asked(dialogue.hear(b"GETPIN")).time, Duration::from_secs(30));
    }
    for (given, kept) in [("120", 120), ("0", 600), ("18446744073709551615", 600)] {
        let mut dialogue = told(&["SETDESC x", &format!("SETTIMEOUT {given}")]);
        assert_eq!(asked(dialogue.hear(b"GETPIN")).time, Duration::from_secs(kept), "{given}");
    }
}

#[test]
fn no_character_of_a_text_ends_it_early_or_breaks_its_line() {
    let mut dialogue = told(&["SETTITLE a%0Ab%00c", "SETDESC a%00b%1B[2Jc%0D%0Ad%0Ae%C2%85f", "SETOK %09go"]);
    let question = asked(dialogue.hear(b"GETPIN"));
    assert_eq!(question.title, "a b c");
    assert_eq!(question.description, "a b [2Jc\nd\ne f");
    assert_eq!(question.ok, " go");
}

#[test]
fn every_no_has_its_code() {
    let of = |words: Option<Zeroizing<Vec<u8>>>| {
        words.map(|words| {
            String::from_utf8(words.to_vec()).expect("text").split(' ').nth(1).map(str::to_owned)
        })
    };
    let code = |code: &str| Some(Some(code.to_owned()));
    assert_eq!(of(typed(Err(NoAnswer::Declined))), code("83886179"));
    assert_eq!(of(agreed(Err(NoAnswer::Declined))), code("83886194"));
    assert_eq!(of(typed(Err(NoAnswer::TimedOut))), code("83886142"));
    assert_eq!(of(agreed(Err(NoAnswer::TimedOut))), code("83886142"));
    assert_eq!(of(typed(Err(NoAnswer::NoWindow))), code("83886165"));
    assert_eq!(of(typed(Err(NoAnswer::Withdrawn))), None);
    assert_eq!(of(agreed(Err(NoAnswer::Withdrawn))), None);
    assert_eq!(of(typed(Ok(Secret::from_text(&"1".repeat(2000))))), code("83886147"));
}

#[test]
fn what_the_agent_says_is_asked() {
    let mut dialogue = told(&[
        "OPTION lc-messages=fr_FR.UTF-8",
        "SETTITLE Carte CPS",
        "SETDESC Connexion demandée par : Mon DPI.%0AIl reste 2 essais.",
        "SETOK Valider",
        "SETCANCEL Annuler",
        "SETTIMEOUT 120",
        "SETKEYINFO --clear",
        "SETPROMPT Code\u{a0}:",
        "SETERROR Le code est faux.",
    ]);
    let question = asked(dialogue.hear(b"GETPIN"));
    assert_eq!(
        question,
        Question {
            kind: Kind::Secret,
            title: "Carte CPS".to_owned(),
            description: "Connexion demandée par : Mon DPI.\nIl reste 2 essais.".to_owned(),
            label: "Code\u{a0}:".to_owned(),
            error: Some("Le code est faux.".to_owned()),
            ok: "Valider".to_owned(),
            cancel: "Annuler".to_owned(),
            time: Duration::from_secs(120),
        }
    );
    let again = asked(dialogue.hear(b"CONFIRM"));
    assert_eq!(again, Question { kind: Kind::Consent, error: None, ..question });
}

#[test]
fn a_reset_forgets_everything() {
    let mut dialogue =
        told(&["SETTITLE Carte CPS", "SETDESC Who asks", "SETTIMEOUT 5", "RESET", "SETDESC Else"]);
    let question = asked(dialogue.hear(b"confirm --one-button"));
    assert_eq!((question.kind, question.title.as_str()), (Kind::Notice, "CPS"));
    assert_eq!((question.description.as_str(), question.time), ("Else", LONGEST));
}

#[test]
fn what_a_client_may_know_is_told() {
    let mut dialogue = Dialogue::new(7);
    assert_eq!(said(dialogue.hear(b"GETINFO pid")), "D 7\nOK\n");
    assert_eq!(said(dialogue.hear(b"GETINFO flavor")), "D cps\nOK\n");
    assert!(said(dialogue.hear(b"GETINFO ttyinfo")).starts_with("ERR "));
    assert_eq!(said(dialogue.hear(b"# a comment")), "");
    assert!(matches!(dialogue.hear(b"BYE"), Step::Leave(_)));
}
