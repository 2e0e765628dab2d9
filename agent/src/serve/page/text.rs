//! The words of the pages, in French and English, from the Fluent files beside this one and beside the person's page.

use cps_agent_core::failure::Language;
use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

type Bundle = FluentBundle<FluentResource>;

const FRENCH_TEXTS: &str = concat!(include_str!("fr.ftl"), "\n", include_str!("../portal/fr.ftl"));
const ENGLISH_TEXTS: &str = concat!(include_str!("en.ftl"), "\n", include_str!("../portal/en.ftl"));

static FRENCH: LazyLock<Bundle> = LazyLock::new(|| bundle("fr", FRENCH_TEXTS));
static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle("en", ENGLISH_TEXTS));

/// Builds a language. The files are compiled in and a test reads every message of both: what could not be parsed would
/// be missing there.
fn bundle(tag: &str, source: &str) -> Bundle {
    let language: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(whole_lines, _)| whole_lines);
    bundle.add_resource_overriding(resource);
    bundle
}

/// A message without values.
#[must_use]
pub fn text(language: Language, name: &str) -> String {
    format(language, name, None)
}

/// A message with one value.
#[must_use]
pub fn text_with(language: Language, name: &str, key: &str, value: &str) -> String {
    text_of(language, name, &[(key, value)])
}

/// A message with several.
#[must_use]
pub fn text_of(language: Language, name: &str, values: &[(&str, &str)]) -> String {
    let mut args = FluentArgs::new();
    for (key, value) in values {
        args.set(*key, *value);
    }
    format(language, name, Some(&args))
}

fn format(language: Language, name: &str, values: Option<&FluentArgs<'_>>) -> String {
    let bundle = match language {
        Language::French => &*FRENCH,
        Language::English => &*ENGLISH,
    };
    let Some(pattern) = bundle.get_message(name).and_then(|message| message.value()) else {
        return name.to_owned();
    };
    bundle.format_pattern(pattern, values, &mut Vec::new()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<&str> {
        source
            .lines()
            .filter_map(|line| Some(line.split_once(" = ")?.0))
            .filter(|name| !name.starts_with('#'))
            .collect()
    }

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(names(FRENCH_TEXTS), names(ENGLISH_TEXTS));
    }

    #[test]
    fn every_message_can_be_read() {
        for name in names(FRENCH_TEXTS) {
            for language in [Language::French, Language::English] {
                assert_ne!(text(language, name), name, "{name} is missing");
            }
        }
    }

    #[test]
    fn french_punctuation_has_its_unbreakable_space() {
        for line in FRENCH_TEXTS.lines().filter(|line| line.contains(" = ")) {
            let text = line.split_once(" = ").unwrap().1;
            let letters: Vec<char> = text.chars().collect();
            for pair in letters.windows(2) {
                let before = matches!(pair[1], ';' | '?' | '!' | '»') || (pair[1] == ':' && pair[0] == ' ');
                assert!(!before || pair[0] == '\u{a0}', "before {} in: {line}", pair[1]);
                assert!(pair[0] != '«' || pair[1] == '\u{a0}', "behind « in: {line}");
                assert!(
                    !(pair[1] == ' ' && pair[0] == ':') || text.contains("\u{a0}: "),
                    "before : in: {line}"
                );
            }
            assert!(!text.contains('\''), "a typewriter apostrophe in: {line}");
            for other in ["service d’authentification", "code confidentiel", "Agence du numérique"] {
                assert!(!text.contains(other), "another word for the same thing in: {line}");
            }
        }
    }
}
