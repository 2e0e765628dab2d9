//! Pushed authorization requests (RFC 9126).

use super::*;
use crate::failure::{REQUEST_URI_GONE, UNKNOWN_CLIENT};

impl House {
    /// Pushes the usual request with these parameters changed or added.
    fn push(&mut self, changes: &[(&str, &str)]) -> Result<String, TokenRefusal> {
        self.push_exactly(request(changes))
    }

    fn push_exactly(&mut self, parameters: Parameters) -> Result<String, TokenRefusal> {
        let mut world = world!(self);
        let pushed = self.provider.push(&mut world, &TokenRequest { parameters, authorization: None });
        pushed.map(|pushed| pushed.request_uri).map_err(|refused| refused.refusal)
    }

    /// Brings a reference to the authorization endpoint.
    fn brings(&mut self, client: &str, uri: &str) -> Authorize {
        self.authorize_exactly(pairs(&[("client_id", client), ("request_uri", uri)])).answer
    }
}

fn refused(answer: &Authorize) -> Option<crate::failure::Code> {
    match answer {
        Authorize::Refuse(code) => Some(*code),
        _ => None,
    }
}

#[test]
fn a_confidential_client_proves_itself_before_anything_is_kept() {
    let mut house = House::logged_in();
    assert_eq!(house.push(&[("client_id", "post")]).unwrap_err().status, 401);
    assert_eq!(house.push(&[("client_id", "nobody")]).unwrap_err().status, 401);
    let secret = house.secrets["post"].clone();
    assert!(house.push(&[("client_id", "post"), ("client_secret", &secret)]).is_ok());
}

#[test]
fn what_is_wrong_with_the_request_is_told_at_once() {
    let mut house = House::logged_in();
    for (changes, error) in [
        ([("redirect_uri", "https://evil.example/")], "invalid_request"),
        ([("redirect_uri", "")], "invalid_request"),
        ([("response_type", "token")], "unsupported_response_type"),
        ([("scope", "openid admin")], "invalid_scope"),
        ([("code_challenge", "")], "invalid_request"),
        ([("request", "a.b.c")], "request_not_supported"),
        ([("request_uri", "urn:ietf:params:oauth:request_uri:x")], "invalid_request"),
        ([("nonce", "")], "invalid_request"),
    ] {
        let refusal = house.push(&changes).unwrap_err();
        assert_eq!((refusal.status, refusal.error), (400, error), "{changes:?}");
    }
    let mut twice = request(&[]);
    twice.0.push(("state".into(), "b".into()));
    assert_eq!(house.push_exactly(twice).unwrap_err().error, "invalid_request");
}

#[test]
fn a_reference_is_for_one_client_one_use_and_a_minute() {
    let mut house = House::logged_in();
    house.add(json!({"id": "other"}));
    let uri = house.push(&[]).unwrap();
    assert_eq!(refused(&house.brings("other", &uri)), Some(REQUEST_URI_GONE));
    assert_eq!(
        refused(&house.authorize_exactly(pairs(&[("request_uri", &uri)])).answer),
        Some(UNKNOWN_CLIENT)
    );
    assert!(sent(&house.brings("dpi", &uri)).contains_key("code"), "a stranger did not use it up");
    assert_eq!(refused(&house.brings("dpi", &uri)), Some(REQUEST_URI_GONE), "used");
    let uri = house.push(&[]).unwrap();
    house.now = house.now.plus(60);
    assert_eq!(refused(&house.brings("dpi", &uri)), Some(REQUEST_URI_GONE), "over");
    assert_eq!(
        refused(&house.brings("dpi", "urn:ietf:params:oauth:request_uri:made-up")),
        Some(REQUEST_URI_GONE)
    );
}

#[test]
fn only_the_pushed_parameters_count() {
    let mut house = House::logged_in();
    let uri = house.push(&[("state", "pushed")]).unwrap();
    let beside = [
        ("client_id", "dpi"),
        ("request_uri", uri.as_str()),
        ("state", "beside"),
        ("scope", "openid cps:sign"),
    ];
    let sent = sent(&house.authorize_exactly(pairs(&beside)).answer);
    assert_eq!(sent["state"], "pushed");
    let tokens = house.redeem(&sent["code"], &[]).unwrap();
    assert_eq!(text(&tokens, "scope"), "openid profile");
}

#[test]
fn another_kind_of_request_uri_is_not_supported() {
    let mut house = House::logged_in();
    let answer = house.authorize(&[("request_uri", "https://dpi.example/request.jwt")]).answer;
    assert_eq!(sent(&answer)["error"], "request_uri_not_supported");
}

#[test]
fn one_client_cannot_fill_the_memory() {
    let mut house = House::logged_in();
    let first = house.push(&[]).unwrap();
    house.now = house.now.plus(1);
    let uris: Vec<String> = (0..32).map(|_| house.push(&[]).unwrap()).collect();
    assert_eq!(refused(&house.brings("dpi", &first)), Some(REQUEST_URI_GONE), "the oldest went");
    assert!(sent(&house.brings("dpi", &uris[31])).contains_key("code"));
}

/// A request of the browser's own goes back refused, a pushed one is answered.
fn wants_pushed(house: &mut House, client: &str) {
    let own = house.authorize(&[("client_id", client), ("prompt", "none")]).answer;
    let own = sent(&own);
    assert_eq!(own["error"], "invalid_request");
    assert!(own.contains_key("state") && own.contains_key("iss"), "{own:?}");
    let uri = house.push(&[("client_id", client)]).unwrap();
    assert!(sent(&house.brings(client, &uri)).contains_key("code"));
}

#[test]
fn a_client_that_pushes_is_refused_whatever_its_browser_brings_by_itself() {
    let mut house = House::logged_in();
    house.add(json!({"id": "pushes", "require_pushed_authorization_requests": true}));
    wants_pushed(&mut house, "pushes");
    assert!(sent(&house.authorize(&[]).answer).contains_key("code"), "the others as before");
}

#[test]
fn where_the_policy_wants_pushed_requests_it_wants_them_of_all_and_says_so() {
    let mut house = House::logged_in();
    let document = |house: &House| {
        let document: Value = serde_json::from_str(&house.provider.discovery()).unwrap();
        document["require_pushed_authorization_requests"].clone()
    };
    assert_eq!(document(&house), false);
    let provider = std::mem::replace(&mut house.provider, House::new().provider);
    house.provider = provider.requiring_pushed_requests(true);
    assert_eq!(document(&house), true);
    wants_pushed(&mut house, "dpi");
}

#[test]
fn a_made_up_reference_is_no_way_round_it() {
    let mut house = House::logged_in();
    house.add(json!({"id": "pushes", "require_pushed_authorization_requests": true}));
    let made_up = format!("{}x", super::super::pushed::PREFIX);
    assert_eq!(refused(&house.brings("pushes", &made_up)), Some(REQUEST_URI_GONE));
}
