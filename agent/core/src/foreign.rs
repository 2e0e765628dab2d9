//! Text of others, fit to be shown beside ours: names of applications, paths of programs, words of services.

/// The text without what turns, hides or breaks the sentence around it: control characters, and the format characters
/// that change direction or place (Unicode category Cf, as far as they can deceive). What breaks a line becomes a space.
pub fn plain(text: &str) -> impl Iterator<Item = char> + '_ {
    let one_line = text.chars().map(|c| if breaks(c) { ' ' } else { c });
    one_line.filter(|c| !c.is_control() && !deceives(*c))
}

fn breaks(c: char) -> bool {
    c.is_whitespace() && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

fn deceives(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_turns_hides_or_breaks_what_stands_around_it() {
        let text = plain("Good\r\nApp\u{2028}\u{202E}live\u{2066}\u{200B}\u{7}\u{85}").collect::<String>();
        assert_eq!(text, "Good  App live ");
    }

    #[test]
    fn letters_of_any_script_and_french_spaces_stay() {
        for text in ["Données\u{a0}: 3\u{202f}%", "مستشفى", "醫院"] {
            assert_eq!(plain(text).collect::<String>(), text);
        }
    }
}
