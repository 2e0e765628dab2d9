//! Token endpoint, UserInfo, introspection, revocation and logout (`pro-sante-connect.md` §3.3 to §3.8).

use super::{
    fault::{Faults, Wrong},
    http::{Reply, Request, json, page, redirect, refusal, with},
    keys, person,
    realm::{ClientAuthentication, Memory, Realm, now, random},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hyper::{StatusCode, header::WWW_AUTHENTICATE};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

/// Which client is calling, once it has proved itself (RFC 6749 §2.3).
fn client(request: &Request, memory: &Memory) -> Option<String> {
    let basic = request.authorization.as_deref().and_then(|value| value.strip_prefix("Basic "));
    let (id, secret) = match basic {
        Some(basic) => {
            let text = STANDARD.decode(basic).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let (id, secret) = text.as_deref().and_then(|text| text.split_once(':'))?;
            (form_decoded(id), Some(form_decoded(secret)))
        }
        None => (
            request.parameter("client_id")?.to_owned(),
            request.parameter("client_secret").map(str::to_owned),
        ),
    };
    let known = memory.client(&id)?;
    match (&known.authentication, secret) {
        (ClientAuthentication::None, None) => Some(id),
        (ClientAuthentication::Secret(expected), Some(given)) if *expected == given => Some(id),
        _ => None,
    }
}

fn denied() -> Reply {
    refusal(StatusCode::UNAUTHORIZED, "invalid_client", "client authentication failed")
}

/// RFC 6749 §2.3.1: identifier and secret are form-encoded before they are joined.
fn form_decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(key, _)| key.into_owned()).unwrap_or_default()
}

pub(super) fn token(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let mut memory = realm.memory();
    let Some(client) = client(request, &memory) else { return denied() };
    let session = match request.parameter("grant_type") {
        Some("authorization_code") => redeem(request, &mut memory, &client),
        Some("refresh_token") => renew(request, &mut memory, realm, &client),
        _ => return refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", "code and refresh only"),
    };
    match session {
        Ok(session) => issue(&session, &mut memory, realm, faults),
        Err(why) => refusal(StatusCode::BAD_REQUEST, "invalid_grant", why),
    }
}

/// Spends a code. A second use ends what the first one gave (RFC 6749 §4.1.2).
fn redeem(request: &Request, memory: &mut Memory, client: &str) -> Result<String, &'static str> {
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
    let same = entry.login.client == client
        && request.parameter("redirect_uri") == Some(entry.login.redirect_uri.as_str());
    if now() >= entry.expires {
        return Err("Code expired");
    }
    if !same || !verified {
        memory.end(&session);
        return Err(if same { "PKCE verification failed" } else { "Code not meant for this client" });
    }
    Ok(session)
}

/// Exchanges the refresh token for a new one; an old one coming back ends the session.
fn renew(
    request: &Request,
    memory: &mut Memory,
    realm: &Realm,
    client: &str,
) -> Result<String, &'static str> {
    let token = request.parameter("refresh_token").ok_or("refresh_token is missing")?;
    let id = memory.refresh.get(token).cloned().ok_or("Invalid refresh token")?;
    let session = memory.session(&id, realm.lifetimes).ok_or("Session not active")?;
    if session.client != client {
        return Err("Invalid refresh token");
    }
    if session.refresh != token {
        memory.end(&id);
        return Err("Stale token");
    }
    Ok(id)
}

/// New tokens for a session.
fn issue(id: &str, memory: &mut Memory, realm: &Realm, faults: &Faults) -> Reply {
    let (time, lifetime) = (now(), realm.lifetimes.token);
    let refresh = format!(
        "{}.{}.{}",
        encode(&json!({"alg": "HS256", "typ": "JWT"})),
        encode(&json!({"typ": "Refresh", "sid": id})),
        random()
    );
    let Some(session) = memory.sessions.get_mut(id) else {
        return refusal(StatusCode::BAD_REQUEST, "invalid_grant", "Session not active");
    };
    session.seen = time;
    session.refresh = refresh.clone();
    let session = session.clone();
    let holder = session.holder;
    let common = json!({
        "exp": time + lifetime, "iat": time, "auth_time": session.auth_time, "jti": random(),
        "iss": realm.issuer, "sub": person::subject(holder), "azp": session.client,
        "nonce": session.nonce, "session_state": id, "sid": id, "authMode": "CARD",
        "preferred_username": holder.identifier,
    });
    let access = memory.keys.sign(
        &extended(
            &common,
            json!({"typ": "Bearer", "acr": "eidas3", "scope": granted(&session.scope),
                "otherIds": [{"identifiant": holder.identifier, "origine": "RPPS", "qualite": 1}]}),
        ),
        false,
    );
    let (family, given) = person::names(holder);
    let half = digest(&SHA256, access.as_bytes());
    let mut claims = extended(
        &common,
        json!({"typ": "ID", "aud": session.client, "acr": "eidas1", "SubjectNameID": holder.identifier,
            "given_name": given, "family_name": family,
            "at_hash": URL_SAFE_NO_PAD.encode(half.as_ref().get(..16).unwrap_or_default())}),
    );
    spoil(&mut claims, faults, time);
    let id_token = if faults.wrong(Wrong::Algorithm) {
        keys::unsigned(&claims)
    } else {
        memory.keys.sign(&claims, faults.wrong(Wrong::Signature))
    };
    memory.access.insert(access.clone(), (id.to_owned(), time + lifetime));
    memory.refresh.insert(refresh.clone(), id.to_owned());
    json(
        StatusCode::OK,
        &json!({
            "access_token": access, "expires_in": lifetime,
            "refresh_token": refresh, "refresh_expires_in": realm.lifetimes.refresh,
            "token_type": "Bearer", "id_token": id_token, "not-before-policy": 0,
            "session_state": id, "scope": granted(&session.scope),
        }),
    )
}

/// Makes the ID token wrong where it was told to.
fn spoil(claims: &mut Value, faults: &Faults, time: u64) {
    let changes = [
        (Wrong::Nonce, "nonce", json!(random())),
        (Wrong::Audience, "aud", json!("autre-client-test")),
        (Wrong::Issuer, "iss", json!("https://test.invalid/realm")),
        (Wrong::Expiry, "exp", json!(time.saturating_sub(3600))),
        (Wrong::AccessTokenHash, "at_hash", json!(URL_SAFE_NO_PAD.encode([0; 16]))),
        (Wrong::Level, "acr", json!("eidas0")),
    ];
    let Some(members) = claims.as_object_mut() else { return };
    for (wrong, member, value) in changes {
        if faults.wrong(wrong) {
            members.insert(member.to_owned(), value);
        }
    }
}

/// Keycloak adds its default scopes to the answer.
fn granted(scope: &str) -> String {
    let mut granted = "openid profile".to_owned();
    for word in scope.split(' ').filter(|word| !matches!(*word, "openid" | "profile" | "")) {
        granted.push(' ');
        granted.push_str(word);
    }
    granted.push_str(" identity");
    granted
}

fn extended(common: &Value, more: Value) -> Value {
    let mut all = common.clone();
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

pub(super) fn userinfo(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let memory = realm.memory();
    let session = request
        .bearer()
        .or_else(|| request.parameter("access_token"))
        .and_then(|token| memory.access.get(token))
        .filter(|(_, expires)| now() < *expires)
        .and_then(|(id, _)| memory.session(id, realm.lifetimes));
    let Some(session) = session else {
        let reply = refusal(StatusCode::UNAUTHORIZED, "invalid_token", "Token verification failed");
        return with(reply, WWW_AUTHENTICATE, "Bearer realm=\"esante-wallet\", error=\"invalid_token\"");
    };
    let mut info = if session.scope.split(' ').any(|word| word == "scope_all") {
        person::userinfo(session.holder)
    } else {
        person::identity(session.holder)
    };
    if let (true, Some(members)) = (faults.wrong(Wrong::Subject), info.as_object_mut()) {
        members.insert("sub".to_owned(), json!(person::subject(&crate::pki::holder::PHARMACIST)));
    }
    json(StatusCode::OK, &info)
}

/// RFC 7662: anything that is not good is only "not active".
pub(super) fn introspect(request: &Request, realm: &Realm) -> Reply {
    let memory = realm.memory();
    let Some(client) = client(request, &memory) else { return denied() };
    let active = request
        .parameter("token")
        .and_then(|token| memory.access.get(token))
        .filter(|(_, expires)| now() < *expires)
        .and_then(|(id, expires)| Some((id, *expires, memory.session(id, realm.lifetimes)?)));
    let Some((id, expires, session)) = active else {
        return json(StatusCode::OK, &json!({"active": false}));
    };
    json(
        StatusCode::OK,
        &json!({
            "active": true, "exp": expires, "auth_time": session.auth_time, "iss": realm.issuer,
            "sub": person::subject(session.holder), "typ": "Bearer", "azp": session.client, "client_id": client,
            "session_state": id, "sid": id, "acr": "eidas3", "scope": granted(&session.scope), "authMode": "CARD",
            "username": session.holder.identifier, "preferred_username": session.holder.identifier,
            "SubjectNameID": session.holder.identifier,
        }),
    )
}

/// RFC 7009: the answer is the same whether the token was known or not.
pub(super) fn revoke(request: &Request, realm: &Realm) -> Reply {
    let mut memory = realm.memory();
    if client(request, &memory).is_none() {
        return denied();
    }
    let token = request.parameter("token").unwrap_or_default();
    let session = memory
        .refresh
        .get(token)
        .cloned()
        .or_else(|| memory.access.get(token).map(|(session, _)| session.clone()));
    if let Some(session) = session {
        memory.end(&session);
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
    let client = member("aud").and_then(|id| memory.client(id)).cloned();
    memory.end(&session);
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
