//! The words of the tray in the person's language, from the Fluent files of `agent/tray/i18n`.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language of the tray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Language {
    /// French.
    #[default]
    #[serde(rename = "fr")]
    French,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// All of them, by their own names.
    pub(crate) const NAMED: [(Self, &'static str); 2] =
        [(Self::French, "Français"), (Self::English, "English")];

    /// `fr` or `en`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }

    /// The same in the failure table.
    pub(crate) fn of_table(self) -> cps_agent_failure::Language {
        match self {
            Self::French => cps_agent_failure::Language::French,
            Self::English => cps_agent_failure::Language::English,
        }
    }

    /// The language of a tag.
    pub(crate) fn tagged(tag: &str) -> Option<Self> {
        Self::NAMED.into_iter().map(|(language, _)| language).find(|language| language.tag() == tag)
    }

    /// The language of the locale.
    pub(crate) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        match cps_agent_failure::Language::of_environment(variable) {
            cps_agent_failure::Language::French => Self::French,
            cps_agent_failure::Language::English => Self::English,
        }
    }
}

/// All messages of one language.
pub(crate) struct Texts {
    bundle: FluentBundle<FluentResource>,
    /// The language.
    pub(crate) language: Language,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Texts({:?})", self.language)
    }
}

impl Texts {
    /// The texts of a language.
    pub(crate) fn of(language: Language) -> Self {
        let source = match language {
            Language::French => include_str!("../i18n/fr.ftl"),
            Language::English => include_str!("../i18n/en.ftl"),
        };
        let tag: LanguageIdentifier = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![tag]);
        // Marks around values help where writing directions mix; panels show them as boxes.
        bundle.set_use_isolating(false);
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(resource);
        Self { bundle, language }
    }

    /// A message without values; its name when there is none, which a test excludes.
    pub(crate) fn get(&self, name: &str) -> String {
        self.with(name, &[])
    }

    /// A message with words in it.
    pub(crate) fn with(&self, name: &str, words: &[(&str, &str)]) -> String {
        let mut values = FluentArgs::new();
        for (key, word) in words {
            values.set(*key, FluentValue::from(*word));
        }
        self.format(name, &values).unwrap_or_else(|| name.to_owned())
    }

    /// A message that counts.
    pub(crate) fn counting(&self, name: &str, count: u8) -> String {
        let mut values = FluentArgs::new();
        values.set("count", FluentValue::from(i64::from(count)));
        self.format(name, &values).unwrap_or_else(|| name.to_owned())
    }

    /// A message without values, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<String> {
        self.format(name, &FluentArgs::new())
    }

    fn format(&self, name: &str, values: &FluentArgs<'_>) -> Option<String> {
        let pattern = self.bundle.get_message(name)?.value()?;
        Some(self.bundle.format_pattern(pattern, Some(values), &mut Vec::new()).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRENCH: &str = include_str!("../i18n/fr.ftl");
    const ENGLISH: &str = include_str!("../i18n/en.ftl");

    fn names(source: &str) -> Vec<&str> {
        let messages = source.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        messages.filter_map(|line| Some(line.split_once(" =")?.0)).collect()
    }

    #[test]
    fn both_languages_have_the_same_messages_and_all_can_be_read() {
        assert_eq!(names(FRENCH), names(ENGLISH));
        for (language, _) in Language::NAMED {
            let texts = Texts::of(language);
            assert!(names(FRENCH).iter().all(|name| texts.find(name).is_some()), "{language:?}");
        }
    }

    #[test]
    fn french_punctuation_has_its_unbreakable_space() {
        for line in FRENCH.lines().filter(|line| !line.starts_with('#')) {
            for mark in [" :", " ;", " ?", " !", " »", "« "] {
                assert!(!line.contains(mark), "a plain space at {mark:?} in: {line}");
            }
            assert!(!line.contains('\''), "a typewriter apostrophe in: {line}");
        }
    }
}
