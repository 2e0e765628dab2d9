//! Writes HTML: everything that is not our own markup is escaped here.
//!
//! Names of elements and attributes are ours and fixed at compile time; their values and all text are anybody's. What a
//! page is made of (sections, lists, tables, forms) is written with [`Page::element`] and [`Page::text`] alone.

use super::{policy::Extras, text::text};
use cps_agent_core::{failure::Language, foreign};
use hyper::header::HeaderValue;
use std::fmt::Write as _;

/// The style sheet of every page.
pub(super) const STYLE: &str = include_str!("style.css");

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

/// Most characters that a field takes.
pub const LONGEST: usize = 128;

/// Attributes of an element, in order.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

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

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What most people will press.
    Main,
    /// The other way out.
    Plain,
}

/// A page under construction. Every method escapes what it is given.
#[derive(Debug)]
pub struct Page {
    language: Language,
    title: String,
    refresh: Option<String>,
    extras: Option<&'static Extras>,
    test: bool,
    wide: bool,
    sections: usize,
    main: String,
}

impl Page {
    /// Starts a page with its heading.
    #[must_use]
    pub fn new(language: Language, title: &str, test: bool) -> Self {
        Self {
            language,
            title: title.to_owned(),
            refresh: None,
            extras: None,
            test,
            wide: false,
            sections: 0,
            main: String::new(),
        }
    }

    /// Moves on to another address at once; on a page with a script only where scripts do not run.
    pub fn move_on(&mut self, location: &str) {
        self.refresh = Some(format!("0;url={location}"));
    }

    /// Gives this page a style sheet of its own, a script of ours, or both.
    pub fn add(&mut self, extras: &'static Extras) {
        self.extras = Some(extras);
    }

    /// Uses the width of the window: tables and several columns.
    pub fn widen(&mut self) {
        self.wide = true;
    }

    /// The content security policy of this page, where it differs from that of all others.
    #[must_use]
    pub fn policy(&self) -> Option<HeaderValue> {
        self.extras.map(|extras| extras.policy.clone())
    }

    /// Text. What others named cannot turn around or hide what stands beside it.
    pub fn text(&mut self, text: &str) {
        self.main.push_str(&escape(&foreign::plain(text).collect::<String>()));
    }

    /// An element with what is inside it.
    pub fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.void(name, attributes);
        inside(self);
        let _ = write!(self.main, "</{name}>");
    }

    /// An element that holds nothing (`input`, `br`).
    pub fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        let _ = write!(self.main, "<{name}");
        for (attribute, value) in attributes {
            let _ = write!(self.main, " {attribute}=\"{}\"", escape(value));
        }
        self.main.push('>');
    }

    /// An element with text alone.
    pub fn words(&mut self, name: &'static str, attributes: Attributes<'_>, words: &str) {
        self.element(name, attributes, |page| page.text(words));
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.words("p", &[], text);
    }

    /// A list of texts.
    pub fn list(&mut self, items: impl Iterator<Item = String>) {
        self.element("ul", &[], |page| items.for_each(|item| page.words("li", &[], &item)));
    }

    /// A section under a heading, which names it to whoever does not see it.
    pub fn section(&mut self, heading: &str, inside: impl FnOnce(&mut Self)) {
        self.sections += 1;
        let id = format!("section-{}", self.sections);
        self.element("section", &[("aria-labelledby", &id)], |page| {
            page.words("h2", &[("id", &id)], heading);
            inside(page);
        });
    }

    /// Terms and what they are here.
    pub fn definitions<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.element("dl", &[], |page| {
            for (term, what) in pairs {
                page.element("div", &[], |page| {
                    page.words("dt", &[], term);
                    page.words("dd", &[], what);
                });
            }
        });
    }

    /// A table; the first cell of a row names it. Where it is wider than the window it is scrolled alone.
    pub fn table<'a>(
        &mut self,
        caption: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = &'a [String]>,
    ) {
        let region = [("class", "table"), ("role", "region"), ("aria-label", caption), ("tabindex", "0")];
        self.element("div", &region, |page| {
            page.element("table", &[], |page| {
                page.words("caption", &[], caption);
                page.element("thead", &[], |page| {
                    page.element("tr", &[], |page| {
                        columns.iter().for_each(|column| page.words("th", &[("scope", "col")], column));
                    });
                });
                page.element("tbody", &[], |page| rows.into_iter().for_each(|row| page.row(row)));
            });
        });
    }

    fn row(&mut self, cells: &[String]) {
        self.element("tr", &[], |page| {
            for (place, cell) in cells.iter().enumerate() {
                match place {
                    0 => page.words("th", &[("scope", "row")], cell),
                    _ => page.words("td", &[], cell),
                }
            }
        });
    }

    /// What the person should do now; screen readers say it by themselves.
    pub fn hint(&mut self, text: &str) {
        self.words("p", &[("id", "hint"), ("class", "hint"), ("role", "status")], text);
    }

    /// Why something failed, what to do next, and who else can help; screen readers say it at once.
    pub fn reason(&mut self, id: &str, what: &str, next: Option<&str>, help: Option<&str>) {
        self.element("div", &[("id", id), ("class", "reason"), ("role", "alert")], |page| {
            page.paragraph(what);
            if let Some(next) = next {
                page.paragraph(next);
            }
            if let Some(help) = help {
                page.words("p", &[("class", "help")], help);
            }
        });
    }

    /// A link on a line of its own.
    pub fn link(&mut self, location: &str, label: &str) {
        self.element("p", &[], |page| page.words("a", &[("href", location)], label));
    }

    /// A form that posts these hidden fields to an address of the bridge, and what is inside it.
    pub fn form(&mut self, action: &str, fields: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        self.element("form", &[("method", "post"), ("action", action)], |page| {
            for (name, value) in fields {
                page.void("input", &[("type", "hidden"), ("name", name), ("value", value)]);
            }
            inside(page);
        });
    }

    /// A field of a form. `ours` says more about it: how it is typed, what describes it.
    pub fn input(&mut self, input: &Input<'_>, ours: Attributes<'_>) {
        self.element("label", &[], |page| {
            page.text(input.label);
            page.text(" ");
            let longest = LONGEST.to_string();
            let mut attributes = vec![("name", input.name), ("value", input.value), ("maxlength", &longest)];
            attributes.extend([("autocomplete", "off"), ("autocapitalize", "off"), ("spellcheck", "false")]);
            attributes.extend_from_slice(ours);
            page.void("input", &attributes);
        });
    }

    /// The button of a form. `ours` says more about it.
    pub fn press(&mut self, label: &str, look: Look, ours: Attributes<'_>) {
        let class = if look == Look::Plain { &[("class", "plain")][..] } else { &[] };
        self.words("button", &[class, ours].concat(), label);
    }

    /// A form that is one button.
    pub fn button(&mut self, action: &str, fields: &[(&str, &str)], label: &str, look: Look) {
        self.form(action, fields, |page| page.press(label, look, &[]));
    }

    /// What was written so far, without the page around it.
    #[must_use]
    pub fn part(self) -> String {
        self.main
    }

    /// The finished page.
    #[must_use]
    pub fn finish(self) -> String {
        let tag = match self.language {
            Language::French => "fr",
            Language::English => "en",
        };
        let title = escape(&self.title);
        let said = |name| escape(&text(self.language, name));
        let (style, script) = self.extras.map_or(("", ""), |extras| (extras.style, extras.script));
        let (script, aside) = match script {
            "" => (String::new(), ("", "")),
            script => (format!("<script>{script}</script>"), ("<noscript>", "</noscript>")),
        };
        let style = if style.is_empty() { String::new() } else { format!("<style>{style}</style>") };
        let refresh = self.refresh.as_ref().map_or_else(String::new, |refresh| {
            let (before, after) = aside;
            format!("{before}<meta http-equiv=\"refresh\" content=\"{}\">{after}", escape(refresh))
        });
        let test =
            if self.test { format!("<p class=\"test\">{}</p>", said("test-mark")) } else { String::new() };
        let body = if self.wide { "<body class=\"wide\">" } else { "<body>" };
        format!(
            "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title} – cps-agent</title>{refresh}\
             <style>{STYLE}</style>{style}</head>{body}<header>{test}<p class=\"brand\"><strong>cps-agent</strong> \
             <span>{}</span></p></header><main><h1 tabindex=\"-1\">{title}</h1>{}</main><footer><p>{}</p></footer>\
             {script}</body></html>",
            said("brand"),
            self.main,
            said("never-a-pin"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_becomes_markup() {
        let evil = "\"><script>alert('x')</script>&";
        let mut page = Page::new(Language::English, evil, false);
        page.paragraph(evil);
        page.hint(evil);
        page.list([evil.to_owned()].into_iter());
        page.reason(evil, evil, Some(evil), Some(evil));
        page.link(evil, evil);
        page.button(evil, &[(evil, evil)], evil, Look::Plain);
        page.section(evil, |page| page.definitions([(evil, evil)]));
        page.table(evil, &[evil], [&[evil.to_owned(), evil.to_owned()][..]]);
        page.form(evil, &[], |page| {
            page.input(&Input { name: evil, label: evil, value: evil }, &[("aria-describedby", evil)]);
        });
        page.move_on(evil);
        let html = page.finish();
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("\"\""), "no attribute was closed early: {html}");
        assert_eq!(html.matches("&lt;script&gt;").count(), 29);
    }

    #[test]
    fn a_foreign_name_turns_nothing_around_and_fields_keep_what_they_hold() {
        let mut page = Page::new(Language::French, "x", false);
        page.paragraph("Dossier\u{202E}evil\u{7} demande");
        page.form("/", &[("id", "a\u{202E}b")], |_| ());
        let html = page.finish();
        assert!(html.contains("<p>Dossierevil demande</p>"), "{html}");
        assert!(html.contains("value=\"a\u{202E}b\""), "what goes back to us is what it was: {html}");
    }

    #[test]
    fn a_page_with_a_script_refreshes_itself_only_where_scripts_do_not_run() {
        let mut page = Page::new(Language::French, "x", false);
        page.move_on("/login/t");
        let refresh = "<meta http-equiv=\"refresh\" content=\"0;url=/login/t\">";
        let written = |page: Page| page.finish();
        assert!(!written(page).contains("noscript"));
        let mut page = Page::new(Language::French, "x", false);
        page.add(&super::super::policy::LIVE);
        page.move_on("/login/t");
        assert!(written(page).contains(&format!("<noscript>{refresh}</noscript>")));
    }
}
