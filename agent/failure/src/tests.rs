//! The table is whole: unique codes, both languages, the same placeholders in both.

use super::*;
use std::collections::BTreeSet;

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_code_is_unique_and_speaks_snake_case() {
    let mut seen = BTreeSet::new();
    for line in codes().map(Code::line) {
        assert!(seen.insert(line.code), "{} is there twice", line.code);
        assert!(line.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", line.code);
        assert!((400..600).contains(&line.status), "{}", line.code);
    }
    assert!(seen.len() > 80);
}

#[test]
fn every_line_has_whole_sentences_in_both_languages() {
    for line in codes().map(Code::line) {
        for text in [line.french, line.english] {
            for sentence in [text.what, text.next] {
                // A command at the end is copied as it is.
                assert!(sentence.ends_with(['.', '}']), "{}: {sentence}", line.code);
                let begins = |c: char| c.is_uppercase() || c == '{';
                assert!(sentence.chars().next().is_some_and(begins), "{}: {sentence}", line.code);
                assert!(sentence.chars().count() > 10, "{}: {sentence}", line.code);
            }
        }
        assert_ne!(line.french.what, line.english.what, "{}", line.code);
        assert_ne!(line.french.next, line.english.next, "{}", line.code);
    }
}

#[test]
fn placeholders_are_the_same_in_both_languages_and_well_formed() {
    for line in codes().map(Code::line) {
        for (french, english) in
            [(line.french.what, line.english.what), (line.french.next, line.english.next)]
        {
            assert_eq!(placeholders(french), placeholders(english), "{}", line.code);
            for text in [french, english] {
                assert_eq!(text.matches('{').count(), text.matches('}').count(), "{}", line.code);
                for name in placeholders(text) {
                    assert!(
                        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                        "{name}"
                    );
                }
            }
        }
    }
}

#[test]
fn values_go_where_the_placeholders_stand() {
    let failure = Failure::new(PIN_WRONG).with("tries_left", 2);
    assert_eq!(failure.what(Language::English), "The PIN is wrong.");
    assert!(failure.next(Language::English).starts_with("Tries left: 2. "));
    assert!(failure.next(Language::French).starts_with("Essais restants\u{a0}: 2. "));
    let unknown = Failure::new(PIN_WRONG).with("tries_left", Value::Null);
    assert!(unknown.next(Language::English).starts_with("Tries left: ?. "));
}

#[test]
fn the_locale_decides_and_french_is_the_default() {
    let with = |set: &[(&str, &str)]| {
        Language::of_environment(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    };
    for (set, language) in [
        (&[][..], Language::French),
        (&[("LANG", "en_GB.UTF-8")], Language::English),
        (&[("LANG", "C.UTF-8")], Language::French),
        (&[("LANG", "de_DE"), ("LC_ALL", "")], Language::French),
        (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "fr_FR.UTF-8")], Language::French),
        (&[("LANG", "fr_FR.UTF-8"), ("LC_MESSAGES", "en")], Language::English),
        (&[("LC_ALL", ""), ("LANG", "en_US")], Language::English),
    ] {
        assert_eq!(with(set), language, "{set:?}");
    }
}

#[test]
fn a_code_is_found_by_its_word_and_nothing_else_is_one() {
    assert_eq!(Code::named("pin_wrong"), Some(PIN_WRONG));
    assert_eq!(Code::named("no_such_code"), None);
}

#[test]
fn french_has_its_apostrophes_and_unbreakable_spaces() {
    for line in codes().map(Code::line) {
        for sentence in [line.french.what, line.french.next] {
            assert!(!sentence.contains('\''), "a typewriter apostrophe in: {sentence}");
            for other in ["service d’authentification", "code confidentiel", "connexion locale"] {
                assert!(!sentence.contains(other), "another word for the same thing in: {sentence}");
            }
            for mark in [" :", " ;", " ?", " !", " »", "« "] {
                assert!(!sentence.contains(mark), "a plain space at {mark:?} in: {sentence}");
            }
        }
    }
}

#[test]
fn a_command_is_named_to_whoever_types_commands() {
    let named = |line: &Line| {
        [line.french, line.english].into_iter().flat_map(|text| [text.what, text.next]).any(is_command)
    };
    for subject in SUBJECTS.iter().filter(|subject| subject.english != "Command and icon") {
        for line in subject.codes.iter().map(|code| code.line()).filter(|line| named(line)) {
            assert_ne!(
                line.help,
                Help::Person,
                "{} is shown on pages to whoever cares for patients",
                line.code
            );
        }
    }
}

/// A sentence that names a command of `cps`.
fn is_command(sentence: &str) -> bool {
    let commands =
        ["card", "client", "token", "login", "logout", "trust", "audit", "doctor", "services", "pkcs11"];
    commands.iter().any(|command| sentence.contains(&format!("cps {command}")))
}
