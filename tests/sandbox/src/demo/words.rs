//! The languages of the demonstration, and the names of the card commands.

use crate::card::Exchanged;

/// French first, English complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    French,
    English,
}

impl Language {
    /// The language of the locale, in the order that POSIX gives the variables; French unless it says English.
    pub(super) fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| variable(name))
            .find(|value| !value.is_empty())
            .unwrap_or_default();
        if locale.starts_with("en") { Self::English } else { Self::French }
    }

    /// One of two texts.
    pub(super) fn pick<'a>(self, french: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::French => french,
            Self::English => english,
        }
    }
}

/// The name of a command in ISO 7816-4 and ISO 7816-8.
pub(super) fn command(exchange: &Exchanged) -> &'static str {
    match exchange.header.get(1) {
        Some(0x20) => "VERIFY",
        Some(0x22) => "MANAGE SECURITY ENVIRONMENT",
        Some(0x24) => "CHANGE REFERENCE DATA",
        Some(0x2A) => "PERFORM SECURITY OPERATION",
        Some(0x2C) => "RESET RETRY COUNTER",
        Some(0x70) => "MANAGE CHANNEL",
        Some(0x88) => "INTERNAL AUTHENTICATE",
        Some(0xA4) => "SELECT",
        Some(0xB0) => "READ BINARY",
        Some(0xC0) => "GET RESPONSE",
        Some(0xCA | 0xCB) => "GET DATA",
        Some(0xD6) => "UPDATE BINARY",
        _ => "?",
    }
}

/// How often each command was sent, in the order of their first use: `SELECT ×3, READ BINARY ×9`.
pub(super) fn counted(log: &[Exchanged]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for exchange in log {
        let name = command(exchange);
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.iter().map(|(name, count)| format!("{name} ×{count}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let language = |set: &'static [(&str, &str)]| {
            Language::of_locale(|name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(language(&[]), Language::French);
        assert_eq!(language(&[("LANG", "C.UTF-8")]), Language::French);
        assert_eq!(language(&[("LANG", "en_GB.UTF-8")]), Language::English);
        assert_eq!(language(&[("LC_ALL", "fr_FR.UTF-8"), ("LANG", "en_GB.UTF-8")]), Language::French);
        assert_eq!(language(&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]), Language::English);
    }
}
