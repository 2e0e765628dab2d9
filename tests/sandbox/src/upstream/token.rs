//! Token endpoint, UserInfo, introspection, revocation and logout (`pro-sante-connect.md` §3.3 to §3.8).

use super::{
    ciba,
    client::{self, Caller},
    drift,
    fault::{Faults, Wrong},
    http::{Reply, Request, json, page, redirect, refusal, with},
    issue::{granted, issue, stranger},
    organisation::thumbprint,
    person,
    realm::{Memory, Realm, Session},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::{StatusCode, header::WWW_AUTHENTICATE};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

pub(super) fn token(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let mut memory = realm.memory();
    let Some(caller) = client::authenticate(request, &mut memory, realm) else { return client::denied() };
    let invalid = |why| ("invalid_grant", why);
    let session = match request.parameter("grant_type") {
        Some("authorization_code") => redeem(request, &mut memory, &caller).map_err(invalid),
        Some("refresh_token") => renew(request, &mut memory, &caller).map_err(invalid),
        Some("urn:openid:params:grant-type:ciba") => ciba::grant(request, &mut memory, &caller, faults),
        _ => Err(("unsupported_grant_type", "code, refresh and CIBA only")),
    };
    match session {
        Ok(session) => issue(&session, &mut memory, realm, faults),
        Err((error, why)) => refusal(StatusCode::BAD_REQUEST, error, why),
    }
}

/// Spends a code. A second use ends what the first one gave (RFC 6749 §4.1.2).
fn redeem(request: &Request, memory: &mut Memory, caller: &Caller) -> Result<String, &'static str> {
    let now = memory.now();
    let code = request.parameter("code").ok_or("code is missing")?;
    let entry = memory.codes.get_mut(code).ok_or("Code not valid")?;
    let session = entry.session.clone();
    if std::mem::replace(&mut entry.used, true) {
        memory.end(&session);
        return Err("Code already used");
    }
    let verified = match (&entry.login.challenge, request.parameter("code_verifier")) {
        (Some(challenge), Some(verifier)) => {
            URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == *challenge
        }
        (None, None) => true,
        _ => false,
    };
    let same = entry.login.client == caller.id
        && request.parameter("redirect_uri") == Some(entry.login.redirect_uri.as_str());
    if now >= entry.expires {
        return Err("Code expired");
    }
    if !same || !verified {
        memory.end(&session);
        return Err(if same { "PKCE verification failed" } else { "Code not meant for this client" });
    }
    if let Some(session) = memory.sessions.get_mut(&session) {
        session.bound.clone_from(&caller.bound);
    }
    Ok(session)
}

/// Exchanges the refresh token for a new one; an old one coming back ends the session.
fn renew(request: &Request, memory: &mut Memory, caller: &Caller) -> Result<String, &'static str> {
    let token = request.parameter("refresh_token").ok_or("refresh_token is missing")?;
    let id = memory.refresh.get(token).cloned().ok_or("Invalid refresh token")?;
    let session = memory.session(&id).ok_or("Session not active")?;
    if session.client != caller.id || session.bound != caller.bound {
        return Err("Invalid refresh token");
    }
    if session.refresh != token {
        memory.end(&id);
        return Err("Stale token");
    }
    Ok(id)
}

/// The session of an access token that is good for whoever brings it.
fn bearer<'a>(memory: &'a Memory, token: &str) -> Option<(&'a str, u64, &'a Session)> {
    let (id, expires) = memory.access.get(token).filter(|(_, expires)| memory.now() < *expires)?;
    Some((id, *expires, memory.session(id)?))
}

pub(super) fn userinfo(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let memory = realm.memory();
    let token = request.bearer().or_else(|| request.parameter("access_token")).unwrap_or_default();
    let shown = thumbprint(&request.certificates);
    // RFC 8705 §3: a bound token is good with its certificate alone.
    let session = bearer(&memory, token)
        .map(|(_, _, session)| session)
        .filter(|session| session.bound.is_none() || session.bound == shown);
    let Some(session) = session else {
        let reply = refusal(StatusCode::UNAUTHORIZED, "invalid_token", "Token verification failed");
        return with(reply, WWW_AUTHENTICATE, "Bearer realm=\"esante-wallet\", error=\"invalid_token\"");
    };
    let mut info = if session.scope.split(' ').any(|word| word == "scope_all") {
        person::userinfo(session.holder)
    } else {
        person::identity(session.holder)
    };
    if let Some(members) = info.as_object_mut() {
        if members.contains_key("authMode") {
            members.insert("authMode".to_owned(), json!(session.mode.name()));
        }
        if faults.wrong(Wrong::Subject) {
            members.insert("sub".to_owned(), json!(person::subject(stranger(session.holder))));
        }
    }
    drift::apply(&mut info, faults);
    json(StatusCode::OK, &info)
}

/// RFC 7662: anything that is not good is only "not active".
pub(super) fn introspect(request: &Request, realm: &Realm) -> Reply {
    let mut memory = realm.memory();
    let Some(caller) = client::authenticate(request, &mut memory, realm) else { return client::denied() };
    let active = request.parameter("token").and_then(|token| bearer(&memory, token));
    let Some((id, expires, session)) = active else {
        return json(StatusCode::OK, &json!({"active": false}));
    };
    json(
        StatusCode::OK,
        &json!({
            "active": true, "exp": expires, "auth_time": session.auth_time, "iss": realm.issuer,
            "sub": person::subject(session.holder), "typ": "Bearer", "azp": session.client, "client_id": caller.id,
            "session_state": id, "sid": id, "acr": "eidas3", "scope": granted(&session.scope), "authMode": session.mode.name(),
            "username": session.holder.identifier, "preferred_username": session.holder.identifier,
            "SubjectNameID": session.holder.identifier,
        }),
    )
}

/// RFC 7009: the answer is the same whether the token was known or not.
pub(super) fn revoke(request: &Request, realm: &Realm) -> Reply {
    let mut memory = realm.memory();
    if client::authenticate(request, &mut memory, realm).is_none() {
        return client::denied();
    }
    // As Keycloak does it: a refresh token takes its session with it, an access token goes alone.
    let token = request.parameter("token").unwrap_or_default();
    match memory.refresh.get(token).cloned() {
        Some(session) => drop(memory.end(&session)),
        None => drop(memory.access.remove(token)),
    }
    json(StatusCode::OK, &json!({}))
}

/// RP-initiated logout, by redirect or direct; an expired hint is good (`pro-sante-connect.md` §3.8).
pub(super) fn logout(request: &Request, realm: &Realm) -> Reply {
    let mut memory = realm.memory();
    let hint = request.parameter("id_token_hint").and_then(|token| memory.keys.open(token));
    let member = |name: &str| hint.as_ref().and_then(|claims| claims.get(name)).and_then(Value::as_str);
    let Some(session) = member("sid").map(str::to_owned) else {
        return page(StatusCode::OK, "Voulez-vous vous déconnecter ?", "");
    };
    let client = member("azp").and_then(|id| memory.client(id)).cloned();
    memory.log_out(&session);
    match request.parameter("post_logout_redirect_uri") {
        None => page(StatusCode::OK, "Vous êtes déconnecté", ""),
        Some(uri) if client.is_some_and(|client| client.redirects_to(uri)) => {
            let Ok(mut uri) = url::Url::parse(uri) else {
                return page(StatusCode::BAD_REQUEST, "Paramètre invalide", "");
            };
            if let Some(state) = request.parameter("state") {
                uri.query_pairs_mut().append_pair("state", state);
            }
            redirect(uri.as_str())
        }
        Some(_) => page(StatusCode::BAD_REQUEST, "Paramètre invalide : redirect_uri", ""),
    }
}
