//! An application without a library: it shows what a browser sees on the way, and keeps the tokens in the open.

use crate::desk::{Desk, until};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use cps_agent_api::words;
use cps_sandbox::browser::Browser;
use hyper::{Method, Request, Response, StatusCode, header};
use serde_json::Value;
use url::{Url, form_urlencoded};

/// Where the application waits for its code. The test takes the address of the redirect and never opens it.
const REDIRECT: &str = "http://127.0.0.1:4999/callback";
const VERIFIER: &str = "TEST-verifier-of-an-application-that-hides-nothing";

/// A registered public application.
pub struct Application {
    issuer: String,
    id: String,
    scope: String,
    browser: Browser,
}

/// What a browser shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// What the person should do now.
    Hint(String),
    /// What happened, and a button to try again.
    Refused(String),
    /// What the person is asked after the login: the labels of the buttons.
    Asked(Vec<String>),
    /// The way back to the application.
    Left(Url),
}

/// What an application holds after a login.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub id: String,
}

impl Application {
    /// Registers it over the control door, for logins by card.
    pub async fn register(desk: &Desk, id: &str) -> Self {
        Self::registered(desk, Self::usual(id)).await
    }

    /// The usual registration.
    pub fn usual(id: &str) -> words::Client {
        words::Client {
            client_id: id.to_owned(),
            name: Some("Dossier patient".to_owned()),
            redirect_uris: vec![REDIRECT.to_owned()],
            scopes: ["openid", "profile", "scope_all"].map(str::to_owned).to_vec(),
            claims: ["SubjectNameID", "given_name", "family_name"].map(str::to_owned).to_vec(),
            ways: vec!["card".to_owned()],
            id_token_alg: Some("ES256".to_owned()),
            ..words::Client::default()
        }
    }

    /// Registers it with differences.
    pub async fn registered(desk: &Desk, client: words::Client) -> Self {
        desk.control().await.add_client(&client).await.expect("a registration");
        Self::known(desk, &client.client_id, "openid profile scope_all")
    }

    /// One that is registered already, and asks for this scope.
    pub fn known(desk: &Desk, id: &str, scope: &str) -> Self {
        Self::at(desk.agent.issuer(), id, scope)
    }

    /// The same at any issuer.
    pub fn at(issuer: &str, id: &str, scope: &str) -> Self {
        let browser = Browser::new(&[]).expect("a browser");
        Self { issuer: issuer.to_owned(), id: id.to_owned(), scope: scope.to_owned(), browser }
    }

    /// Sends the browser to the agent; returns where it stands then.
    pub async fn begin(&self) -> Url {
        self.begin_with(&[]).await
    }

    /// The same with more parameters.
    pub async fn begin_with(&self, more: &[(&str, &str)]) -> Url {
        let challenge =
            URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, VERIFIER.as_bytes()).as_ref());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", &self.id),
                ("redirect_uri", REDIRECT),
                ("scope", &self.scope),
                ("state", "TEST-state"),
                ("nonce", "TEST-nonce"),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ])
            .extend_pairs(more)
            .finish();
        let response = self.get(&format!("{}/authorize?{query}", self.issuer)).await;
        self.moved(&response).expect("the agent sends the browser somewhere")
    }

    /// Looks at a page once.
    pub async fn look(&self, page: &Url) -> Page {
        if page.as_str().starts_with(REDIRECT) {
            return Page::Left(page.clone());
        }
        let response = self.get(page.as_str()).await;
        if let Some(next) = self.moved(&response) {
            return Page::Left(next);
        }
        let body = String::from_utf8_lossy(response.body()).into_owned();
        assert_eq!(response.status(), StatusCode::OK, "{body}");
        let between = |start: &str| {
            let (_, rest) = body.split_once(start)?;
            Some(rest.split_once('<')?.0.replace("&#39;", "'"))
        };
        if let Some(reason) = between("class=\"reason\" role=\"alert\"><p>") {
            return Page::Refused(reason);
        }
        let buttons = body.split("<button").skip(1).filter_map(|rest| Some(rest.split_once('>')?.1));
        let buttons: Vec<String> =
            buttons.filter_map(|rest| Some(rest.split_once('<')?.0.replace("&#39;", "'"))).collect();
        if body.contains("name=\"consent\"") || body.contains("name=\"situation\"") {
            return Page::Asked(buttons);
        }
        let hint = between("class=\"hint\" role=\"status\">");
        Page::Hint(hint.unwrap_or_else(|| panic!("the page says nothing:\n{body}")))
    }

    /// A page as it was sent.
    pub async fn shown(&self, page: &Url) -> String {
        String::from_utf8_lossy(self.get(page.as_str()).await.body()).into_owned()
    }

    /// Looks at a page until it shows what is wanted.
    pub async fn wait(&self, page: &Url, wanted: impl Fn(&Page) -> bool) -> Page {
        until("the page", async || Some(self.look(page).await).filter(|seen| wanted(seen))).await
    }

    /// Looks at a page until its login succeeded or failed.
    pub async fn end_of(&self, page: &Url) -> Page {
        self.wait(page, |seen| !matches!(seen, Page::Hint(_))).await
    }

    /// Presses the button of the page that tries again.
    pub async fn try_again(&self, page: &Url) {
        self.press(page, "way=card").await;
    }

    /// Presses the button of the page with this label, and sends what its form says.
    pub async fn choose(&self, page: &Url, label: &str) {
        let body = self.shown(page).await.replace("&#39;", "'");
        let form = body.split("<form").find(|form| form.contains(&format!(">{label}</button>")));
        let form = form.unwrap_or_else(|| panic!("no button {label:?} in {body}"));
        let value = |input: &str, name| Some(input.split_once(name)?.1.split_once('"')?.0.to_owned());
        let fields = form
            .split("<input")
            .skip(1)
            .filter_map(|input| Some(format!("{}={}", value(input, "name=\"")?, value(input, "value=\"")?)));
        self.press(page, &fields.collect::<Vec<_>>().join("&")).await;
    }

    /// Presses a button of the page.
    pub async fn press(&self, page: &Url, field: &str) {
        assert_eq!(self.pressed(page, field).await, StatusCode::OK);
    }

    /// The same; returns what the agent answers.
    pub async fn pressed(&self, page: &Url, field: &str) -> StatusCode {
        let request = Request::post(page.as_str())
            .header(header::ORIGIN, &self.issuer)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::copy_from_slice(field.as_bytes()));
        self.browser.fetch(request.expect("a request")).await.expect("an answer").status()
    }

    /// Exchanges the code of the way back.
    pub async fn exchange(&self, back: &Url) -> Tokens {
        let code = said(back, "code").unwrap_or_else(|| panic!("no code in {back}"));
        let (status, answer) = self.token(&self.redemption(&code)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        tokens(&answer)
    }

    /// The parameters that redeem a code.
    pub fn redemption<'c>(&self, code: &'c str) -> [(&'static str, &'c str); 4] {
        [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ]
    }

    /// A whole login by a person who is there: page, card, code, tokens.
    pub async fn log_in(&self) -> Tokens {
        let page = self.begin().await;
        match self.end_of(&page).await {
            Page::Left(back) => self.exchange(&back).await,
            other => panic!("no login: {other:?}"),
        }
    }

    /// Renews tokens; the error of the standard when they are dead.
    pub async fn refresh(&self, held: &Tokens) -> Result<Tokens, String> {
        let (status, answer) =
            self.token(&[("grant_type", "refresh_token"), ("refresh_token", &held.refresh)]).await;
        match status {
            StatusCode::OK => Ok(tokens(&answer)),
            status => {
                assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
                Err(answer["error"].as_str().expect("an error").to_owned())
            }
        }
    }

    /// UserInfo; the status when the token is dead.
    pub async fn userinfo(&self, held: &Tokens) -> Result<Value, u16> {
        let request = Request::get(format!("{}/userinfo", self.issuer))
            .header(header::AUTHORIZATION, format!("Bearer {}", held.access))
            .body(Bytes::new());
        let response = self.browser.fetch(request.expect("a request")).await.expect("an answer");
        match response.status() {
            StatusCode::OK => Ok(serde_json::from_slice(response.body()).expect("JSON")),
            status => Err(status.as_u16()),
        }
    }

    async fn token(&self, parameters: &[(&str, &str)]) -> (StatusCode, Value) {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .append_pair("client_id", &self.id)
            .finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/token", self.issuer))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form));
        let response = self.browser.fetch(request.expect("a request")).await.expect("an answer");
        (response.status(), serde_json::from_slice(response.body()).expect("JSON"))
    }

    /// Opens an address as a browser's navigation does, following nothing.
    async fn get(&self, address: &str) -> Response<Bytes> {
        let request = Request::get(address)
            .header(header::ACCEPT, "text/html")
            .header(header::ACCEPT_LANGUAGE, "fr")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-site", "cross-site")
            .body(Bytes::new());
        self.browser.fetch(request.expect("a request")).await.expect("an answer")
    }

    fn moved(&self, response: &Response<Bytes>) -> Option<Url> {
        let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
        let here = Url::parse(&self.issuer).expect("an issuer");
        Some(here.join(location).expect("an address"))
    }
}

/// What an address of the way back says under this name.
pub fn said(back: &Url, name: &str) -> Option<String> {
    back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The claims of a token that the suite verified elsewhere.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn tokens(answer: &Value) -> Tokens {
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token"), id: text("id_token") }
}
