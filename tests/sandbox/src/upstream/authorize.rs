//! From the authorization request over the card page back to the client (`pro-sante-connect.md` §3.1 and §3.2).

use super::{
    fault::{Fault, Faults, Wrong},
    http::{Reply, Request, page, redirect},
    judge::Refusal,
    realm::{
        Browser, CardLogin, ClientAuthentication, Code, Memory, Mode, Pending, Realm, Session, random, uuid,
    },
    wallet,
};
use hyper::StatusCode;
use url::Url;

/// The authorization endpoint. A bad client or redirect URI gets a page, everything else a redirect with an error.
///
/// Who comes with a browser gets the wallet's page; who walks the flow without one is sent to the card page at once, as an
/// establishment's login by certificate does.
pub(super) fn authorize(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let mut memory = realm.memory();
    memory.authorizations.push(request.parameters.iter().cloned().collect());
    let Some(client) = request.parameter("client_id").and_then(|id| memory.client(id)) else {
        return page(StatusCode::BAD_REQUEST, "Client inconnu", "");
    };
    let Some(redirect_uri) = request.parameter("redirect_uri").filter(|uri| client.redirects_to(uri)) else {
        return page(StatusCode::BAD_REQUEST, "Paramètre invalide : redirect_uri", "");
    };
    let pending = Pending {
        client: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        state: request.parameter("state").map(str::to_owned),
        nonce: request.parameter("nonce").map(str::to_owned),
        challenge: request.parameter("code_challenge").map(str::to_owned),
        scope: request.parameter("scope").unwrap_or_default().to_owned(),
        outcome: None,
        push: None,
    };
    let public = client.authentication == ClientAuthentication::None;
    if let Err((error, description)) = check(request, &pending, public) {
        return leave(realm, &pending, &[("error", error), ("error_description", description)]);
    }
    let prompts: Vec<_> = request.parameter("prompt").unwrap_or_default().split(' ').collect();
    let oldest = request.parameter("max_age").and_then(|text| text.parse::<u64>().ok());
    let now = memory.now();
    let known = wallet::cookie(request)
        .and_then(|cookie| Some((cookie.to_owned(), memory.browser(cookie)?)))
        .filter(|(_, browser)| {
            !prompts.contains(&"login") && oldest.is_none_or(|age| now <= browser.auth_time + age)
        });
    if let Some((cookie, browser)) = known {
        return arrive(realm, &mut memory, faults, pending, browser, Some(cookie));
    }
    if prompts.contains(&"none") {
        return leave(realm, &pending, &[("error", "login_required")]);
    }
    let id = random();
    let card = format!("{}/card/{id}", realm.card);
    memory.pending.insert(id.clone(), pending);
    if request.browser { wallet::choice(request, &card, &id) } else { redirect(&card) }
}

/// What Pro Santé Connect demands of a request, and what a careful client sends anyway.
fn check(request: &Request, pending: &Pending, public: bool) -> Result<(), (&'static str, &'static str)> {
    let scope: Vec<_> = pending.scope.split(' ').collect();
    let levels = request.parameter("acr_values").unwrap_or_default();
    match request.parameter("response_type") {
        Some("code") => {}
        Some(_) => return Err(("unsupported_response_type", "only code")),
        None => return Err(("invalid_request", "response_type is missing")),
    }
    if !scope.contains(&"openid") {
        return Err(("invalid_scope", "openid is missing"));
    }
    if pending.state.is_none() || pending.nonce.is_none() {
        return Err(("invalid_request", "state and nonce are required"));
    }
    if !levels.split(' ').any(|level| level == "eidas1") {
        return Err(("invalid_request", "acr_values=eidas1 is required"));
    }
    match (&pending.challenge, request.parameter("code_challenge_method")) {
        (Some(_), Some("S256")) => Ok(()),
        (None, None) if !public => Ok(()),
        _ => Err(("invalid_request", "PKCE with S256 is required")),
    }
}

/// The page behind the TLS client certificate. It asks the person nothing: the card has already answered.
pub(super) fn card(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let mut memory = realm.memory();
    let id = request.path.trim_start_matches("/card/");
    let Some(mut pending) = memory.pending.remove(id).filter(|pending| pending.outcome.is_none()) else {
        return page(StatusCode::BAD_REQUEST, "Connexion expirée", "");
    };
    let outcome = if faults.has(&Fault::Refuse) {
        Err(Refusal::Told)
    } else {
        memory.judge.holder(&request.certificates)
    };
    memory.cards.push(CardLogin { outcome, tls: request.tls });
    if faults.has(&Fault::Form) {
        return page(
            StatusCode::OK,
            "Choisissez votre situation",
            "<form method=\"post\" action=\"/card/choice\"><select name=\"s\"><option>1</option></select><button>Valider</button></form>",
        );
    }
    pending.outcome = Some(outcome);
    // A new name for the second half: who only saw the first redirect cannot collect the code.
    let id = random();
    memory.pending.insert(id.clone(), pending);
    let host = if faults.has(&Fault::ForeignHost) { "https://test.invalid" } else { &realm.wallet };
    redirect(&format!("{host}/auth/return/{id}"))
}

/// Whose certificate came with the connection, for a program that has nothing to log in to.
pub(super) fn mirror(request: &Request, realm: &Realm) -> Reply {
    let outcome = realm.memory().judge.holder(&request.certificates);
    let (status, whose) = match outcome {
        Ok(holder) => (StatusCode::OK, holder.identifier.to_owned()),
        Err(refusal) => (StatusCode::FORBIDDEN, refusal.to_string()),
    };
    page(status, "Certificat reçu", &format!("<p id=\"holder\">{whose}</p><p id=\"tls\">{}</p>", request.tls))
}

/// The wallet takes the person back and sends the code to the client.
pub(super) fn back(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let mut memory = realm.memory();
    let id = request.path.trim_start_matches("/auth/return/");
    let Some(pending) = memory.pending.remove(id) else {
        return page(StatusCode::BAD_REQUEST, "Connexion expirée", "");
    };
    let holder = match pending.outcome {
        Some(Ok(holder)) => holder,
        Some(Err(refusal)) => {
            tracing::info!(%refusal, "the stand-in refused a card");
            return leave(realm, &pending, &[("error", "access_denied")]);
        }
        None => return page(StatusCode::BAD_REQUEST, "Connexion expirée", ""),
    };
    let browser = Browser { holder, mode: Mode::Card, auth_time: memory.now() };
    let cookie = request.browser.then(random);
    arrive(realm, &mut memory, faults, pending, browser, cookie)
}

/// The person is known: a session, a code, and the way back to the client. With a cookie the browser is remembered.
pub(super) fn arrive(
    realm: &Realm,
    memory: &mut Memory,
    faults: &Faults,
    pending: Pending,
    browser: Browser,
    cookie: Option<String>,
) -> Reply {
    let (session, code, now) = (uuid(), random(), memory.now());
    if let Some(cookie) = &cookie {
        memory.browsers.insert(cookie.clone(), browser);
    }
    memory.sessions.insert(
        session.clone(),
        Session {
            holder: browser.holder,
            mode: browser.mode,
            client: pending.client.clone(),
            scope: pending.scope.clone(),
            nonce: pending.nonce.clone(),
            auth_time: browser.auth_time,
            seen: now,
            refresh: String::new(),
            bound: None,
            browser: cookie.clone(),
        },
    );
    let issuer =
        if faults.wrong(Wrong::ResponseIssuer) { "https://test.invalid/realm" } else { &realm.issuer };
    let mut answered = pending.clone();
    if faults.wrong(Wrong::State) {
        answered.state = Some(random());
    }
    let reply = leave(realm, &answered, &[("session_state", &session), ("iss", issuer), ("code", &code)]);
    let expires = now + memory.lifetimes.code;
    memory.codes.insert(code, Code { login: pending, session, expires, used: false });
    match cookie {
        Some(cookie) => wallet::remember(reply, &cookie),
        None => reply,
    }
}

/// Redirects to the client with `state` and these parameters. An error carries `iss` too (RFC 9207 §2).
pub(super) fn leave(realm: &Realm, pending: &Pending, parameters: &[(&str, &str)]) -> Reply {
    let Ok(mut uri) = Url::parse(&pending.redirect_uri) else {
        return page(StatusCode::BAD_REQUEST, "Paramètre invalide : redirect_uri", "");
    };
    {
        let mut query = uri.query_pairs_mut();
        if let Some(state) = &pending.state {
            query.append_pair("state", state);
        }
        query.extend_pairs(parameters);
        if parameters.iter().all(|(name, _)| *name != "iss") {
            query.append_pair("iss", &realm.issuer);
        }
    }
    redirect(uri.as_str())
}
