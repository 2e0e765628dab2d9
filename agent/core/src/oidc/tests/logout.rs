//! RP-initiated logout: at once for a client that shows its ID token of this session, after a person's click otherwise.

use super::*;
use crate::failure::Language;
use crate::oidc::logout::Logout;

const BYE: &str = "http://127.0.0.1:5555/bye";

impl House {
    fn logout(&mut self, parameters: &[(&str, &str)]) -> Logout {
        self.logout_exactly(&pairs(parameters))
    }

    fn logout_exactly(&mut self, parameters: &Parameters) -> Logout {
        let current = self.sessions.0.last().cloned();
        let mut world = world!(self);
        self.provider.logout(&mut world, parameters, current.as_ref())
    }
}

/// A house in which the client `bye` has logged the person in, and its ID token.
fn house() -> (House, String) {
    let mut house = House::logged_in();
    house.add(json!({"id": "bye", "post_logout_redirect_uris": [BYE, "https://dpi.example/bye?x=1"]}));
    let code = house.code(&[("client_id", "bye")]);
    let tokens = house.redeem(&code, &[("client_id", "bye")]).unwrap();
    (house, text(&tokens, "id_token").to_owned())
}

fn asks(logout: &Logout) -> bool {
    matches!(logout, Logout::Ask(_))
}

#[test]
fn whatever_is_not_right_in_every_respect_asks_the_person() {
    let (mut house, id) = house();
    house.add(json!({"id": "other"}));
    let signature = id.rfind('.').unwrap();
    let forged = format!("{}.{}", &id[..signature], "A".repeat(86));
    let header = crate::jose::encode(br#"{"alg":"none","typ":"JWT"}"#);
    let unsigned = format!("{header}.{}.", id.split('.').nth(1).unwrap());
    for parameters in [
        vec![],
        vec![("state", "s")],
        vec![("client_id", "bye")],
        vec![("post_logout_redirect_uri", BYE)],
        vec![("client_id", "bye"), ("post_logout_redirect_uri", BYE)],
        vec![("id_token_hint", "nonsense")],
        vec![("id_token_hint", forged.as_str())],
        vec![("id_token_hint", unsigned.as_str())],
        vec![("id_token_hint", id.as_str()), ("client_id", "other")],
        vec![("id_token_hint", id.as_str()), ("post_logout_redirect_uri", "https://evil.example/")],
        vec![("id_token_hint", id.as_str()), ("post_logout_redirect_uri", "http://127.0.0.1:5555/bye?a=b")],
        vec![("id_token_hint", id.as_str()), ("post_logout_redirect_uri", "http://127.0.0.1:6666/bye")],
        vec![("id_token_hint", id.as_str()), ("id_token_hint", id.as_str())],
    ] {
        assert!(asks(&house.logout(&parameters)), "{parameters:?}");
    }
}

#[test]
fn a_logout_token_is_no_hint() {
    let (mut house, _) = house();
    house.add(json!({"id": "told", "backchannel_logout_uri": "http://127.0.0.1:9000/logout"}));
    let code = house.code(&[("client_id", "told")]);
    house.redeem(&code, &[("client_id", "told")]).unwrap();
    let session = house.sessions.0[0].clone();
    let token = house.end_session().remove(0).logout_token;
    house.sessions.0.push(session);
    assert!(asks(&house.logout(&[("id_token_hint", token.expose())])));
}

#[test]
fn a_request_of_a_session_that_is_over_does_not_end_the_next_one() {
    let (mut house, id) = house();
    house.end_session();
    house.sessions.0.push(session("s2", START));
    assert!(asks(&house.logout(&[("id_token_hint", &id)])));
}

#[test]
fn the_clients_own_id_token_ends_the_session_even_after_it_expired() {
    let (mut house, id) = house();
    house.now = house.now.plus(3600);
    let asked = [
        ("id_token_hint", id.as_str()),
        ("client_id", "bye"),
        ("post_logout_redirect_uri", BYE),
        ("state", "a b&c"),
    ];
    match house.logout(&asked) {
        Logout::End { session, client, leave } => {
            assert_eq!((session.0.as_str(), client.as_str()), ("s1", "bye"));
            assert_eq!(leave.as_deref(), Some("http://127.0.0.1:5555/bye?state=a+b%26c"));
        }
        other => panic!("{other:?}"),
    }
    match house.logout(&[("id_token_hint", &id)]) {
        Logout::End { leave: None, .. } => {}
        other => panic!("{other:?}"),
    }
    let query = [
        ("id_token_hint", id.as_str()),
        ("post_logout_redirect_uri", "https://dpi.example/bye?x=1"),
        ("state", "s"),
    ];
    match house.logout(&query) {
        Logout::End { leave, .. } => {
            assert_eq!(leave.as_deref(), Some("https://dpi.example/bye?x=1&state=s"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_logged_in_is_nothing_to_ask_and_only_a_right_request_goes_back() {
    let (mut house, id) = house();
    house.end_session();
    let back = [("id_token_hint", id.as_str()), ("post_logout_redirect_uri", BYE)];
    assert!(matches!(house.logout(&back), Logout::Over { leave: Some(uri) } if uri == BYE));
    let stranger = [("client_id", "bye"), ("post_logout_redirect_uri", BYE)];
    assert!(matches!(house.logout(&stranger), Logout::Over { leave: None }));
}

#[test]
fn a_page_is_answered_once_and_not_for_ever() {
    let (mut house, _) = house();
    let page = |house: &mut House| match house.logout(&[("ui_locales", "de en-GB fr")]) {
        Logout::Ask(page) => page,
        other => panic!("{other:?}"),
    };
    let first = page(&mut house);
    assert_eq!(house.provider.logout_language(&first, house.now), Some(Language::English));
    assert!(house.provider.logout_answered("another", house.now).is_none());
    let farewell = house.provider.logout_answered(&first, house.now).unwrap();
    assert_eq!((farewell.session.0.as_str(), farewell.leave), ("s1", None));
    assert!(house.provider.logout_answered(&first, house.now).is_none(), "answered");
    let second = page(&mut house);
    house.now = house.now.plus(600);
    assert!(!house.provider.logout_waits(&second, house.now));
    assert!(house.provider.logout_answered(&second, house.now).is_none(), "too late");
}
