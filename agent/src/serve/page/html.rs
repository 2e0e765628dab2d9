//! Writes HTML: everything that is not our own markup is escaped here.

use super::text::text;
use base64::Engine as _;
use cps_agent_core::failure::Language;
use hyper::header::HeaderValue;
use std::{fmt::Write as _, sync::LazyLock};

const STYLE: &str = include_str!("style.css");

/// The content security policy of every answer: no script at all, our one style sheet by its hash, no frame.
pub static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = ring::digest::digest(&ring::digest::SHA256, STYLE.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// Escapes text for element contents and quoted attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A field to type in.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Its name in the form.
    pub name: &'a str,
    /// What to type.
    pub label: &'a str,
    /// What stands there already.
    pub value: &'a str,
}

/// A page under construction. Every method escapes what it is given.
#[derive(Debug)]
pub struct Page {
    language: Language,
    title: String,
    refresh: Option<String>,
    test: bool,
    main: String,
}

impl Page {
    /// Starts a page with its heading.
    #[must_use]
    pub fn new(language: Language, title: &str, test: bool) -> Self {
        Self { language, title: text(language, title), refresh: None, test, main: String::new() }
    }

    /// Moves on to another address at once, without JavaScript.
    pub fn move_on(&mut self, location: &str) {
        self.refresh = Some(format!("0;url={location}"));
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        let _ = write!(self.main, "<p>{}</p>", escape(text));
    }

    /// A list of texts.
    pub fn list(&mut self, items: impl Iterator<Item = String>) {
        self.main.push_str("<ul>");
        for item in items {
            let _ = write!(self.main, "<li>{}</li>", escape(&item));
        }
        self.main.push_str("</ul>");
    }

    /// What the person should do now; screen readers say it by themselves.
    pub fn hint(&mut self, text: &str) {
        let _ = write!(self.main, "<p class=\"hint\" role=\"status\">{}</p>", escape(text));
    }

    /// Why something failed, and what to do next; screen readers say it at once.
    pub fn reason(&mut self, what: &str, next: &str) {
        let (what, next) = (escape(what), escape(next));
        let _ = write!(self.main, "<div class=\"reason\" role=\"alert\"><p>{what}</p><p>{next}</p></div>");
    }

    /// A link.
    pub fn link(&mut self, location: &str, label: &str) {
        let _ = write!(self.main, "<p><a href=\"{}\">{}</a></p>", escape(location), escape(label));
    }

    /// A number to compare, large, with what it is for whoever hears it.
    pub fn number(&mut self, what: &str, digits: &str) {
        let (what, digits) = (escape(what), escape(digits));
        let _ = write!(self.main, "<p>{what} <strong class=\"number\">{digits}</strong></p>");
    }

    /// A button that posts these fields and what is typed in a field above it.
    pub fn asking_button(&mut self, action: &str, fields: &[(&str, &str)], input: &Input<'_>, label: &str) {
        self.form(action, fields);
        let (name, what, value) = (escape(input.name), escape(input.label), escape(input.value));
        let _ = write!(
            self.main,
            "<label>{what} <input name=\"{name}\" value=\"{value}\" maxlength=\"128\" autocomplete=\"off\" \
             autocapitalize=\"off\" spellcheck=\"false\" required></label><button>{}</button></form>",
            escape(label)
        );
    }

    /// Opens a form with its hidden fields.
    fn form(&mut self, action: &str, fields: &[(&str, &str)]) {
        let _ = write!(self.main, "<form method=\"post\" action=\"{}\">", escape(action));
        for (name, value) in fields {
            let _ = write!(
                self.main,
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escape(name),
                escape(value)
            );
        }
    }

    /// A button that posts these fields to an address of the bridge.
    pub fn button(&mut self, action: &str, fields: &[(&str, &str)], label: &str, plain: bool) {
        self.form(action, fields);
        let class = if plain { " class=\"plain\"" } else { "" };
        let _ = write!(self.main, "<button{class}>{}</button></form>", escape(label));
    }

    /// The finished page.
    #[must_use]
    pub fn finish(self) -> String {
        let tag = match self.language {
            Language::French => "fr",
            Language::English => "en",
        };
        let title = escape(&self.title);
        let refresh = self.refresh.map_or_else(String::new, |refresh| {
            format!("<meta http-equiv=\"refresh\" content=\"{}\">", escape(&refresh))
        });
        let test = if self.test {
            format!("<p class=\"test\">{}</p>", escape(&text(self.language, "test-mark")))
        } else {
            String::new()
        };
        format!(
            "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title} – cps-agent</title>{refresh}\
             <style>{STYLE}</style></head><body>{test}<main><h1>{title}</h1>{}</main></body></html>",
            self.main
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_becomes_markup() {
        let evil = "\"><script>alert('x')</script>&";
        let mut page = Page::new(Language::English, "login-title", false);
        page.paragraph(evil);
        page.hint(evil);
        page.list([evil.to_owned()].into_iter());
        page.reason(evil, evil);
        page.link(evil, evil);
        page.button(evil, &[(evil, evil)], evil, true);
        page.number(evil, evil);
        page.asking_button(evil, &[(evil, evil)], &Input { name: evil, label: evil, value: evil }, evil);
        page.move_on(evil);
        let html = page.finish();
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("\"\""), "no attribute was closed early: {html}");
        assert_eq!(html.matches("&lt;script&gt;").count(), 21);
    }

    #[test]
    fn the_policy_allows_no_script_and_exactly_our_style() {
        let policy = POLICY.to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains("script"));
    }
}
