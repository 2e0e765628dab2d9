//! The language of a caller: French first, English for those who prefer it.

use cps_agent_core::failure::Language;
use hyper::{HeaderMap, header};

/// Reads `Accept-Language` (RFC 9110 §12.5.4): the better liked of French and English, French when they tie.
#[must_use]
pub fn of(headers: &HeaderMap) -> Language {
    let Some(accepted) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Language::French;
    };
    let liking = |wanted: &str| {
        accepted
            .split(',')
            .filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let tag = parts.next()?;
                let primary = tag.split('-').next()?;
                let weight = parts
                    .find_map(|part| part.strip_prefix("q="))
                    .map_or(Some(1.0), |q| q.parse::<f32>().ok());
                primary.eq_ignore_ascii_case(wanted).then_some(weight?)
            })
            .fold(0.0, f32::max)
    };
    if liking("en") > liking("fr") { Language::English } else { Language::French }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn french_unless_english_is_preferred() {
        for (accepted, language) in [
            ("", Language::French),
            ("de, it;q=0.5", Language::French),
            ("fr, en", Language::French),
            ("fr-FR,fr;q=0.9,en;q=0.8", Language::French),
            ("en-GB,en;q=0.9,fr;q=0.8", Language::English),
            ("de, en;q=0.3", Language::English),
            ("en;q=x", Language::French),
            ("en;q=0", Language::French),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).unwrap());
            assert_eq!(of(&headers), language, "{accepted}");
        }
    }
}
