//! One window of a browser: what a person does in it, and what every page in it has to be.

use crate::browser::{Browser, Kind, Wish};
use cps_agent_core::failure::Code;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names the folder that pictures of all pages are put into, where they are wanted.
const PICTURES: &str = "CPS_PICTURES";

/// How wide a window is that is made for nothing special, and the narrowest there is (WCAG 1.4.10), in pixels.
const USUAL: u32 = 1024;
const NARROW: u32 = 320;

/// The window.
pub struct Window {
    browser: Browser,
    kind: Kind,
    dark: bool,
    language: &'static str,
}

impl Window {
    /// Opens one, of a browser whose folder for everything is this. A Firefox is dark or not for all its life; Chromium
    /// turns on order.
    pub async fn open(kind: Kind, home: &Path, dark: bool) -> Self {
        Self::start(kind, home.join(format!("{kind:?}")), dark, true).await
    }

    /// Opens one of a browser that runs no scripts.
    pub async fn without_scripts(kind: Kind, home: &Path) -> Self {
        Self::start(kind, home.join(format!("{kind:?}-without-scripts")), false, false).await
    }

    async fn start(kind: Kind, home: PathBuf, dark: bool, scripts: bool) -> Self {
        let preferences = json!({
            "layout.css.prefers-color-scheme.content-override": u8::from(!dark),
            "javascript.enabled": scripts,
        });
        let wish = Wish { passage: true, preferences, ..Wish::of(kind, home) };
        let mut window = Self { browser: Browser::start(wish).await, kind, dark, language: "fr" };
        window.order(json!({ "do": "window", "scripts": scripts })).await;
        window
    }

    /// Its person reads this language.
    pub async fn reads(&mut self, language: &'static str) {
        self.language = language;
        self.order(json!({ "do": "reads", "language": language })).await;
    }

    /// An order, and its answer.
    pub async fn order(&mut self, order: Value) -> Value {
        self.browser.told(order).await
    }

    /// Opens an address.
    pub async fn visit(&mut self, address: &str) {
        self.order(json!({ "do": "visit", "address": address })).await;
    }

    /// Waits until one of two sentences is shown: the one of the person's language.
    pub async fn sees(&mut self, french: &str, english: &str) {
        let text = if self.language == "fr" { french } else { english };
        self.order(json!({ "do": "sees", "text": text })).await;
    }

    /// Waits until both sentences of a failure are shown, in the person's language; says in which element.
    pub async fn says(&mut self, failure: Code) -> String {
        let line = failure.line();
        let text = if self.language == "fr" { line.french } else { line.english };
        for sentence in [text.what, text.next] {
            self.order(json!({ "do": "sees", "text": sentence })).await;
        }
        let place = "[...document.querySelectorAll('[role=alert], [role=status]')]";
        let holder =
            format!("{place}.find((part) => part.innerText.includes({}))?.id ?? ''", json!(text.what));
        let holder = self.evaluate(&holder).await;
        assert_ne!(holder, "", "nobody hears {failure}");
        holder.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a text is shown, in whatever language.
    pub async fn shows(&mut self, text: &str) {
        self.order(json!({ "do": "sees", "text": text })).await;
    }

    /// Waits until the window was sent a page with this text.
    pub async fn gets(&mut self, text: &str) {
        self.order(json!({ "do": "gets", "text": text })).await;
    }

    /// Clicks what a selector names.
    pub async fn click(&mut self, selector: &str) {
        self.order(json!({ "do": "click", "selector": selector })).await;
    }

    /// Goes by the Tab key to what has this text. The focus is seen on it.
    pub async fn reaches(&mut self, text: &str) {
        let reached = self.order(json!({ "do": "reaches", "text": text })).await;
        assert_eq!(
            reached["outline"], true,
            "{:?}: the focus on {text} cannot be seen: {reached}",
            self.kind
        );
    }

    /// Presses a key.
    pub async fn key(&mut self, key: &str) {
        self.order(json!({ "do": "key", "key": key })).await;
    }

    /// What a script in the page says.
    pub async fn evaluate(&mut self, script: &str) -> Value {
        self.order(json!({ "do": "evaluate", "script": script })).await
    }

    /// Waits until a script in the page says yes.
    pub async fn becomes(&mut self, script: &str) {
        self.order(json!({ "do": "becomes", "script": script })).await;
    }

    /// How often an address that ends so was asked for.
    pub async fn asked(&mut self, end: &str) -> u64 {
        self.order(json!({ "do": "asked", "end": end })).await["times"].as_u64().expect("a number")
    }

    /// Waits until the window is at an address that begins so.
    pub async fn arrives(&mut self, at: &str) {
        self.order(json!({ "do": "arrives", "at": at })).await;
    }

    /// What is wrong with what is shown: in Chromium light and wide, dark and narrow, in the person's own colours, and where
    /// there are tables or pictures, which have colours and widths of their own, the other way round too; in Firefox narrow,
    /// as it is.
    pub async fn faults(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        let drawn = self.evaluate("document.querySelector('table, svg') !== null").await == true;
        let looks: &[_] = match self.kind {
            Kind::Chromium if drawn => &[(USUAL, false), (NARROW, true), (USUAL, true), (NARROW, false)],
            Kind::Chromium => &[(USUAL, false), (NARROW, true)],
            Kind::Firefox => &[(NARROW, self.dark)],
        };
        for (width, dark) in looks {
            let judged = self.order(json!({ "do": "judge", "width": width, "dark": dark })).await;
            assert!(judged["passed"].as_u64() > Some(10), "hardly anything was judged: {judged}");
            let wrong = judged["wrong"].as_array().expect("a list").iter();
            faults.extend(wrong.map(|fault| format!("{width} px, dark {dark}: {fault}")));
        }
        if self.kind == Kind::Chromium {
            let forced = self.order(json!({ "do": "force", "width": USUAL, "dark": self.dark })).await;
            let wrong = forced["wrong"].as_array().expect("a list").iter();
            faults.extend(wrong.map(|fault| format!("forced colours: {fault}")));
        }
        faults
    }

    /// The page that stands here is as pages have to be: in its language, with a title, one heading, and nothing that a
    /// judge finds wrong. Pictures are taken of it where they are wanted.
    pub async fn is_fit(&mut self, name: &str) {
        let (kind, language) = (self.kind, self.language);
        let facts = "({ lang: document.documentElement.lang, title: document.title, \
                     headings: document.querySelectorAll('h1').length, main: document.querySelectorAll('main').length, \
                     typed: document.querySelectorAll('input[type=password]').length })";
        let facts = self.evaluate(facts).await;
        assert_eq!(facts["lang"], language, "{kind:?} {name}");
        assert!(
            facts["title"].as_str().is_some_and(|title| title.ends_with(" – cps-agent")),
            "{name}: {facts}"
        );
        assert_eq!((&facts["headings"], &facts["main"]), (&json!(1), &json!(1)), "{name}: {facts}");
        assert_eq!(facts["typed"], 0, "{name} asks for a secret in a page");
        let faults = self.faults().await;
        assert!(faults.is_empty(), "{kind:?} {name} {language}: {faults:#?}");
        self.pictured(name).await;
    }

    async fn pictured(&mut self, name: &str) {
        let Some(folder) = pictures() else { return };
        let kind = format!("{:?}", self.kind).to_lowercase();
        fs::create_dir_all(&folder).expect("a folder for pictures");
        let all = [
            ("light", USUAL, false),
            ("dark", USUAL, true),
            ("narrow", NARROW, self.dark),
            ("forced", USUAL, false),
            ("forced-dark", USUAL, true),
        ];
        let (turns, dark) = (self.kind == Kind::Chromium, self.dark);
        let looks =
            all.iter().filter(|(look, _, bright)| turns || (*bright == dark && !look.starts_with("forced")));
        for (look, width, dark) in looks {
            let file = folder.join(format!("{name}-{}-{look}-{kind}.png", self.language));
            let forced = look.starts_with("forced");
            let order =
                json!({ "do": "picture", "file": file, "width": width, "dark": dark, "forced": forced });
            self.order(order).await;
        }
    }
}

/// Where pictures go, if they are wanted.
pub fn pictures() -> Option<PathBuf> {
    std::env::var_os(PICTURES).map(PathBuf::from)
}
