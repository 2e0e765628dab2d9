//! What the authorization endpoint refuses, and where it says so.

use super::*;
use crate::failure;
use crate::oidc::parameters::ParametersError;

fn error(house: &mut House, changes: &[(&str, &str)]) -> String {
    let authorized = house.authorize(changes);
    let sent = sent(&authorized.answer);
    assert_eq!(authorized.error, Some(sent["error"].as_str()), "the audit trail is told the same");
    assert!(!sent.contains_key("code"));
    assert_eq!(sent["iss"], ISSUER);
    sent["error"].clone()
}

fn page(house: &mut House, changes: &[(&str, &str)]) -> failure::Code {
    match house.authorize(changes).answer {
        Authorize::Refuse(code) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_client_gets_a_page_and_no_redirect() {
    let mut house = House::logged_in();
    assert_eq!(page(&mut house, &[("client_id", "nobody")]), failure::UNKNOWN_CLIENT);
    assert_eq!(page(&mut house, &[("client_id", "")]), failure::UNKNOWN_CLIENT);
}

#[test]
fn a_redirect_uri_that_is_not_registered_gets_a_page_and_no_redirect() {
    let mut house = House::logged_in();
    for foreign in [
        "",
        "https://evil.example/callback",
        "http://127.0.0.1:5555/callback/",
        "http://127.0.0.1:5555/callback?a=b",
        "http://127.0.0.1:5555/callback#x",
        "http://127.0.0.1:5555/other",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://user@127.0.0.1:5555/callback",
        "http://localhost:5555/callback",
        "http://[::1]:5555/callback",
        "HTTP://127.0.0.1:5555/callback",
        "javascript:alert(1)",
    ] {
        let found = page(&mut house, &[("redirect_uri", foreign)]);
        assert_eq!(found, failure::REDIRECT_NOT_REGISTERED, "{foreign}");
    }
}

#[test]
fn a_client_or_redirect_uri_sent_twice_gets_a_page() {
    let mut house = House::logged_in();
    for (name, value, code) in [
        ("client_id", "dpi", failure::UNKNOWN_CLIENT),
        ("redirect_uri", REDIRECT, failure::REDIRECT_NOT_REGISTERED),
    ] {
        let mut parameters = request(&[]);
        parameters.0.push((name.into(), value.into()));
        let Authorize::Refuse(found) = house.authorize_exactly(parameters).answer else { panic!("{name}") };
        assert_eq!(found, code);
    }
}

#[test]
fn any_other_parameter_sent_twice_is_an_invalid_request() {
    let mut house = House::logged_in();
    for name in ["state", "nonce", "scope", "code_challenge", "response_type", "unknown"] {
        let mut parameters = request(&[("unknown", "x")]);
        parameters.0.push((name.into(), "x".into()));
        let sent = sent(&house.authorize_exactly(parameters).answer);
        assert_eq!(sent["error"], "invalid_request", "{name}");
        assert_eq!(sent.contains_key("state"), name != "state", "a doubtful state is not sent back");
    }
}

#[test]
fn only_the_code_flow_exists() {
    let mut house = House::logged_in();
    for other in ["token", "id_token", "code id_token", "code token", "none", "CODE"] {
        assert_eq!(error(&mut house, &[("response_type", other)]), "unsupported_response_type");
    }
    assert_eq!(error(&mut house, &[("response_type", "")]), "invalid_request");
    for mode in ["fragment", "form_post", "query.jwt"] {
        assert_eq!(error(&mut house, &[("response_mode", mode)]), "invalid_request");
    }
}

#[test]
fn a_request_without_state_or_nonce_is_refused() {
    let mut house = House::logged_in();
    assert_eq!(error(&mut house, &[("state", "")]), "invalid_request");
    assert_eq!(error(&mut house, &[("nonce", "")]), "invalid_request");
    assert_eq!(error(&mut house, &[("state", &"x".repeat(1025))]), "invalid_request");
    assert_eq!(error(&mut house, &[("state", "line\nbreak")]), "invalid_request");
}

#[test]
fn the_openid_basic_profile_needs_neither_state_nor_nonce() {
    let mut house = House::logged_in();
    house.add(json!({"id": "lenient", "profile": "openid-basic"}));
    let sent = sent(&house.authorize(&[("client_id", "lenient"), ("state", ""), ("nonce", "")]).answer);
    assert!(sent.contains_key("code") && !sent.contains_key("state"));
}

#[test]
fn pkce_with_s256_is_required() {
    let mut house = House::logged_in();
    for changes in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [("code_challenge", CHALLENGE), ("code_challenge_method", "plain")],
        [("code_challenge", CHALLENGE), ("code_challenge_method", "")],
        [("code_challenge", ""), ("code_challenge_method", "S256")],
        [("code_challenge", VERIFIER), ("code_challenge_method", "s256")],
        [("code_challenge", "too-short"), ("code_challenge_method", "S256")],
    ] {
        assert_eq!(error(&mut house, &changes), "invalid_request", "{changes:?}");
    }
}

#[test]
fn a_scope_beyond_the_registration_is_refused() {
    let mut house = House::logged_in();
    for scope in ["openid cps:sign", "openid psc_token", "openid nonsense", "profile", ""] {
        assert_eq!(error(&mut house, &[("scope", scope)]), "invalid_scope", "{scope}");
    }
}

#[test]
fn request_objects_are_refused_by_their_own_names() {
    let mut house = House::logged_in();
    assert_eq!(error(&mut house, &[("request", "e30.e30.")]), "request_not_supported");
    assert_eq!(error(&mut house, &[("request_uri", "urn:x")]), "request_uri_not_supported");
    assert_eq!(error(&mut house, &[("registration", "{}")]), "registration_not_supported");
}

#[test]
fn a_query_that_is_too_long_or_malformed_is_refused() {
    assert_eq!(Parameters::parse("a=%zz").err(), Some(ParametersError::Malformed));
    assert_eq!(Parameters::parse("a=%e9").err(), Some(ParametersError::Malformed));
    assert_eq!(Parameters::parse("a=%2").err(), Some(ParametersError::Malformed));
    assert_eq!(Parameters::parse(&"a=b&".repeat(65)).err(), Some(ParametersError::TooLong));
    assert_eq!(Parameters::parse(&"a".repeat(40_000)).err(), Some(ParametersError::TooLong));
    let parsed = Parameters::parse("a=b+c&%C3%A9=%26").unwrap();
    assert_eq!(parsed.0, [("a".to_owned(), "b c".to_owned()), ("é".to_owned(), "&".to_owned())]);
    let mut house = House::logged_in();
    assert_eq!(page(&mut house, &[("x", &"x".repeat(40_000))]), failure::REQUEST_TOO_LARGE);
}

#[test]
fn a_live_session_answers_at_once_with_code_state_and_issuer() {
    let mut house = House::logged_in();
    let authorized = house.authorize(&[]);
    let sent = sent(&authorized.answer);
    assert_eq!((sent["state"].as_str(), sent["iss"].as_str()), ("a state", ISSUER));
    assert_eq!(sent["code"].len(), 43);
    assert_eq!(authorized.session, Some(SessionId("s1".into())));
}

#[test]
fn unknown_parameters_other_orders_and_the_usual_upstream_values_make_no_difference() {
    let mut house = House::logged_in();
    let mut parameters = request(&[
        ("scope", "scope_all  profile openid openid"),
        ("acr_values", "eidas1"),
        ("display", "popup"),
        ("ui_locales", "fr-FR"),
        ("claims", r#"{"id_token":{"name":{"essential":true}}}"#),
        ("state", &"s".repeat(384)),
        ("something", "else"),
    ]);
    parameters.0.reverse();
    assert!(sent(&house.authorize_exactly(parameters).answer).contains_key("code"));
}

#[test]
fn a_loopback_redirect_takes_any_port_and_keeps_its_own_query() {
    let mut house = House::logged_in();
    house.add(json!({"id": "q", "redirect_uris": ["http://[::1]/cb?tenant=a"]}));
    let redirect = "http://[::1]:61000/cb?tenant=a";
    let Authorize::Redirect(location) =
        house.authorize(&[("client_id", "q"), ("redirect_uri", redirect)]).answer
    else {
        panic!("no redirect")
    };
    assert!(location.starts_with("http://[::1]:61000/cb?tenant=a&code="), "{location}");
}

#[test]
fn a_code_and_a_page_identifier_are_not_in_debug_output() {
    let mut house = House::logged_in();
    let code = house.authorize(&[]);
    let Authorize::Redirect(location) = &code.answer else { panic!("no redirect") };
    assert!(!format!("{code:?}").contains(&query(location)["code"]));
    house.sessions.0.clear();
    let waiting = house.authorize(&[]);
    let Authorize::Login(id) = &waiting.answer else { panic!("no login") };
    assert!(!format!("{waiting:?}").contains(id.as_str()));
}
