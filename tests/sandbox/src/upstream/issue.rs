//! New tokens for a session, and the ways in which they can be wrong (`pro-sante-connect.md` §3.3, §5).

use super::{
    fault::{Fault, Faults, Wrong},
    http::{Reply, json, refusal},
    keys::{self, How},
    person,
    realm::{ClientAuthentication, Memory, Realm, random},
};
use crate::pki::{Holder, holder};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::StatusCode;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

const WEEK: u64 = 7 * 24 * 3600;

/// Somebody else.
pub(super) fn stranger(person: &Holder) -> &'static Holder {
    if person.identifier == holder::PHARMACIST.identifier { &holder::NURSE } else { &holder::PHARMACIST }
}

/// New tokens for a session.
pub(super) fn issue(id: &str, memory: &mut Memory, realm: &Realm, faults: &Faults) -> Reply {
    let (time, lifetime) = (memory.now(), memory.lifetimes.token);
    if faults.has(&Fault::RotateBeforeSigning) {
        memory.keys.rotate(true);
    }
    let refresh = format!(
        "{}.{}.{}",
        encode(&json!({"alg": "HS256", "typ": "JWT"})),
        encode(&json!({"typ": "Refresh", "sid": id})),
        random()
    );
    let Some(session) = memory.sessions.get_mut(id) else {
        return refusal(StatusCode::BAD_REQUEST, "invalid_grant", "Session not active");
    };
    if faults.wrong(Wrong::Person) {
        session.holder = stranger(session.holder);
    }
    session.seen = time;
    session.refresh = refresh.clone();
    let session = session.clone();
    let holder = session.holder;
    let common = json!({
        "exp": time + lifetime, "iat": time, "auth_time": session.auth_time, "jti": random(),
        "iss": realm.issuer, "sub": person::subject(holder), "azp": session.client,
        "nonce": session.nonce, "session_state": id, "sid": id, "authMode": session.mode.name(),
        "preferred_username": holder.identifier,
    });
    let mut bearer = extended(
        &common,
        json!({"typ": "Bearer", "acr": "eidas3", "scope": granted(&session.scope),
            "otherIds": [{"identifiant": holder.identifier, "origine": "RPPS", "qualite": 1}]}),
    );
    if let (Some(bound), Some(members)) = (&session.bound, bearer.as_object_mut()) {
        members.insert("cnf".to_owned(), json!({"x5t#S256": bound}));
    }
    let access = memory.keys.sign(&bearer.to_string(), How::Rightly);
    let (family, given) = person::names(holder);
    let half = digest(&SHA256, access.as_bytes());
    let mut claims = extended(
        &common,
        json!({"typ": "ID", "aud": session.client, "acr": "eidas1", "SubjectNameID": holder.identifier,
            "given_name": given, "family_name": family,
            "at_hash": URL_SAFE_NO_PAD.encode(half.as_ref().get(..16).unwrap_or_default())}),
    );
    spoil(&mut claims, faults, time, holder);
    let id_token = signed(&claims, &session.client, memory, faults);
    memory.access.insert(access.clone(), (id.to_owned(), time + lifetime));
    memory.refresh.insert(refresh.clone(), id.to_owned());
    let mut answer = json!({
        "access_token": access, "expires_in": lifetime,
        "refresh_token": refresh, "refresh_expires_in": memory.lifetimes.refresh,
        "token_type": "Bearer", "id_token": id_token, "not-before-policy": 0,
        "session_state": id, "scope": granted(&session.scope),
    });
    if let Some(members) = answer.as_object_mut() {
        let absent = [
            (Wrong::IdTokenAbsent, "id_token"),
            (Wrong::ScopeAbsent, "scope"),
            (Wrong::LifetimeAbsent, "expires_in"),
        ];
        for (_, name) in absent.into_iter().filter(|(wrong, _)| faults.wrong(*wrong)) {
            members.remove(name);
        }
        if faults.wrong(Wrong::TokenType) {
            members.insert("token_type".to_owned(), json!("mac"));
        }
    }
    json(StatusCode::OK, &answer)
}

/// Makes the claims of the ID token wrong where it was told to.
fn spoil(claims: &mut Value, faults: &Faults, time: u64, holder: &Holder) {
    let client = claims.get("aud").cloned().unwrap_or_default();
    let changes = [
        (Wrong::Nonce, "nonce", json!(random())),
        (Wrong::Audience, "aud", json!("autre-client-test")),
        (Wrong::SecondAudience, "aud", json!([client, "autre-client-test"])),
        (Wrong::AudienceArray, "aud", json!([client])),
        (Wrong::AuthorizedParty, "azp", json!("autre-client-test")),
        (Wrong::Issuer, "iss", json!("https://test.invalid/realm")),
        (Wrong::Expiry, "exp", json!(time.saturating_sub(3600))),
        (Wrong::IssuedAtOld, "iat", json!(time.saturating_sub(WEEK))),
        (Wrong::IssuedAtOld, "auth_time", json!(time.saturating_sub(WEEK))),
        (Wrong::AuthTime, "auth_time", json!(time.saturating_sub(2 * 3600))),
        (Wrong::AccessTokenHash, "at_hash", json!(URL_SAFE_NO_PAD.encode([0; 16]))),
        (Wrong::Level, "acr", json!("eidas0")),
        (Wrong::IdTokenSubject, "sub", json!(person::subject(stranger(holder)))),
    ];
    let absent = [
        (Wrong::SubjectAbsent, "sub"),
        (Wrong::AudienceAbsent, "aud"),
        (Wrong::IssuedAtAbsent, "iat"),
        (Wrong::ExpiryAbsent, "exp"),
    ];
    let Some(members) = claims.as_object_mut() else { return };
    for (_, member, value) in changes.into_iter().filter(|(wrong, ..)| faults.wrong(*wrong)) {
        members.insert(member.to_owned(), value);
    }
    for (_, member) in absent.into_iter().filter(|(wrong, _)| faults.wrong(*wrong)) {
        members.remove(member);
    }
}

/// The ID token, signed as it was told to.
fn signed(claims: &Value, client: &str, memory: &Memory, faults: &Faults) -> String {
    let mut text = claims.to_string();
    if faults.wrong(Wrong::DuplicateMember) {
        // As the `acr` of 2021.
        text = text.replacen('{', "{\"acr\":\"eidas3\",", 1);
    }
    if faults.wrong(Wrong::Algorithm) {
        return keys::unsigned(&text);
    }
    if faults.wrong(Wrong::Symmetric) {
        let secret = match memory.client(client).map(|client| &client.authentication) {
            Some(ClientAuthentication::Secret(secret)) => secret.clone(),
            // The classical confusion: the public key as the secret.
            _ => memory.keys.jwks().to_string(),
        };
        return keys::symmetric(&text, &secret);
    }
    let wishes = [
        (Wrong::Signature, How::ByAStranger),
        (Wrong::AlternateAlgorithm, How::Pss),
        (Wrong::KeyIdAbsent, How::WithoutKeyId),
        (Wrong::KeyIdUnknown, How::UnknownKeyId),
    ];
    let how = wishes.into_iter().find(|(wrong, _)| faults.wrong(*wrong)).map_or(How::Rightly, |(_, how)| how);
    memory.keys.sign(&text, how)
}

/// Keycloak adds its default scopes to the answer.
pub(super) fn granted(scope: &str) -> String {
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
