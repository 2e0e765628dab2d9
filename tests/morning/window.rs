//! A browser's window: one address, the page there as a person reads it, and its buttons.

use bytes::Bytes;
use cps_sandbox::browser::Browser;
use hyper::{Request, Response, header};
use url::{Url, form_urlencoded};

/// Elements that begin a line of their own.
const LINES: [&str; 18] = [
    "p", "h1", "h2", "h3", "li", "div", "section", "header", "footer", "main", "form", "tr", "dt", "dd",
    "label", "button", "br", "dl",
];
/// Redirects in a row before the window gives up.
const HOPS: usize = 20;

/// A window with a page in it.
pub struct Window {
    browser: Browser,
    address: Option<Url>,
    body: String,
    /// The page of an application is not looked at again: its address held a code, which works once.
    left: bool,
}

impl Window {
    pub fn new() -> Self {
        let browser = Browser::new(&[]).expect("a browser");
        Self { browser, address: None, body: String::new(), left: false }
    }

    /// Goes to an address, and wherever it leads without waiting.
    pub async fn open(&mut self, address: &str) {
        self.follow(Url::parse(address).expect("an address"), None).await;
    }

    /// Looks at the page as it is now, which may have moved on.
    pub async fn look(&mut self) {
        if let Some(address) = self.address.clone().filter(|_| !self.left) {
            self.follow(address, None).await;
        }
    }

    /// The page as it is read; nothing where an application has it.
    pub fn text(&self) -> String {
        if self.address.is_none() {
            return String::new();
        }
        if self.left { "(de retour dans l’application)\n".to_owned() } else { read(&self.body) }
    }

    /// Presses the button with this label, after typing into the fields of its form.
    pub async fn press(&mut self, label: &str, typed: &[(&str, &str)]) {
        let body = unescaped(&self.body);
        let ends = format!(">{label}</button>");
        let form = body
            .split("<form")
            .skip(1)
            .find(|form| form.split("</form").next().is_some_and(|form| form.contains(&ends)));
        let form = form.unwrap_or_else(|| panic!("no button {label:?} in:\n{}", read(&self.body)));
        let (form, button) = form.split_once(&ends).expect("the button");
        let button = button_of(form).into_iter().chain(std::iter::once(button)).next().unwrap_or_default();
        let mut fields = Vec::new();
        for input in form.split("<input").skip(1).chain(std::iter::once(button)) {
            let tag = input.split('>').next().unwrap_or_default();
            let Some(name) = attribute(tag, "name") else { continue };
            let typed = typed.iter().find(|(field, _)| *field == name).map(|(_, text)| (*text).to_owned());
            fields.push((name, typed.or_else(|| attribute(tag, "value")).unwrap_or_default()));
        }
        let fields = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let here = self.address.clone().expect("a page");
        let to = form.split('>').next().and_then(|tag| attribute(tag, "action"));
        let to = to.map_or_else(|| here.clone(), |action| here.join(&action).expect("an address"));
        self.follow(to, Some(fields)).await;
        // The page that answers a form moves on at once.
        self.address = Some(here);
        self.look().await;
    }

    async fn follow(&mut self, mut address: Url, mut form: Option<String>) {
        let home = self.address.clone();
        for _ in 0..HOPS {
            let response = self.browser.fetch(request(&address, form.take())).await.expect("an answer");
            match response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()) {
                Some(to) => address = address.join(to).expect("an address"),
                None => return self.show(address, &response, home),
            }
        }
        panic!("redirects without an end at {address}");
    }

    fn show(&mut self, address: Url, response: &Response<Bytes>, before: Option<Url>) {
        self.body = String::from_utf8_lossy(response.body()).into_owned();
        self.left = address.path() == "/callback";
        // What answers a form has no address of its own.
        self.address = if address.path().starts_with("/login/") || self.left {
            Some(address)
        } else {
            before.or(Some(address))
        };
    }
}

/// The tag of the last button that was opened.
fn button_of(form: &str) -> Option<&str> {
    form.rsplit_once("<button").map(|(_, tag)| tag)
}

fn request(address: &Url, form: Option<String>) -> Request<Bytes> {
    let (request, body) = match form {
        Some(form) => {
            let origin = address.origin().ascii_serialization();
            let request = Request::post(address.as_str())
                .header(header::ORIGIN, origin)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin");
            (request, Bytes::from(form))
        }
        None => (Request::get(address.as_str()).header("sec-fetch-site", "cross-site"), Bytes::new()),
    };
    let request = request
        .header(header::ACCEPT, "text/html")
        .header(header::ACCEPT_LANGUAGE, "fr")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    request.body(body).expect("a request")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

fn unescaped(html: &str) -> String {
    html.replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// What a person reads: a line for each block, buttons and links in brackets, fields with what stands in them.
fn read(html: &str) -> String {
    let main = html.split_once("<main").map_or(html, |(_, main)| main);
    let main = main.split_once('>').map_or(main, |(_, main)| main);
    let main = main.split("</main>").next().unwrap_or_default();
    let mut text = String::new();
    for piece in main.split('<').skip(usize::from(!main.starts_with('<'))) {
        let (tag, words) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if LINES.contains(&name) && tag != "/button" {
            text.push('\n');
        }
        match (name, tag.starts_with('/')) {
            ("button" | "a", false) => text.push('['),
            ("button" | "a", true) => text.push(']'),
            ("h1", false) => text.push_str("# "),
            ("h2" | "h3", false) => text.push_str("## "),
            ("li", false) => text.push_str("- "),
            ("input", false) if attribute(tag, "type").as_deref() != Some("hidden") => {
                text.push_str(&format!(" [{}____]", attribute(tag, "value").unwrap_or_default()));
            }
            ("span" | "strong" | "dd" | "td", false) => text.push(' '),
            _ => {}
        }
        if tag.contains("role=\"alert\"") {
            text.push_str("! ");
        }
        text.push_str(&unescaped(words));
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    // What is wrong stands in a box of its own.
    (lines.join("\n") + "\n").replace("!\n", "! ")
}
