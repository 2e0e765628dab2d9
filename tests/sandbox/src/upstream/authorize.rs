//! From the authorization request over the card page back to the client (`pro-sante-connect.md` §3.1 and §3.2).

use super::{
    fault::{Fault, Faults, Wrong},
    http::{Reply, Request, page, redirect},
    judge::Refusal,
    realm::{CardLogin, ClientAuthentication, Code, Pending, Realm, Session, now, random},
};
use hyper::StatusCode;
use url::Url;

/// The authorization endpoint. A bad client or redirect URI gets a page, everything else a redirect with an error.
pub(super) fn authorize(request: &Request, realm: &Realm) -> Reply {
    let mut memory = realm.memory();
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
    };
    let public = client.authentication == ClientAuthentication::None;
    if let Err((error, description)) = check(request, &pending, public) {
        return leave(realm, &pending, &[("error", error), ("error_description", description)]);
    }
    let id = random();
    let page = format!("{}/card/{id}", realm.card);
    memory.pending.insert(id, pending);
    redirect(&page)
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
        (Some(_), Some("S256")) => {}
        (None, None) if !public => {}
        _ => return Err(("invalid_request", "PKCE with S256 is required")),
    }
    match request.parameter("prompt") {
        Some("none") => Err(("login_required", "no session of a browser is kept here")),
        _ => Ok(()),
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
    let (session, code, time) = (uuid(), random(), now());
    memory.sessions.insert(
        session.clone(),
        Session {
            holder,
            client: pending.client.clone(),
            scope: pending.scope.clone(),
            nonce: pending.nonce.clone(),
            auth_time: time,
            seen: time,
            refresh: String::new(),
        },
    );
    let issuer =
        if faults.wrong(Wrong::ResponseIssuer) { "https://test.invalid/realm" } else { &realm.issuer };
    let mut answered = pending.clone();
    if faults.wrong(Wrong::State) {
        answered.state = Some(random());
    }
    let reply = leave(realm, &answered, &[("session_state", &session), ("iss", issuer), ("code", &code)]);
    let expires = time + realm.lifetimes.code;
    memory.codes.insert(code, Code { login: pending, session, expires, used: false });
    reply
}

/// Redirects to the client with `state` and these parameters. An error carries `iss` too (RFC 9207 §2).
fn leave(realm: &Realm, pending: &Pending, parameters: &[(&str, &str)]) -> Reply {
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

/// A random UUID (RFC 9562 §5.4), the form of Keycloak's session identifiers.
fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    let number = u128::from_be_bytes(bytes) & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
