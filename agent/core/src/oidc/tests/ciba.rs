//! Logins without a browser (CIBA poll): who may ask, what the person must have seen, and how polls are answered.

use super::*;
use crate::oidc::ciba::{ANYONE, Backchannel};

const GRANT: &str = "urn:openid:params:grant-type:ciba";
const PERSON: &str = "899700000001";

impl House {
    fn backchannel(&mut self, changes: &[(&str, &str)]) -> Result<Backchannel, TokenRefusal> {
        let usual = [("client_id", "heavy"), ("scope", "openid profile"), ("login_hint", PERSON)];
        let request = TokenRequest { parameters: changed(&usual, changes), authorization: None };
        let current = self.sessions.0.last().cloned();
        let mut world = world!(self);
        self.provider.backchannel(&mut world, &request, current.as_ref()).map_err(|refused| refused.refusal)
    }

    fn poll(&mut self, id: &str) -> Result<Map<String, Value>, TokenRefusal> {
        self.token(&[("grant_type", GRANT), ("client_id", "heavy"), ("auth_req_id", id)])
    }

    /// The error of a poll.
    fn polled(&mut self, id: &str) -> &'static str {
        self.poll(id).unwrap_err().error
    }

    /// The person logs in for a request.
    fn answers(&mut self, asked: &Backchannel) -> bool {
        let session = self.sessions.0.last().cloned().unwrap();
        let request = asked.ask.as_ref().unwrap().request;
        let world = world!(self);
        self.provider.backchannel_done(&world, request, &session)
    }
}

/// A house with the client `heavy`, and nobody logged in.
fn house() -> House {
    let mut house = House::new();
    house.add(json!({"id": "heavy", "ciba": true, "redirect_uris": []}));
    house
}

fn id(asked: &Backchannel) -> String {
    let answer: Value = serde_json::from_str(asked.answer.expose()).unwrap();
    answer["auth_req_id"].as_str().unwrap().to_owned()
}

#[test]
fn only_clients_registered_for_it_may_ask() {
    let mut house = house();
    assert_eq!(house.backchannel(&[("client_id", "dpi")]).unwrap_err().error, "unauthorized_client");
    assert_eq!(house.backchannel(&[("client_id", "nobody")]).unwrap_err().status, 401);
    assert_eq!(house.backchannel(&[("client_id", "post")]).unwrap_err().status, 401);
}

#[test]
fn exactly_one_hint_is_needed_and_must_be_usable() {
    let mut house = house();
    let tokens = {
        house.sessions.0.push(session("s1", START));
        let tokens = house.tokens();
        house.end_session();
        tokens
    };
    let foreign = text(&tokens, "id_token").to_owned();
    for (changes, error) in [
        (vec![("login_hint", "")], "invalid_request"),
        (vec![("id_token_hint", foreign.as_str())], "invalid_request"),
        (vec![("login_hint", ""), ("id_token_hint", foreign.as_str())], "invalid_request"),
        (vec![("login_hint", ""), ("id_token_hint", "a.b.c")], "invalid_request"),
        (vec![("login_hint", ""), ("login_hint_token", "a.b.c")], "invalid_request"),
        (vec![("login_hint", "camille@example.invalid")], "unknown_user_id"),
        (vec![("login_hint", &"1".repeat(65))], "unknown_user_id"),
    ] {
        assert_eq!(house.backchannel(&changes).unwrap_err().error, error, "{changes:?}");
    }
}

#[test]
fn scopes_messages_and_lifetimes_have_their_limits() {
    let mut house = house();
    let long = "x".repeat(65);
    for (change, error) in [
        (("scope", ""), "invalid_scope"),
        (("scope", "openid cps:sign"), "invalid_scope"),
        (("binding_message", long.as_str()), "invalid_binding_message"),
        (("binding_message", "line\nbreak"), "invalid_binding_message"),
        (("binding_message", "<b>bold</b>"), "invalid_binding_message"),
        (("requested_expiry", "0"), "invalid_request"),
        (("requested_expiry", "-1"), "invalid_request"),
        (("requested_expiry", "+9"), "invalid_request"),
        (("request", "a.b.c"), "invalid_request"),
    ] {
        assert_eq!(house.backchannel(&[change]).unwrap_err().error, error, "{change:?}");
    }
    let asked = house.backchannel(&[("requested_expiry", "100000")]).unwrap();
    let answer: Value = serde_json::from_str(asked.answer.expose()).unwrap();
    assert_eq!((&answer["expires_in"], &answer["interval"]), (&json!(600), &json!(5)));
}

#[test]
fn a_client_has_few_requests_that_wait() {
    let mut house = house();
    let asked: Vec<Backchannel> = (0..4).map(|_| house.backchannel(&[]).unwrap()).collect();
    assert_eq!(house.backchannel(&[]).unwrap_err().error, "temporarily_unavailable");
    house.provider.backchannel_failed(asked[0].ask.as_ref().unwrap().request);
    assert!(house.backchannel(&[]).is_ok());
}

#[test]
fn polls_that_come_too_fast_must_slow_down_by_five_seconds_each_time() {
    let mut house = house();
    let id = id(&house.backchannel(&[]).unwrap());
    let at = |house: &mut House, seconds: i64| {
        house.now = START.plus(seconds);
        house.polled(&id)
    };
    assert_eq!(at(&mut house, 0), "authorization_pending");
    assert_eq!(at(&mut house, 5), "authorization_pending");
    assert_eq!(at(&mut house, 9), "slow_down");
    assert_eq!(at(&mut house, 18), "slow_down", "ten seconds now");
    assert_eq!(at(&mut house, 33), "authorization_pending", "fifteen");
}

#[test]
fn another_clients_unknown_expired_and_refused_requests_give_nothing() {
    let mut house = house();
    house.add(json!({"id": "other", "ciba": true}));
    let asked = house.backchannel(&[]).unwrap();
    let id = id(&asked);
    let stolen = [("grant_type", GRANT), ("client_id", "other"), ("auth_req_id", id.as_str())];
    assert_eq!(house.token(&stolen).unwrap_err().error, "invalid_grant");
    assert_eq!(house.polled("never-was"), "invalid_grant");
    assert_eq!(
        house.token(&[("grant_type", GRANT), ("client_id", "heavy")]).unwrap_err().error,
        "invalid_request"
    );
    house.provider.backchannel_failed(asked.ask.unwrap().request);
    assert_eq!(house.polled(&id), "access_denied");
    let late = super::ciba::id(&house.backchannel(&[]).unwrap());
    house.now = house.now.plus(300);
    assert_eq!(house.polled(&late), "expired_token");
}

#[test]
fn another_person_than_the_hinted_one_is_refused() {
    let mut house = house();
    let asked = house.backchannel(&[("login_hint", "899700000002")]).unwrap();
    house.sessions.0.push(session("s1", START));
    assert!(!house.answers(&asked));
    assert_eq!(house.polled(&id(&asked)), "access_denied");
}

#[test]
fn an_answer_that_comes_too_late_is_none() {
    let mut house = house();
    let asked = house.backchannel(&[]).unwrap();
    house.sessions.0.push(session("s1", START));
    house.now = START.plus(300);
    assert!(!house.answers(&asked));
    assert_eq!(house.polled(&id(&asked)), "expired_token");
}

#[test]
fn what_only_a_page_can_ask_refuses_the_first_time() {
    let mut house = house();
    house.add(json!({"id": "shy", "ciba": true, "consent": "first-use"}));
    let asked = house.backchannel(&[("client_id", "shy")]).unwrap();
    house.sessions.0.push(session("s1", START));
    assert!(!house.answers(&asked));
    let page = house.waits(&[("client_id", "shy")]);
    let agreed = house.complete(&page, Approval { consent: true, situation: None });
    assert!(matches!(agreed, Completion::Redirect { error: None, .. }));
    assert!(house.backchannel(&[("client_id", "shy")]).unwrap().ask.is_none(), "now it is answered at once");
}

#[test]
fn the_person_logs_in_and_the_client_gets_its_tokens_once() {
    let mut house = house();
    let asked = house.backchannel(&[("binding_message", "Salle 3, n° 42")]).unwrap();
    assert_eq!(asked.ask.as_ref().unwrap().binding_message.as_deref(), Some("Salle 3, n° 42"));
    assert_eq!(house.polled(&id(&asked)), "authorization_pending");
    house.sessions.0.push(session("s1", START));
    assert!(house.answers(&asked));
    let tokens = house.poll(&id(&asked)).unwrap();
    let claims = house.claims(&tokens["id_token"]);
    assert_eq!(
        (&claims["aud"], &claims["sub"], &claims["sid"]),
        (&json!("heavy"), &json!(PERSON), &json!("s1"))
    );
    assert_eq!(claims.get("nonce"), None);
    assert!(house.userinfo(text(&tokens, "access_token")).is_ok());
    assert_eq!(house.polled(&id(&asked)), "invalid_grant", "a second use");
    assert!(house.userinfo(text(&tokens, "access_token")).is_err(), "revokes what the first one gave");
}

#[test]
fn a_live_session_answers_at_once_but_not_for_a_message_that_nobody_read() {
    let mut house = house();
    house.sessions.0.push(session("s1", START));
    let asked = house.backchannel(&[("login_hint", ANYONE)]).unwrap();
    assert!(asked.ask.is_none());
    assert!(house.poll(&id(&asked)).is_ok());
    assert!(house.backchannel(&[("binding_message", "42")]).unwrap().ask.is_some());
    house.lock(true);
    assert!(house.backchannel(&[]).unwrap().ask.is_some(), "locked");
}

#[test]
fn a_session_that_was_locked_meanwhile_answers_after_it_is_resumed() {
    let mut house = house();
    house.sessions.0.push(session("s1", START));
    let id = id(&house.backchannel(&[]).unwrap());
    house.lock(true);
    assert_eq!(house.polled(&id), "interaction_required");
    house.lock(false);
    assert!(house.poll(&id).is_ok());
}

#[test]
fn after_a_no_the_person_is_not_asked_for_that_client_for_a_while() {
    let mut house = house();
    house.add(json!({"id": "other", "ciba": true}));
    let asked: Vec<Backchannel> = (0..3).map(|_| house.backchannel(&[]).unwrap()).collect();
    let request = asked[1].ask.as_ref().unwrap().request;
    house.provider.backchannel_declined(request, house.now);
    for asked in &asked {
        assert_eq!(house.polled(&id(asked)), "access_denied", "one no is enough");
        assert!(!house.provider.backchannel_waits(asked.ask.as_ref().unwrap().request, house.now));
    }
    let refused = house.backchannel(&[]).unwrap_err();
    assert_eq!((refused.status, refused.error), (403, "access_denied"));
    assert!(house.backchannel(&[("client_id", "other")]).is_ok());
    house.sessions.0.push(session("s1", START));
    assert!(house.backchannel(&[]).unwrap().ask.is_none(), "nobody need be asked");
    house.sessions.0.clear();
    house.now = START.plus(60);
    assert!(house.backchannel(&[]).is_ok());
}
