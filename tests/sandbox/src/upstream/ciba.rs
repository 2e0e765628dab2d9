//! CIBA in poll mode, as PSC has it (`pro-sante-connect.md` §4): the request, and the answers while a client polls.

use super::{
    client::{self, Caller},
    fault::{Fault, Faults, Wrong},
    http::{Reply, Request, json, refusal},
    phone::{Push, PushState},
    realm::{Memory, Mode, Realm, Session, random, uuid},
};
use hyper::StatusCode;
use serde_json::json;
use std::time::{Duration, Instant};

/// What `slow_down` adds to the interval, seconds (CIBA Core §11).
const SLOWER: u64 = 5;

/// An OAuth error and its description.
pub(super) type Refused = (&'static str, &'static str);

/// The backchannel authentication endpoint.
pub(super) fn request(request: &Request, realm: &Realm, faults: &Faults) -> Reply {
    let mut memory = realm.memory();
    let Some(caller) = client::authenticate(request, &mut memory, realm) else { return client::denied() };
    if faults.has(&Fault::Channel) {
        return refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "server_error",
            "Failed to send authentication request",
        );
    }
    let push = match checked(request, &memory, &caller) {
        Ok(push) => push,
        Err((error, why)) => return refusal(StatusCode::BAD_REQUEST, error, why),
    };
    let mut answer = json!({
        "auth_req_id": push.id, "expires_in": memory.lifetimes.request, "interval": push.interval,
    });
    memory.pushes.push(push);
    let absent = [
        (Wrong::RequestIdAbsent, "auth_req_id"),
        (Wrong::RequestLifetimeAbsent, "expires_in"),
        (Wrong::IntervalAbsent, "interval"),
    ];
    for (_, member) in absent.into_iter().filter(|(wrong, _)| faults.wrong(*wrong)) {
        if let Some(answer) = answer.as_object_mut() {
            answer.remove(member);
        }
    }
    json(StatusCode::OK, &answer)
}

/// What PSC demands of a request, and what Keycloak refuses in poll mode.
fn checked(request: &Request, memory: &Memory, caller: &Caller) -> Result<Push, Refused> {
    let word = |name: &str| request.parameter(name).unwrap_or_default();
    if !memory.client(&caller.id).is_some_and(|client| client.ciba) {
        return Err(("invalid_grant", "Client not allowed OIDC CIBA Grant"));
    }
    if !word("scope").split(' ').any(|scope| scope == "openid") {
        return Err(("invalid_scope", "openid is missing"));
    }
    if !word("acr_values").split(' ').any(|level| level == "eidas1") {
        return Err(("invalid_request", "acr_values=eidas1 is required"));
    }
    for refused in ["user_code", "client_notification_token", "id_token_hint", "login_hint_token", "request"]
    {
        if request.parameter(refused).is_some() {
            return Err(("invalid_request", "a parameter is not supported"));
        }
    }
    let number = word("binding_message");
    if number.len() != 2 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(("invalid_binding_message", "binding_message is two digits"));
    }
    let mode = match word("channel") {
        "CARD" => Mode::Card,
        "MOBILE" => Mode::Mobile,
        _ => return Err(("invalid_request", "channel is CARD or MOBILE")),
    };
    let hint =
        request.parameter("login_hint").ok_or(("invalid_request", "missing parameter : login_hint"))?;
    let holder = memory.judge.person(hint).ok_or(("invalid_request", "invalid user"))?;
    Ok(Push {
        // Keycloak's is a JWE: long, and of no meaning to the client.
        id: format!("{}.{}.{}.{}", random(), random(), random(), random()),
        holder,
        mode,
        number: Some(number.to_owned()),
        client: caller.id.clone(),
        scope: word("scope").to_owned(),
        expires: memory.now() + memory.lifetimes.request,
        state: memory.habit.first_state(),
        interval: memory.lifetimes.interval,
        since: Instant::now(),
        polls: 0,
        early: 0,
        slowed: 0,
    })
}

/// The grant `urn:openid:params:grant-type:ciba`: a session once the person has agreed.
pub(super) fn grant(
    request: &Request,
    memory: &mut Memory,
    caller: &Caller,
    faults: &Faults,
) -> Result<String, Refused> {
    let id = request.parameter("auth_req_id").ok_or(("invalid_request", "auth_req_id is missing"))?;
    let now = memory.now();
    let ours = |push: &&mut Push| push.id == id && push.client == caller.id && push.number.is_some();
    let push = memory.pushes.iter_mut().find(ours).ok_or(("invalid_grant", "Invalid Auth Req ID"))?;
    push.polls += 1;
    let passed = push.since.elapsed();
    push.since = Instant::now();
    if push.state == PushState::Done {
        return Err(("invalid_grant", "Invalid Auth Req ID"));
    }
    let early = passed < Duration::from_secs(push.interval);
    push.early += u32::from(early);
    if early || (faults.has(&Fault::SlowDown) && push.slowed == 0) {
        push.slowed += 1;
        push.interval += SLOWER;
        return Err(("slow_down", "too early to access"));
    }
    if now >= push.expires {
        push.state = PushState::Done;
        return Err(("expired_token", "authentication timed out"));
    }
    match push.state {
        PushState::Waiting => Err(("authorization_pending", "The authorization request is still pending")),
        PushState::Denied => {
            push.state = PushState::Done;
            Err(("access_denied", "not authorized"))
        }
        PushState::Approved | PushState::Done => {
            push.state = PushState::Done;
            let session = Session {
                holder: push.holder,
                mode: push.mode,
                client: caller.id.clone(),
                scope: push.scope.clone(),
                nonce: None,
                auth_time: now,
                seen: now,
                refresh: String::new(),
                bound: caller.bound.clone(),
                browser: None,
            };
            let id = uuid();
            memory.sessions.insert(id.clone(), session);
            Ok(id)
        }
    }
}
