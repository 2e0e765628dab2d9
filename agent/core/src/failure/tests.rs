//! The table is whole: unique codes, both languages, the same placeholders in both.

use super::*;
use std::collections::BTreeSet;

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

#[test]
fn every_code_is_unique_and_speaks_snake_case() {
    let mut seen = BTreeSet::new();
    for line in lines() {
        assert!(seen.insert(line.code.0), "{} is there twice", line.code);
        assert!(line.code.0.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", line.code);
        assert!((400..600).contains(&line.status), "{}", line.code);
    }
    assert!(seen.len() > 80);
}

#[test]
fn every_line_has_whole_sentences_in_both_languages() {
    for line in lines() {
        for text in [line.french, line.english] {
            for sentence in [text.what, text.next] {
                assert!(sentence.ends_with('.'), "{}: {sentence}", line.code);
                assert!(sentence.chars().next().is_some_and(char::is_uppercase), "{}: {sentence}", line.code);
                assert!(sentence.chars().count() > 10, "{}: {sentence}", line.code);
            }
        }
        assert_ne!(line.french.what, line.english.what, "{}", line.code);
        assert_ne!(line.french.next, line.english.next, "{}", line.code);
    }
}

#[test]
fn placeholders_are_the_same_in_both_languages_and_well_formed() {
    for line in lines() {
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
    assert_eq!(failure.what(Language::French), "Le code est faux. Essais restants : 2.");
    assert_eq!(failure.what(Language::English), "The PIN is wrong. Tries left: 2.");
    let unknown = Failure::from(&CardError::WrongPin { left: None });
    assert_eq!(unknown.what(Language::English), "The PIN is wrong. Tries left: ?.");
}

#[test]
fn a_code_is_found_by_its_name_and_an_unknown_one_reads_as_internal() {
    assert_eq!(Code::named("pin_wrong"), Some(PIN_WRONG));
    assert_eq!(Code::named("no_such_code"), None);
    assert_eq!(Code("no_such_code").line().code, INTERNAL);
}

#[test]
fn the_fallback_is_the_line_of_the_table() {
    let line = INTERNAL.line();
    assert_eq!(line.french.what, super::door::FALLBACK.french.what);
    assert_eq!(line.english.next, super::door::FALLBACK.english.next);
    assert_eq!(line.status, super::door::FALLBACK.status);
}

#[test]
fn every_error_of_a_card_has_a_line_with_its_values() {
    let errors = [
        CardError::WrongPin { left: Some(1) },
        CardError::PinBlocked,
        CardError::PukBlocked,
        CardError::PinFormat { min: 4, max: 4 },
        CardError::LastTry,
        CardError::PinRequired,
        CardError::Removed,
        CardError::Transport(TransportError::Sharing),
        CardError::Transport(TransportError::Mute),
        CardError::Transport(TransportError::NoService),
        CardError::Transport(TransportError::Refused),
        CardError::Transport(TransportError::Cancelled),
        CardError::NotCps,
        CardError::InterruptedUpdate,
        CardError::Content { what: "serial", why: String::new() },
        CardError::Refused { command: "SELECT", status: 0x6A82 },
        CardError::Unsupported("PSS"),
        CardError::Token(String::new()),
    ];
    for error in &errors {
        let failure = Failure::from(error);
        assert_ne!(failure.code, INTERNAL, "{error}");
        for language in [Language::French, Language::English] {
            let text = format!("{} {}", failure.what(language), failure.next(language));
            assert!(!text.contains('{') && !text.contains('?'), "{text}");
        }
    }
}
