//! Introspection (RFC 7662): confidential clients, their own tokens, nothing about anything else.

use super::*;

impl House {
    fn introspect(&mut self, parameters: &[(&str, &str)]) -> Result<Map<String, Value>, TokenRefusal> {
        let request = TokenRequest { parameters: pairs(parameters), authorization: None };
        let world = world!(self);
        self.provider.introspect(&world, &request).map_err(|refused| refused.refusal)
    }

    /// Asks as the client `post`.
    fn asks_post(&mut self, token: &str) -> Map<String, Value> {
        let secret = self.secrets["post"].clone();
        self.introspect(&[("client_id", "post"), ("client_secret", &secret), ("token", token)]).unwrap()
    }

    /// A login of `post`: its tokens.
    fn tokens_of_post(&mut self) -> Map<String, Value> {
        let (code, secret) = (self.code(&[("client_id", "post")]), self.secrets["post"].clone());
        self.redeem(&code, &[("client_id", "post"), ("client_secret", &secret)]).unwrap()
    }
}

fn inactive() -> Map<String, Value> {
    json!({"active": false}).as_object().unwrap().clone()
}

#[test]
fn a_public_client_learns_nothing_not_even_about_its_own_tokens() {
    let mut house = House::logged_in();
    let tokens = house.tokens();
    let refusal = house.introspect(&[("client_id", "dpi"), ("token", text(&tokens, "access_token"))]);
    assert_eq!(refusal.unwrap_err(), TokenRefusal::INVALID_CLIENT);
}

#[test]
fn a_client_without_proof_or_token_is_refused() {
    let mut house = House::logged_in();
    let secret = house.secrets["post"].clone();
    let wrong = [("client_id", "post"), ("client_secret", "wrong"), ("token", "x")];
    assert_eq!(house.introspect(&wrong).unwrap_err().error, "invalid_client");
    let none = [("client_id", "post"), ("client_secret", secret.as_str())];
    assert_eq!(house.introspect(&none).unwrap_err().error, "invalid_request");
    let twice = [("client_id", "post"), ("client_secret", secret.as_str()), ("token", "a"), ("token", "b")];
    assert_eq!(house.introspect(&twice).unwrap_err().error, "invalid_request");
}

#[test]
fn unknown_foreign_used_and_id_tokens_are_inactive_and_nothing_more() {
    let mut house = House::logged_in();
    let foreign = house.tokens();
    let own = house.tokens_of_post();
    let secret = house.secrets["post"].clone();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "post"),
        ("client_secret", secret.as_str()),
        ("refresh_token", text(&own, "refresh_token")),
    ];
    house.token(&refresh).unwrap();
    for token in [
        "nonsense",
        text(&foreign, "access_token"),
        text(&foreign, "refresh_token"),
        text(&own, "refresh_token"),
        text(&own, "id_token"),
    ] {
        assert_eq!(house.asks_post(token), inactive());
    }
}

#[test]
fn a_locked_or_ended_session_makes_its_tokens_inactive_and_a_resumed_one_active_again() {
    let mut house = House::logged_in();
    let tokens = house.tokens_of_post();
    house.lock(true);
    for kind in ["access_token", "refresh_token"] {
        assert_eq!(house.asks_post(text(&tokens, kind)), inactive(), "{kind}");
    }
    house.lock(false);
    assert_eq!(house.asks_post(text(&tokens, "access_token"))["active"], true);
    house.end_session();
    assert_eq!(house.asks_post(text(&tokens, "access_token")), inactive());
}

#[test]
fn an_active_token_says_what_it_opens_for_whom_and_until_when() {
    let mut house = House::logged_in();
    let tokens = house.tokens_of_post();
    let access = house.asks_post(text(&tokens, "access_token"));
    for (member, value) in [
        ("active", json!(true)),
        ("iss", json!(ISSUER)),
        ("client_id", json!("post")),
        ("sub", json!("899700000001")),
        ("scope", json!("openid profile")),
        ("sid", json!("s1")),
        ("acr", json!("eidas1")),
        ("token_type", json!("Bearer")),
        ("exp", json!(house.now.plus(300).0)),
    ] {
        assert_eq!(access[member], value, "{member}");
    }
    assert_eq!(access.get("given_name"), None, "who the person is, UserInfo says");
    let refresh = house.asks_post(text(&tokens, "refresh_token"));
    assert_eq!((&refresh["active"], refresh.get("token_type")), (&json!(true), None));
    house.now = house.now.plus(300);
    assert_eq!(house.asks_post(text(&tokens, "access_token")), inactive(), "its time is over");
}
