//! Reading tests as text: which there are in a file, and what they assert.

use std::collections::BTreeSet;

/// A file of tests, without its comment lines.
pub struct Source {
    text: String,
    /// Functions that assert something themselves: a value that is given to one of them is asserted.
    judges: BTreeSet<String>,
}

impl Source {
    pub fn new(text: &str) -> Self {
        let lines = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
        let text = lines.collect::<Vec<_>>().join("\n");
        let functions = text.match_indices("fn ").filter_map(|(at, _)| {
            let name = word(&text[at + 3..]);
            block(&text[at..]).is_some_and(|body| body.contains("assert")).then(|| name.to_owned())
        });
        let judges = functions.collect();
        Self { text, judges }
    }

    /// The body of a test of this name.
    pub fn test(&self, name: &str) -> Option<&str> {
        let at = self.text.find(&format!("fn {name}("))?;
        let attributes = self.text[..at].rsplit(['}', ';']).next()?;
        let is_test = attributes.contains("#[test]") || attributes.contains("#[tokio::test");
        block(&self.text[at..]).filter(|_| is_test)
    }

    /// Whether something that the test got is compared with this: it stands inside an assertion, is handed to a function
    /// that asserts, or is one of the values of a loop that does. Standing anywhere else is a mention and counts for
    /// nothing.
    pub fn asserts(&self, body: &str, wanted: &str) -> bool {
        body.match_indices(wanted).any(|(at, _)| whole(body, at, wanted) && self.judged(body, at))
    }

    fn judged(&self, body: &str, at: usize) -> bool {
        let mut deep = 0_usize;
        for (here, c) in body[..at].char_indices().rev() {
            let before = &body[..here];
            match c {
                ')' | ']' => deep += 1,
                '(' | '[' if deep > 0 => deep -= 1,
                '(' => {
                    let name = last_word(before.trim_end_matches('!'));
                    if name.starts_with("assert") || self.judges.contains(name) {
                        return true;
                    }
                }
                '[' if looped(before) => {
                    return block(&body[at..]).is_some_and(|inner| self.has_judge(inner));
                }
                ';' | '{' | '}' if deep == 0 => return false,
                _ => {}
            }
        }
        false
    }

    fn has_judge(&self, body: &str) -> bool {
        body.contains("assert") || self.judges.iter().any(|name| body.contains(&format!("{name}(")))
    }
}

/// A list is the values of a `for`.
fn looped(before: &str) -> bool {
    let before = before.trim_end_matches('&').trim_end();
    before.ends_with(" in") && before.rsplit([';', '{', '}']).next().is_some_and(|head| head.contains("for "))
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// No longer word has it as a part.
fn whole(text: &str, at: usize, wanted: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let before = text[..at].chars().next_back().is_some_and(part);
    let after = text[at + wanted.len()..].chars().next().is_some_and(part);
    !before && !after
}

/// What stands in the first braces.
fn block(text: &str) -> Option<&str> {
    let start = text.find('{')?;
    let (mut deep, mut quoted, mut escaped) = (0_usize, false, false);
    let mut characters = text[start..].char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            // A brace as a character: '{'.
            '\'' if text[start + at..].chars().nth(2) == Some('\'') => {
                let _ = (characters.next(), characters.next());
            }
            '{' => deep += 1,
            '}' => {
                deep -= 1;
                if deep == 0 {
                    return text.get(start..start + at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[test]
fn a_mention_is_no_assertion() {
    let source = Source::new(
        r#"
        fn refused(code: &str) { assert_eq!(code, "x"); }
        fn told(code: &str) -> bool { code == "x" }
        #[test]
        fn one() { let a = "no_card"; run(a); println("no_reader"); assert!(true); }
        #[tokio::test]
        async fn two() {
            // assert_eq!(code, "revoked");
            assert_eq!(told(seen), ("pin_wrong", 3));
            refused("pin_blocked");
            for (x, code) in [(1, "card_mute"), (2, "card_busy")] { assert_eq!(run(x), code); }
            for code in ["internal"] { run(code); }
        }
        fn three() { assert_eq!(code, "no_card"); }
        "#,
    );
    assert!(source.test("three").is_none() && source.test("four").is_none());
    let one = source.test("one").expect("a test");
    assert!(!source.asserts(one, "\"no_card\"") && !source.asserts(one, "\"no_reader\""));
    let two = source.test("two").expect("a test");
    for code in ["pin_wrong", "pin_blocked", "card_mute", "card_busy"] {
        assert!(source.asserts(two, &format!("\"{code}\"")), "{code}");
    }
    for code in ["revoked", "internal", "no_card"] {
        assert!(!source.asserts(two, &format!("\"{code}\"")), "{code}");
    }
}
