//! The words of the command line in the person's language, from the Fluent files of `cli/i18n`.

use crate::args::Lang;
use cps_agent_failure::Language;
use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// All messages of one language.
pub(crate) struct Texts {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Texts({:?})", self.lang)
    }
}

/// A word for a message.
pub(crate) fn value(text: impl Into<String>) -> FluentValue<'static> {
    FluentValue::String(text.into().into())
}

/// A number for a message.
pub(crate) fn number(number: i64) -> FluentValue<'static> {
    FluentValue::from(number)
}

impl Texts {
    /// The texts of the language that was asked for, else of the environment.
    pub(crate) fn of(asked: Option<Lang>) -> Self {
        let lang = asked.unwrap_or_else(|| of_environment(|name| std::env::var(name).ok()));
        let (tag, source) = match lang {
            Lang::Fr => ("fr", include_str!("../i18n/fr.ftl")),
            Lang::En => ("en", include_str!("../i18n/en.ftl")),
        };
        let language: LanguageIdentifier = tag.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![language]);
        // Marks around values help where writing directions mix; in a terminal they are noise.
        bundle.set_use_isolating(false);
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(resource);
        Self { lang, bundle }
    }

    /// `fr` or `en`.
    pub(crate) fn tag(&self) -> &'static str {
        match self.lang {
            Lang::Fr => "fr",
            Lang::En => "en",
        }
    }

    /// The language of the failure table.
    pub(crate) fn language(&self) -> Language {
        match self.lang {
            Lang::Fr => Language::French,
            Lang::En => Language::English,
        }
    }

    /// A message without values; its name when there is none, which a test excludes.
    pub(crate) fn get(&self, name: &str) -> String {
        self.find(name).unwrap_or_else(|| name.to_owned())
    }

    /// A message without values, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<String> {
        self.format(name, None)
    }

    /// A message with values.
    pub(crate) fn with(&self, name: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let mut args = FluentArgs::new();
        for (key, value) in values {
            args.set(*key, value.clone());
        }
        self.format(name, Some(&args)).unwrap_or_else(|| name.to_owned())
    }

    fn format(&self, name: &str, values: Option<&FluentArgs<'_>>) -> Option<String> {
        let pattern = self.bundle.get_message(name)?.value()?;
        Some(self.bundle.format_pattern(pattern, values, &mut Vec::new()).into_owned())
    }
}

/// The language of the locale.
fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Lang {
    match Language::of_environment(variable) {
        Language::French => Lang::Fr,
        Language::English => Lang::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<&str> {
        source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| Some(line.split_once(" =")?.0))
            .collect()
    }

    #[test]
    fn both_languages_have_the_same_messages_and_all_can_be_read() {
        let (french, english) = (include_str!("../i18n/fr.ftl"), include_str!("../i18n/en.ftl"));
        assert_eq!(names(french), names(english));
        for lang in [Lang::Fr, Lang::En] {
            let texts = Texts::of(Some(lang));
            for name in names(french) {
                assert!(texts.find(name).is_some(), "{name} cannot be read");
            }
        }
    }

    #[test]
    fn french_punctuation_has_its_unbreakable_space() {
        for line in include_str!("../i18n/fr.ftl").lines().filter(|line| !line.starts_with('#')) {
            for mark in [" :", " ;", " ?", " !", " »", "« "] {
                assert!(!line.contains(mark), "a plain space at {mark:?} in: {line}");
            }
            assert!(!line.contains('\''), "a typewriter apostrophe in: {line}");
        }
    }
}
