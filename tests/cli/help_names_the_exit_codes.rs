//! The help is the manual: commands, examples and exit codes, in both languages.

use crate::agent::run;

#[test]
fn the_help_lists_every_command_and_the_exit_codes() {
    let french = run(&["--help"], &[("LANG", "fr_FR.UTF-8")]);
    assert_eq!((french.code, french.err.as_str()), (0, ""));
    for word in [
        "Commande l’agent CPS de ce poste",
        "Utilisation\u{a0}: cps",
        "status",
        "readers",
        "card",
        "token",
        "login",
        "logout",
        "session",
        "sign",
        "client",
        "Codes de sortie",
        "0  c’est fait",
        "3  agent absent",
        "--json",
        "--lang",
    ] {
        assert!(french.out.contains(word), "{word} is missing in:\n{}", french.out);
    }
    let english = run(&["--help"], &[("LANG", "en_GB.UTF-8")]);
    for word in ["Usage: cps", "Exit codes", "0  done", "3  agent absent"] {
        assert!(english.out.contains(word), "{word} is missing in:\n{}", english.out);
    }
}

#[test]
fn a_command_has_its_own_page_with_examples() {
    let ran = run(&["sign", "--help"], &[("LANG", "en_GB.UTF-8")]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("Have a challenge signed by the card\n"), "{}", ran.out);
    assert!(ran.out.contains("cps sign --challenge 00112233"), "{}", ran.out);
    assert!(ran.out.contains("--purpose <PURPOSE>"), "{}", ran.out);
}

#[test]
fn help_and_version_need_no_agent() {
    assert_eq!(run(&["card", "pin", "change", "-h"], &[]).code, 0);
    let version = run(&["--version"], &[]);
    assert_eq!((version.code, version.out), (0, format!("cps {}\n", env!("CARGO_PKG_VERSION"))));
}
