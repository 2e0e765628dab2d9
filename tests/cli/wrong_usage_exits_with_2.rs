//! A mistyped command exits with 2, says what is wrong in the person's language, and asks nothing of the agent.

use crate::agent::run;

fn french(words: &[&str]) -> String {
    let ran = run(words, &[("LANG", "fr_FR.UTF-8")]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words:?}");
    ran.err
}

#[test]
fn each_mistake_is_named() {
    let hint = "indice\u{a0}: ajoutez --help pour voir l’aide\n";
    for (words, message) in [
        (&["status", "--nonsense"][..], "cps\u{a0}: argument inconnu\u{a0}: --nonsense"),
        (&["stauts"], "cps\u{a0}: commande inconnue\u{a0}: stauts"),
        (&["sign"], "cps\u{a0}: il manque --challenge <HEX>"),
        (&["sign", "--challenge"], "cps\u{a0}: il manque la valeur de --challenge <HEX>"),
        (
            &["login", "--way", "fax"],
            "cps\u{a0}: fax n’est pas une valeur de --way <WAY> (au choix\u{a0}: browser, ecps, card, token, local)",
        ),
        (&["client", "add", "--id", "x"], "cps\u{a0}: il manque --redirect-uri <URI>"),
        (
            &["token", "new", "x", "--id", "1", "--profession", "999"],
            "cps\u{a0}: 999 n’est pas une valeur de --profession <CODE>",
        ),
    ] {
        assert_eq!(french(words), format!("{message}\n{hint}"), "{words:?}");
    }
}

#[test]
fn a_command_without_its_second_word_shows_its_help() {
    let shown = french(&["card"]);
    assert!(shown.contains("Utilisation\u{a0}: cps card"), "{shown}");
    assert!(french(&[]).contains("Utilisation\u{a0}: cps"));
}
