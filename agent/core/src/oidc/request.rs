//! Reading an authorization request: into one that is valid by type, or an error with the place where it may go.

use super::client::Client;
use super::code::Challenge;
use super::hint::Hint;
use super::keys::Keys;
use super::parameters::Parameters;
use super::registration::{Pkce, Profile};
use super::registry::Registry;
use crate::failure::{self, Code, Language};
use crate::identity::{SessionId, UnixTime};
use std::sync::Arc;
use url::form_urlencoded;

/// Longest `state`, `nonce` or `login_hint` (FAPI test suites send 384 characters).
const MAX_VALUE: usize = 1024;
/// Longest `acr`, and most of them in a request.
const MAX_LEVEL: usize = 128;
const MAX_LEVELS: usize = 16;

/// Where answers of a request go: a redirect URI that was checked, and the client's `state`.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
}

impl Reply {
    /// The redirect with these members, `state` and `iss` (RFC 9207).
    pub(super) fn location(&self, issuer: &str, members: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(members);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
}

/// An error of the authorization endpoint (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorizationError {
    /// Standard code.
    pub error: &'static str,
    /// For developers; no secret, no person.
    pub description: &'static str,
}

impl AuthorizationError {
    /// The person, or the policy, said no.
    pub const ACCESS_DENIED: Self = new("access_denied", "the login was refused or given up");
    /// A login would be needed, and none was possible.
    pub const LOGIN_REQUIRED: Self = new("login_required", "no login that satisfies the request");
    /// The person would have to do something, and was not to be asked.
    pub const INTERACTION_REQUIRED: Self = new("interaction_required", "the person has to choose");
    /// The person would have to consent, and was not to be asked.
    pub const CONSENT_REQUIRED: Self = new("consent_required", "the person has to agree");
    /// It came by the browser, where only pushed requests count (RFC 9126 §5).
    pub const NOT_PUSHED: Self = new("invalid_request", "the request has to be pushed");
    /// Something that the login needs cannot be reached.
    pub const TEMPORARILY_UNAVAILABLE: Self = new("temporarily_unavailable", "the login is not possible now");
    /// Our own fault.
    pub const SERVER_ERROR: Self = new("server_error", "the login failed");
}

const fn new(error: &'static str, description: &'static str) -> AuthorizationError {
    AuthorizationError { error, description }
}

const fn invalid(description: &'static str) -> AuthorizationError {
    new("invalid_request", description)
}

/// Why a request goes no further.
pub(super) enum Fault {
    /// Client or redirect URI cannot be trusted: a page for the person.
    Page(Code),
    /// The client is told.
    Back(Arc<Client>, Reply, AuthorizationError),
}

/// What `prompt` asks for (OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    /// No page at all.
    pub(super) none: bool,
    /// A new authentication, whatever session there is.
    pub(super) login: bool,
    /// The person agrees again.
    pub(super) consent: bool,
}

/// A valid authorization request.
pub(super) struct Request {
    pub(super) client: Arc<Client>,
    pub(super) reply: Reply,
    pub(super) scope: Arc<str>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<Challenge>,
    pub(super) prompt: Prompt,
    /// Longest time since the authentication, seconds.
    pub(super) max_age: Option<i64>,
    /// `acr` that the client wishes for, any of them; none for whatever there is.
    pub(super) levels: Vec<String>,
    /// Shown to the person; never used without them.
    pub(super) login_hint: Option<String>,
    /// `sub` of `id_token_hint`: nobody else may answer.
    pub(super) same_person: Option<String>,
    /// Language of the pages, when the client knows it (`ui_locales`).
    pub(super) language: Option<Language>,
    /// The session whose person agreed on the page already, and is asked for something else now.
    pub(super) agreed: Option<SessionId>,
    pub(super) made: UnixTime,
    /// The session that was there, too old for the request or of the wrong kind: it does not answer it later either.
    pub(super) outdated: Option<(SessionId, UnixTime)>,
}

/// Reads a request.
pub(super) fn read(
    registry: &Registry,
    keys: &Keys,
    parameters: &Parameters,
    now: UnixTime,
) -> Result<Request, Fault> {
    if !parameters.within_limits() {
        return Err(Fault::Page(failure::REQUEST_TOO_LARGE));
    }
    // Two client identifiers name no client, and two redirect URIs no place to go.
    let id = parameters.one("client_id").ok().flatten();
    let client = id.and_then(|id| registry.client(id)).ok_or(Fault::Page(failure::UNKNOWN_CLIENT))?;
    let redirect_uri = parameters.one("redirect_uri").ok().flatten();
    let redirect_uri = redirect_uri
        .filter(|uri| client.redirects_to(uri))
        .ok_or(Fault::Page(failure::REDIRECT_NOT_REGISTERED))?;
    // A state that is sent twice or unfit to be sent back is not sent back.
    let state = parameters.one("state").ok().flatten().filter(|state| printable(state));
    let reply = Reply { redirect_uri: redirect_uri.to_owned(), state: state.map(str::to_owned) };
    read_for(client, &reply, keys, parameters, now)
        .map_err(|error| Fault::Back(Arc::clone(client), reply.clone(), error))
}

/// The rest of a request, once client and redirect URI are known to belong together.
fn read_for(
    client: &Arc<Client>,
    reply: &Reply,
    keys: &Keys,
    parameters: &Parameters,
    now: UnixTime,
) -> Result<Request, AuthorizationError> {
    if parameters.has_duplicates() {
        return Err(invalid("a parameter appears twice"));
    }
    let get = |name: &str| parameters.one(name).ok().flatten();
    for (name, error) in [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ] {
        if get(name).is_some() {
            return Err(new(error, "this way of sending the request is not supported"));
        }
    }
    match get("response_type") {
        Some("code") => {}
        Some(_) => return Err(new("unsupported_response_type", "response_type must be code")),
        None => return Err(invalid("response_type is missing")),
    }
    if get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(invalid("response_mode must be query"));
    }
    let strict = client.registration().profile == Profile::Default;
    let state = get("state");
    if state.is_some_and(|state| !printable(state)) || (strict && state.is_none()) {
        return Err(invalid("state is missing or not 1 to 1024 printable characters"));
    }
    let nonce = get("nonce");
    if nonce.is_some_and(|nonce| nonce.len() > MAX_VALUE) || (strict && nonce.is_none()) {
        return Err(invalid("nonce is missing or longer than 1024 bytes"));
    }
    Ok(Request {
        client: Arc::clone(client),
        reply: reply.clone(),
        scope: scope(client, get("scope"))?,
        nonce: nonce.map(str::to_owned),
        challenge: challenge(client, get("code_challenge"), get("code_challenge_method"))?,
        prompt: prompt(get("prompt"))?,
        max_age: get("max_age").map(max_age).transpose()?,
        levels: get("acr_values").map(levels).unwrap_or_default(),
        login_hint: get("login_hint").filter(|hint| hint.len() <= MAX_VALUE).map(str::to_owned),
        same_person: get("id_token_hint").map(|hint| same_person(client, keys, hint)).transpose()?,
        language: get("ui_locales").and_then(language),
        agreed: None,
        made: now,
        outdated: None,
    })
}

fn printable(text: &str) -> bool {
    text.len() <= MAX_VALUE && text.bytes().all(|b| (0x20..=0x7E).contains(&b))
}

/// The first of the client's languages that we speak; none is no error (OpenID Connect Core §3.1.2.1).
pub(super) fn language(locales: &str) -> Option<Language> {
    locales.split(' ').find_map(|tag| match tag.split('-').next() {
        Some(primary) if primary.eq_ignore_ascii_case("fr") => Some(Language::French),
        Some(primary) if primary.eq_ignore_ascii_case("en") => Some(Language::English),
        _ => None,
    })
}

/// The scope that is granted: what was asked for, once each, all of it registered.
pub(super) fn scope(client: &Client, asked: Option<&str>) -> Result<Arc<str>, AuthorizationError> {
    let mut words: Vec<&str> = Vec::new();
    for word in asked.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        if !client.scopes().iter().any(|registered| registered == word) {
            return Err(new("invalid_scope", "the client is not registered for a scope it asks for"));
        }
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.contains(&"openid") {
        Ok(words.join(" ").into())
    } else {
        Err(new("invalid_scope", "scope must contain openid"))
    }
}

fn challenge(
    client: &Client,
    challenge: Option<&str>,
    method: Option<&str>,
) -> Result<Option<Challenge>, AuthorizationError> {
    match (challenge, method) {
        (Some(text), Some("S256")) => match Challenge::parse(text) {
            Some(challenge) => Ok(Some(challenge)),
            None => Err(invalid("code_challenge is not the base64url form of a SHA-256")),
        },
        (Some(_), _) | (None, Some(_)) => Err(invalid("PKCE needs code_challenge_method=S256")),
        (None, None) if client.registration().pkce == Pkce::Optional => Ok(None),
        (None, None) => Err(invalid("code_challenge is missing (PKCE is required)")),
    }
}

fn prompt(text: Option<&str>) -> Result<Prompt, AuthorizationError> {
    let mut prompt = Prompt::default();
    let words: Vec<&str> = text.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect();
    for word in &words {
        match *word {
            "none" => prompt.none = true,
            // Choosing an account means authenticating anew here: a session has one person.
            "login" | "select_account" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => return Err(invalid("prompt has an unknown value")),
        }
    }
    if prompt.none && words.len() > 1 { Err(invalid("prompt=none stands alone")) } else { Ok(prompt) }
}

/// What cannot be understood of a wish is not wished for (OpenID Connect Core §3.1.2.1).
fn levels(text: &str) -> Vec<String> {
    let words = text.split(' ').filter(|word| !word.is_empty() && word.len() <= MAX_LEVEL);
    words.take(MAX_LEVELS).map(str::to_owned).collect()
}

fn max_age(text: &str) -> Result<i64, AuthorizationError> {
    let digits = text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(invalid("max_age is not a number of seconds"))
}

/// The person of an ID token that we gave this client; it may have expired since (OpenID Connect Core §3.1.2.1).
pub(super) fn same_person(client: &Client, keys: &Keys, hint: &str) -> Result<String, AuthorizationError> {
    Hint::read(keys, hint)
        .filter(|hint| hint.client == client.id())
        .map(|hint| hint.sub)
        .ok_or(invalid("id_token_hint is not an ID token of this client"))
}
